// Double-double arithmetic: a number as the unevaluated sum [high, low] of two floats, 32 digits.
// 200,000 epochs multiply a relative error of ηλ by 200,000 near the stability limit; these digits keep it away.
// Source: Dekker, "A floating-point technique for extending the available precision", Numer. Math. 18 (1971).

function twoSum(a, b) {
  const s = a + b, t = s - a;
  return [s, (a - (s - t)) + (b - t)];
}

function quickSum(a, b) {
  const s = a + b;
  return [s, b - (s - a)];
}

function twoProduct(a, b) {
  const p = a * b, c = 134217729 * a, d = 134217729 * b; // 2^27 + 1 splits a float in halves
  const ah = c - (c - a), al = a - ah, bh = d - (d - b), bl = b - bh;
  return [p, ((ah * bh - p) + ah * bl + al * bh) + al * bl];
}

function wide(x) {
  return Array.isArray(x) ? x : [x, 0];
}

function add(x, y) {
  const [a, b] = wide(x), [c, d] = wide(y);
  const [s, e] = twoSum(a, c), [t, f] = twoSum(b, d);
  const [u, v] = quickSum(s, e + t);
  return quickSum(u, v + f);
}

function negative(x) {
  const [a, b] = wide(x);
  return [-a, -b];
}

function subtract(x, y) {
  return add(x, negative(y));
}

function multiply(x, y) {
  const [a, b] = wide(x), [c, d] = wide(y);
  const [p, e] = twoProduct(a, c);
  return quickSum(p, e + (a * d + b * c));
}

function divide(x, y) {
  const [c] = wide(y);
  const q = wide(x)[0] / c;
  const rest = subtract(x, multiply(q, y));
  const more = rest[0] / c;
  const last = subtract(rest, multiply(more, y))[0] / c;
  return add(quickSum(q, more), last);
}

function squareRoot(x) {
  const [a] = wide(x);
  if (!(a > 0)) return [0, 0];
  const root = Math.sqrt(a);
  const rest = subtract(x, twoProduct(root, root));
  return quickSum(root, rest[0] / (2 * root));
}

function magnitude(x) {
  const [a] = wide(x);
  return a < 0 ? negative(x) : wide(x);
}

function rounded(x) {
  return Array.isArray(x) ? x[0] + x[1] : x;
}

// log(1 + x) of a double-double, as a float with all its digits; -inf at x = -1
function log1p(x) {
  const [a, b] = wide(x);
  return a <= -1 ? -Infinity : Math.log1p(a) + b / (1 + a);
}

// the angle of the point (x, y) of double-doubles, as a float with all its digits
function atan2(y, x) {
  const [a, b] = wide(y), [c, d] = wide(x);
  return Math.atan2(a, c) + (c * b - a * d) / (a * a + c * c);
}

// log |1 - a| without cancellation on either side of 1
function logDistance(a) {
  const [high] = wide(a);
  return high < 1 ? log1p(negative(a)) : log1p(subtract(a, 2));
}
