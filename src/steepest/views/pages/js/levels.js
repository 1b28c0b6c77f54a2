// Levels: the lines of the same loss over two parameters, of a loss whose lines are no ellipses.

// What the loss of parameters i and j is above the minimum, the others there, d away from it.
function heightOver({ over, limit, floor }, i, j) {
  const margins = Array.from({ length: over.n }, (_, row) => (over.classes > 1 ? marginsOf : marginOf)(over, limit, row)), K = over.classes;
  const input = (row, at) => over.U[row * over.inputs + Math.floor(at / K)];
  const moved = (row, x, y) => {
    if (K === 1) return margins[row] + input(row, i) * x + input(row, j) * y;
    const all = margins[row].slice();
    all[i % K] += input(row, i) * x;
    all[j % K] += input(row, j) * y;
    return all;
  };
  let rest = 0;
  for (let at = over.first; at < over.p; at++) rest += (over.l2 / 2) * limit[at] ** 2;
  const bent = (at, d) => (at < over.first ? 0 : (over.l2 / 2) * d * (2 * limit[at] + d));
  return (x, y) => {
    let sum = rest + bent(i, x) + bent(j, y) - floor;
    for (let row = 0; row < over.n; row++) sum += over.share[row] * valueAtMargin(over, moved(row, x, y), row);
    return sum;
  };
}

// Rays from the minimum to the edges, evenly spread where the lines near it are circles: H = C Cᵀ, d = C⁻ᵀ (cos t, sin t).
function raysOver({ r, directions, eigenvalues }, i, j, [wide, high], turns) {
  const bend = (a, b) => Array.from(eigenvalues).reduce((sum, value, k) => sum + value * directions[a * r + k] * directions[b * r + k], 0);
  const first = Math.sqrt(bend(i, i)), across = bend(i, j) / first, second = Math.sqrt(bend(j, j) - across * across);
  return Array.from({ length: turns + 1 }, (_, turn) => {
    const c = Math.cos((2 * Math.PI * turn) / turns), y = Math.sin((2 * Math.PI * turn) / turns) / second, x = (c - across * y) / first;
    const far = Math.min(wide / Math.abs(x), high / Math.abs(y));
    return [far * x, far * y];
  });
}

const RAY_STEPS = 24;

// Lines of the same loss over parameters i and j, the others at the minimum: along a ray from there a convex loss only rises.
function levelLines(problem, i, j, goal, range) {
  const height = heightOver(problem, i, j), root = (x, y) => Math.sqrt(Math.max(0, height(x, y)));
  const corners = range[0].flatMap((x) => range[1].map((y) => root(x - goal[0], y - goal[1]))), top = Math.max(...corners.filter(Number.isFinite));
  const rays = raysOver(problem, i, j, range.map(([low, high]) => high - low), problem.over.n > 1000 ? 36 : 90);
  const along = rays.map(([x, y]) => Array.from({ length: RAY_STEPS + 1 }, (_, s) => root((x * s) / RAY_STEPS, (y * s) / RAY_STEPS)));
  return Array.from({ length: 12 }, (_, level) => {
    const wanted = top * ((level + 1) / 12) ** 1.5; // denser towards the bottom
    const at = along.map((roots) => placeOnRay(roots, wanted) / RAY_STEPS);
    return { xs: rays.map(([x], turn) => goal[0] + at[turn] * x), ys: rays.map(([, y], turn) => goal[1] + at[turn] * y) };
  });
}

// Where the root of the height, nearly straight, reaches a value; NaN, which is not drawn, where it does not.
function placeOnRay(roots, wanted) {
  const s = roots.findIndex((value) => value >= wanted);
  return s < 1 || !Number.isFinite(roots[s]) ? NaN : s - (roots[s] - wanted) / (roots[s] - roots[s - 1]);
}
