// Problem: the objective in chosen inputs with a chosen penalty, and the run's state at any epoch.
//
//   theta_k = theta_0 + Σ v_i e_i (1 - p_k(λ_i))          e_i = v_iᵀ(minimum - theta_0), the way of mode i
//   J_k     = floor + ½ Σ λ_i (e_i p_k(λ_i))²             no cancellation
//   RMSE_k  = √((‖misfit - R V (e∘p_k)‖² + ρ²)/W)

const OBJECTIVES = { quarter_mse: 0.5, half_mse: 1, mse: 2 };

// Of another loss than squares there is no factor.
function factorOf(objective) {
  return Object.hasOwn(OBJECTIVES, objective) ? OBJECTIVES[objective] : 1;
}

function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new Float64Array(bytes.buffer);
}

function matrixProduct(A, B, rows, inner, columns) {
  const C = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let l = 0; l < inner; l++) {
      const a = A[i * inner + l];
      if (a !== 0) for (let j = 0; j < columns; j++) C[i * columns + j] += a * B[l * columns + j];
    }
  }
  return C;
}

// The same with some strings as arrays, those that there are.
function opened(values, keys) {
  return { ...values, ...Object.fromEntries(keys.filter((key) => values[key]).map((key) => [key, unpacked(values[key])])) };
}

// A payload's strings become arrays, once.
function openPayload(payload) {
  const spaces = {};
  for (const [name, space] of Object.entries(payload.spaces)) {
    const keys = ["shift", "scale", "start", ...(payload.over ? [] : ["R", "r"])];
    const made = { ...space, held_out: space.held_out && { ...space.held_out, R: unpacked(space.held_out.R), start: unpacked(space.held_out.r).map((value) => -value) } };
    for (const key of keys) made[key] = unpacked(space[key]);
    spaces[name] = made;
  }
  const rows = payload.rows && { ...payload.rows, X: unpacked(payload.rows.X), y: unpacked(payload.rows.y) };
  const curve = payload.curve && { ...payload.curve, x: unpacked(payload.curve.x), X: unpacked(payload.curve.X) };
  const walk = payload.run.walk && opened(payload.run.walk, ["left", "theta", "loss", "rmse", "expected"]);
  const over = payload.over && { ...payload.over, rows: payload.over.rows && opened(payload.over.rows, ["U", "y", "share"]) };
  const held_rows = payload.held_rows && opened(payload.held_rows, ["X", "y"]);
  return { ...payload, spaces, rows, curve, over, held_rows, run: { ...payload.run, walk }, start: { ...payload.start, weights: unpacked(payload.start.weights) } };
}

// Whether predictions are a curve over one input: a line of the only feature, or of its powers.
function hasCurve(payload) {
  return payload.features.length === 1 || Boolean(payload.curve);
}

// Names of the parameters; with several classes, one for each class.
function forClasses(payload, names) {
  return classCount(payload) === 1 ? names : names.flatMap((name) => classNames(payload).map((label) => `${name}, ${label}`));
}

function parameterNames(payload) {
  return forClasses(payload, payload.fit_intercept ? ["intercept", ...payload.features] : payload.features);
}

// Everything that does not depend on rule and epoch; computed when inputs, penalty or objective change.
function problemOf(payload, name, index, objective) {
  const space = payload.spaces[name], block = space.blocks[Math.min(index, space.blocks.length - 1)];
  const factor = factorOf(objective), p = space.size;
  const eigenvalues = unpacked(block.eigenvalues).map((value) => factor * value);
  const directions = unpacked(block.directions), ways = unpacked(block.ways), r = eigenvalues.length;
  const held = space.held_out, { settled = true, safe = null } = block;
  const squares = payload.over ? { over: overRows(payload, space, block.l2), heldOver: heldOver(payload, space) } : {
    misfit: unpacked(block.misfit), predicted: block.predicted ? unpacked(block.predicted) : matrixProduct(space.R, directions, p, p, r),
  };
  return {
    payload, name, space, p, r, factor, objective, eigenvalues, directions, ways, l2: factor * block.l2, ...squares, settled, safe,
    limit: unpacked(block.limit), floor: block.floor === null ? NaN : factor * block.floor, best: block.best, words: block.words,
    condition: block.condition_number, moved: space.start.some((value) => value !== 0),
    held: held && { ...held, misfit: unpacked(block.held_misfit), predicted: matrixProduct(held.R, directions, p, p, r) },
    names: parameterNames(payload),
  };
}

function solveAll(problem, rule) {
  return problem.payload.over ? modesOnPath(problem, rule) : Array.from(problem.eigenvalues, (value, i) => solve(rule, value, i));
}

// Whether a run has no formula, but what was left of each mode as it was walked.
function isWalked(modes) {
  return modes.length > 0 && modes[0].kind === "walked";
}

function shares(modes, k) {
  return modes.map((mode) => residual(mode, k));
}

// e∘p_k; a mode with no way to go stays, however fast it would grow: 0·inf is not a number
function errors(problem, left) {
  return left.map((share, i) => (problem.ways[i] === 0 ? 0 : problem.ways[i] * share));
}

function parametersAt(problem, modes, k) {
  if (modes.path) return modes.path.at(k);
  const { p, r, space, directions, ways } = problem;
  const theta = Float64Array.from(space.start);
  const steps = modes.map((mode, i) => (ways[i] === 0 ? 0 : ways[i] * progress(mode, k)));
  const walked = isWalked(modes), rest = problem.moved || walked ? errors(problem, shares(modes, k)) : null;
  // counted from where it is nearer: a far start would leave its rounding on a run that has long arrived
  const back = walked || rest && Math.hypot(...rest) + Math.hypot(...problem.limit) < Math.hypot(...space.start);
  for (let j = 0; j < p; j++) {
    let sum = 0;
    for (let i = 0; i < r; i++) sum += directions[j * r + i] * (back ? -rest[i] : steps[i]);
    theta[j] = (back ? problem.limit[j] : space.start[j]) + sum;
  }
  return theta;
}

function rootMeanSquare(residuals, rho, total) {
  let largest = Math.abs(rho);
  for (const value of residuals) largest = Math.max(largest, Math.abs(value));
  if (!(largest > 0) || !Number.isFinite(largest)) return largest;
  let sum = (rho / largest) ** 2;
  for (const value of residuals) sum += (value / largest) ** 2;
  return largest * Math.sqrt(sum / total);
}

function rmseOf({ misfit, predicted }, rho, total, left, p) {
  const r = left.length, residuals = new Float64Array(p);
  for (let j = 0; j < p; j++) {
    let sum = 0;
    for (let i = 0; i < r; i++) sum += predicted[j * r + i] * left[i];
    residuals[j] = misfit[j] - sum;
  }
  return rootMeanSquare(residuals, rho, total);
}

// From the start where that is zero: a minimum of columns that nearly depend on each other lies so far out that its rounding
// would be all there is to see of the first epochs.
function heldRmseAt({ held, moved, ways, p }, modes, rest, k) {
  if (moved || isWalked(modes)) return rmseOf(held, held.rho, held.total_weight, rest, p);
  const back = modes.map((mode, i) => (ways[i] === 0 ? 0 : -ways[i] * progress(mode, k)));
  return rmseOf({ misfit: held.start, predicted: held.predicted }, held.rho, held.total_weight, back, p);
}

function lossAt(problem, left) {
  let sum = 0;
  for (let i = 0; i < left.length; i++) sum += (Math.sqrt(problem.eigenvalues[i]) * left[i]) ** 2;
  return problem.floor + sum / 2;
}

function stateAt(problem, modes, k) {
  if (modes.path) return { epoch: k, left: shares(modes, k), loss: modes.path.loss(k), theta: modes.path.at(k), rmse: modes.path.rmse(k), heldRmse: null };
  const left = shares(modes, k), rest = errors(problem, left), { space, held, p } = problem;
  return {
    epoch: k, left, loss: lossAt(problem, rest), theta: parametersAt(problem, modes, k),
    rmse: rmseOf(problem, space.rho, problem.payload.total_weight, rest, p),
    heldRmse: held ? heldRmseAt(problem, modes, rest, k) : null,
  };
}

// Parameters in the data's own units: w = w'/scale, b = b' - shift·w; of K classes weights[j·K + k] and a bias for each.
function inOwnUnits(problem, theta) {
  const { shift, scale } = problem.space, first = problem.payload.fit_intercept ? 1 : 0, K = classCount(problem.payload);
  const weights = Float64Array.from({ length: scale.length * K }, (_, at) => theta[at + first * K] / scale[Math.floor(at / K)]);
  const biases = Float64Array.from({ length: K }, (_, k) => (first ? theta[k] : 0));
  for (let at = 0; first && at < weights.length; at++) biases[at % K] -= shift[Math.floor(at / K)] * weights[at];
  return { weights, bias: K === 1 ? biases[0] : biases };
}

// The same in one row, [bias, w_1, … w_d]; with several classes, one number for each class.
function coefficientsOf({ weights, bias }) {
  return typeof bias === "number" ? [bias, ...weights] : [...bias, ...weights];
}

// 0 and about `points` whole epochs up to the last, evenly spaced on a log axis or a linear one.
function epochsUpTo(last, points, linear) {
  const found = new Set([0, last]);
  for (let i = 0; i < points; i++) {
    const share = i / (points - 1);
    found.add(Math.round(linear ? share * last : Math.exp(share * Math.log(Math.max(1, last)))));
  }
  return [...found].sort((a, b) => a - b);
}
