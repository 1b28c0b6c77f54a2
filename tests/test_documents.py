"""The documentation names all there is, leads nowhere that is not, and is as new as what it is made from."""

import importlib
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import steepest
from steepest.cli import COMMANDS

ROOT = Path(__file__).parents[1]
WRITTEN_BY_SPHINX = {ROOT / "docs" / "python", ROOT / "docs" / "project"}
DOCUMENTS = [
    *sorted(ROOT.glob("*.md")),
    *sorted(page for page in (ROOT / "docs").rglob("*.md") if page.parent not in WRITTEN_BY_SPHINX),
]
REFERENCE = runpy.run_path(str(ROOT / "docs" / "reference.py"))


def test_every_command_and_option_is_documented():
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert page == REFERENCE["commands_page"](), "run make reference"
    for name, (module, _) in COMMANDS.items():
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        for option in importlib.import_module(module).command.params:
            assert getattr(option, "hidden", False) or all(
                spelling in section for spelling in option.opts if spelling.startswith("-")
            )


def test_every_public_name_is_documented():
    page = (ROOT / "docs" / "names.md").read_text(encoding="utf-8")
    assert page == REFERENCE["names_page"](), "run make reference"
    for name in steepest.__all__:
        assert name == "__version__" or re.search(rf"^\| `{name}` \| \w", page, re.MULTILINE), name


def test_links_lead_somewhere():
    for page in DOCUMENTS:
        text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target, _, heading in (link.partition("#") for link in re.findall(r"\]\(([^)\s]+)\)", text)):
            if "://" in target:
                continue
            linked = page.parent / target if target else page
            assert linked.exists(), f"{page.name}: {target}"
            if heading:
                anchors = {_anchor(line) for line in linked.read_text(encoding="utf-8").splitlines()}
                assert heading in anchors, f"{page.name}: {target}#{heading}"


def test_files_that_are_named_are_there():
    for page in DOCUMENTS:
        text = page.read_text(encoding="utf-8")
        for path in re.findall(r"(?<![\w/])(?:src|tests|docs|examples|benchmarks)/[\w./-]+\.\w+", text):
            assert (ROOT / path).exists(), f"{page.name}: {path}"


def _anchor(line: str) -> str:
    """Return the anchor of a heading, "" for any other line."""
    found = re.match(r"#+ (.*)", line)
    return re.sub(r"[^\w\- ]", "", found[1].lower()).replace(" ", "-") if found else ""


@pytest.mark.parametrize("record", sorted((ROOT / "docs" / "decisions").glob("0*.md")), ids=lambda record: record.stem)
def test_every_decision_has_a_date_and_a_status(record):
    title, blank, status, *_ = record.read_text(encoding="utf-8").split("\n")
    assert title.startswith(f"# {int(record.stem[:4])}. ")
    assert not blank
    assert re.match(r"Date: \d{4}-\d{2}-\d{2}\. Status: (accepted|superseded by \[\d+\])", status), status


@pytest.mark.process
def test_the_changelog_is_built_from_the_notes():
    draft = subprocess.run(
        [sys.executable, "-m", "towncrier", "build", "--draft"], cwd=ROOT, capture_output=True, check=True
    ).stdout.decode()
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased, line, _ = changelog.partition("<!-- released -->")
    assert line
    assert unreleased == draft, "run make changelog"
    for note in (ROOT / "changelog.d").glob("[0-9]*.md"):
        assert note.read_text(encoding="utf-8").split("\n")[0].strip() in draft, f"{note.name} is of no known kind"


def test_the_citation_has_the_version():
    assert f"\nversion: {steepest.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
