// Draw: from the view to the pictures. What a picture shows is worked out when it is its turn to be painted, if it is seen at all.

const MAP_SIZE = 48, POINTS = 320;

function drawCurves() {
  const { state, problem, modes, last, scale, payload, colors } = view;
  if (!changed("curves", ...setting(), ruleKey(), last, scale)) return;
  const end = scale === "log" ? last : Math.min(last, Math.max(state.epoch, payload.run.epochs) * 1.2);
  const epochs = (view.epochs = epochsUpTo(end, POINTS, scale === "linear"));
  view.curves = errorCurves(problem, modes, epochs);
  showLoss(scale, epochs, view.curves, problem, state, payload.run.walk);
  whenSeen(`modes-${scale}`, "work", () => {
    const lines = spread(problem.r, SHOWN_LINES);
    showLines("modes", scale, epochs, modeCurves(modes, lines, epochs), lines.map((_, at) => colors[at]));
  });
  view.seen.coefficients = view.seen.pins = null;
}

function drawCoefficients() {
  const { problem, modes, last, scale, shown, epochs, colors } = view;
  if (!changed("coefficients", ...setting(), ruleKey(), last, scale, shown)) return;
  whenSeen(`coefficients-${scale}`, "work", () => drawCoefficientCurves(problem, modes, epochs, scale, colors));
}

function drawCoefficientCurves(problem, modes, epochs, scale, colors) {
  const all = coefficientCurves(problem, modes, epochs), rows = coefficientRows(), used = rows.map((_, at) => colors[at]);
  const goals = problem.settled ? coefficientsOf(inOwnUnits(problem, problem.limit)) : [];
  showLines("coefficients", scale, epochs, rows.map((row) => all[row]), used);
  showGoals(scale, epochs, goals.length ? rows.map((row) => goals[row]) : [], rows.map((row) => all[row]), used);
}

// The first steps one by one, then log-spaced ones.
function pathEpochs(last) {
  const near = [...Array(Math.min(last, 60) + 1).keys()];
  return [...new Set([...near, ...epochsUpTo(last, 200, false)])].sort((a, b) => a - b);
}

function drawContour() {
  const { problem, modes, last, chosen } = view;
  if (problem.p < 2 || !changed("contour", ...setting(), ruleKey(), last, chosen)) return;
  whenSeen("contour", "work", () => showContour(problem, contour(problem, modes, chosen[0], chosen[1], pathEpochs(last)), chosen[0], chosen[1]));
}

function drawMap() {
  const { problem, rule, state, limit, last, payload } = view;
  if (payload.over) return; // a map of how runs end near the minimum would pass for one of how they go
  const range = rateRange(limit, state.rate), kind = [...setting(), rule.name, rule.momentum, last];
  if (!rule.takes_rate || !changed("map", ...kind, ...range)) return;
  const rates = Array.from({ length: MAP_SIZE }, (_, i) => range[0] * (range[1] / range[0]) ** (i / (MAP_SIZE - 1)));
  const rows = Array.from({ length: MAP_SIZE }, (_, i) => Math.round(last ** (i / (MAP_SIZE - 1))));
  whenSeen("map", "work", () => showMap(heatMap(problem, rule, rates, rows), rates, rows, limit, bestRate(rule, problem.eigenvalues)));
}

// Pinned runs stand beside the run in the pictures of losses and errors, and their paths in the contour of the same inputs.
function drawPins() {
  const { pins, epochs, scale, state, chosen, payload, last } = view;
  if (!changed("pins", JSON.stringify(pins), scale, last, chosen, ...setting())) return;
  const runs = pins.map((pin) => pinnedRun(payload, pin)), paint = pinColors(pins);
  const curves = runs.map(({ problem, modes }) => errorCurves(problem, modes, epochs));
  showPinnedCurves(scale, epochs, curves, view.curves, paint);
  const alike = runs.flatMap((run, at) => (pins[at].standardize === state.standardize ? [[run, paint[at]]] : []));
  whenSeen("contour", "pins", () => {
    const paths = alike.map(([{ problem, modes }]) => pathEpochs(last).map((k) => parametersAt(problem, modes, k)));
    showPinnedPaths(paths.map((path) => path.map((theta) => [theta[chosen[0]], theta[chosen[1]]])), alike.map(([, color]) => color));
  });
}

// The lines of kept runs stay in the picture of the data, as ghosts of their epoch; several classes have curves of their own there.
function drawGhosts() {
  const { pins, payload } = view;
  if (classCount(payload) > 1 || !hasCurve(payload) || !changed("ghosts", JSON.stringify(pins), ...setting())) return;
  const x = curveInputs(payload), runs = pins.map((pin) => pinnedRun(payload, pin));
  fill("data:curves", { xs: runs.map(() => x), ys: runs.map(({ problem, now }) => curveAt(payload, inOwnUnits(problem, now.theta))), color: pinColors(pins) });
}

// What moves with the epoch alone.
function drawNow() {
  const { payload, problem, modes, state, scale, chosen, rule } = view;
  const now = stateAt(problem, modes, state.epoch), own = inOwnUnits(problem, now.theta);
  if (changed("frame", ...setting())) {
    frameData(payload, problem.settled ? inOwnUnits(problem, problem.limit) : null);
    showRows(payload);
  }
  drawGhosts();
  showCursor(scale, state, now);
  showData(payload, own);
  if (problem.p >= 2) showNowOnContour(now.theta[chosen[0]], now.theta[chosen[1]]);
  showNowOnMap({ ...state, rate: rule.learning_rate });
  return { now, own };
}
