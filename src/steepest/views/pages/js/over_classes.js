// Over classes: a loss of K margins a row, one for each class, and what is predicted from them; see multinomial.py.
//
//   m_k = Σ_j u_j theta[j·K + k]          p_k = e^m_k / Σ_l e^m_l          ∂ℓ/∂m_k = p_k − y_k

// How many margins a row has.
function classCount({ over }) {
  return (over && over.classes) || 1;
}

// What the classes are called, where a run is of classes.
function classNames({ over, classes }) {
  if (!over || !["logistic", "multinomial"].includes(over.loss)) return [];
  return classes && classes.length > 1 ? classes : ["0", "1"];
}

function marginsOf({ U, inputs, classes }, theta, i) {
  const margins = new Float64Array(classes);
  for (let j = 0; j < inputs; j++) for (let k = 0; k < classes; k++) margins[k] += U[i * inputs + j] * theta[j * classes + k];
  return margins;
}

function likeliest(margins) {
  let at = 0;
  for (let k = 1; k < margins.length; k++) if (margins[k] > margins[at]) at = k;
  return at;
}

function chancesOf(margins) {
  const most = margins[likeliest(margins)];
  let sum = 0;
  for (let k = 0; k < margins.length; k++) sum += margins[k] = Math.exp(margins[k] - most);
  return margins.map((power) => power / sum);
}

// Σ_k y_k·(log Σ_l e^m_l − m_k), a sum of terms that are not negative.
function valueOfClasses(margins, y) {
  const at = likeliest(margins);
  let rest = 0, sum = 0;
  for (let k = 0; k < margins.length; k++) if (k !== at) rest += Math.exp(margins[k] - margins[at]);
  rest = Math.log1p(rest);
  for (let k = 0; k < margins.length; k++) if (y[k] !== 0) sum += y[k] * (rest - (margins[k] - margins[at]));
  return sum;
}

function sharesOfRow({ y, classes }, i) {
  return y.subarray(i * classes, (i + 1) * classes);
}

// Uᵀ(s (p − y)); the others' chances are added up where a row has a share of a class, since 1 − p_k would lose their digits.
function slopesOfClasses(over, theta) {
  const { U, y, share, n, inputs, classes, p } = over, gradient = new Float64Array(p), slopes = new Float64Array(classes);
  for (let i = 0; i < n; i++) {
    const chances = chancesOf(marginsOf(over, theta, i));
    for (let k = 0; k < classes; k++) {
      const own = y[i * classes + k];
      let others = 0;
      if (own !== 0) for (let l = 0; l < classes; l++) if (l !== k) others += chances[l];
      slopes[k] = share[i] * ((1 - own) * chances[k] - own * others);
    }
    for (let j = 0; j < inputs; j++) for (let k = 0; k < classes; k++) gradient[j * classes + k] += U[i * inputs + j] * slopes[k];
  }
  return gradient;
}

// Margins of inputs in the data's own units.
function ownMargins({ weights, bias }, inputs) {
  const K = bias.length, margins = Float64Array.from(bias);
  for (let j = 0; j < inputs.length; j++) for (let k = 0; k < K; k++) margins[k] += inputs[j] * weights[j * K + k];
  return margins;
}

// The likeliest class at places of a frame, from the lower left corner, row by row.
function regionsOf(own, [[left, right], [low, high]], columns, rows) {
  const image = new Float32Array(columns * rows);
  for (let row = 0; row < rows; row++) {
    const y = low + ((row + 0.5) * (high - low)) / rows;
    for (let column = 0; column < columns; column++) image[row * columns + column] = likeliest(ownMargins(own, [left + ((column + 0.5) * (right - left)) / columns, y]));
  }
  return image;
}

// The probability of each class over one input, a curve for each.
function chanceCurves(own, places) {
  const all = Array.from(places, (x) => chancesOf(ownMargins(own, [x])));
  return Array.from({ length: own.bias.length }, (_, k) => all.map((chances) => chances[k]));
}

// How much weight of each class (rows) is predicted as which (columns): of all rows where they are here, else of those that are shown.
function confusionOf(payload, over, theta, own) {
  const K = classNames(payload).length, matrix = Array.from({ length: K }, () => new Array(K).fill(0)), { rows } = payload, d = payload.features.length;
  if (over) {
    for (let i = 0; i < over.n; i++) {
      const weight = payload.total_weight * over.share[i];
      const [shares, at] = over.classes > 1 ? [sharesOfRow(over, i), likeliest(marginsOf(over, theta, i))] : [[1 - over.y[i], over.y[i]], Number(marginOf(over, theta, i) > 0)];
      for (let k = 0; k < K; k++) matrix[k][at] += weight * shares[k];
    }
    return matrix;
  }
  if (!rows) return null;
  for (let i = 0; i < rows.count; i++) {
    const inputs = rows.X.subarray(i * d, (i + 1) * d);
    const margins = ownMargins(classCount(payload) > 1 ? own : { weights: own.weights, bias: [own.bias] }, inputs);
    matrix[Math.round(rows.y[i])][margins.length > 1 ? likeliest(margins) : Number(margins[0] > 0)] += 1;
  }
  return matrix;
}

function accuracyOf(matrix) {
  let right = 0, all = 0;
  matrix.forEach((row, k) => row.forEach((weight, at) => { all += weight; if (at === k) right += weight; }));
  return right / all;
}
