// Recurrence: what is left of one mode's error after k epochs of a two-term rule, in closed form.
//
//   p_{k+1} = B p_k - C p_{k-1},  p_0 = 1,  p_1 = 1 - a,  solved by the roots r of r² - B r + C = 0.
//
// With δ = 1 - r the equation is δ² - 2u δ + a = 0, u = (1 - β + middle)/2; its small root is a / δ_large. The same
// formulas as in recurrence.py, where they are explained; here 32 digits stand for its long doubles.

// Solve one mode: a = ηλ (double-double), momentum β, and the share s of the last step by which the gradient is taken
// ahead. All that depends on k comes later, in floats.
function solveTwoTerm(a, beta, ahead) {
  const m = subtract(1, beta), further = multiply(a, ahead);
  const middle = multiply(a, add(1, twoProduct(ahead, beta)));
  const product = multiply(subtract(1, further), beta);
  const logProduct = log1p(subtract(beta, 1)) + logDistance(further);
  const margin = subtract(multiply(2, add(1, beta)), multiply(a, add(1, twoProduct(2 * ahead, beta))));
  const u = multiply(0.5, add(m, middle)), root = multiply(2, squareRoot(a));
  const square = add(multiply(subtract(m, root), add(m, root)), multiply(middle, add(multiply(2, m), middle)));
  const discriminant = multiply(0.25, square);
  const parts = { a, u, product, logProduct, margin, discriminant, g: subtract(u, a) };
  return discriminant[0] < 0 ? waves(parts) : realRoots(parts);
}

// Complex roots: ρ^k (cos kφ + g sin kφ / (ρ sin φ)), the angle counted from -1 where the roots are on that side.
function waves({ u, logProduct, discriminant, g, product }) {
  const sine = squareRoot(negative(discriminant)), left = u[0] > 1;
  const factor = rounded(divide(g, sine));
  return {
    waves: true, left, angle: atan2(sine, magnitude(subtract(1, u))), logRho: logProduct / 2,
    factor: left ? -factor : factor, bound: Math.hypot(1, factor),
    radius: Math.sqrt(Math.abs(rounded(product))), slow: null,
  };
}

// Real roots: by the root of larger magnitude and the ratio q = smaller / larger, -1 ≤ q ≤ 1.
function realRoots({ a, u, product, margin, discriminant, g }) {
  const h = squareRoot(discriminant), positive = u[0] <= 1, far = add(u, h);
  const larger = positive ? add(subtract(1, u), h) : subtract(subtract(1, u), h);
  const distance = positive ? divide(a, far) : divide(margin, add(subtract(2, u), h));
  const nothing = larger[0] === 0, apart = h[0] > 0;
  const gap = nothing ? wide(0) : divide(multiply(2, h), magnitude(larger)); // 1 - q
  const over = nothing ? 0 : rounded(divide(g, multiply(apart ? gap : 1, larger)));
  return {
    waves: false, nothing, apart, over, negative: larger[0] < 0, crossed: gap[0] > 1,
    logLarger: log1p(negative(distance)), logRatio: logDistance(gap), gap: rounded(gap),
    radius: Math.abs(rounded(larger)), slow: slowRoots({ a, u, product, discriminant, g }, h, far),
  };
}

// Where both roots are positive and well apart, each power is taken from 1 by itself: A₁(1 - r₁^k) + A₂(1 - r₂^k).
function slowRoots({ a, u, product, discriminant, g }, h, far) {
  if (!(discriminant[0] > (u[0] / 4) ** 2 && product[0] >= 0 && u[0] > a[0] && u[0] < 1)) return null;
  const second = rounded(divide(negative(multiply(a, product)), multiply(add(h, g), multiply(2, h))));
  return { first: 1 - second, second, near: logDistance(divide(a, far)), farLog: logDistance(far), farNegative: far[0] > 1 };
}

function twoTermResidual(s, k) {
  if (k === 0) return 1;
  const odd = k % 2 === 1;
  if (s.waves) {
    const swing = Math.cos(k * s.angle) + s.factor * Math.sin(k * s.angle);
    const value = Math.exp(k * s.logRho) * swing;
    return s.left && odd ? -value : value;
  }
  if (s.nothing) return 0;
  const power = Math.exp(k * s.logLarger) * (s.negative && odd ? -1 : 1);
  const ratio = Math.exp(k * s.logRatio) * (s.crossed && odd ? -1 : 1);
  const oneMinus = s.gap < 1 ? -Math.expm1(k * s.logRatio) : 1 - ratio;
  return power * ((1 + ratio) / 2 + s.over * (s.apart ? oneMinus : k));
}

function twoTermProgress(s, k) {
  if (k === 0) return 0;
  if (!s.slow) return 1 - twoTermResidual(s, k);
  const { first, second, near, farLog, farNegative } = s.slow;
  const far = farNegative && k % 2 === 1 ? 1 + Math.exp(k * farLog) : -Math.expm1(k * farLog);
  return first * -Math.expm1(k * near) + second * far;
}

// A bound of |p_k| from above that falls with k on a stable run.
function twoTermBound(s, k) {
  if (s.waves) return Math.exp(k * s.logRho) * s.bound;
  if (s.nothing) return k === 0 ? 1 : 0;
  const linear = 1 + Math.abs(s.over * Math.min(s.gap, 1)) * k + Math.abs(s.over) * (s.apart ? 0 : k);
  const mixed = 0.5 + Math.abs(s.over) + Math.exp(k * s.logRatio) * Math.abs(0.5 - s.over);
  return Math.exp(k * s.logLarger) * (s.apart ? Math.min(Math.abs(0.5 + s.over) + Math.exp(k * s.logRatio) * Math.abs(0.5 - s.over), mixed, Infinity) : linear);
}
