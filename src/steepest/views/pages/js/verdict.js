// Verdict: one sentence with numbers about the run at the chosen epoch, decided from its modes; as verdict.py says it.

const CONVERGED = 1e-6; // share of its start error that every mode must be within
const CRAWLS = 100; // a run that needs more than so many times its epochs crawls
const SCANNED = 300000; // mode-epochs looked at one by one for the first epoch within the tolerance

function largestLeft(modes, k) {
  let largest = 0;
  for (const mode of modes) {
    const left = Math.abs(residual(mode, k));
    largest = Number.isNaN(left) ? Infinity : Math.max(largest, left);
  }
  return largest;
}

// The first epoch at which every mode is within the tolerance, or null. Momentum swings: where the bound from above and
// the first epochs leave too much to look at, it is the epoch from which on all stay within it.
function firstEpoch(modes, tolerance, stable) {
  if (!modes.length) return 0;
  if (!stable) return null;
  if (!known.has(modes)) known.set(modes, searchFirstEpoch(modes, tolerance));
  return known.get(modes);
}

const known = new WeakMap(); // an epoch slider asks again and again for the same modes

function searchFirstEpoch(modes, tolerance) {
  const above = (k) => modes.reduce((largest, mode) => Math.max(largest, bound(mode, k)), 0);
  let high = 1;
  while (!(above(high) <= tolerance)) {
    high *= 2;
    if (high > 1e60) return null;
  }
  let low = 0;
  while (high - low > Math.max(1, high / 2 ** 52)) {
    const middle = Math.floor((low + high) / 2);
    if (above(middle) <= tolerance) high = middle; else low = middle;
  }
  if (modes[0].kind === "power" || high * modes.length > SCANNED) return high;
  for (let k = 1; k < high; k++) if (largestLeft(modes, k) <= tolerance) return k;
  return high;
}

// { kind, sentence, advice } of a run that ends at epoch k.
function verdictOf(problem, rule, modes, k) {
  if (modes.path) return lossVerdict(problem, rule, modes, k);
  if (rule.kind === "walked") return walkedVerdict(problem, modes, k);
  const largest = problem.eigenvalues[0], limit = modes.length ? stabilityLimit(rule, largest) : Infinity;
  const rate = rule.learning_rate, left = Math.max(largestLeft(modes, k), largestLeft(modes, k + 1));
  const stable = rate < limit * (1 - AT_LIMIT), needed = firstEpoch(modes, CONVERGED, stable);
  const kind = rate > limit * (1 + AT_LIMIT) ? "diverges" : !stable ? "oscillates" : left <= CONVERGED ? "converged"
    : needed === null || needed > CRAWLS * Math.max(k, 1) ? "crawls" : "unfinished";
  const verdict = { kind, limit, left, needed, best: bestRate(rule, problem.eigenvalues) };
  return { ...verdict, sentence: sentenceOf(problem, rule, modes, k, verdict), advice: adviceOf(problem, rule, verdict) };
}

// Of a run without formula: what was said of it at its end, and before it what is left.
function walkedVerdict({ payload }, modes, k) {
  const { kind, sentence } = payload.run.verdict, left = largestLeft(modes, k);
  const before = k === payload.run.epochs ? "" : `After ${epochsInWords(k)} the largest share of its starting error that a mode still has is ${percent(left)}. At the end: `;
  return { kind, sentence: before + sentence, advice: "", limit: Infinity, left, needed: null, best: NaN };
}

// What is left of the starting errors, at most.
function leftOver(share) {
  return share === 0 ? "nothing is left of the starting error" : `no mode has more than ${general(share, 2)} of its starting error left`;
}

function sentenceOf(problem, rule, modes, k, { kind, limit, left, needed }) {
  const rate = rule.learning_rate;
  if (kind === "converged") return `Converged: after ${epochsInWords(k)} ${leftOver(left)}.`;
  if (kind === "oscillates") {
    return `Oscillates: the learning rate ${number(rate)} is exactly the stability limit, so the steepest mode oscillates forever without shrinking.`;
  }
  if (kind === "diverges") {
    const growth = Math.max(...modes.map((mode) => mode.radius)) - 1;
    const words = growth < 1 ? `by ${percent(growth)}` : `${number(growth + 1, 4)}-fold`;
    const gone = Number.isFinite(lossAt(problem, errors(problem, shares(modes, k)))) ? "" : `; by epoch ${grouped(k)} the numbers are too large to hold`;
    return `Diverges: the learning rate ${number(rate)} is above the stability limit ${number(limit)}, so the steepest mode grows ${words} per epoch${gone}.`;
  }
  const [part, share] = mostMissing(problem, modes, k);
  return `${kind === "unfinished" ? "Unfinished" : "Crawls"}: ${percent(share)} of ${part} is still missing after ${epochsInWords(k)}; ` +
    `shrinking every mode's error to a millionth of its starting value takes ${epochsInWords(needed)} at this learning rate ` +
    `(${number(rate)}, ${percent(rate / limit)} of the stability limit ${number(limit)}).`;
}

// What to change, and what that would give.
function adviceOf(problem, rule, { kind, best }) {
  if (kind === "converged" || !rule.takes_rate) return "";
  const key = `${rule.name} ${rule.momentum}`; // the best rate depends on nothing else
  problem.bestModes = problem.bestModes && problem.bestModes.key === key ? problem.bestModes : { key, modes: solveAll(problem, { ...rule, learning_rate: best }) };
  const advice = `The best constant rate here is ${number(best)}, which needs ${epochsInWords(firstEpoch(problem.bestModes.modes, CONVERGED, true))}.`;
  const standard = problem.payload.spaces.standardized.blocks.find((block) => block.l2 === 0);
  if (problem.name === "standardized" || problem.l2 || !standard || standard.condition_number > problem.condition / 2) return advice;
  const values = Array.from(unpacked(standard.eigenvalues)), rate = bestRate(PLAIN, values);
  const there = values.map((value) => solve({ ...PLAIN, learning_rate: rate }, value));
  const count = firstEpoch(there, CONVERGED, true);
  return `${advice} Standardizing the inputs reduces the condition number from ${number(problem.condition)} to ` +
    `${number(standard.condition_number)}, so ${count === 1 ? "one epoch is" : `${epochsInWords(count)} are`} enough.`;
}

// The parameter that the slowest mode is mostly made of, and the share of its way still to go, in the data's own units, or in the
// inputs in force where a large part of it hides in those what is missing.
function mostMissing(problem, modes, k) {
  const left = modes.map((mode) => Math.abs(residual(mode, k)));
  const slowest = left.indexOf(Math.max(...left)), { directions, r, p, payload } = problem;
  let parameter = 0;
  for (let j = 1; j < p; j++) if (Math.abs(directions[j * r + slowest]) > Math.abs(directions[parameter * r + slowest])) parameter = j;
  const K = classCount(payload), place = parameter + (payload.fit_intercept ? 0 : K), feature = Math.floor(place / K) - 1;
  const own = (theta) => coefficientsOf(inOwnUnits(problem, theta))[place], of = K > 1 ? ` for '${classNames(payload)[place % K]}'` : "";
  const thetas = [problem.space.start, parametersAt(problem, modes, k), problem.limit];
  for (const [part, where] of [[own, ""], [(theta) => theta[parameter], ` in ${problem.name} inputs`]]) {
    const [start, now, goal] = thetas.map(part), share = Math.abs((goal - now) / (goal - start));
    if (share > left[slowest] / 2 && share <= 1) return [(feature < 0 ? "the bias" : `the weight of '${payload.features[feature]}'`) + of + where, share];
  }
  return ["the slowest mode", left[slowest]];
}
