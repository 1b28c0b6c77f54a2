// Tell: the view in words, tables and the positions of the controls.

const SCALES = { half_mse: "half_mse: Σr²/(2n)", mse: "mse: Σr²/n", quarter_mse: "quarter_mse: Σr²/(4n)" };

function tell({ now, own }) {
  const { problem, rule, modes, state, payload, colors } = view;
  view.verdict = verdictOf(problem, rule, modes, state.epoch);
  byId("verdict").dataset.kind = view.verdict.kind;
  const brief = shortVerdict(problem, rule, modes, state.epoch, view.verdict);
  setText("word", brief.word);
  setText("line", brief.line);
  speakAtRest(`${brief.word}. ${brief.line}`);
  byId("chip").hidden = state.standardize || rule.kind === "walked" || !rule.takes_rate || !(problem.condition > ILL);
  setText("loss-short", `loss ${number(now.loss, 3)}`);
  setText("sentence", view.verdict.sentence);
  setText("advice", view.verdict.advice);
  const floor = Number.isNaN(problem.floor) ? "(no minimum)" : `(floor ${number(problem.floor)})`, factor = (i) => (modes[i].ahead ? `; at the minimum × ${general(modes[i].ahead.radius, 4)} an epoch` : "");
  setText("figures-now", `epoch ${grouped(state.epoch)} · loss ${number(now.loss)} ${floor} · RMSE ${number(now.rmse)}` +
    (quantileOf(payload) === null || !problem.over ? "" : ` · ${percent(shareBelow(problem.over, now.theta))} of the rows on or below the prediction`) +
    (problem.heldOver ? ` · held-out loss ${number(lossOver(problem.heldOver, now.theta))}` : "") +
    (now.heldRmse === null ? "" : ` · held-out RMSE ${number(now.heldRmse)}`) + (problem.condition === null ? "" : ` · condition number ${number(problem.condition)}`));
  const lines = spread(problem.r, SHOWN_LINES);
  legend("modes-legend", lines.map((i, at) => ({ color: colors[at], name: short(problem.words[i], 60), value: shareLeft(Math.abs(now.left[i])) + factor(i) })));
  const values = coefficientsOf(own), names = forClasses(payload, ["bias", ...payload.features]);
  const rows = coefficientRows(), unseen = rows.includes(0) || !payload.fit_intercept || classCount(payload) > 1 ? [] : [{ color: "transparent", name: "bias", value: number(own.bias) }];
  legend("coefficients-legend", [...rows.map((row, at) => ({ color: colors[at], name: short(names[row]), value: number(values[row]) })), ...unseen]);
  tellConfusion(now, own);
  explain();
}

const ILL = 100; // a condition number from which on to standardize is offered

let speaking = null;

// A screen reader hears the verdict when a slider has come to rest.
function speakAtRest(text) {
  clearTimeout(speaking);
  speaking = setTimeout(() => setText("spoken", text), 700);
}

const MOST_CLASSES = 12; // that a table has room for

// Which class is predicted of which, at this epoch.
function tellConfusion(now, own) {
  const { payload, problem } = view, names = classNames(payload), shown = names.length > 1 && names.length <= MOST_CLASSES;
  const matrix = shown ? confusionOf(payload, problem.over, now.theta, own) : null;
  byId("confusion").hidden = !matrix;
  if (!matrix) return;
  table("confusion-table", ["", ...names.map((name) => `predicted ${short(name, 16)}`)], matrix.map((row, k) => [`actual ${short(names[k], 16)}`, ...row.map((value) => number(value))]));
  setText("confusion-said", `${percent(accuracyOf(matrix))} of ${problem.over ? "the rows" : `the ${counted(payload.rows.count, "row")} shown`} predicted right at this epoch.`);
}

function explain() {
  const { problem, rule, modes, state, payload } = view;
  const k = Math.max(1, state.epoch), step = stepOf(problem, rule, modes, k), say = (value) => general(value, 7);
  setText("formula", `${rule.formula}   (epoch ${grouped(k - 1)} → ${grouped(k)}${problem.name === "raw" ? "" : "; inputs u = (x − mean) / standard deviation"})`);
  const named = payload.features.slice(0, payload.fit_intercept ? 2 : 3), inputs = named.map((name) => short(name, 16)), more = payload.features.length > named.length ? ["…"] : [];
  const classes = classCount(payload) > 1;
  byId("rows-table").hidden = !step.rows.length;
  table("rows-table", ["row", ...inputs, ...more, classes ? "probability of its class" : "prediction", "target", "residual"], step.rows.map((row) => [
    String(row.position), ...row.inputs.slice(0, inputs.length).map(say), ...more, say(row.prediction), say(row.target), say(row.residual)]));
  const momentum = rule.takes_momentum, most = Math.min(8, problem.p);
  table("step-table", ["parameter", "before", ...(momentum ? ["velocity before"] : []), "gradient over all rows", "change", "after"], [...Array(most).keys()].map((j) => [
    short(problem.names[j]), say(step.before[j]), ...(momentum ? [say(step.velocity[j])] : []), say(step.gradient[j]), say(step.after[j] - step.before[j]), say(step.after[j])]));
  setText("step-more", problem.p > most ? `and ${counted(problem.p - most, "more parameter")}` : "");
}

function showControls() {
  const { state, rule, problem, limit, last, scale } = view;
  const fixed = rule.kind === "walked", noRate = !rule.takes_rate, range = rateRange(Number.isFinite(limit) ? limit : problem.safe || Infinity, state.rate), best = bestOf(problem, rule);
  const safe = rule.kind === "power" && problem.safe !== null ? problem.safe : NaN;
  const why = fixed ? "The page cannot compute this rule: it shows the run as it went, and only the epoch can be chosen" : `${rule.label} takes its steps from the eigenvalues`;
  setValue("rate", logPosition(state.rate, range));
  setValue("rate-number", shownRate(state.rate, limit));
  byId("rate").disabled = byId("rate-number").disabled = byId("best").disabled = noRate;
  setText("rate-said", noRate ? why : problem.payload.over ? limitsInWords(problem, state.rate, limit, safe, best) : `${percent(state.rate / limit)} of the stability limit ${number(limit)}; best ${number(best)}`);
  setText("rate-short", noRate ? (fixed ? "as it went" : "from the modes") : Number.isFinite(limit) ? shareOfLimit(state.rate / limit) : "");
  setText("inputs-said", state.standardize ? "inputs standardized" : "inputs as they are");
  byId("rate").setAttribute("aria-valuetext", `${shownRate(state.rate, limit)}, ${byId("rate-said").textContent}`);
  placeMark("limit-mark", noRate ? NaN : logPosition(limit, range));
  placeMark("safe-mark", noRate || !problem.payload.over ? NaN : logPosition(safe, range));
  placeMark("best-mark", noRate ? NaN : logPosition(best, range));
  setValue("epoch", epochPosition(state.epoch, last));
  setValue("epoch-number", state.epoch);
  byId("epoch").setAttribute("aria-valuetext", `epoch ${grouped(state.epoch)}`);
  byId("momentum-field").hidden = !rule.takes_momentum;
  for (const id of ["rule", "standardize"]) byId(id).disabled = fixed;
  byId("objective").disabled = fixed || Boolean(problem.payload.over);
  byId("best").disabled = noRate || Number.isNaN(best);
  byId("arithmetic").hidden = fixed;
  for (const part of document.querySelectorAll(".of-minimum")) part.hidden = !problem.settled;
  byId("data-exact").parentElement.hidden = classCount(problem.payload) > 1 || (!problem.settled && hasCurveOrBoundary(problem.payload));
  setValue("momentum", momentumPosition(state.momentum));
  setValue("momentum-number", Number(state.momentum.toPrecision(6)));
  byId("l2").max = problem.space.blocks.length - 1;
  byId("l2").disabled = fixed || problem.space.blocks.length < 2;
  setValue("l2", state.l2);
  setText("l2-said", number(problem.l2));
  byId("l2").setAttribute("aria-valuetext", number(problem.l2));
  setValue("rule", state.rule);
  setValue("objective", state.objective);
  byId("standardize").checked = state.standardize;
  byId("log").checked = state.log;
  for (const part of document.querySelectorAll("[data-scale]")) part.hidden = part.dataset.scale !== scale;
  byId("map-card").hidden = noRate || Boolean(problem.payload.over);
  view.range = range;
}

// A rate as a person would write it, unless rounding would take it to the other side of the limit.
function shownRate(rate, limit = view.limit) {
  const written = Number(rate.toPrecision(6));
  return Math.sign(written - limit) === Math.sign(rate - limit) ? written : rate;
}

function shareOfLimit(share) {
  if (share < 1 && share > 0.995) return "just below the limit";
  return share > 1 && share < 1.005 ? "just above the limit" : `${percent(share)} of the limit`;
}

// The limits of another loss than squares: at its minimum, and of plain gradient descent from any start.
function limitsInWords(problem, rate, limit, safe, best) {
  const parts = [Number.isFinite(limit) ? `${percent(rate / limit)} of the local limit ${number(limit)} at the minimum` : "no minimum, so no local limit",
    ...(Number.isNaN(safe) ? [] : [`from any start up to the global limit ${number(safe)}`]), ...(Number.isNaN(best) ? [] : [`best ${number(best)}`])];
  return parts.join("; ");
}

function hasCurveOrBoundary(payload) {
  return hasCurve(payload) || hasBoundary(payload);
}

const LETTERS = { delta: "δ", tau: "τ", smoothing: "h" };

// Of squares there are three scales to choose from; another loss is what it is.
function nameLoss({ over }) {
  const named = over ? [[over.loss, `${over.loss}: ${LOSSES[over.loss].formula}${Object.entries(over.numbers).map(([name, value]) => `, ${LETTERS[name]} = ${number(value)}`).join("")}`]] : Object.entries(SCALES);
  byId("objective").replaceChildren(...named.map(([value, textContent]) => Object.assign(document.createElement("option"), { value, textContent })));
}

function nameClasses(payload) {
  const d = payload.features.length;
  byId("data-card").hidden = !payload.rows || d > 2;
  setText("data-title", d === 2 ? "The classes, and where each is the likeliest" : "The probability of each class");
  setText("data-caption", d === 2 ? "Some of the rows; the color below them is the class that is predicted there at this epoch." : "At this epoch. Each row stands at the probability of its own class.");
  for (const part of ["data-others", "data-now"]) byId(part).parentElement.hidden = true;
}

// The share of the rows that is to lie below what is predicted; null of other losses than quantile.
function quantileOf({ over }) {
  return over && over.loss === "quantile" ? over.numbers.tau : null;
}

// What the picture of the data shows.
function nameData(payload) {
  legend("classes-legend", classCount(payload) > 1 ? classNames(payload).map((name, k) => ({ color: classColor(k), name: short(name, 24) })) : []);
  byId("data-rows").parentElement.hidden = classCount(payload) > 1;
  if (classCount(payload) > 1) return nameClasses(payload);
  const one = hasCurve(payload), classes = hasBoundary(payload), curved = payload.curve || (payload.over && LOSSES[payload.over.loss].curved);
  const level = quantileOf(payload), shape = level === null ? (curved ? "curve" : "line") : `${percent(level)} quantile`;
  const names = payload.classes && payload.classes.length === 2 ? payload.classes : ["0", "1"], said = (at) => `${short(payload.target, 24)} = ${short(names[at], 24)}`;
  byId("data-card").hidden = !one && !payload.rows;
  setText("data-caption", "Some of the rows, and what the model says of them at this epoch.");
  setText("data-title", classes ? "The two classes and the boundary" : one ? `The data and the fitted ${shape}` : "Predictions against targets");
  setText("data-rows", classes ? said(0) : "rows");
  setText("data-others", said(1));
  byId("data-others").parentElement.hidden = !classes;
  setText("data-exact", classes ? "the boundary at the exact minimum" : one ? "exact minimum" : "prediction = target");
  setText("data-now", classes ? "even chance at this epoch; dotted: 10% and 90%" : one ? `${shape} at this epoch` : "");
  byId("data-now").parentElement.hidden = !one && !classes;
}

// A table that Python has made, or none.
function showTable(name, made) {
  byId(name).hidden = !made;
  if (made) table(`${name}-table`, made.header, made.rows);
}

// What does not change while a data set is open.
function nameThings() {
  const { payload } = view;
  setText("title", payload.title);
  document.title = payload.title;
  setText("about", `${counted(payload.row_count, "row")}${payload.held_out_count ? ` to learn from, ${grouped(payload.held_out_count)} held out` : ""} · ${counted(payload.features.length, "feature")} · target ${short(payload.target, 60)}${payload.over ? ` · ${payload.over.loss} loss` : ""}`);
  const names = parameterNames(payload);
  for (const axis of [0, 1]) { options(`contour-${axis}`, names); byId(`contour-${axis}`).value = view.chosen[axis]; }
  byId("rule").replaceChildren(...payload.rules.map(({ name, label }) => Object.assign(document.createElement("option"), { value: name, textContent: label })));
  byId("contour-card").hidden = names.length < 2;
  options("coefficient", payload.features);
  const extra = [["weights", payload.features.length * classCount(payload) > SHOWN_LINES ? `the first ${SHOWN_LINES} weights` : "all weights"], ["bias", "bias"]];
  byId("coefficient").prepend(...extra.map(([value, textContent]) => Object.assign(document.createElement("option"), { value, textContent })));
  byId("coefficient").value = view.shown;
  nameData(payload);
  nameLoss(payload);
  byId("expected").hidden = !(payload.run.walk && payload.run.walk.expected);
  showTable("inference", payload.inference);
  setText("inference-said", payload.inference ? payload.inference.said : "");
  showTable("measures", payload.measures);
  if (byId("errors-card")) {
    byId("errors-card").hidden = payload.over ? !payload.held_rows : !payload.held_out_count;
    setText("errors-train", payload.over ? "training loss" : "training RMSE");
    setText("errors-held", payload.over ? `loss of ${counted(payload.held_rows ? payload.held_rows.count : 0, "held-out row")}` : "held-out RMSE");
  }
}
