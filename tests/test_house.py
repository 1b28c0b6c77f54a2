"""The house itself: public names, the import contract, light imports, one loop, documented commands and names."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import steepest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))


def test_public_names_are_sorted_complete_and_there():
    assert steepest.__all__ == sorted(steepest.__all__)
    assert len(steepest.__all__) == len(set(steepest.__all__))
    for name in steepest.__all__:
        assert getattr(steepest, name) is not None
    assert dir(steepest) == steepest.__all__


@pytest.mark.process
def test_an_unknown_name_suggests_the_nearest():
    for wrong, nearest in {
        "decsend": "descend",
        "triangle": "Triangle",
        "GradientDescentRegresor": "GradientDescentRegressor",
    }.items():
        with pytest.raises(AttributeError, match=f"no attribute '{wrong}'. Did you mean '{nearest}'\\?$"):
            getattr(steepest, wrong)
    for wrong, rest in {"zzz": r"; dir\(steepest\) lists its public names", "__wrapped__": ""}.items():
        with pytest.raises(AttributeError, match=f"no attribute '{wrong}'{rest}$"):
            getattr(steepest, wrong)
    done = subprocess.run(
        [sys.executable, "-c", "import steepest; steepest.decsend"], capture_output=True, text=True, check=False
    )
    assert done.stderr.count("Did you mean") == 1


@pytest.mark.process
def test_without_scikit_learn_a_star_takes_the_rest():
    from steepest import estimators

    assert set(estimators.__all__) == vars(steepest)["_NEED_SKLEARN"]
    code = (
        "import sys; sys.modules['sklearn'] = None\nfrom steepest import *\nimport steepest\nprint(descend.__name__, __version__)\n"
        "assert 'GradientDescentRegressor' not in dir()\nsteepest.GradientDescentRegressor"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == f"descend {steepest.__version__}\n"
    assert "pip install 'steepest[sklearn]'" in done.stderr.splitlines()[-1]


def test_functions_that_use_the_package_travel():
    cloudpickle = pytest.importorskip("cloudpickle")
    assert cloudpickle.loads(cloudpickle.dumps(lambda: steepest.descend))() is steepest.descend
    assert cloudpickle.loads(cloudpickle.dumps(steepest)) is steepest


def test_public_objects_carry_docstrings():
    for name in steepest.__all__[:]:
        value = getattr(steepest, name)
        if name != "__version__":
            assert value.__doc__, name
            assert not value.__doc__.startswith(f"{name}("), f"{name} has only the docstring that dataclass makes"


@pytest.mark.process
def test_a_function_stays_a_function_when_its_module_is_imported_first():
    code = (
        "import steepest.descent.descend, steepest.summaries.summarize, steepest.tutorial, steepest; "
        "assert callable(steepest.descend) and callable(steepest.summarize) and steepest.tutorial.__name__ == 'steepest.tutorial'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.process
def test_the_import_contract_holds():
    # in a process of its own: the linter reads the package's source and needs a clean import state
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-cache",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


def test_no_modules_import_each_other_in_a_circle():
    import grimp

    graph = grimp.build_graph("steepest", cache_dir=None)
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    late = {tuple(line.split(" -> ")) for line in contract["ignore_imports"]}
    left = {
        module: {other for other in graph.find_modules_directly_imported_by(module) if (module, other) not in late}
        for module in graph.modules
    }
    while outermost := {module for module in left if not left[module] & left.keys()}:  # nothing that is left is used
        left = {module: uses for module, uses in left.items() if module not in outermost}
    assert not left, f"these import each other in a circle, or something that does: {sorted(left)}"


@pytest.mark.process
def test_importing_the_package_is_light():
    code = "import sys, steepest; print([m for m in ('numpy', 'scipy', 'duckdb', 'matplotlib', 'click', 'rich') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
    code = (
        "import sys, numpy, steepest; steepest.descend([[1.0], [2.0], [4.0]], [1, 2, 3]).loss(); "
        "print([m for m in ('duckdb', 'nanoarrow', 'matplotlib', 'click', 'rich', 'numba', 'scipy.optimize') if m in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_there_is_one_loop_over_epochs():
    loops = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.For)
                and isinstance(node.target, ast.Name)
                and node.target.id in ("epoch", "k", "step")
            ):
                loops.append(path.name)
            if isinstance(node, ast.While) and any(
                isinstance(one, ast.Name) and one.id == "memory" for one in ast.walk(node)
            ):
                loops.append(path.name)
    assert loops == [
        "kernels.py",
        "loop.py",
    ]  # the second is the loop; the first takes steps for it, where it has nothing to look at


def test_every_command_is_in_the_readme():
    from steepest.cli import COMMANDS

    text = (ROOT / "README.md").read_text()
    for name in COMMANDS:
        assert f"steepest {name}" in text, name


def test_every_module_says_in_one_sentence_what_it_is():
    for path in SOURCES:
        first = (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]
        assert first, path
        assert first.endswith((".", ":")), f"{path}: {first}"


def test_the_version_is_said_once():
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text()


def test_each_test_lies_in_the_room_of_what_it_tests():
    package, tests = ROOT / "src" / "steepest", ROOT / "tests"
    rooms = {path.parent.name for path in package.glob("*/__init__.py")}
    homes = {}  # the rooms in which there is a module or folder of a name
    for path in SOURCES:
        name = path.parent.name if path.stem == "__init__" else path.stem
        homes.setdefault(name, set()).add("." if path.parent == package else path.relative_to(package).parts[0])
    for path in tests.rglob("test_*.py"):
        room = path.parent.relative_to(tests).as_posix()
        assert room in {".", *rooms}, path
        assert room in homes.get(path.stem.removeprefix("test_"), {room}), path
        marked = "\npytestmark = pytest.mark.browser\n" in path.read_text()
        assert marked == path.stem.endswith("_browser"), path
