"""Coefficient tables of losses beside statsmodels' GLM, Logit and RLM on the data that come with it, and laws."""

import json
import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

import steepest
from steepest.errors import DataError, UsageError
from steepest.objectives.losses import HuberLoss

sm = pytest.importorskip("statsmodels.api")

CLOSE = 1e-8  # statsmodels stops where its deviance no longer changes, its parameters then by less than this


def fair():
    table = sm.datasets.fair.load_pandas().data.to_numpy(dtype=float)
    return table[:, :-1], (table[:, -1] > 0).astype(float)


def spector():
    table = sm.datasets.spector.load_pandas().data.to_numpy(dtype=float)
    return table[:, :-1], table[:, -1]


def star98():
    table = sm.datasets.star98.load_pandas().data.to_numpy(dtype=float)
    return table[:, 2:], table[:, :2]


def randhie():
    table = sm.datasets.randhie.load_pandas().data.to_numpy(dtype=float)
    return table[:, 1:], table[:, 0]


def stackloss():
    table = sm.datasets.stackloss.load_pandas().data.to_numpy(dtype=float)
    return table[:, 1:], table[:, 0]


def glm(X, y, family, robust=None, intercept=True, **options):
    design = np.column_stack([np.ones(len(X)), X]) if intercept else X
    model = sm.GLM(y, design, family=family, **options)
    return model.fit(tol=1e-14, maxiter=200, cov_type=robust or "nonrobust")


def agree(ours, theirs, close=CLOSE, null=True):
    """What both say."""
    pairs = {
        "coefficients": theirs.params,
        "standard_errors": theirs.bse,
        "t_values": theirs.tvalues,
        "p_values": theirs.pvalues,
        "lower": theirs.conf_int(0.1)[:, 0],
        "upper": theirs.conf_int(0.1)[:, 1],
        "covariance": theirs.cov_params(),
        "degrees_of_freedom": theirs.df_resid,
        "deviance": theirs.deviance,
        "pearson_chi_squared": theirs.pearson_chi2,
        "dispersion": theirs.pearson_chi2 / theirs.df_resid,
        "log_likelihood": theirs.llf,
        "aic": theirs.aic,
        "bic": theirs.bic_llf,
    }
    if null:
        pairs |= {
            "null_deviance": theirs.null_deviance,
            "likelihood_ratio": theirs.null_deviance - theirs.deviance,
            "pseudo_r_squared": theirs.pseudo_rsquared("mcf"),
        }
    for name, value in pairs.items():
        # a covariance or a limit near 0 is a difference of larger numbers; a p-value far out has z times the error of z
        slack = {"covariance": np.abs(value).max(), "lower": theirs.bse, "upper": theirs.bse}.get(name, 0) * close
        rtol = 50 * close if name == "p_values" else close
        assert (np.abs(getattr(ours, name) - value) <= rtol * np.abs(value) + slack).all(), name


TABLES = {
    "spector": (spector, "logistic", sm.families.Binomial),
    "fair": (fair, "logistic", sm.families.Binomial),
    "randhie": (randhie, "poisson", sm.families.Poisson),
    "star98": (star98, "logistic", sm.families.Binomial),
}


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("robust", [None, "HC0"])
@pytest.mark.parametrize("name", TABLES)
def test_everything_agrees_with_statsmodels(name, robust, standardize):
    read, loss, family = TABLES[name]
    X, y = read()
    theirs = glm(X, y, family(), robust)
    weight = None
    if name == "star98":  # so many above, so many below: a share of so many trials
        y, weight = y[:, 0] / y.sum(axis=1), y.sum(axis=1)
    run = steepest.descend(X, y, weight=weight, loss=loss, standardize=standardize, epochs=1)
    ours = run.summary(0.9, robust)
    agree(ours, theirs)
    assert steepest.infer(run, confidence=0.9, robust=robust) == ours
    again = run.summary(0.9, robust, data=steepest.open_source(X, y, weight=weight))
    np.testing.assert_allclose(again.standard_errors, ours.standard_errors, rtol=CLOSE)
    if robust:  # statsmodels' GLM gives HC0 for HC1; R's sandwich multiplies, as for least squares
        corrected = ours.standard_errors * math.sqrt(len(y) / (len(y) - len(ours.names)))
        np.testing.assert_allclose(run.summary(robust="HC1").standard_errors, corrected, rtol=1e-14)


def test_logit_says_the_same_of_a_likelihood_ratio():
    X, y = spector()
    theirs = sm.Logit(y, sm.add_constant(X)).fit(disp=0, method="newton", tol=1e-14)
    ours = steepest.infer(X, y, loss="logistic", features=["GPA", "TUCE", "PSI"], confidence=0.99)
    assert ours.likelihood_ratio == pytest.approx(theirs.llr, rel=CLOSE)
    assert ours.likelihood_ratio_p_value == pytest.approx(theirs.llr_pvalue, rel=CLOSE)
    assert ours.pseudo_r_squared == pytest.approx(theirs.prsquared, rel=CLOSE)
    np.testing.assert_allclose(ours.upper, theirs.conf_int(0.01)[:, 1], rtol=CLOSE)
    np.testing.assert_allclose(theirs.cov_params(), ours.covariance, rtol=1e-7)


def anes96():
    table = sm.datasets.anes96.load_pandas()
    classes = table.endog.to_numpy()
    return table.exog[["logpopul", "selfLR", "age", "educ", "income"]].to_numpy(), classes


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("robust", [None, "HC0"])
def test_several_classes_are_those_of_mnlogit(robust, standardize):
    X, classes = anes96()
    theirs = sm.MNLogit(classes, sm.add_constant(X)).fit(
        disp=0, method="newton", tol=1e-14, maxiter=100, cov_type=robust or "nonrobust"
    )
    Y = (classes[:, None] == np.arange(7)).astype(float)
    run = steepest.descend(X, Y, loss="multinomial", standardize=standardize, epochs=1)
    ours = run.summary(0.9, robust)
    for name, value in {
        "coefficients": theirs.params.T.ravel(),
        "standard_errors": theirs.bse.T.ravel(),
        "t_values": theirs.tvalues.T.ravel(),
        "degrees_of_freedom": theirs.df_resid,
        "log_likelihood": theirs.llf,
        "aic": theirs.aic,
        "bic": theirs.bic,
        "pseudo_r_squared": theirs.prsquared,  # their null model stops early: 2e-9 of the ratio
        "likelihood_ratio": theirs.llr,
        "likelihood_ratio_degrees_of_freedom": theirs.df_model,
    }.items():
        np.testing.assert_allclose(getattr(ours, name), value, rtol=CLOSE, err_msg=name)
    covariance = theirs.cov_params()
    assert np.abs(ours.covariance - covariance).max() < CLOSE * covariance.max()
    assert (ours.pearson_chi_squared, ours.dispersion) == (None, None)
    assert ours.names[:7] == ("intercept for y2", *(f"x{j} for y2" for j in range(1, 6)), "intercept for y3")
    assert ours.target == "y2, y3, y4 and 3 more against y1"
    assert "on 944 rows" in str(ours)


def test_any_class_may_be_the_one_that_others_are_compared_with():
    X, classes = anes96()
    Y = (classes[:, None] == np.arange(7)).astype(float)
    run = steepest.descend(X, Y, loss="multinomial", epochs=1)
    first, third = run.summary(), run.summary(target="y3")
    turned = steepest.descend(X, Y[:, [2, 0, 1, 3, 4, 5, 6]], loss="multinomial", epochs=1).summary()
    np.testing.assert_allclose(third.coefficients, turned.coefficients, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(third.standard_errors, turned.standard_errors, rtol=1e-9)
    np.testing.assert_allclose(
        first.standard_errors[6:12], third.standard_errors[:6], rtol=1e-9
    )  # 3 against 1 and back
    assert third.aic == pytest.approx(first.aic, rel=1e-12)
    with pytest.raises(UsageError, match="several classes are not known"):
        first.predict(X)


def test_two_classes_are_logistic():
    X, y = spector()
    many = steepest.infer(X, np.column_stack([1 - y, y]), loss="multinomial", robust="HC1")
    two = steepest.infer(X, y, loss="logistic", robust="HC1")
    for name in ("coefficients", "standard_errors", "aic", "bic", "null_deviance", "deviance"):
        np.testing.assert_allclose(getattr(many, name), getattr(two, name), rtol=1e-9, err_msg=name)


def test_shares_of_several_classes_are_trials():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(60, 2))
    counts = generator.multinomial(5, [0.5, 0.3, 0.2], size=60).astype(float)
    shares = steepest.infer(X, counts / 5, weight=np.full(60, 5.0), loss="multinomial")
    rows = [(x, np.eye(3)[k]) for x, c in zip(X, counts, strict=True) for k in range(3) for _ in range(int(c[k]))]
    single = steepest.infer(np.array([x for x, _ in rows]), np.array([y for _, y in rows]), loss="multinomial")
    np.testing.assert_allclose(shares.standard_errors, single.standard_errors, rtol=1e-9)
    assert shares.likelihood_ratio == pytest.approx(single.likelihood_ratio, rel=1e-9)
    ways = sum(math.lgamma(6) - sum(math.lgamma(k + 1) for k in c) for c in counts)
    assert shares.log_likelihood == pytest.approx(single.log_likelihood + ways, rel=1e-11)
    assert "numbers of trials" in str(shares)


def counts(seed=0, n=80):
    """Counts with frequencies, exposures and a column far from 0."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, 2)) * [1.0, 0.1] + [0.0, 50.0]
    mean = np.exp(0.5 + X @ [0.4, 0.02])
    return X, generator.poisson(mean).astype(float), generator.integers(1, 5, size=n).astype(float), mean


@pytest.mark.parametrize("robust", [None, "HC0"])
@pytest.mark.parametrize("loss", ["logistic", "poisson"])
def test_frequencies_are_rows_that_are_there_so_often(loss, robust):
    X, y, times, _ = counts()
    y = (y > 4).astype(float) if loss == "logistic" else y
    rows = np.repeat(np.arange(len(y)), times.astype(int))
    ours = steepest.infer(X, y, loss=loss, weight=times, weights="frequency", robust=robust)
    copied = steepest.infer(X[rows], y[rows], loss=loss, robust=robust)
    for name in (
        "standard_errors",
        "log_likelihood",
        "aic",
        "bic",
        "deviance",
        "null_deviance",
        "pearson_chi_squared",
        "likelihood_ratio",
    ):
        np.testing.assert_allclose(getattr(ours, name), getattr(copied, name), rtol=1e-11, err_msg=name)
    assert ours.degrees_of_freedom == copied.degrees_of_freedom == times.sum() - 3
    family = sm.families.Binomial() if loss == "logistic" else sm.families.Poisson()
    theirs = glm(X, y, family, freq_weights=times)
    if not robust:
        agree(steepest.infer(X, y, loss=loss, weight=times, weights="frequency", confidence=0.9), theirs)


def test_a_rate_with_its_exposure_as_weight_is_a_count_with_an_offset():
    X, _, hours, mean = counts()
    y = np.random.default_rng(1).poisson(mean * hours).astype(float)
    theirs = glm(X, y, sm.families.Poisson(), exposure=hours)
    ours = steepest.infer(X, y / hours, loss="poisson", weight=hours, confidence=0.9)
    agree(ours, theirs)
    assert "exposures" in str(ours)
    assert steepest.infer(X, y / hours, loss="poisson").aic is None  # 3.5 is no count
    assert "no whole numbers" in str(steepest.infer(X, y / hours, loss="poisson"))


@pytest.mark.parametrize("loss", ["logistic", "poisson"])
def test_without_intercept_the_null_margin_is_0(loss):
    X, y, _, _ = counts()
    X, y = X - [0, 50], (y > 4).astype(float) if loss == "logistic" else y
    family = sm.families.Binomial() if loss == "logistic" else sm.families.Poisson()
    theirs = glm(X, y, family, intercept=False)
    ours = steepest.infer(X, y, loss=loss, fit_intercept=False, confidence=0.9)
    agree(ours, theirs, null=False)
    at_0 = family.deviance(y, np.full(len(y), 0.5 if loss == "logistic" else 1.0))
    assert ours.null_deviance == pytest.approx(at_0, rel=1e-12)
    assert ours.likelihood_ratio == pytest.approx(at_0 - theirs.deviance, rel=CLOSE)
    assert "compare with margins of 0" in str(ours)


@pytest.mark.parametrize("delta", [0.5, 2.0, 1000.0])
def test_hubers_errors_are_those_of_statsmodels_rlm(delta):
    X, y = stackloss()
    design, scale = sm.add_constant(X), 1.7
    model = sm.RLM(y, design, M=sm.robust.norms.HuberT(delta / scale))
    theirs = model.fit(conv="coefs", tol=1e-14, maxiter=20_000, cov="H1", start_scale=scale, update_scale=False)
    for standardize in (False, True):
        run = steepest.descend(X, y, loss=HuberLoss(delta), standardize=standardize, epochs=1)
        ours = run.summary(0.9)
        for name, value in {
            "coefficients": theirs.params,
            "standard_errors": theirs.bse,
            "t_values": theirs.tvalues,
            "lower": theirs.conf_int(0.1)[:, 0],
            "covariance": theirs.cov_params(),
        }.items():
            np.testing.assert_allclose(getattr(ours, name), value, rtol=CLOSE, err_msg=name)
        np.testing.assert_allclose(ours.p_values, theirs.pvalues, rtol=50 * CLOSE)
        assert (ours.deviance, ours.log_likelihood, ours.aic) == (None, None, None)
        assert "(H1)" in str(ours)
    if delta == 1000.0:  # no row beyond: least squares, by the normal distribution
        np.testing.assert_allclose(ours.standard_errors, steepest.infer(X, y).standard_errors, rtol=1e-11)
        assert "0% of the rows lie beyond δ" in str(ours)


def test_hubers_sandwich_is_the_literal_one():
    X, y = stackloss()
    weight = np.linspace(0.5, 2, len(y))
    delta, design = 2.0, sm.add_constant(X)
    ours = steepest.infer(X, y, loss=HuberLoss(delta), weight=weight, robust="HC0")
    residual = (design @ ours.coefficients - y).astype(np.longdouble)
    scores = (weight * np.clip(residual, -delta, delta))[:, None] * design
    assert np.abs(scores.sum(axis=0)).max() < 1e-9
    bread = np.linalg.inv((design.T * weight * (np.abs(residual) <= delta)) @ design)
    np.testing.assert_allclose(ours.covariance, bread @ (scores.T @ scores).astype(float) @ bread, rtol=1e-9)
    half = steepest.infer(X, y, loss=HuberLoss(delta), weight=np.full(len(y), 2.0), weights="frequency")
    twice = steepest.infer(np.tile(X, (2, 1)), np.tile(y, 2), loss=HuberLoss(delta))
    np.testing.assert_allclose(half.standard_errors, twice.standard_errors, rtol=1e-9)


@pytest.mark.parametrize("loss", ["logistic", "poisson"])
def test_limits_of_a_mean_go_through_the_link(loss):
    X, y, _, _ = counts()
    y = (y > 4).astype(float) if loss == "logistic" else y
    theirs = glm(X, y, sm.families.Binomial() if loss == "logistic" else sm.families.Poisson())
    new = X[:5] * 1.5
    frame = theirs.get_prediction(sm.add_constant(new)).summary_frame(alpha=0.2)
    ours = steepest.infer(X, y, loss=loss).predict(new, confidence=0.8)
    for value, name in zip(ours, ("mean", "mean_ci_lower", "mean_ci_upper"), strict=True):
        np.testing.assert_allclose(value, frame[name], rtol=CLOSE)
    with pytest.raises(UsageError, match='only those of the mean, kind="mean"'):
        steepest.infer(X, y, loss=loss).predict(new, kind="prediction")


def test_a_level_far_away_costs_no_digits():
    X, y = spector()
    near = steepest.descend(X, y, loss="logistic", standardize=True, epochs=1).summary()
    far = steepest.descend(X + 1e8, y, loss="logistic", standardize=True, epochs=1).summary()
    # inputs of 1e8 are known to 1e-8 of their unit
    np.testing.assert_allclose(far.standard_errors[1:], near.standard_errors[1:], rtol=1e-6)
    assert far.deviance == pytest.approx(near.deviance, rel=1e-7)


def test_counts_that_vary_too_much_are_told():
    X, y = randhie()
    table = steepest.infer(X, y, loss="poisson")
    assert "so standard errors are too small" in table.notes[-1]
    assert not any("too small" in note for note in steepest.infer(X, y, loss="poisson", robust="HC1").notes)
    assert not any("too small" in note for note in steepest.infer(*spector(), loss="logistic").notes)


@dataclass(frozen=True)
class LogCosh:
    """A loss of one's own: log cosh(m - y)."""

    name: ClassVar[str] = "log_cosh"
    largest_curvature: ClassVar[float] = 1.0

    def check(self, y):
        pass

    def value(self, margin, y):
        return np.logaddexp(margin - y, y - margin) - np.log(2)

    def slope(self, margin, y):
        return np.tanh(margin - y)

    def curvature(self, margin, y):
        return 1 / np.cosh(margin - y) ** 2

    def mean(self, margin):
        return margin


def test_a_loss_of_ones_own_has_robust_errors_only():
    X, y, _, _ = counts()
    with pytest.raises(UsageError, match=r'around a log_cosh loss\. .* \(robust="HC1"\)'):
        steepest.infer(X, y, loss=LogCosh())
    ours = steepest.infer(X, y, loss=LogCosh(), robust="HC0")
    design = sm.add_constant(X)
    away = design @ ours.coefficients - y
    bread = np.linalg.inv((design.T / np.cosh(away) ** 2) @ design)
    meat = (design.T * np.tanh(away) ** 2) @ design
    np.testing.assert_allclose(ours.standard_errors, np.sqrt(np.diag(bread @ meat @ bread)), rtol=1e-7)
    assert "Log_cosh regression" in str(ours)


def test_the_table_is_one_for_all_losses(tmp_path):
    X, y, _, _ = counts()
    ours = steepest.infer(X, y, loss="poisson")
    assert type(ours) is type(steepest.infer(X, y))
    assert (ours.statistic, ours.loss, ours.residual_sd, ours.r_squared) == ("z", "poisson", None, None)
    assert steepest.infer(X, y).statistic == "t"
    answer = json.loads(json.dumps(ours.as_json(), allow_nan=False))
    assert [row["z"] for row in answer["coefficients"]] == ours.t_values.tolist()
    assert answer["loss"] == "poisson"
    assert answer["deviance"] == ours.deviance
    assert "r_squared" not in answer
    assert "deviance" not in steepest.infer(X, y).as_json()
    assert list(ours.to_frame("pandas").columns) == [
        "name",
        "coefficient",
        "standard_error",
        "z",
        "p",
        "lower",
        "upper",
    ]
    html = ours._repr_html_()
    for word in ("Poisson regression of y on 80 rows", "likelihood ratio χ²", "pseudo R²", "AIC"):
        assert word in html
        assert word in str(ours)
    assert len(repr(ours).splitlines()) < 12


def test_what_has_no_standard_errors_is_refused():
    X, y = spector()
    with pytest.raises(UsageError, match=r"l2=0.1 pulls .* biased"):
        steepest.descend(X, y, loss="logistic", l2=0.1, epochs=1).summary()
    for robust in ("HC2", "HC3"):
        with pytest.raises(UsageError, match=f'"HC0" and "HC1"; {robust}'):
            steepest.infer(X, y, loss="logistic", robust=robust)
    with pytest.raises(UsageError, match="factor of the loss"):
        steepest.infer(X, y, loss="huber", weight=np.linspace(1, 2, len(y)))
    with pytest.raises(UsageError, match="a triangle has no rows"):
        steepest.infer(steepest.summarize(X, y), loss="logistic")
    with pytest.raises(DataError, match=r"x[1234] can be computed"):
        steepest.infer(np.column_stack([X, X[:, 0] - X[:, 1]]), y, loss="logistic")
    between = {"loss": HuberLoss(1.0), "fit_intercept": False}  # anything from 1 to 9 is as good
    with pytest.raises(DataError, match=r"no row lies within δ\. Give a larger delta"):
        steepest.infer(np.ones((2, 1)), [0.0, 10.0], **between)
    with pytest.raises(DataError, match=r"flat at its minimum .* Give a larger delta"):
        steepest.infer(np.ones((2, 1)), [0.0, 10.0], **between, robust="HC0")
    run = steepest.descend(X, y, loss="logistic", epochs=1)
    for data, target in ((X[1:], y[1:]), (X, 1 - y)):
        with pytest.raises(DataError, match="not those of the run"):
            run.summary(data=data, y=target)


def test_rows_in_pieces_are_summed_to_the_same_table(monkeypatch):
    X, classes = anes96()
    run = steepest.descend(X, (classes[:, None] == np.arange(7)).astype(float), loss="multinomial", epochs=1)
    whole = run.summary(robust="HC0")
    monkeypatch.setattr("steepest.analysis.loss_pass.TOGETHER", 7 * 36 * 100)  # a hundred rows at once
    monkeypatch.setattr("steepest.analysis.loss_pass.ROWS", 333)
    np.testing.assert_allclose(run.summary(robust="HC0").covariance, whole.covariance, rtol=1e-9, atol=1e-14)


def test_classes_that_can_be_told_apart_have_no_table():
    x = np.arange(10.0)[:, None]
    with pytest.warns(steepest.DataWarning, match="Separable"):
        run = steepest.descend(x, (x[:, 0] > 4).astype(float), loss="logistic", epochs=1)
    for ask in (run.summary, lambda: steepest.infer(x, (x[:, 0] > 4).astype(float), loss="logistic")):
        with pytest.raises(DataError, match=r"no minimum on this table.*: 'x1' alone tells the classes apart"):
            ask()


def test_labels_name_the_classes(tmp_path):
    X, classes = anes96()
    words = np.array(["strong left", "left", "right"])[np.digitize(classes, [2, 4])]
    lines = [f"{a!r},{b!r},{word}" for (a, b), word in zip(X[:, :2].tolist(), words, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["population,own,party", *lines]))
    ours = steepest.infer(tmp_path / "t.csv", target="party", loss="multinomial")
    theirs = sm.MNLogit(np.unique(words, return_inverse=True)[1], sm.add_constant(X[:, :2])).fit(
        disp=0, method="newton", tol=1e-14
    )
    np.testing.assert_allclose(ours.standard_errors, theirs.bse.T.ravel(), rtol=CLOSE)
    assert ours.target == "party=right and party=strong left against party=left"
    two = steepest.infer(tmp_path / "t.csv", target="party", features=["own"], loss="multinomial")
    assert two.names[1] == "own for party=right"
