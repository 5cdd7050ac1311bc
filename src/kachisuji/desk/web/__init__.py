"""The workbench in a browser: pages rendered here, a small script, nothing from a network."""
