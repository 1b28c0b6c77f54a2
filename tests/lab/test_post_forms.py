"""Post forms: what fills them, what does not, and that the page's words are theirs."""

from typing import get_args, get_type_hints

import pytest

from steepest.lab.answers import Refusal
from steepest.lab.form import DECIMALS, DEFAULTS, DELIMITERS
from steepest.lab.post_forms import Open, Points, Written, read_form


def test_the_words_of_how_a_file_is_written_are_those_that_the_library_gets():
    types = get_type_hints(Written)
    assert get_args(types["delimiter"]) == tuple(DELIMITERS)
    assert get_args(types["decimal"]) == tuple(DECIMALS)
    assert {name: getattr(Written(), name) for name in Written.__struct_fields__} == DEFAULTS


def test_a_form_has_what_was_sent_and_else_what_goes_without_saying():
    asked = read_form(b'{"target": "y", "features": ["a", "\\u00fc"], "held_out": 0}', Open)
    assert (asked.target, asked.features, asked.held_out, asked.degree) == ("y", ("a", "ü"), 0.0, 1)
    assert read_form(b'{"points": [[1, 2.5], [1e11, -1e11]]}', Points).points == [(1.0, 2.5), (1e11, -1e11)]


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        (b'{"points": [[0, 0], [1, "1"]]}', "points", "points[1][1]: expected float, got str. The fields here are: points, degree."),
        (b'{"points": [], "degree": 7}', "degree", "degree: expected int <= 6. The fields here are: points, degree."),
        (b"{}", "points", "the body: object missing required field points. The fields here are: points, degree."),
        (b'{"points": [], "a.b[0]": 1}', "a.b[0]", "the body: object contains unknown field a.b[0]. The fields here are: points, degree."),
        (b'{"degree": 1, "points": [], "degree": 1}', "degree", "the field degree is given twice. Give it once."),
        (b"[]", None, "the body: expected object, got array. The fields here are: points, degree."),
        (b'{"points": [[NaN, 1]]}', "points", "points[0][0]: expected float >= -100000000000.0. The fields here are: points, degree."),
        (b'{"points"', None, "the body must be one JSON object; at character 9 there is none."),
        (b'{"\\ud800": 1, "points": []}', None, "the body must be JSON in UTF-8; this holds bytes that are not."),
    ],
)  # fmt: skip
def test_row_106_a_refusal_names_the_field_and_what_it_may_be(body, field, sentence):
    with pytest.raises(Refusal) as refused:
        read_form(body, Points)
    assert (refused.value.status, refused.value.field, refused.value.sentence) == (400, field, sentence)
