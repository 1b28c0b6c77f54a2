"""Notebook: a kernel without ipywidgets reads a table, fits it, and shows run, verdict, table, pictures and page."""

import nbclient
import nbformat
import pytest

pytestmark = pytest.mark.process

CELLS = (
    "import steepest\nopen('t.csv', 'w').write('a,b,y\\n' + ''.join(f'{i % 7},{\"uvw\"[i % 3]},{2 * i + i * i % 5}\\n' for i in range(60)))",
    "run = steepest.descend('t.csv', target='y', standardize=True, learning_rate=0.1, epochs=30)\nrun",
    "run.verdict",
    "run.summary()",
    "run.plot('loss')",
    "run.page()",
)
SHOWN = (None, "exact minimum", "stability limit", "standard error", None, "<iframe")


def test_a_notebook_shows_tables_pictures_and_the_page(tmp_path, monkeypatch):
    for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))  # neither read what the user set up, nor leave anything there
    notebook = nbformat.v4.new_notebook()
    hidden = nbformat.v4.new_code_cell("import sys; sys.modules['ipywidgets'] = None")
    notebook.cells = [hidden, *map(nbformat.v4.new_code_cell, CELLS)]
    nbclient.NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    for cell, part in zip(notebook.cells[1:], SHOWN, strict=True):
        data = next((output["data"] for output in cell.outputs if output["output_type"] == "execute_result"), {})
        assert part is None or part in data["text/html"]
    assert notebook.cells[5].outputs[0]["data"]["image/png"]
