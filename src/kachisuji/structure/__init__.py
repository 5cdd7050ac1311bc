"""Room structure."""
