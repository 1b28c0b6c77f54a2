"""The site: every public name has its reference, docstrings keep their signs, and Sphinx builds it without a warning."""

import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import steepest

ROOT = Path(__file__).parents[1]
PAGES = runpy.run_path(str(ROOT / "docs" / "reference.py"))["python_pages"]()
restructured = runpy.run_path(str(ROOT / "docs" / "markup.py"))["restructured"]


def test_every_public_name_has_its_reference():
    written = re.findall(r"^\.\. auto\w+:: steepest\.(\w+)$", "\n".join(PAGES.values()), re.MULTILINE)
    assert sorted(written) == sorted(set(steepest.__all__) - {"__version__"})


def test_every_page_is_in_the_list_of_pages():
    listed = re.findall(r"^\w+$", PAGES["index.md"], re.MULTILINE)
    assert sorted(f"{name}.md" for name in listed) == sorted(set(PAGES) - {"index.md"})


def test_a_formula_becomes_a_literal_block():
    assert restructured(["The loss.", "", "    |w|*x_k", "", "More."]) == [
        "The loss.",
        "",
        "::",
        "",
        "    |w|*x_k",
        "",
        "More.",
    ]


def test_signs_in_prose_stay_signs_and_code_stays_code():
    assert restructured(["|w|^2 of `a*b|c` and coef_ end_"]) == [r"\|w\|^2 of `a*b|c` and coef\_ end\_"]
    assert restructured(["Args:", "    x: a*b,", "        more |c|."]) == [
        "Args:",
        r"    x: a\*b,",
        r"        more \|c\|.",
    ]
    code = ["Example:", "    >>> 2 * 3 | 1", "    7"]
    assert restructured(code) == code


@pytest.mark.process
def test_the_site_builds_without_a_warning(tmp_path):
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("python", "project"))
    for page in ROOT.glob("*.md"):
        shutil.copy(page, tmp_path)
    shutil.copy(ROOT / "CITATION.cff", tmp_path)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "docs", "site"]
    built = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False)
    assert (built.returncode, built.stderr) == (0, "")
    for name in ("descend", "GradientDescentClassifier", "Triangle"):
        assert any(
            f'id="steepest.{name}"' in page.read_text("utf-8") for page in (tmp_path / "site/python").glob("*.html")
        )
    assert (tmp_path / "site" / "lab.html").exists()
