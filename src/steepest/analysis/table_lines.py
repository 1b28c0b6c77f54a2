"""Table lines: what a coefficient table says above and below its rows."""

import textwrap
from collections.abc import Iterator
from typing import Any

from steepest.support.words import number, pluralize, printable, shorten


def heading(table: Any) -> str:
    """Return what the table is of."""
    kind = table.loss_kind
    if kind is None:
        what = "Exact least squares"
    else:
        delta = getattr(kind, "delta", None)
        what = f"{table.loss.capitalize()} regression" + ("" if delta is None else f" (δ = {number(delta)})")
    rows = pluralize(table.row_count, "row")
    return f"{what} of {shorten(table.target)} on {rows}" + (
        f", {table.robust} standard errors" if table.robust else ""
    )


def facts(table: Any) -> list[str]:
    """Return what holds of the fit as a whole, a line each."""
    lines = list(_of_squares(table) if table.loss_kind is None else _of_a_loss(table))
    kappa = (
        f"condition number {number(table.condition_number)}, standardized {number(table.standardized_condition_number)}"
    )
    watson = "" if table.durbin_watson is None else f"; Durbin-Watson {number(table.durbin_watson, 4)}"
    return [*lines, kappa + watson]


def notes_wrapped(table: Any) -> Iterator[str]:
    """Yield the notes, as lines of a terminal."""
    for note in table.notes:
        yield textwrap.fill(printable(note), 118, initial_indent="  ", subsequent_indent="  ", break_long_words=False)


def statistic_in_words(value: float) -> str:
    """Return a t or z as text."""
    return f"{value:.3f}" if abs(value) < 1e6 else f"{value:.3g}"


def p_in_words(value: float) -> str:
    """Return a probability as text."""
    return f"{value:.3g}" if value >= 1e-300 else "< 1e-300"


def _of_squares(table: Any) -> Iterator[str]:
    if table.residual_sd is not None:
        yield f"residual SD {number(table.residual_sd)} with {number(table.degrees_of_freedom)} degrees of freedom"
    if table.r_squared is not None and table.adjusted_r_squared is not None:
        yield f"R² {number(table.r_squared)}, adjusted {number(table.adjusted_r_squared)}"
    if table.f_statistic is not None and table.f_p_value is not None and table.f_degrees_of_freedom is not None:
        q, df = table.f_degrees_of_freedom
        yield f"F {number(table.f_statistic)} with {q} and {number(df)} degrees of freedom, p {p_in_words(table.f_p_value)}"
    yield from _criteria(table)


def _of_a_loss(table: Any) -> Iterator[str]:
    df = f"{number(table.degrees_of_freedom)} degrees of freedom"
    if table.deviance is None or table.null_deviance is None:
        yield df
    else:
        yield f"deviance {number(table.deviance)} with {df}, null deviance {number(table.null_deviance)}"
    if table.pearson_chi_squared is not None and table.dispersion is not None:
        yield f"Pearson χ² {number(table.pearson_chi_squared)}, dispersion {number(table.dispersion)}"
    if table.likelihood_ratio is not None and table.likelihood_ratio_p_value is not None:
        yield (
            f"likelihood ratio χ² {number(table.likelihood_ratio)} with {pluralize(table.likelihood_ratio_degrees_of_freedom, 'degree')} of freedom, "
            f"p {p_in_words(table.likelihood_ratio_p_value)}"
        )
    if table.pseudo_r_squared is not None:
        yield f"McFadden's pseudo R² {number(table.pseudo_r_squared)}"
    yield from _criteria(table)


def _criteria(table: Any) -> Iterator[str]:
    if table.log_likelihood is not None and table.aic is not None and table.bic is not None:
        yield f"log-likelihood {number(table.log_likelihood)}, AIC {number(table.aic)}, BIC {number(table.bic)}"
