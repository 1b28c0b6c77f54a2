"""Mutants: the numerics, broken one expression at a time; `python -m tests.support.mutants [COUNT [SEED]]` lists those nobody sees.

A broken copy of the sources is tested by the tests of its room, and of the room behind it; a mutant that they all pass is a
gap in the tests, or a change that changes nothing.
"""

import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIMIT = 300  # seconds after which a mutant that does not end counts as seen
ROOMS = {
    "summaries": ("coordinates", "double_double", "folds", "gram", "qr", "triangle", "triangularize"),
    "objectives": ("decomposition", "modes", "quadratic", "singular_values"),
    "rules": ("best_rate", "chebyshev", "convergence", "gradient", "heavy_ball", "nesterov", "recurrence", "two_term"),
    "descent": ("closed_form", "facts", "judge"),
    "analysis": ("least_squares", "leverage", "residuals", "scores"),
}
"""The modules whose lines decide on numbers, by room."""
TESTED_BY = {
    "summaries": ("summaries", "objectives", "analysis"),
    "objectives": ("objectives", "descent", "analysis"),
    "rules": ("rules", "descent"),
    "descent": ("descent", "rules"),
    "analysis": ("analysis",),
}
SWAPS: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt,
    ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
NAMES = {"all": "any", "any": "all", "min": "max", "max": "min", "argmin": "argmax", "argmax": "argmin", "hypot": "add"}


def is_number(node):
    """Whether a node is a number, and no truth value."""
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool)


def breaks(node):
    """Yield functions that break a node, each in one way."""
    if isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in SWAPS:
        yield lambda n: setattr(n, "op", SWAPS[type(n.op)]())
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield lambda n: n.ops.__setitem__(0, SWAPS[type(n.ops[0])]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield lambda n: setattr(n, "op", ast.UAdd())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield lambda n: setattr(n, "operand", ast.UnaryOp(ast.Not(), n.operand))
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield lambda n: setattr(n, "attr", NAMES[n.attr])
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield lambda n: setattr(n, "id", NAMES[n.id])
    elif is_number(node):
        yield lambda n: setattr(n, "value", n.value + 1)
        yield lambda n: setattr(n, "value", n.value * 10 if n.value else -1)


def candidates(tree):
    """Yield (place among the nodes, way to break it, line) of all that can be broken; annotations and decorators cannot."""
    left_out = set()
    for node in ast.walk(tree):
        for part in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            left_out |= {id(inner) for inner in ast.walk(part)} if part is not None else set()
        for part in getattr(node, "decorator_list", ()):
            left_out |= {id(inner) for inner in ast.walk(part)}
    for place, node in enumerate(ast.walk(tree)):
        if id(node) not in left_out and hasattr(node, "lineno"):
            yield from ((place, way, node.lineno) for way, _ in enumerate(breaks(node)))


def broken(tree, place, way):
    """Return the source with one node broken, and that node's statement before and after."""
    changed = copy.deepcopy(tree)
    node = list(ast.walk(changed))[place]
    before = ast.unparse(list(ast.walk(tree))[place])
    list(breaks(node))[way](node)
    return ast.unparse(changed), before, ast.unparse(node)


def is_seen(room, module, source):
    """Whether the tests of a room fail, or do not end, on a module with this source."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        for entry in ROOT.iterdir():
            if entry.name in ("src", "tests"):
                shutil.copytree(entry, Path(folder) / entry.name, ignore=shutil.ignore_patterns("__pycache__"))
            elif not entry.name.startswith("."):
                (Path(folder) / entry.name).symlink_to(entry)
        (Path(folder) / "src" / "steepest" / room / f"{module}.py").write_text(source)
        tests = [f"src/steepest/{room}/{module}.py", *(f"tests/{tested}" for tested in TESTED_BY[room])]
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", *tests,
                   "-m", "not process and not browser and not cluster"]  # fmt: skip
        paths = {"PYTHONPATH": f"{folder}/src", "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}
        try:
            ended = subprocess.run(
                command, cwd=folder, env={**os.environ, **paths}, capture_output=True, timeout=LIMIT, check=False
            )
        except subprocess.TimeoutExpired:
            return True
        return ended.returncode != 0


def main(count, seed):
    """Break so many expressions, print of each whether a test sees it, and the score."""
    chance, places = random.Random(seed), []
    trees = {}
    for room, modules in ROOMS.items():
        for module in modules:
            trees[room, module] = ast.parse((ROOT / "src" / "steepest" / room / f"{module}.py").read_text())
            places += [(room, module, *each) for each in candidates(trees[room, module])]
    chosen = chance.sample(places, min(count, len(places)))
    assert not is_seen("rules", "gradient", (ROOT / "src/steepest/rules/gradient.py").read_text()), (
        "tests fail as it is"
    )

    def one(chosen_place):
        room, module, node, way, line = chosen_place
        source, before, after = broken(trees[room, module], node, way)
        seen = is_seen(room, module, source)
        whole = (ROOT / "src" / "steepest" / room / f"{module}.py").read_text().splitlines()[line - 1].strip()
        place = f"{room}/{module}.py:{line}"
        print(f"{'seen' if seen else 'NOT SEEN':<9}{place}  {before}  ->  {after}   in   {whole}", flush=True)
        return room, seen

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(one, chosen))
    for room, tried in Counter(room for room, _ in results).items():
        print(f"{room:<12}{sum(seen for name, seen in results if name == room):>4} of {tried} seen")
    print(f"{sum(seen for _, seen in results)} of {len(results)} seen, of {len(places):,} that there are (seed {seed})")


if __name__ == "__main__":
    main(*map(int, (sys.argv[1:] + ["100", "1"][len(sys.argv) - 1 :])[:2]))
