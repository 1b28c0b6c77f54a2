"""Models: what a run leaves behind."""
