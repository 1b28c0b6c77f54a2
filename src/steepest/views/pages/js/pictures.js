// Pictures: what each Bokeh figure shows.

// A range that holds all numbers of some curves, with a rim; on a log axis only those above 0.
function holding(curves, log) {
  let low = Infinity, high = -Infinity;
  for (const curve of curves) for (const value of curve) {
    if (!Number.isFinite(value) || (log && value <= 0)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(low <= high)) return log ? [0.1, 10] : [0, 1];
  if (!log) { const rim = 0.05 * (high - low) || Math.abs(high) || 1; return [low - rim, high + rim]; }
  const rim = Math.max((high / low) ** 0.05, 1.2);
  return [low / rim, high * rim];
}

function label(name, axis, text) {
  figures.get(name)[axis === "x" ? "below" : "left"][0].axis_label = plain(text);
}

function showLoss(scale, epochs, curves, problem, state, walk) {
  const xs = onAxis(epochs, scale), name = `loss-${scale}`, low = scale === "log";
  const floor = !low || problem.floor > 1e-13 * curves.loss[0] ? problem.floor : NaN;
  const smallest = low ? Math.max(1e-300, curves.loss[0] * 1e-32) : -Infinity;
  fill(`${name}:curve`, { epoch: xs, loss: curves.loss.map((value) => (value > smallest ? value : NaN)) });
  const ends = [xs[0], xs[xs.length - 1]];
  const expected = expectedLoss(walk, epochs[epochs.length - 1], smallest), drawable = (value) => value > smallest && value < 1e6 * curves.loss[0];
  setRange(name, [ends, holding([curves.loss.filter(drawable), expected.loss.filter(drawable), [floor]], low)]);
  fill(`${name}:expected`, { ...expected, epoch: onAxis(expected.epoch, scale) });
  fill(`${name}:floor`, { epoch: [xs[0], xs[xs.length - 1]], floor: [floor, floor] });
  if (!problem.held && !problem.heldOver) return;
  label(`errors-${scale}`, "y", problem.held ? "RMSE" : "loss without penalty");
  const most = 10 * Math.max(curves.held[0], curves.train[0]), seen = (values) => values.filter((value) => value < most);
  setRange(`errors-${scale}`, [ends, holding([seen(curves.train), seen(curves.held)], low)]);
  const best = curves.held.reduce((at, value, i) => (value < curves.held[at] ? i : at), 0);
  fill(`errors-${scale}:curve`, { epoch: xs, train: curves.train, held: curves.held });
  fill(`errors-${scale}:best`, { epoch: [xs[best]], best: [curves.held[best]] });
}

// A log axis has no 0: epoch 0 stands at its left end.
function onAxis(epochs, scale) {
  return scale === "log" ? epochs.map((k) => Math.max(k, 0.5)) : epochs;
}

function showCursor(scale, state, now) {
  const at = scale === "log" ? Math.max(state.epoch, 0.5) : state.epoch;
  for (const name of ["loss", "modes", "coefficients", "errors"]) {
    const cursor = models.get(`${name}-${scale}:cursor`);
    if (cursor) whenSeen(`${name}-${scale}`, "cursor", () => { cursor.location = at; });
  }
  const seen = Number.isFinite(now.loss) && (scale === "linear" || now.loss > 1e-300);
  fill(`loss-${scale}:point`, seen ? { epoch: [at], loss: [now.loss] } : { epoch: [], loss: [] });
}

function showLines(name, scale, epochs, curves, colors) {
  const xs = onAxis(epochs, scale);
  fill(`${name}-${scale}:curves`, { xs: curves.map(() => xs), ys: curves, color: colors });
  if (name === "modes") setRange(`modes-${scale}`, [[xs[0], xs[xs.length - 1]], scale === "log" ? [1e-16, 10] : [0, 1.2]]);
}

function showGoals(scale, epochs, goals, curves, colors) {
  const ends = onAxis([epochs[0], epochs[epochs.length - 1]], scale);
  fill(`coefficients-${scale}:goals`, { xs: goals.map(() => ends), ys: goals.map((goal) => [goal, goal]), color: colors.slice(0, goals.length) });
  const far = goals.length ? 20 * Math.max(...goals.map(Math.abs), 1e-300) : Infinity, xs = onAxis(epochs, scale);
  setRange(`coefficients-${scale}`, [[xs[0], xs[xs.length - 1]], holding([...curves.map((curve) => curve.filter((value) => Math.abs(value) < far)), goals], false)]);
}

// Pinned runs beside the run: their losses, and their errors on held-out rows (on the rows themselves where none are).
function showPinnedCurves(scale, epochs, pinned, own, colors) {
  const xs = onAxis(epochs, scale), all = pinned.map(() => xs), low = scale === "log";
  const smallest = low ? Math.max(1e-300, own.loss[0] * 1e-32) : -Infinity;
  fill(`loss-${scale}:pins`, { xs: all, ys: pinned.map(({ loss }) => loss.map((value) => (value > smallest ? value : NaN))), color: colors });
  if (own.held.length) fill(`errors-${scale}:pins`, { xs: all, ys: pinned.map(({ held }) => held), color: colors });
}

function showPinnedPaths(paths, colors) {
  fill("contour:pins", { xs: paths.map((path) => path.map(([x]) => x)), ys: paths.map((path) => path.map(([, y]) => y)), color: colors });
}

let dataRange = [0, 1];

const CURVE_PLACES = 200;

// Inputs at which the curve of predictions is drawn: the ends of a line, the grid that the data set brings, or one of our own for a loss
// whose prediction is no straight line.
function curveInputs(payload) {
  if (payload.curve) return payload.curve.x;
  if (!payload.over || !LOSSES[payload.over.loss].curved) return dataRange;
  return Array.from({ length: CURVE_PLACES }, (_, i) => dataRange[0] + ((dataRange[1] - dataRange[0]) * i) / (CURVE_PLACES - 1));
}

function curveAt(payload, { weights, bias }) {
  const x = curveInputs(payload), X = payload.curve ? payload.curve.X : x, d = weights.length;
  return Array.from(x, (_, row) => meanOf(payload, weights.reduce((sum, weight, j) => sum + weight * X[row * d + j], bias)));
}

// Two classes over two features are drawn over these, with the line where the chance is even.
function hasBoundary(payload) {
  return Boolean(payload.over && payload.over.loss === "logistic" && payload.features.length === 2 && payload.rows);
}

const SIDES = [Math.log(1 / 9), Math.log(9)]; // margins at which the chance is 10% and 90%
let boundaryFrame = [[0, 1], [0, 1]];

function frameClasses(payload, exact) {
  const { X, y, count } = payload.rows, of = (axis, inside) => Array.from({ length: count }, (_, row) => row).filter(inside).map((row) => X[row * 2 + axis]);
  boundaryFrame = [0, 1].map((axis) => { const values = of(axis, () => true), low = Math.min(...values), high = Math.max(...values), rim = 0.08 * (high - low) || 1; return [low - rim, high + rim]; });
  setRange("data", boundaryFrame);
  for (const [at, axis] of ["x", "y"].entries()) label("data", axis, short(payload.features[at]));
  for (const [name, inside] of [["rows", (row) => y[row] < 0.5], ["others", (row) => y[row] >= 0.5]]) fill(`data:${name}`, { x: of(0, inside), y: of(1, inside) });
  fill("data:exact", exact ? boundaryLine(exact, 0, boundaryFrame) : { x: [], y: [] });
}

function showBoundary(own) {
  const sides = SIDES.map((margin) => boundaryLine(own, margin, boundaryFrame));
  fill("data:line", boundaryLine(own, 0, boundaryFrame));
  fill("data:sides", { xs: sides.map(({ x }) => x), ys: sides.map(({ y }) => y) });
}

const CLASS_MARKERS = ["circle", "triangle", "square", "diamond", "inverted_triangle", "star", "hex"], CELLS = [160, 100];
const NO_CLASSES = { x: [], y: [], color: [], marker: [] }, NO_CURVES = { xs: [], ys: [], color: [] };

function classColor(k) {
  return view.colors[k % view.colors.length];
}

// The likeliest class in each cell, as a number of the palette; without own, nothing.
function showRegions(own) {
  const [[left, right], [low, high]] = boundaryFrame, [columns, rows] = own ? CELLS : [1, 1];
  const image = own ? regionsOf(own, boundaryFrame, columns, rows).map((k) => k % view.colors.length) : new Float32Array([NaN]);
  whenSeen("data", "data:regions", () => {
    const source = models.get("data:regions"), Matrix = source.data.image[0].constructor; // Bokeh's own array of two dimensions
    source.data = { image: [new Matrix(image, [rows, columns])], x: [left], y: [low], dw: [right - left], dh: [high - low] };
  });
}

// Several classes: over two features the rows and regions, over one the probabilities; more have a table only.
function frameManyClasses({ features, rows }) {
  const d = features.length;
  for (const name of ["rows", "others", "exact", "line"]) fill(`data:${name}`, { x: [], y: [] });
  fill("data:sides", { xs: [], ys: [] });
  fill("data:curves", NO_CURVES);
  fill("data:classes", NO_CLASSES);
  showRegions(null);
  if (!rows || d > 2) return;
  const wide = (axis) => { const values = Array.from({ length: rows.count }, (_, row) => rows.X[row * d + axis]), low = Math.min(...values), high = Math.max(...values), rim = 0.08 * (high - low) || 1; return [low - rim, high + rim]; };
  boundaryFrame = [wide(0), d === 2 ? wide(1) : [-0.03, 1.03]];
  setRange("data", boundaryFrame);
  label("data", "x", short(features[0]));
  label("data", "y", d === 2 ? short(features[1]) : "probability");
}

function showManyClasses(payload, own) {
  const { features, rows } = payload, d = features.length;
  if (!rows || d > 2) return;
  const of = Array.from(rows.y), x = of.map((_, row) => rows.X[row * d]), color = of.map(classColor), marker = of.map((k) => CLASS_MARKERS[k % CLASS_MARKERS.length]);
  if (d === 2) {
    showRegions(own);
    return fill("data:classes", { x, y: of.map((_, row) => rows.X[row * 2 + 1]), color, marker });
  }
  const [[left, right]] = boundaryFrame, places = Array.from({ length: CURVE_PLACES }, (_, i) => left + ((right - left) * i) / (CURVE_PLACES - 1)), ys = chanceCurves(own, places);
  fill("data:curves", { xs: ys.map(() => places), ys, color: ys.map((_, k) => classColor(k)) });
  fill("data:classes", { x, y: of.map((k, row) => chancesOf(ownMargins(own, [x[row]]))[k]), color, marker });
}

// Ranges of the data picture: they stay while the line moves. `exact` is null where there is no minimum.
function frameData(payload, exact) {
  if (classCount(payload) > 1) return frameManyClasses(payload);
  fill("data:curves", NO_CURVES);
  fill("data:classes", NO_CLASSES);
  showRegions(null);
  if (hasBoundary(payload)) return frameClasses(payload, exact);
  for (const name of ["others", "sides"]) fill(`data:${name}`, name === "others" ? { x: [], y: [] } : { xs: [], ys: [] });
  const one = hasCurve(payload), { rows, inputs, frame } = payload;
  if (!one && !rows) return;
  const d = payload.features.length, ys = rows ? Array.from(rows.y) : [];
  const xs = one ? (rows ? firstColumn(rows, d) : inputs.range) : ys;
  const wide = (values) => { const low = Math.min(...values), high = Math.max(...values), rim = 0.06 * (high - low) || 1; return [low - rim, high + rim]; };
  dataRange = frame ? frame.x : wide(xs);
  const curve = one && exact ? curveAt(payload, exact) : [], x = exact ? curveInputs(payload) : [];
  setRange("data", [dataRange, frame ? frame.y : wide(payload.curve ? ys : [...ys, ...curve])]);
  label("data", "x", one ? short(payload.curve ? payload.curve.input : payload.features[0]) : `target: ${short(payload.target)}`);
  label("data", "y", one ? short(payload.target) : "prediction");
  fill("data:exact", one ? { x, y: curve } : { x: dataRange, y: dataRange });
}

// Points of two classes would lie on each other: each is moved up or down a little.
function apart({ over }, { y }) {
  const classes = over && over.loss === "logistic" && y.every((value) => value === 0 || value === 1), golden = (Math.sqrt(5) - 1) / 2;
  return classes ? Array.from(y, (value, i) => value + 0.08 * (((i + 1) * golden) % 1) - 0.04) : y;
}

function firstColumn({ X, count }, d) {
  return Array.from({ length: count }, (_, row) => X[row * d]);
}

function showRows(payload) {
  if (hasBoundary(payload) || classCount(payload) > 1) return;
  const { rows } = payload;
  if (rows && hasCurve(payload)) fill("data:rows", { x: firstColumn(rows, payload.features.length), y: apart(payload, rows) });
  if (!hasCurve(payload)) fill("data:line", { x: [], y: [] });
}

const MOST_RESIDUALS = 60; // more would be a grey area

// Residuals, from each row to the line; two classes have other lines there.
function showResiduals(payload, own) {
  const { rows } = payload;
  if (!rows || rows.count > MOST_RESIDUALS || payload.features.length !== 1 || payload.over) return;
  const said = predictionsOf(payload, own), x = firstColumn(rows, 1);
  fill("data:sides", { xs: x.map((value) => [value, value]), ys: said.map((value, row) => [rows.y[row], value]) });
}

function showData(payload, own) {
  showResiduals(payload, own);
  if (classCount(payload) > 1) showManyClasses(payload, own);
  else if (hasBoundary(payload)) showBoundary(own);
  else if (hasCurve(payload)) fill("data:line", { x: curveInputs(payload), y: curveAt(payload, own) });
  else if (payload.rows) fill("data:rows", { x: payload.rows.y, y: predictionsOf(payload, own) });
}

// Two quick clicks are one "doubletap" to Bokeh, at the place of the second: it stands for that one.
function onDataClick(act) {
  for (const name of ["tap", "doubletap"]) figures.get("data").on_event(name, (event) => act(event.x, event.y));
}

// The epoch under the pointer in the picture of the loss; null when it leaves.
function onLossPointed(act) {
  const figure = figures.get("loss-log");
  figure.on_event("mousemove", ({ x }) => act(x < 0.75 ? 0 : Math.round(x)));
  figure.on_event("mouseleave", () => act(null));
}

function showContour(problem, drawn, i, j) {
  const thin = drawn.path.length <= 600 ? drawn.path : drawn.path.filter((_, at) => at % 2 === 0);
  const x = thin.map((point) => point[0]), y = thin.map((point) => point[1]);
  fill("contour:rings", { xs: drawn.ellipses.map((ring) => ring.xs), ys: drawn.ellipses.map((ring) => ring.ys) });
  fill("contour:path", { x, y });
  fill("contour:steps", { x, y });
  fill("contour:goal", drawn.goal ? { x: [drawn.goal[0]], y: [drawn.goal[1]] } : { x: [], y: [] });
  setRange("contour", drawn.range);
  const space = problem.name === "raw" ? "" : ", standardized";
  label("contour", "x", `${short(problem.names[i])}${space}`);
  label("contour", "y", `${short(problem.names[j])}${space}`);
}

function showNowOnContour(x, y) {
  fill("contour:now", Number.isFinite(x) && Number.isFinite(y) ? { x: [x], y: [y] } : { x: [], y: [] });
}

// Both axes of the map hold log10 of what they say; their ticks are written out here.
function showMap(image, rates, epochs, limit, best) {
  const x = [Math.log10(rates[0]), Math.log10(rates[rates.length - 1])], y = [0, Math.log10(epochs[epochs.length - 1])];
  const Matrix = models.get("map:image").data.image[0].constructor; // Bokeh's own array of two dimensions
  fill("map:image", { image: [new Matrix(image, [epochs.length, rates.length])], x: [x[0]], y: [y[0]], dw: [x[1] - x[0]], dh: [y[1] - y[0]] });
  setRange("map", [x, y]);
  whenSeen("map", "lines", () => {
    models.get("map:limit").location = Math.log10(limit);
    models.get("map:best").location = Math.log10(best);
  });
  ticks("learning rate", "below", x, (power) => general(10 ** power, 3));
  ticks("epochs", "left", y, (power) => number(10 ** power));
}

function ticks(name, side, [low, high], say) {
  const step = Math.max(1, Math.ceil((high - low) / 6)), found = [];
  for (let power = Math.ceil(low); power <= high; power += step) found.push(power);
  models.get(`map:${name}`).ticks = found;
  figures.get("map")[side][0].major_label_overrides = new Map(found.map((power) => [power, say(power)]));
}

function showNowOnMap(state) {
  fill("map:now", { x: [Math.log10(state.rate)], y: [Math.log10(Math.max(1, state.epoch))] });
}

function onMapClick(act) {
  figures.get("map").on_event("tap", (event) => act(10 ** event.x, Math.round(10 ** event.y)));
}
