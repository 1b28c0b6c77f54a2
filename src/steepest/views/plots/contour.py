"""The loss over two parameters, and the path across it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from steepest.descent.trajectory import Trajectory
from steepest.errors import UsageError
from steepest.objectives.loss_problem import LossProblem
from steepest.support.arguments import check_kind, check_text
from steepest.support.arrays import FloatArray
from steepest.support.looks import names
from steepest.support.numerics import numeric
from steepest.support.words import pluralize
from steepest.views.plots.canvas import BLUE, GREEN, ORANGE, Display, axes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GRID = 121
FEWEST = 21
ROWS_AT_ONCE = 2 * 10**7  # rows times points of the grid, where each point is a pass over the rows: some seconds
# of more, so many drawn ones: evenly spaced ones could fall in step with a table that repeats, such as days of a week
MOST_ROWS = ROWS_AT_ONCE // FEWEST**2
PATH_POINTS = 600


@numeric
@dataclass(eq=False)
class LossContourDisplay(Display):
    """Contours of the loss over two parameters in the coordinates in force, the others at the exact minimum.

    Args:
        x: values of the first parameter, shape (G,).
        y: values of the second, shape (H,).
        loss: shape (H, G).
        path: the run's two parameters over epochs, shape (K, 2).
        minimum: the exact minimum's two parameters.
        names: of the two parameters.
        title: above the picture.

    After `plot`: `ax_`, `figure_` and `contours_`, matplotlib's.
    """

    x: FloatArray
    y: FloatArray
    loss: FloatArray
    path: FloatArray
    minimum: tuple[float, float]
    names: tuple[str, str]
    title: str = ""
    ax_: Any = field(default=None, init=False, repr=False)
    figure_: Any = field(default=None, init=False, repr=False)
    contours_: Any = field(default=None, init=False, repr=False)

    @classmethod
    def from_trajectory(
        cls, run: Trajectory, first: str | None = None, second: str | None = None, *, title: str = ""
    ) -> "LossContourDisplay":
        """Take the numbers from a run of one target.

        Args:
            run: the run.
            first: name of the parameter to the right; default the intercept, or the first feature.
            second: name of the parameter upwards; default the first feature, or the second.
            title: above the picture.

        Raises:
            UsageError: a name is no parameter, both are the same, or there is only one parameter or several targets.
            DataError: the loss has no minimum.
        """
        check_kind("run", run, Trajectory)
        run.problem.check_minimum()
        names = run.problem.parameter_names
        if run.objective == "multinomial":
            raise UsageError(
                "a contour is of a loss with one margin a row; several classes have a weight of each input for each class.",
                "look at run.page(), where any two of them can be chosen",
                'draw "boundary" or "modes"',
            )
        if len(run.targets) != 1 or len(names) < 2:
            raise UsageError("a contour needs one target and two parameters.")
        i, j = (_index(name, names, default) for name, default in ((first, 0), (second, 1)))
        if i == j:
            raise UsageError(f"a contour needs two different parameters; got {names[i]!r} twice.")
        epochs = run.some_epochs(PATH_POINTS)
        path = run.iterates.parameters(epochs)[:, [i, j], 0]
        minimum = run.problem.quadratic.minimum
        goal = minimum[[i, j], 0]
        # a path that runs away would leave nothing of the valley to see
        far = np.abs(path - goal).max(axis=1)
        path = path[far <= 20 * max(far[0], 1e-300)] if np.isfinite(far[0]) else path[:1]
        loss_at, n, shown = _loss_at(run)
        size = GRID if run.problem.is_quadratic else _size(shown)
        x, y = (_span(path[:, k], goal[k], size) for k in (0, 1))
        theta = np.tile(minimum, (len(y), len(x), 1, 1))
        theta[:, :, i, 0], theta[:, :, j, 0] = x[None, :], y[:, None]
        loss = loss_at(theta)[..., 0]
        if shown < n:
            title = " · ".join(filter(None, [title, f"loss over {shown:,} of {n:,} rows"]))
        return cls(x, y, loss, path, (float(goal[0]), float(goal[1])), (names[i], names[j]), title)

    def _what(self) -> str:
        return f"the loss over {names(self.names)}, a path of {pluralize(len(self.path), 'point')}"

    def plot(self, ax: "Axes | None" = None) -> "LossContourDisplay":
        """Draw on `ax`, or on a figure of its own, and return self."""
        self.figure_, self.ax_ = axes(ax)
        low, high = float(self.loss.min()), float(self.loss.max())
        # evenly spaced in the distance from the bottom, as the rings of a bowl are
        levels = low + (high - low) * np.linspace(0.02, 1, 14) ** 2
        self.contours_ = self.ax_.contour(
            self.x, self.y, self.loss, levels=np.unique(levels), cmap="Greys_r", linewidths=0.8
        )
        self.ax_.plot(self.path[:, 0], self.path[:, 1], "-o", color=BLUE, markersize=2.5, linewidth=1, label="path")
        self.ax_.plot(*self.path[0], "s", color=ORANGE, label="start")
        self.ax_.plot(*self.minimum, "*", color=GREEN, markersize=14, label="exact minimum")
        self.ax_.set(xlabel=plain(self.names[0]), ylabel=plain(self.names[1]), title=plain(self.title))
        self.ax_.legend()
        return self


def _index(name: str | None, names: tuple[str, ...], default: int) -> int:
    if name is None:
        return default
    if check_text("the parameter", name) not in names:
        raise UsageError(f"{name!r} is no parameter; the parameters are {', '.join(map(repr, names))}.")
    return names.index(name)


def _loss_at(run: Trajectory) -> tuple[Callable[[FloatArray], FloatArray], int, int]:
    """What gives the loss at many theta, how many rows there are, and over how many of them it is."""
    problem = run.problem
    if not isinstance(problem, LossProblem):
        return problem.quadratic.value, problem.triangle.row_count, problem.triangle.row_count
    n = len(problem.rows)
    if n <= MOST_ROWS:
        return problem.quadratic.value, n, n
    some = problem.rows.take(np.sort(np.random.default_rng(0).choice(n, MOST_ROWS, replace=False)))
    if some.omega is not None:  # weights have the mean 1 over all rows, and here over these
        some = replace(some, omega=some.omega / some.omega.mean())

    def value(theta: FloatArray) -> FloatArray:
        return np.stack([np.stack([some.value(one) for one in row]) for row in theta])

    return value, n, MOST_ROWS


def _size(row_count: int) -> int:
    """How many points to a side, where the loss at each is summed over all rows."""
    return int(min(GRID // 2 + 1, max(FEWEST, (ROWS_AT_ONCE / max(1, row_count)) ** 0.5)))


def _span(path: FloatArray, goal: float, size: int) -> FloatArray:
    """Values around path and goal, with a margin; a path that does not move gets a width of its own."""
    low, high = min(float(path.min()), goal), max(float(path.max()), goal)
    margin = 0.25 * (high - low) or 0.5 * max(abs(goal), 1.0)
    return np.linspace(low - margin, high + margin, size)
