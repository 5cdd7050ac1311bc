"""Room beliefs."""
