"""Rules: how a step is made."""
