"""Damaged files: whatever byte of a file is wrong or missing, it loads as it was or is refused in a sentence."""

import io
from typing import Any

import numpy as np
import pytest

import steepest

X, Y = np.array([[0.5, 1.0], [2.0, 3.0], [4.0, 10.25]]), np.array([1.0, 2.0, 4.0])
TRIANGLE = steepest.summarize(X, Y)
MODEL = steepest.Model.of(steepest.descend(X, Y, learning_rate=0.01, epochs=5))


def packed(write, **arrays):
    stream = io.BytesIO()
    write(stream, **arrays)
    return stream.getvalue()


ARRAYS = {"X": X, "y": Y}
FILES: dict[str, tuple[Any, ...]] = {
    "triangle": (TRIANGLE.to_bytes(), steepest.Triangle.load, TRIANGLE),
    "model.json": (MODEL.to_bytes(), steepest.load, MODEL),
    "stored.npz": (packed(np.savez, **ARRAYS), steepest.summarize, TRIANGLE),
    "compressed.npz": (packed(np.savez_compressed, **ARRAYS), steepest.summarize, TRIANGLE),
    "inputs.npz": (packed(np.savez_compressed, X=X), MODEL.predict, MODEL.predict(X)),
    "inputs.npy": (packed(np.save, arr=X), MODEL.predict, MODEL.predict(X)),
    "table.npy": (packed(np.save, arr=np.column_stack([X, Y])), steepest.summarize, TRIANGLE),
}


def damaged(content):
    """The file with each byte wrong, by turns in its lowest bit, its highest and in all, and cut off here and there."""
    for place in range(len(content)):
        wrong = content[place] ^ (1, 0x80, 0xFF)[place % 3]
        yield place, content[:place] + bytes([wrong]) + content[place + 1 :]
    yield from ((place, content[:place]) for place in range(0, len(content), 7))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.filterwarnings("ignore::steepest.SteepestWarning")
def test_a_damaged_file_loads_as_it_was_or_is_refused_in_a_sentence(name, tmp_path):
    content, load, right = FILES[name]
    file = tmp_path / name
    refused = []
    for place, wrong in damaged(content):
        file.write_bytes(wrong)
        try:
            answer = load(file)
        except steepest.DataError as error:
            refused.append(str(error))
        else:
            # NumPy keeps no checksum of a single array
            assert name.endswith(".npy") or np.array_equal(answer, right), place
    assert all(name in sentence and "\n" not in sentence for sentence in refused)
    assert len(refused) > len(content) / 4


def test_the_bytes_of_a_triangle_and_of_a_model_are_refused_alike():
    for content, load in (
        (TRIANGLE.to_bytes(), steepest.Triangle.from_bytes),
        (MODEL.to_bytes(), steepest.Model.from_bytes),
    ):
        for _, wrong in damaged(content[:99]):
            with pytest.raises(steepest.ModelFileError):
                load(wrong)


def test_a_header_that_asks_for_more_than_memory_is_refused(tmp_path):
    content = packed(np.savez, **ARRAYS).replace(b"(3, 2), }" + b" " * 12, b"(3, 222222222222), }" + b" ")
    assert b"222222" in content
    (tmp_path / "huge.npz").write_bytes(content)
    with pytest.raises(steepest.DataError, match=r"cannot read .*huge\.npz"):
        steepest.summarize(tmp_path / "huge.npz")
