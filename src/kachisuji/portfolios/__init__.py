"""Room portfolios."""
