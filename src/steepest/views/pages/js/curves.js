// Curves: what the pictures draw, as arrays.

const SHOWN_LINES = 7; // as many as the palette tells apart

// Some of n things, evenly spread, the first and the last among them.
function spread(n, most) {
  if (n <= most) return [...Array(n).keys()];
  return [...new Set(Array.from({ length: most }, (_, i) => Math.round((i * (n - 1)) / (most - 1))))];
}

// Loss, and errors where rows are held out (of squares RMSE, else the loss without penalty), at the given epochs; what left the floats becomes NaN, which is not drawn.
function errorCurves(problem, modes, epochs) {
  const loss = [], train = [], held = [], seen = (value) => (Number.isFinite(value) && value < 1e300 ? value : NaN);
  for (const k of epochs) {
    const rest = modes.path ? [] : errors(problem, shares(modes, k));
    loss.push(seen(modes.path ? modes.path.loss(k) : lossAt(problem, rest)));
    if (problem.heldOver) {
      const apart = lossesApart(problem, modes.path, k);
      train.push(seen(apart.train));
      held.push(seen(apart.held));
    }
    if (!problem.held) continue;
    train.push(seen(rmseOf(problem, problem.space.rho, problem.payload.total_weight, rest, problem.p)));
    held.push(seen(heldRmseAt(problem, modes, rest, k)));
  }
  return { loss, train, held };
}

// The loss that was expected of a run in batches up to an epoch, on average over runs; of other runs nothing.
function expectedLoss(walk, last, smallest) {
  if (!walk || !walk.expected) return { epoch: [], loss: [] };
  const epoch = walk.epochs.filter((k) => k <= last);
  return { epoch, loss: epoch.map((_, at) => (walk.expected[at] > smallest && walk.expected[at] < 1e300 ? walk.expected[at] : NaN)) };
}

// |p_k| of some modes at the given epochs, drawn down to 1e-16.
function modeCurves(modes, chosen, epochs) {
  return chosen.map((i) => epochs.map((k) => {
    const left = Math.abs(residual(modes[i], k));
    return left <= 1e300 ? Math.max(left, 1e-16) : NaN;
  }));
}

// Bias and weights in the data's own units at the given epochs, a row for each epoch: [bias, w_1, … w_d]; with several classes, one number for each class.
function coefficientCurves(problem, modes, epochs) {
  const curves = Array.from({ length: (problem.payload.features.length + 1) * classCount(problem.payload) }, () => []);
  for (const k of epochs) {
    coefficientsOf(inOwnUnits(problem, parametersAt(problem, modes, k))).forEach((value, j) => curves[j].push(Math.abs(value) < 1e300 ? value : NaN));
  }
  return curves;
}

// The largest share that one of up to 12 modes still has, as log10, for each epoch (rows) and learning rate (columns).
function heatMap(problem, rule, rates, epochs) {
  const chosen = spread(problem.r, 12), image = new Float32Array(rates.length * epochs.length);
  rates.forEach((rate, column) => {
    const modes = chosen.map((i) => solve({ ...rule, learning_rate: rate }, problem.eigenvalues[i]));
    epochs.forEach((k, row) => {
      const left = Math.max(largestLeft(modes, k), largestLeft(modes, k + 1));
      image[row * rates.length + column] = Math.min(2, Math.max(-8, Math.log10(left)));
    });
  });
  return image;
}

// The loss over parameters i and j, the others at the minimum: J* + ½ dᵀH d, whose level lines are ellipses.
//   H = C Cᵀ,  d = √(2 (J - J*)) C⁻ᵀ (cos t, sin t)
function contour(problem, modes, i, j, epochs) {
  const { p, space, payload, factor, l2, limit } = problem;
  const path = epochs.map((k) => parametersAt(problem, modes, k)).map((theta) => [theta[i], theta[j]]);
  if (modes.path) return contourOver(problem, path, i, j);
  const goal = [limit[i], limit[j]], far = path.map((point) => Math.hypot(point[0] - goal[0], point[1] - goal[1]));
  // a path that runs away would leave nothing of the valley to see
  const kept = path.filter((_, at) => far[at] <= 4 * Math.max(far[0], 1e-300));
  const bend = (a, b) => {
    let sum = 0;
    for (let row = 0; row < p; row++) sum += space.R[row * p + a] * space.R[row * p + b];
    return (factor * sum) / payload.total_weight + (a === b && !(payload.fit_intercept && a === 0) ? l2 : 0);
  };
  const range = [0, 1].map((axis) => span(kept.map((point) => point[axis]), goal[axis]));
  return { path: kept, goal, range, ellipses: ellipses(bend(i, i), bend(i, j), bend(j, j), goal, range) };
}

// Of another loss: its own level lines, where it has a minimum and its rows are here.
function contourOver(problem, path, i, j) {
  const { limit, settled, over } = problem, finite = path.filter((point) => point.every(Number.isFinite));
  if (!settled) return { path: finite, goal: null, range: [0, 1].map((axis) => span(finite.map((point) => point[axis]), finite[0][axis])), ellipses: [] };
  const goal = [limit[i], limit[j]], far = finite.map((point) => Math.hypot(point[0] - goal[0], point[1] - goal[1]));
  const kept = finite.filter((_, at) => far[at] <= 4 * Math.max(far[0], 1e-300));
  const range = [0, 1].map((axis) => span(kept.map((point) => point[axis]), goal[axis]));
  return { path: kept, goal, range, ellipses: over ? levelLines(problem, i, j, goal, range) : [] };
}

function span(values, goal) {
  const low = Math.min(goal, ...values), high = Math.max(goal, ...values);
  const margin = 0.25 * (high - low) || 0.5 * Math.max(Math.abs(goal), 1);
  return [low - margin, high + margin];
}

function ellipses(a, b, d, goal, range) {
  const first = Math.sqrt(a), across = b / first, second = Math.sqrt(d - across * across);
  if (!(first > 0) || !(second > 0)) return [];
  const height = (x, y) => (a * x * x + 2 * b * x * y + d * y * y) / 2;
  let top = 0;
  for (const x of range[0]) for (const y of range[1]) top = Math.max(top, height(x - goal[0], y - goal[1]));
  return Array.from({ length: 12 }, (_, level) => {
    const root = Math.sqrt(2 * top) * ((level + 1) / 12) ** 1.5, xs = [], ys = []; // denser towards the bottom
    for (let step = 0; step <= 180; step++) {
      const c = root * Math.cos((step * Math.PI) / 90), s = root * Math.sin((step * Math.PI) / 90) / second;
      xs.push(goal[0] + (c - across * s) / first);
      ys.push(goal[1] + s);
    }
    return { xs, ys };
  });
}

// Predictions of the rows shown, in the target's units.
function predictionsOf(payload, { weights, bias }) {
  const { X, count } = payload.rows, d = weights.length;
  return Array.from({ length: count }, (_, row) => {
    let sum = bias;
    for (let j = 0; j < d; j++) sum += X[row * d + j] * weights[j];
    return meanOf(payload, sum);
  });
}
