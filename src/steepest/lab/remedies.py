"""Remedies: what a refusal of the library advises, in the words of the page's form; the library names options of commands."""

import re
from dataclasses import dataclass

HOW = "“How the file is written”"
MISSING = "“Rows with missing values”"


@dataclass(frozen=True)
class Rule:
    """One advice of the library, and the same for the form.

    Args:
        says: a regular expression of the library's words.
        form: what stands in their place.
        field: of the post that the advice is to change, or None.
    """

    says: str
    form: str
    field: str | None


RULES = (
    Rule(
        r"give --missing drop \(leave those rows out\) or --missing indicator \(0 and an indicator column\)",
        f"choose for {MISSING}: leave them out, or 0 and an indicator",
        "missing",
    ),
    Rule(r"use --missing drop, or fill them in", f"choose for {MISSING}: leave them out; or fill them in", "missing"),
    Rule(
        r"give --decimal , where that is the decimal mark, take it for categories \(--categorical\)",
        f"say under {HOW} that its decimal mark is a comma, where it is",
        "decimal",
    ),
    Rule(
        r"Say what stands between the fields: --delimiter '(\\?.)'",
        rf"Say under {HOW} what separates its fields: '\1'",
        "delimiter",
    ),
    Rule(r"say what stands between the fields: --delimiter", f"say under {HOW} what separates its fields", "delimiter"),
    Rule(
        r"give --delimiter and --encoding", f"say under {HOW} what separates its fields, and its encoding", "delimiter"
    ),
    Rule(r"Give its encoding \(--encoding latin-1\)", f"Choose its encoding under {HOW}, such as latin-1", "encoding"),
    Rule(r"Give another --encoding", f"Choose another encoding under {HOW}", "encoding"),
    Rule(r"Give encoding utf-16", f"Choose the encoding utf-16 under {HOW}", "encoding"),
    Rule(r"\(--exclude\)", "(untick it)", "features"),
)
"""The first that fits names the field."""
UNLISTED = (
    Rule(
        r"(Correct that line|Correct the file)(, or leave the column out \(--exclude\))?\.",
        rf"\1, or say under {HOW} what separates its fields and what its decimal mark is.",
        "delimiter",
    ),
    Rule(
        r"Write a first line with",
        f"Say under {HOW} what separates its fields, or write a first line with",
        "delimiter",
    ),
)
"""Before the columns of a text file are known there is none to untick, and they may be unknown for a wrong mark."""


def for_the_form(sentence: str, unlisted: bool = False) -> tuple[str, str | None]:
    """Return a refusal in the form's words, and the field of the post that another choice would mend, or None.

    Args:
        sentence: as the library says it.
        unlisted: whether the columns of a text file were being looked for.

    Example:
        >>> for_the_form("column 'k' is DATE, not a number. Leave it out (--exclude).")
        ("column 'k' is DATE, not a number. Leave it out (untick it).", 'features')
    """
    fields = []
    for rule in (*(UNLISTED if unlisted else ()), *RULES):
        sentence, count = re.subn(rule.says, rule.form, sentence)
        fields += [rule.field] if count else []
    return sentence, fields[0] if fields else None
