"""`python -m benchmarks [NAME …]`: run all benchmarks, or those named."""

import importlib
import sys

NAMES = [
    "tutorial_run",
    "in_memory",
    "shapes",
    "cross_validation",
    "start_up",
    "out_of_core",
    "cluster",
    "pages",
    "compiled",
    "losses",
    "sparse",
]

if __name__ == "__main__":
    for name in sys.argv[1:] or NAMES:
        importlib.import_module(f"benchmarks.{name}").main()
