// View: the data set that is open, the chosen setting, and what follows from both. What did not change is not computed again.

const view = {
  sets: [], colors: [], served: null, // as the document says
  payload: null, first: null, state: null, // the data set, the setting it opened with, the setting now
  chosen: [0, 1], shown: "weights", picture: "loss", pins: [], step: null, only: null, // axes of the contour, coefficients and picture shown, pinned settings, step of the tour, controls that are not locked
  problem: null, rule: null, modes: [], limit: Infinity, last: 0, scale: "log", epochs: [], curves: null, verdict: null, range: [1, 2],
  seen: {}, // what each picture was last drawn from
};

function changed(name, ...values) {
  const key = values.join("|"), is = view.seen[name] !== key;
  view.seen[name] = key;
  return is;
}

function setting() {
  return [view.state.standardize, view.state.l2, view.state.objective];
}

function ruleKey() {
  return JSON.stringify({ ...view.rule, walk: null });
}

function spaceOf(state) {
  return state.standardize ? "standardized" : "raw";
}

// Open another data set; its setting is the one it comes with, or the one given.
function openSet(payload, state = initialState(payload), pins = []) {
  const first = Number(payload.fit_intercept && payload.features.length > 1), K = classCount(payload); // two weights, or the bias and the only one
  Object.assign(view, {
    payload, first: initialState(payload), state, pins, chosen: [first * K, (first + 1) * K], shown: "weights", seen: {}, last: 0, problem: null,
  });
}

function lastEpoch() {
  const { over, run } = view.payload;
  if (run.walk) return Math.max(1, run.epochs);
  if (over) return Math.max(drawnTo(view.payload), view.state.epoch);
  return Math.min(MOST_EPOCHS, Math.max(1000, 20 * view.payload.run.epochs, view.state.epoch));
}

function solveAgain() {
  const { payload, state } = view;
  if (changed("problem", ...setting())) view.problem = problemOf(payload, spaceOf(state), state.l2, state.objective);
  view.rule = ruleOf(state, view.problem);
  if (changed("modes", ...setting(), ruleKey())) view.modes = solveAll(view.problem, view.rule);
  view.limit = view.modes.length ? stabilityLimit(view.rule, view.problem.eigenvalues[0]) : Infinity;
  view.last = changed("last", ...setting()) || state.epoch > view.last ? lastEpoch() : view.last;
  view.scale = state.log ? "log" : "linear";
}

// Which rows the picture of coefficients shows: of [bias, w_1, … w_d], with several classes one for each class.
function coefficientRows() {
  const { payload, shown } = view, K = classCount(payload), of = (j) => Array.from({ length: K }, (_, k) => j * K + k);
  if (shown !== "weights") return of(shown === "bias" ? 0 : Number(shown) + 1).slice(0, SHOWN_LINES);
  const rows = [...payload.features.keys()].flatMap((j) => of(j + 1));
  return rows.length === 1 && payload.fit_intercept ? [1, 0] : rows.slice(0, SHOWN_LINES);
}
