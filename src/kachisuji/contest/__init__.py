"""Room contest."""
