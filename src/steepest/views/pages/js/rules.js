// Rules: what is left of each mode after k epochs, for each kind of residual polynomial.
//
// A rule is an entry of the table that comes with the data (name, label, formula, kind, look_ahead, takes_rate,
// takes_momentum) with its numbers (learning_rate, momentum, interval, walk). `solve(rule, λ, i)` prepares mode i,
// `residual(mode, k)` is p_k(λ), `progress(mode, k)` is 1 - p_k(λ) without cancellation for modes that have hardly moved.

// What each kind knows: a mode's solution, p_k, 1 - p_k, a bound of |p_k| that falls with k on a stable run, the largest
// learning rate that does not grow, and the constant one with the smallest error factor an epoch in the long run.
const POLYNOMIALS = {
  power: {
    solve: (rule, eigenvalue) => solvePower(twoProduct(eigenvalue, rule.learning_rate)),
    residual: (mode, k) => (mode.swings && k % 2 === 1 ? -Math.exp(k * mode.log) : Math.exp(k * mode.log)),
    progress: (mode, k) => (mode.swings && k % 2 === 1 ? 1 + Math.exp(k * mode.log) : -Math.expm1(k * mode.log)),
    bound: (mode, k) => Math.abs(residual(mode, k)),
    limit: (rule, largest) => 2 / largest,
    best: (rule, largest, smallest) => 2 / (largest + smallest),
  },
  two_term: {
    solve: (rule, eigenvalue) => solveTwoTerm(twoProduct(eigenvalue, rule.learning_rate), rule.momentum, rule.look_ahead),
    residual: twoTermResidual, progress: twoTermProgress, bound: twoTermBound,
    limit: ({ momentum, look_ahead: ahead }, largest) => (2 * (1 + momentum)) / ((1 + 2 * ahead * momentum) * largest),
    best: bestTwoTermRate,
  },
  chebyshev: {
    solve: (rule, eigenvalue) => chebyshevPlace(rule.interval, eigenvalue),
    residual: chebyshevResidual, progress: chebyshevProgress,
    bound: (mode, k) => (mode.inside ? (Math.exp(-k * mode.alpha) * 2) / (1 + Math.exp(-2 * k * mode.alpha)) : Math.abs(residual(mode, k))),
    // the first rate is always below the limit where λ_max is in the interval
    limit: ({ interval }, largest) => (largest <= interval[1] ? Math.max(2 / largest, (2 / (interval[0] + interval[1])) * (1 + 10 * AT_LIMIT)) : 2 / largest),
    best: (rule, largest, smallest) => 2 / (largest + smallest),
  },
  // no formula: what was left at the epochs that were kept
  walked: {
    solve: ({ walk }, eigenvalue, i) => ({ walk, i }),
    residual: walkedResidual, progress: (mode, k) => 1 - walkedResidual(mode, k), bound: walkedResidual,
    limit: () => Infinity,
    best: (rule) => rule.learning_rate,
  },
  // a path over rows: what is left is measured on it
  path: { residual: (mode, k) => leftOnPath(mode, k), progress: (mode, k) => 1 - leftOnPath(mode, k) },
};
const PLAIN = { kind: "power", momentum: 0 }; // plain gradient descent, with which others are compared

function solve(rule, eigenvalue, i) {
  return { kind: rule.kind, ...POLYNOMIALS[rule.kind].solve(rule, eigenvalue, i) };
}

function residual(mode, k) {
  return k === 0 && mode.kind !== "walked" ? 1 : POLYNOMIALS[mode.kind].residual(mode, k);
}

function progress(mode, k) {
  return k === 0 && mode.kind !== "walked" ? 0 : POLYNOMIALS[mode.kind].progress(mode, k);
}

function bound(mode, k) {
  return POLYNOMIALS[mode.kind].bound(mode, k);
}

function solvePower(a) {
  return { log: logDistance(a), swings: a[0] > 1, radius: Math.abs(rounded(subtract(1, a))) };
}

function walkedResidual({ walk, i }, k) {
  return walk.left[walkedPlace(walk.epochs, k) * walk.modes + i];
}

// The place of the last kept epoch up to k.
function walkedPlace(epochs, k) {
  let low = 0, high = epochs.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (epochs[middle] <= k) low = middle; else high = middle;
  }
  return low;
}

// The kept epoch that a move from one epoch to another leads to: the next one in that direction.
function walkedEpoch({ epochs }, wanted, from) {
  const place = walkedPlace(epochs, wanted), later = wanted > from && epochs[place] < wanted;
  return epochs[Math.min(place + Number(later), epochs.length - 1)];
}

// p_k(λ) = T_k((c - λ)/h) / T_k(c/h), c and h middle and half width of the interval; see chebyshev.py
function chebyshevPlace([lower, upper], eigenvalue) {
  const width = upper - lower, start = (2 * lower) / width;
  const alpha = Math.log1p(start + Math.sqrt(start * (2 + start)));
  const right = eigenvalue > (upper + lower) / 2;
  const distance = (right ? upper - eigenvalue : eigenvalue - lower) / width;
  const excess = Math.max(-2 * distance, 0);
  const growth = Math.log1p(excess + Math.sqrt(excess * (2 + excess)));
  const angle = 2 * Math.asin(Math.sqrt(Math.min(1, Math.max(0, distance))));
  return { inside: eigenvalue >= lower && eigenvalue <= upper, right, alpha, growth, angle, radius: Math.exp(growth - alpha) };
}

function chebyshevResidual({ inside, right, alpha, growth, angle }, k) {
  const sign = right && k % 2 === 1 ? -1 : 1, small = Math.exp(-2 * k * alpha);
  if (inside) return (sign * Math.cos(k * angle) * Math.exp(-k * alpha) * 2) / (1 + small);
  return (sign * Math.exp(k * (growth - alpha)) * (1 + Math.exp(-2 * k * growth))) / (1 + small);
}

function chebyshevProgress(mode, k) {
  if (!mode.inside || (mode.right && k % 2 === 1)) return 1 - chebyshevResidual(mode, k);
  const half = Math.exp(-k * mode.alpha), sine = Math.sin((k * mode.angle) / 2);
  return (Math.expm1(-k * mode.alpha) ** 2 + 4 * sine * sine * half) / (1 + half * half);
}

const AT_LIMIT = 1e-15; // a rate as near to the limit as this is at the limit

// The largest learning rate that does not grow.
function stabilityLimit(rule, largest) {
  return POLYNOMIALS[rule.kind].limit(rule, largest);
}

// The constant learning rate with the smallest error factor an epoch in the long run, for the rule's momentum.
function bestRate(rule, eigenvalues) {
  if (!eigenvalues.length) return 1;
  const largest = eigenvalues[0], smallest = eigenvalues[eigenvalues.length - 1];
  // modes 1e15 apart leave nothing between the best rate and the limit in float64; a rule without a rate has no limit of one
  const limit = rule.kind === "chebyshev" ? 2 / largest : stabilityLimit(rule, largest);
  return Math.min(POLYNOMIALS[rule.kind].best(rule, largest, smallest, limit), limit * (1 - 10 * AT_LIMIT));
}

function bestTwoTermRate(rule, largest, smallest, limit) {
  const { momentum, look_ahead: ahead } = rule;
  if (!ahead || momentum === 0) return (2 * (1 + momentum)) / (largest + smallest);
  const slower = (rate) => {
    const factor = (value) => solve({ ...rule, learning_rate: rate }, value).radius;
    return factor(smallest) - factor(largest);
  };
  let low = 1 / largest, high = limit;
  if (slower(low) <= 0) return low;
  if (slower(high) >= 0) return high;
  for (let i = 0; i < 60; i++) { // halving 60 times leaves nothing between two floats
    const middle = (low + high) / 2;
    if (slower(middle) > 0) low = middle; else high = middle;
  }
  return low;
}

// The entry of a name in the table of rules that comes with the data.
function ruleEntry(payload, name) {
  return payload.rules.find((entry) => entry.name === name);
}
