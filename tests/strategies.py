"""Random problems for hypothesis: tables of every kind, with known answers."""

from hypothesis import strategies as st

from tests.truths import known_problem


@st.composite
def problems(draw, largest_condition=30.0):
    """A random regression table: rows, columns, scales and offsets of every kind."""
    d = draw(st.integers(1, 4))
    n = draw(st.integers(d + 2, 25))
    seed = draw(st.integers(0, 2**32 - 1))
    X, y, _, _ = known_problem(seed, n, d, draw(st.floats(1.0, largest_condition)))
    offset = draw(st.sampled_from([0.0, 0.5, -2.0]))
    return X + offset, y * draw(st.sampled_from([1.0, 1e-3, 1e4]))
