// Loss verdict: what is said of a run on another loss than squares. Of the run that was given it is the library's verdict; of any
// other setting, what the limits say of it and what is left.

function isGiven({ payload, name, l2, factor }, rule, k) {
  const { run } = payload, same = (one, other) => one === null || one === other;
  return k === run.epochs && name === run.coordinates && l2 === run.l2 * factor && rule.name === run.rule && (rule.kind === "walked" || (same(run.learning_rate, rule.learning_rate) && same(run.momentum, rule.momentum)));
}

function lossVerdict(problem, rule, modes, k) {
  const { payload, eigenvalues, settled, safe } = problem, walked = rule.kind === "walked", rate = rule.learning_rate;
  const limit = walked || !eigenvalues.length ? Infinity : stabilityLimit(rule, eigenvalues[0]);
  const left = Math.max(largestLeft(modes, k), walked || k >= payload.over.most_epochs ? 0 : largestLeft(modes, k + 1));
  const stable = rate < limit * (1 - AT_LIMIT), needed = walked || !settled ? null : arrival(problem, rule, modes, stable);
  const verdict = { limit, left, needed, best: bestOf(problem, rule), advice: "" };
  if (isGiven(problem, rule, k)) return { ...verdict, kind: payload.run.verdict.kind, sentence: payload.run.verdict.sentence };
  if (walked) return { ...walkedVerdict(problem, modes, k), ...verdict, kind: payload.run.verdict.kind };
  const finite = modes.path.at(k).every(Number.isFinite), told = finite ? whatIsLeft(problem, modes, k, left) : `By epoch ${grouped(k)} the numbers are too large to hold.`;
  const kind = !settled ? "separable" : !finite ? "diverges" : left <= CONVERGED ? "converged" : stable ? "unfinished" : "unsettled";
  return { ...verdict, kind, sentence: told, advice: finite && left <= CONVERGED && settled ? "" : limitsSay(rule, limit, safe, settled, stable, soonSays(needed, drawnTo(payload))) };
}

// The first epoch that is within a millionth of the way to the minimum: on the path as far as the page draws it, and of plain gradient
// descent beyond that by the modes at the minimum. null where that is not known, or there is none.
//   ‖theta_k − minimum‖ ≤ tolerance ‖theta_0 − minimum‖              Σ (e_i (1 − ηλ_i)^j)² ≤ tolerance² ‖theta_0 − minimum‖²,  k = last + j
function arrival(problem, rule, modes, stable) {
  const { path } = modes, last = drawnTo(problem.payload), goal = CONVERGED * awayOn(problem, path, 0);
  if (path.arrival !== undefined) return path.arrival; // an epoch slider asks again and again
  for (let k = 0; k <= last; k++) if (awayOn(problem, path, k) <= goal) return (path.arrival = k);
  if (!stable || rule.kind !== "power") return (path.arrival = null);
  const rest = modes.map((mode, i) => problem.ways[i] * leftOnPath(mode, last));
  const within = (j) => Math.hypot(...modes.map(({ ahead }, i) => rest[i] * residual(ahead, j))) <= goal;
  let low = 0, high = 1;
  while (!within(high)) { low = high; high *= 2; if (high > MOST_EPOCHS) return (path.arrival = null); }
  while (high - low > 1) { const middle = Math.floor((low + high) / 2); if (within(middle)) high = middle; else low = middle; }
  return (path.arrival = last + high);
}

function awayOn({ limit }, path, k) {
  return Math.hypot(...path.at(k).map((value, j) => value - limit[j]));
}

// The last epoch that the pictures show of a run over rows, unless a later one is asked for.
function drawnTo({ over, run }) {
  return Math.min(over.most_epochs, Math.max(1000, 20 * run.epochs));
}

function whatIsLeft(problem, modes, k, left) {
  if (!problem.settled) return `After ${epochsInWords(k)} the loss is ${number(modes.path.loss(k))}; it has no minimum here, so the weights go on growing.`;
  if (left <= CONVERGED) return `Converged: after ${epochsInWords(k)} ${leftOver(left)}.`;
  const [part, share] = mostMissing(problem, modes, k);
  return share > 1 ? `After ${epochsInWords(k)} ${part} is ${number(share, 3)} times as far from the minimum as at the start.` : `After ${epochsInWords(k)} ${percent(share)} of ${part} is still missing.`;
}

function soonSays(needed, last) {
  if (needed === null) return "";
  return needed <= last ? ` All but a millionth of the way is done after ${epochsInWords(needed)}.` : ` By the modes at the minimum all but a millionth of the way is done after about ${epochsInWords(needed)}.`;
}

// What the two limits say of a learning rate. The global one is of plain gradient descent.
function limitsSay(rule, limit, safe, settled, stable, soon) {
  const rate = number(rule.learning_rate), plain = rule.kind === "power" && safe !== null;
  if (!settled) return plain && rule.learning_rate < safe ? `The learning rate ${rate} is below the global limit ${number(safe)}: the loss falls at every epoch, forever. A penalty l2 gives it a minimum.` : "A penalty l2 gives the loss a minimum.";
  if (!stable) return `The learning rate ${rate} is above the local limit ${number(limit)}: the run does not settle at the minimum.`;
  if (plain && rule.learning_rate <= safe) return `The learning rate ${rate} is below the global limit ${number(safe)}: the run comes to the minimum from any start.${soon}`;
  const where = plain ? `between the global limit ${number(safe)} and the local limit ${number(limit)}` : `below the local limit ${number(limit)}`;
  return `The learning rate ${rate} is ${where}: the run comes to the minimum once it is near.${soon}`;
}

// The best constant learning rate: of plain gradient descent on another loss no more than is safe from any start.
function bestOf(problem, rule) {
  if (!problem.payload.over) return bestRate(rule, problem.eigenvalues);
  if (!problem.eigenvalues.length) return NaN;
  return rule.kind === "power" ? problem.best[rule.name]?.learning_rate ?? NaN : bestRate(rule, problem.eigenvalues);
}
