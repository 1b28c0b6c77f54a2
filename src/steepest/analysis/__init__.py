"""Analysis: what to ask of a table or a run."""
