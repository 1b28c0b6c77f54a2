"""Remedies: every message advises in the words of whoever reads it: Python's, the terminal's or the lab's."""

import ast
import copy
import functools
import html
import importlib
import inspect
import pickle
import re
import shlex
import warnings
from collections import defaultdict
from pathlib import Path

import click
import pytest

import steepest
from steepest import errors
from steepest.cli import COMMANDS, main
from steepest.cli.wording import COMMAND
from steepest.errors import DataError, DataWarning, Message, Option, Phrase, UsageError, Wording
from steepest.lab.form import FIELDS, FORM, FormWording
from steepest.support import remedies

SOURCE = Path(steepest.__file__).parent
PYTHON = Wording()
ARGUMENTS = {
    "as_categories": "zip",
    "encoded": "latin-1",
    "fields_separated": ";",
    "leave_out": "my column",
    "marks": (".", ","),
    "penalty": 0.01,
    "per_unit": "exposure",
    "unfinished": "t.partial",
    "unseen_as": "a",
}
"""What the functions of the table are tried with."""


def table():
    """Every remedy that there is, by its name."""
    for name, value in vars(remedies).items():
        if isinstance(value, Phrase):
            yield name, value
        elif inspect.isfunction(value) and value.__module__ == remedies.__name__ and not name.startswith("_"):
            given = ARGUMENTS[name]
            yield name, value(*given) if isinstance(given, tuple) else value(given)


REMEDIES = dict(table())


def options_of(phrase):
    return [part for part in phrase.parts if isinstance(part, Option)]


@functools.cache
def click_options():
    """The options of all commands, by the name that is typed; several commands may have one of that name."""
    commands = (importlib.import_module(module).command for module, _ in COMMANDS.values())
    options = defaultdict(list)
    for command in commands:
        for option in command.params:
            for name in (*option.opts, *option.secondary_opts) if isinstance(option, click.Option) else ():
                options[name].append(option)
    return dict(options)


def takes(option, text, value):
    """Whether an option of a command makes this value of that text."""
    try:
        return option.type.convert(text, None, None) == (tuple(value) if isinstance(value, list) else value)
    except click.BadParameter:
        return False


@functools.cache
def python_arguments():
    """The arguments of every function, class and method, the private ones too."""
    names = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                names |= {argument.arg for argument in (*node.args.args, *node.args.kwonlyargs)}
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names.add(node.target.id)  # a field of a dataclass
    return names


def test_the_table_holds_every_remedy_with_an_option():
    assert len(REMEDIES) > 20
    for name, remedy in REMEDIES.items():
        assert options_of(remedy), name
        assert remedy.parts[0] == remedy.parts[0].lower(), f"{name}: an imperative that a sentence goes on with"
        assert not str(remedy.parts[-1]).endswith("."), name


def test_every_remedy_is_in_use():
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    assert [name for name in REMEDIES if f"remedies.{name}" not in code] == []


@pytest.mark.parametrize("name", REMEDIES)
def test_every_remedy_is_said_in_the_words_of_each_door(name):
    remedy = REMEDIES[name]
    error = DataError("something is wrong.", "do nothing", remedy)
    for option in options_of(remedy):
        # Python: an argument, with a value that Python reads
        said = PYTHON.option(option)
        assert option.name in python_arguments()
        assert said in str(error)
        if option.value is not None:
            call = ast.parse(f"f({said})", mode="eval").body
            assert isinstance(call, ast.Call)
            (keyword,) = call.keywords
            assert (keyword.arg, ast.literal_eval(keyword.value)) == (option.name, option.value)
        # the terminal: an option of a command, with a value that the shell and the command take
        flag, *values = shlex.split(COMMAND.option(option))
        assert flag in click_options(), f"no command has {flag}"
        assert COMMAND.option(option) in COMMAND.message(error)
        for value in values:
            assert any(takes(one, value, option.value) for one in click_options()[flag])
        if not values and option.value is not None and option.value is not ...:
            assert all(one.is_flag for one in click_options()[flag])
        # the lab: a field of its form, or nothing of it
        if FORM.remedy(remedy):
            assert FIELDS[option.name].label in FORM.message(error)
            assert FORM.field(error) is not None
    assert "--" not in str(error)
    assert not re.search("=|“", COMMAND.message(error))
    assert not re.search("--|=", FORM.message(error))
    assert "“" not in str(error)


def test_the_lab_leaves_out_what_its_form_does_not_have():
    error = DataError("'k' looks like numbers.", "correct them", remedies.as_categories("k"), remedies.leave_out("k"))
    assert str(error) == (
        "'k' looks like numbers. Correct them, take it for categories (categorical=[\"k\"]), or leave the column out "
        '(exclude=["k"]).'
    )
    assert COMMAND.message(error) == (
        "'k' looks like numbers. Correct them, take it for categories (--categorical k), or leave the column out (--exclude k)."
    )
    assert FORM.message(error) == "'k' looks like numbers. Correct them, or leave the column out (untick it)."
    # before the columns are listed there is none to untick
    assert FormWording(listed=False).message(error) == "'k' looks like numbers. Correct them."
    assert (FORM.field(error), FormWording(listed=False).field(error)) == ("features", None)
    only = DataError("unknown categories.", remedies.unseen_as("a"))
    assert FORM.message(only) == "unknown categories."


def test_the_labs_fields_and_choices_are_those_of_its_page():
    page = html.unescape((SOURCE / "views" / "pages" / "page.html").read_text(encoding="utf-8"))
    for field in FIELDS.values():
        for label in re.findall("“(.*?)”", field.label):
            assert re.search(rf"<(label|summary|legend)[^>]*>{label}\b", page), label
    for name in ("delimiter", "decimal", "encoding", "missing"):
        (select,) = re.findall(rf'<select id="(?:written|column)-{name}">(.*?)</select>', page)
        shown = dict(re.findall(r'<option value="(.*?)">(.*?)</option>', select))
        for choice in FIELDS[name].choices.values():
            assert any(text.startswith(choice) for text in shown.values()) or choice in shown, (name, choice)


def test_options_within_a_sentence_are_renamed_too():
    error = UsageError(
        "a bias needs " + Option("fit_intercept", True) + ", not " + Option("fit_intercept", False) + "."
    )
    assert str(error) == "a bias needs fit_intercept=True, not fit_intercept=False."
    assert COMMAND.message(error) == "a bias needs --intercept, not --no-intercept."
    error = UsageError(Option("learning_rate") + " must be a number above 0; got '--x=1'.")
    assert str(error) == "learning_rate must be a number above 0; got '--x=1'."
    assert COMMAND.message(error) == "--learning-rate must be a number above 0; got '--x=1'."
    assert FORM.message(error) == "learning rate must be a number above 0; got '--x=1'."


@pytest.mark.parametrize(
    ("value", "typed"),
    [("a b", "'a b'"), ("it's", "'it'\"'\"'s'"), ("\t", "$'\\t'"), (["a", "b c"], "'a,b c'"), (["x,y"], "'\"x,y\"'")],
)
def test_values_at_the_terminal_are_words_of_a_shell(value, typed):
    assert COMMAND.option(Option("exclude", value)) == f"--exclude {typed}"


def test_names_too_long_to_repeat_are_not_repeated():
    error = DataError("it is text.", remedies.leave_out("x" * 5_000))
    assert str(error) == "it is text. Leave the column out (exclude=...)."
    assert COMMAND.message(error) == "it is text. Leave the column out (--exclude)."


def messages():
    """Every class of error and warning."""
    return [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Message)]


@pytest.mark.parametrize("kind", messages())
def test_messages_keep_their_remedies_when_they_are_copied_or_sent_to_another_process(kind):
    error = kind("no number: " + Option("l2", 0.5) + ".", "wait", remedies.DROP_ROWS)
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(other) is kind
        assert other.args == error.args == (str(error),)
        assert (other.sentence, other.remedies) == (error.sentence, error.remedies)
        assert COMMAND.message(other) == "no number: --l2 0.5. Wait, or leave those rows out (--missing drop)."


def test_warnings_carry_remedies_as_errors_do():
    with pytest.warns(DataWarning, match=r"^collinear\. Add a penalty \(l2=\.\.\.\)\.$") as caught:
        warnings.warn(DataWarning("collinear.", remedies.PENALTY), stacklevel=1)
    assert COMMAND.message(caught[0].message) == "collinear. Add a penalty (--l2)."
    assert FORM.message(caught[0].message) == "collinear. Add a penalty (“Penalty l2”)."
    # and other warnings are said as they are
    assert COMMAND.message(UserWarning("as it is")) == COMMAND.message("as it is") == "as it is"


# from the doors themselves


def test_python_reads_arguments_and_the_terminal_options(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("a,y\n1,2\n,3\n4,6\n")
    with pytest.raises(steepest.MissingValuesError, match=r'leave those rows out \(missing="drop"\), or') as caught:
        steepest.descend(str(tmp_path / "t.csv"), target="y")
    assert "--" not in str(caught.value)
    with pytest.raises(SystemExit) as left:
        main(["fit", str(tmp_path / "t.csv"), "--target", "y", "--no-out"])
    said = capsys.readouterr().err
    assert left.value.code == 3
    assert "leave those rows out (--missing drop), or" in said
    assert 'missing="' not in said


def test_a_wrong_number_is_named_by_its_option(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("a,y\n1,2\n2,3\n4,6\n")
    for arguments, words in (
        (["--l2", "-1"], "Error: --l2 must be a finite number"),
        (["--degree", "99"], "Error: --degree must be a whole number"),
        (["--delimiter", "ab"], "Error: --delimiter must be one character"),
        (["--seed", "-1", "--test-size", "0.5"], "Error: --seed must be a whole number"),
    ):
        with pytest.raises(SystemExit) as left:
            main(["fit", str(tmp_path / "t.csv"), "--target", "y", "--no-out", *arguments])
        assert left.value.code == 2
        assert words in capsys.readouterr().err


# no sentence is left that speaks the language of one door only


def raised_texts(path):
    """Every text within the call of an error or warning, with the line where it begins."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name.endswith(("Error", "Warning")) or name in ("warn", "Refusal"):
                for part in ast.walk(node):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield part.lineno, part.value


def test_no_sentence_of_the_library_names_an_option_of_the_command_or_a_field_of_the_lab():
    library = [path for path in SOURCE.rglob("*.py") if path.relative_to(SOURCE).parts[0] not in ("cli", "lab")]
    texts = [(path, line, text) for path in library for line, text in raised_texts(path)]
    assert len(texts) > 300
    for path, line, text in texts:
        assert not re.search(r"--[a-z]", text), f"{path}:{line}: {text}"
        assert not re.search(r"untick|“(Rows with missing|How the file|Fields separated)", text), (
            f"{path}:{line}: {text}"
        )


def test_no_sentence_names_an_argument_that_is_an_option_of_the_command_too():
    """`learning_rate=0.1` in a text would be read at the terminal; what only Python has may be named in texts."""
    library = [path for path in SOURCE.rglob("*.py") if path.relative_to(SOURCE).parts[0] not in ("cli", "lab")]
    names = {name.lstrip("-").replace("-", "_") for name in click_options()} | {"fit_intercept"}
    found = {
        f"{path.relative_to(SOURCE)}: {text}"
        for path in library
        if path.relative_to(SOURCE).parts[0] not in ONLY_PYTHON
        for _, text in raised_texts(path)
        for name in names
        # what an object is made with, as Record(every=1), is Python's alone
        if re.search(rf"\b{name}=|^{name} (must|is|takes|belongs)\b", re.sub(r"\b[A-Z]\w*\(.*\)", "", text))
    }
    assert not found, "\n".join(sorted(found))


ONLY_PYTHON = ("estimators", "tutorial.py")
"""Nothing of these is run by a command."""
