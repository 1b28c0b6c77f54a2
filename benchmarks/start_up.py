"""P6: `steepest --version` and `import steepest`, each in a fresh process, beside `import numpy`."""

import subprocess
import sys

from benchmarks.timing import seconds


def main():
    def process(code):
        return seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True, capture_output=True), repeat=9)

    empty = process("pass")
    version = process("from steepest.cli import main; main(['--version'])")
    ours, numpy = process("import numpy, steepest"), process("import numpy")
    print(
        f"P6  --version {1000 * version:.0f} ms (goal 100; python alone {1000 * empty:.0f}); "
        f"import steepest with numpy {ours / numpy:.2f} × import numpy (goal 1.2)"
    )
