"""Summaries: one pass over the rows, kept small: triangles, folds."""
