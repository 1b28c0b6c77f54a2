"""Benchmarks: each prints a ratio beside a peer measured in the same run; none is a test."""
