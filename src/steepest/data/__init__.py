"""Data: rows of any table as batches of numbers."""
