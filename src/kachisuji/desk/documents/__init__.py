"""Documents of a run: one list of blocks, written as PDF, Word, slides or HTML."""
