"""An MCP server: a language model may ask cases and runs, and never computes a figure itself."""
