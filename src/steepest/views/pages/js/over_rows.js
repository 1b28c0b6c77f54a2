// Over rows: the mean loss of rows, walked epoch by epoch as the library's loop walks it. The modes at the minimum know how such a
// run ends and not how it goes, so no curve is drawn from them.
//
//   J(theta) = Σ s ℓ(u·theta, y) + l2/2·‖w‖²          ∇J = Uᵀ(s ℓ'(U·theta, y)) + l2·w          s: shares of the weight, 1 together

const log1pExp = (m) => (m > 0 ? m + Math.log1p(Math.exp(-m)) : Math.log1p(Math.exp(m)));
const chance = (m) => (m >= 0 ? 1 / (1 + Math.exp(-m)) : Math.exp(m) / (1 + Math.exp(m)));

// Each loss: its value and slope at a margin, and what it predicts there; see losses.py.
const LOSSES = {
  logistic: {
    formula: "log(1 + eᵐ) − y·m", curved: true, mean: chance,
    value: (m, y) => y * log1pExp(-m) + (1 - y) * log1pExp(m),
    slope: (m, y) => (1 - y) * chance(m) - y * chance(-m),
  },
  poisson: {
    formula: "eᵐ − y·m + y·log y − y", curved: true, mean: Math.exp,
    value: (m, y) => Math.exp(m) - y * m + (y > 0 ? y * Math.log(y) : 0) - y,
    slope: (m, y) => Math.exp(m) - y,
  },
  huber: {
    formula: "(m − y)²/2 up to δ, δ·|m − y| − δ²/2 beyond", curved: false, mean: (m) => m,
    value: (m, y, { delta }) => { const away = Math.abs(m - y); return away <= delta ? away ** 2 / 2 : delta * (away - delta / 2); },
    slope: (m, y, { delta }) => Math.min(Math.max(m - y, -delta), delta),
  },
  quantile: {
    formula: "τ·r + h·log(1 + e^(−r/h)), r = y − m", curved: false, mean: (m) => m,
    value: (m, y, { tau, smoothing }) => { const r = y - m; return (r > 0 ? tau * r : (tau - 1) * r) + smoothing * Math.log1p(Math.exp(-Math.abs(r) / smoothing)); },
    slope: (m, y, { tau, smoothing }) => chance((m - y) / smoothing) - tau,
  },
  multinomial: { formula: "log Σ eᵐ − Σ y·m", curved: true }, // of K margins: over_classes.js
};

// What is predicted at a margin.
function meanOf(payload, margin) {
  return payload.over ? LOSSES[payload.over.loss].mean(margin) : margin;
}

// The rows in some inputs, with a column of ones first where there is an intercept. Those of the run itself are as they came.
function overRows(payload, space, l2) {
  const { rows, loss, numbers, space: own } = payload.over;
  if (!rows) return null;
  const classes = classCount(payload), p = space.size / classes, first = payload.fit_intercept ? 1 : 0, d = p - first, n = rows.count, from = payload.spaces[own];
  const U = new Float64Array(n * p).fill(1);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < d; j++) {
      const u = rows.U[i * d + j];
      U[i * p + first + j] = space.name === own ? u : (u * from.scale[j] + from.shift[j] - space.shift[j]) / space.scale[j];
    }
  }
  return { U, y: rows.y, share: rows.share, n, inputs: p, classes, p: space.size, first: first * classes, l2, numbers, ...LOSSES[loss] };
}

// Held-out rows in some inputs, each with the same share, and no penalty: their mean loss.
function heldOver(payload, space) {
  const { held_rows: held, over: { loss, numbers } } = payload;
  if (!held) return null;
  const classes = classCount(payload), p = space.size / classes, first = payload.fit_intercept ? 1 : 0, d = p - first, n = held.count;
  const U = new Float64Array(n * p).fill(1);
  for (let i = 0; i < n; i++) for (let j = 0; j < d; j++) U[i * p + first + j] = (held.X[i * d + j] - space.shift[j]) / space.scale[j];
  return { U, y: held.y, share: new Float64Array(n).fill(1 / n), n, inputs: p, classes, p: space.size, first: first * classes, l2: 0, numbers, ...LOSSES[loss] };
}

// The loss without the penalty on the rows learned from, and on those held out.
function lossesApart(problem, path, k) {
  const { over, heldOver, l2, p } = problem, theta = path.at(k), first = heldOver.first;
  let squares = 0;
  for (let j = first; j < p; j++) squares += theta[j] ** 2;
  return { train: over ? lossOver({ ...over, l2: 0 }, theta) : path.loss(k) - (l2 / 2) * squares, held: lossOver(heldOver, theta) };
}

function marginOf({ U, p }, theta, i) {
  let margin = 0;
  for (let j = 0; j < p; j++) margin += U[i * p + j] * theta[j];
  return margin;
}

// What row i costs at its margin, or its margins.
function valueAtMargin(over, margin, i) {
  return over.classes > 1 ? valueOfClasses(margin, sharesOfRow(over, i)) : over.value(margin, over.y[i], over.numbers);
}

function lossOver(over, theta) {
  let sum = 0, squares = 0;
  for (let i = 0; i < over.n; i++) sum += over.share[i] * valueAtMargin(over, over.classes > 1 ? marginsOf(over, theta, i) : marginOf(over, theta, i), i);
  for (let j = over.first; j < over.p; j++) squares += theta[j] ** 2;
  return sum + (over.l2 / 2) * squares;
}

function gradientOver(over, theta) {
  const { U, y, share, n, p, first, l2, numbers } = over, gradient = over.classes > 1 ? slopesOfClasses(over, theta) : new Float64Array(p);
  for (let i = 0; over.classes === 1 && i < n; i++) {
    const slope = share[i] * over.slope(marginOf(over, theta, i), y[i], numbers);
    for (let j = 0; j < p; j++) gradient[j] += U[i * p + j] * slope;
  }
  for (let j = first; j < p; j++) gradient[j] += l2 * theta[j];
  return gradient;
}

function squareAt(over, theta, i) {
  if (over.classes === 1) return (over.mean(marginOf(over, theta, i)) - over.y[i]) ** 2;
  return chancesOf(marginsOf(over, theta, i)).reduce((sum, chance, k) => sum + (chance - over.y[i * over.classes + k]) ** 2, 0);
}

// The root mean squared error of what is predicted, of several classes the sum of their squares.
function rmseOver(over, theta) {
  let sum = 0;
  for (let i = 0; i < over.n; i++) sum += over.share[i] * squareAt(over, theta, i);
  return Math.sqrt(sum);
}

// The share of the rows that lie on or below what is predicted.
function shareBelow(over, theta) {
  let below = 0, all = 0;
  for (let i = 0; i < over.n; i++) { all += over.share[i]; if (over.y[i] <= marginOf(over, theta, i)) below += over.share[i]; }
  return below / all;
}

// A run over rows: v ← β v − η ∇J(theta + sβ v), theta ← theta + v, as far as somebody asks for it; plain gradient descent has β = 0.
function pathOver(over, rule, start) {
  const thetas = [Float64Array.from(start)], momentum = rule.momentum || 0, ahead = (rule.look_ahead || 0) * momentum;
  let velocity = new Float64Array(over.p);
  const step = (theta) => {
    const gradient = gradientOver(over, ahead ? theta.map((value, j) => value + ahead * velocity[j]) : theta);
    velocity = velocity.map((value, j) => momentum * value - rule.learning_rate * gradient[j]);
    return theta.map((value, j) => value + velocity[j]);
  };
  const at = (k) => {
    while (thetas.length <= k) thetas.push(step(thetas[thetas.length - 1]));
    return thetas[k];
  };
  return { at, loss: (k) => lossOver(over, at(k)), rmse: (k) => rmseOver(over, at(k)) };
}

// A run that is shown as it went: what was kept of it.
function pathKept({ epochs, theta, loss, rmse }) {
  const size = theta.length / epochs.length, place = (k) => walkedPlace(epochs, k);
  return { at: (k) => theta.subarray(place(k) * size, (place(k) + 1) * size), loss: (k) => loss[place(k)], rmse: (k) => rmse[place(k)] };
}

// The modes at the minimum along the path of a run: what is left of each is measured there, its long-run factor known beforehand.
function modesOnPath(problem, rule) {
  const { payload, over, space, eigenvalues } = problem;
  const path = payload.run.walk ? pathKept(payload.run.walk) : pathOver(over, rule, space.start);
  const modes = Array.from(eigenvalues, (value, i) => ({ kind: "path", problem, path, i, ahead: payload.run.walk ? null : solve(rule, value, i) }));
  return Object.assign(modes, { path });
}

// v_iᵀ(minimum - theta_k) as a share of what it was at the start.
function leftOnPath({ problem, path, i }, k) {
  const { p, r, directions, limit, ways } = problem, theta = path.at(k);
  if (ways[i] === 0) return 0;
  let rest = 0;
  for (let j = 0; j < p; j++) rest += directions[j * r + i] * (limit[j] - theta[j]);
  return rest / ways[i];
}

// Where the margin of two features has a value, as the ends of a line through the frame; nothing where it does not pass.
function boundaryLine({ weights: [a, b], bias }, margin, [[left, right], [low, high]]) {
  const found = [];
  if (b !== 0) for (const x of [left, right]) { const y = (margin - bias - a * x) / b; if (y >= low && y <= high) found.push([x, y]); }
  if (a !== 0) for (const y of [low, high]) { const x = (margin - bias - b * y) / a; if (x > left && x < right) found.push([x, y]); }
  return { x: found.slice(0, 2).map(([x]) => x), y: found.slice(0, 2).map(([, y]) => y) };
}
