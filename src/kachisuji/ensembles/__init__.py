"""Room ensembles."""
