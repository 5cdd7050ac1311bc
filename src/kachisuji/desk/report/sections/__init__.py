"""The sections of the report: each turns a stored run into what its template shows."""
