"""The tutorial's data as a file."""

import pytest


@pytest.fixture
def tutorial_csv(tmp_path):
    rows = "\n".join(f"{x},{0.5 * x + 2}" for x in range(1, 301))
    (tmp_path / "tutorial.csv").write_text(f"x,y\n{rows}\n")
    return tmp_path / "tutorial.csv"
