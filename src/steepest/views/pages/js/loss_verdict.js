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
  const stable = rate < limit * (1 - AT_LIMIT), ahead = modes.map((mode) => mode.ahead);
  const needed = walked || !settled ? null : firstEpoch(problem.ahead && problem.ahead.key === rateKey(rule) ? problem.ahead.modes : keepAhead(problem, rule, ahead), CONVERGED, stable);
  const verdict = { limit, left, needed, best: bestOf(problem, rule), advice: "" };
  if (isGiven(problem, rule, k)) return { ...verdict, kind: payload.run.verdict.kind, sentence: payload.run.verdict.sentence };
  if (walked) return { ...walkedVerdict(problem, modes, k), ...verdict, kind: payload.run.verdict.kind };
  const finite = modes.path.at(k).every(Number.isFinite), told = finite ? whatIsLeft(problem, modes, k, left) : `By epoch ${grouped(k)} the numbers are too large to hold.`;
  const kind = !settled ? "separable" : !finite ? "diverges" : left <= CONVERGED ? "converged" : stable ? "unfinished" : "unsettled";
  return { ...verdict, kind, sentence: told, advice: finite && left <= CONVERGED && settled ? "" : limitsSay(rule, limit, safe, settled, stable, needed) };
}

// An epoch slider asks again and again: the same array lets the search for the first epoch be kept.
function keepAhead(problem, rule, modes) {
  problem.ahead = { key: rateKey(rule), modes };
  return modes;
}

function rateKey({ name, learning_rate: rate, momentum }) {
  return `${name} ${rate} ${momentum}`;
}

function whatIsLeft(problem, modes, k, left) {
  if (!problem.settled) return `After ${epochsInWords(k)} the loss is ${number(modes.path.loss(k))}; it has no minimum here, so the weights go on growing.`;
  if (left <= CONVERGED) return `Converged: after ${epochsInWords(k)} ${leftOver(left)}.`;
  const [part, share] = mostMissing(problem, modes, k);
  return share > 1 ? `After ${epochsInWords(k)} ${part} is ${number(share, 3)} times as far from the minimum as at the start.` : `After ${epochsInWords(k)} ${percent(share)} of ${part} is still missing.`;
}

// What the two limits say of a learning rate. The global one is of plain gradient descent.
function limitsSay(rule, limit, safe, settled, stable, needed) {
  const rate = number(rule.learning_rate), plain = rule.kind === "power" && safe !== null;
  if (!settled) return plain && rule.learning_rate < safe ? `The learning rate ${rate} is below the global limit ${number(safe)}: the loss falls at every epoch, for ever. A penalty l2 gives it a minimum.` : "A penalty l2 gives the loss a minimum.";
  if (!stable) return `The learning rate ${rate} is above the local limit ${number(limit)}: the run does not settle at the minimum.`;
  const soon = needed === null ? "" : ` By the modes at the minimum a millionth is left after about ${epochsInWords(needed)}.`;
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
