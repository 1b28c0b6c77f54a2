"""Engines: ways from an objective and a rule to the path of a run."""
