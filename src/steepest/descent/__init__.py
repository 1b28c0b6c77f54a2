"""Descent: a run, from its settings to its verdict: the closed form, the only loop, and what became of it."""
