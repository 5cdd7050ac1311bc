"""Looking ahead from a run: back from a goal, along pathways, and watching what comes."""
