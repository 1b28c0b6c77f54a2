// Arithmetic: the numbers of the step from epoch k - 1 to k, to check by hand.

// ∇J = -V (λ e p), at the parameters whose modes still have the shares `left`.
function gradientAt(problem, left) {
  const { p, r, directions, eigenvalues } = problem, rest = errors(problem, left);
  return Float64Array.from({ length: p }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < r; i++) sum -= directions[j * r + i] * eigenvalues[i] * rest[i];
    return sum;
  });
}

// Parameters before, velocity, gradient, parameters after, and some rows: their predictions before the step.
function stepOf(problem, rule, modes, k, most = 4) {
  const before = parametersAt(problem, modes, k - 1), after = parametersAt(problem, modes, k);
  const earlier = k > 1 ? parametersAt(problem, modes, k - 2) : before, momentum = rule.momentum || 0;
  const left = shares(modes, k - 1), ahead = k > 1 ? shares(modes, k - 2) : left;
  const point = rule.look_ahead ? left.map((share, i) => share + rule.look_ahead * momentum * (share - ahead[i])) : left;
  const velocity = before.map((value, j) => value - earlier[j]);
  const gradient = problem.over ? gradientOver(problem.over, before.map((value, j) => value + (rule.look_ahead || 0) * momentum * velocity[j])) : gradientAt(problem, point);
  return { before, after, velocity, gradient, rows: stepRows(problem, before, most) };
}

function stepRows(problem, theta, most) {
  const { payload, space } = problem, first = payload.fit_intercept ? 1 : 0, d = payload.features.length;
  if (!payload.rows) return [];
  return Array.from({ length: Math.min(most, payload.rows.count) }, (_, row) => {
    const inputs = Array.from({ length: d }, (_, j) => (payload.rows.X[row * d + j] - space.shift[j]) / space.scale[j]);
    if (classCount(payload) > 1) return { position: payload.rows.positions[row], inputs, ...stepOfClasses(problem, theta, inputs, payload.rows.y[row]) };
    const prediction = meanOf(payload, inputs.reduce((sum, u, j) => sum + u * theta[j + first], first ? theta[0] : 0));
    const target = payload.rows.y[row];
    return { position: payload.rows.positions[row], inputs, prediction, target, residual: prediction - target };
  });
}

// Of several classes: the probability of the row's own, which is to be 1.
function stepOfClasses({ payload }, theta, inputs, own) {
  const all = payload.fit_intercept ? [1, ...inputs] : inputs, K = classCount(payload);
  const prediction = chancesOf(marginsOf({ U: all, inputs: all.length, classes: K }, theta, 0))[own];
  return { prediction, target: 1, residual: prediction - 1 };
}
