// Rules: what is left of each mode after k epochs, for gradient, heavy ball, Nesterov and Chebyshev.
//
// A rule is { name, learning_rate, momentum, interval }; `solve(rule, λ)` prepares one mode, `residual(mode, k)` is
// p_k(λ), `progress(mode, k)` is 1 - p_k(λ) without cancellation for modes that have hardly moved.

function solve(rule, eigenvalue) {
  if (rule.name === "chebyshev") return { kind: "chebyshev", ...chebyshevPlace(rule.interval, eigenvalue) };
  const a = twoProduct(eigenvalue, rule.learning_rate);
  if (rule.name === "gradient") {
    return { kind: "gradient", log: logDistance(a), swings: a[0] > 1, radius: Math.abs(rounded(subtract(1, a))) };
  }
  return { kind: "momentum", ...solveMomentum(rule.name, a, rule.momentum) };
}

function residual(mode, k) {
  if (k === 0) return 1;
  if (mode.kind === "momentum") return momentumResidual(mode, k);
  if (mode.kind === "chebyshev") return chebyshevResidual(mode, k);
  const power = Math.exp(k * mode.log);
  return mode.swings && k % 2 === 1 ? -power : power;
}

function progress(mode, k) {
  if (k === 0) return 0;
  if (mode.kind === "momentum") return momentumProgress(mode, k);
  if (mode.kind === "chebyshev") return chebyshevProgress(mode, k);
  return mode.swings && k % 2 === 1 ? 1 + Math.exp(k * mode.log) : -Math.expm1(k * mode.log);
}

// |p_k| from above: falls with k on a stable run
function bound(mode, k) {
  if (mode.kind === "momentum") return momentumBound(mode, k);
  if (mode.kind === "gradient" || !mode.inside) return Math.abs(residual(mode, k));
  return (Math.exp(-k * mode.alpha) * 2) / (1 + Math.exp(-2 * k * mode.alpha));
}

// p_k(λ) = T_k((c - λ)/h) / T_k(c/h), c and h middle and half width of the interval; see rules.py
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

// The largest learning rate that does not grow; Chebyshev's first one is always below it where λ_max is in the interval.
function stabilityLimit(name, momentum, largest, interval = null) {
  if (interval && largest <= interval[1]) return Math.max(2 / largest, (2 / (interval[0] + interval[1])) * (1 + 10 * AT_LIMIT));
  if (name === "heavy_ball") return (2 * (1 + momentum)) / largest;
  if (name === "nesterov") return (2 * (1 + momentum)) / ((1 + 2 * momentum) * largest);
  return 2 / largest;
}

// The constant learning rate with the smallest error factor an epoch in the long run, for a given momentum.
function bestRate(name, momentum, eigenvalues) {
  if (!eigenvalues.length) return 1;
  const largest = eigenvalues[0], smallest = eigenvalues[eigenvalues.length - 1];
  // modes 1e15 apart leave nothing between the best rate and the limit in float64
  const limit = stabilityLimit(name, momentum, largest), most = limit * (1 - 10 * AT_LIMIT);
  if (name === "gradient" || name === "chebyshev") return Math.min(2 / (largest + smallest), most);
  if (name === "heavy_ball" || momentum === 0) return Math.min((2 * (1 + momentum)) / (largest + smallest), most);
  const slower = (rate) => {
    const factor = (value) => solve({ name, momentum, learning_rate: rate }, value).radius;
    return factor(smallest) - factor(largest);
  };
  let low = 1 / largest, high = limit;
  if (slower(low) <= 0) return low;
  if (slower(high) >= 0) return most;
  for (let i = 0; i < 60; i++) { // halving 60 times leaves nothing between two floats
    const middle = (low + high) / 2;
    if (slower(middle) > 0) low = middle; else high = middle;
  }
  return Math.min(low, most);
}

function hasMomentum(name) {
  return name === "heavy_ball" || name === "nesterov";
}
