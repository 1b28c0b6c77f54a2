// Beginning: where the lab's tables, points and files start: epoch 0, the data's own inputs, a tenth of the limit. A report starts where its run ended.

const FIRST_SHARE = 0.1;

function initialState(payload) {
  const own = stateOfRun(payload);
  if (!payload.id || payload.begins === "own" || payload.run.walk || !payload.spaces.raw) return own;
  const rule = ruleEntry(payload, "gradient"), limit = rule ? safeLimit(payload, own.objective) : Infinity;
  if (!Number.isFinite(limit)) return own;
  return { ...own, rate: Number((FIRST_SHARE * limit).toPrecision(2)), epoch: 0, rule: "gradient", l2: 0, standardize: false };
}

// The learning rate of plain gradient descent that is safe in the data's own inputs: of another loss from any start, where there is one.
function safeLimit({ spaces }, objective) {
  const [block] = spaces.raw.blocks, [largest] = unpacked(block.eigenvalues), { safe = null } = block;
  return Math.min(safe === null ? Infinity : safe, largest > 0 ? 2 / (factorOf(objective) * largest) : Infinity);
}

// A rate as a person would write it: as few digits as cost less than 1% of its speed.
function asWritten(rate, speed) {
  for (let digits = 1; digits < 15; digits++) {
    const written = Number(rate.toPrecision(digits));
    if (speed(written) >= 0.99 * speed(rate)) return written;
  }
  return rate;
}

// The same with three digits, and never above it.
function roundedDown(rate) {
  const unit = 10 ** (Math.floor(Math.log10(rate)) - 2);
  return Number((Math.floor((rate / unit) * (1 + 1e-12)) * unit).toPrecision(3));
}

// How fast the slowest of the outermost modes dies out, as digits an epoch; six digits are all that is asked for.
function speedOf(rule, eigenvalues) {
  const ends = [eigenvalues[0], eigenvalues[eigenvalues.length - 1]];
  return (rate) => Math.min(6, -Math.log10(Math.max(1e-300, ...ends.map((value) => solve({ ...rule, learning_rate: rate }, value).radius))));
}

// The epoch at which the loss looks finished, 99% of what can go being gone, and as long again twice: Play rests there.
function restingPlace({ curves, epochs, problem, last }) {
  const first = curves.loss[0], away = first - problem.floor;
  const at = away > 0 ? curves.loss.findIndex((value) => value - problem.floor <= 0.01 * away) : -1;
  return at < 0 ? last : Math.min(last, Math.max(20, 3 * epochs[at]));
}
