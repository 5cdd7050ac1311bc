"""The report: one HTML file, in both languages, that needs no network (see ``page``)."""
