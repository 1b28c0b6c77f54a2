// Path scales: numbers of the payload, and where they stand in a picture. Pure functions.

function decoded(text) {
  return new Float64Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
}

// From the largest penalty at the left to the smallest at the right, on a log scale.
function penaltyScale(first, last, width) {
  const [high, low] = first === last ? [first * 1.25, last / 1.25] : [first, last];
  const from = Math.log(high), length = from - Math.log(low);
  return { high, low, at: (penalty) => (width * (from - Math.log(penalty))) / length, value: (x) => Math.exp(from - (x / width) * length) };
}

// Round penalties on the axis, the finest of some ways of which at most `most` are there.
function penaltyTicks(high, low, most) {
  const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high));
  for (const [every, steps] of [[1, [1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9]], [1, [1, 2, 5]], [1, [1, 3]], [1, [1]], [2, [1]], [5, [1]]]) {
    const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i).filter((power) => power % every === 0);
    const ticks = powers.flatMap((power) => steps.map((step) => Number(`${step}e${power}`)));
    const inside = ticks.filter((tick) => tick <= high * 1.0000001 && tick >= low * 0.9999999);
    if (inside.length <= most) return inside;
  }
  return [];
}

// Round numbers between two: 1, 2 or 5 times a power of ten apart.
function evenTicks(low, high, most) {
  const rough = (high - low) / most, size = 10 ** Math.floor(Math.log10(rough));
  const step = size * ([1, 2, 5, 10].find((part) => part * size >= rough) || 10);
  if (!(step > 0) || !Number.isFinite(step)) return [low];
  const ticks = [];
  for (let count = Math.ceil(low / step - 1e-9); count * step <= high + 1e-9 * step && ticks.length <= 2 * most; count++) ticks.push(count * step);
  return ticks;
}

// What each tick is called: as many digits as tell neighbours apart, and no more.
function tickNames(ticks) {
  for (let digits = 1; digits < 15; digits++) {
    const names = ticks.map((tick) => number(Number(tick.toPrecision(12)), digits));
    const exact = ticks.every((tick, at) => Math.abs(Number(names[at].replace(/,/g, "")) - tick) <= 1e-9 * Math.max(...ticks.map(Math.abs)));
    if (exact) return names;
  }
  return ticks.map((tick) => number(tick));
}

// The range of some numbers with a margin, NaN left out.
function rangeOf(lists) {
  let low = Infinity, high = -Infinity;
  for (const list of lists) for (const value of list) if (Number.isFinite(value)) { low = Math.min(low, value); high = Math.max(high, value); }
  if (low > high) return [0, 1];
  const margin = 0.05 * (high - low) || 0.5 * Math.abs(high) || 1;
  return [low - margin, high + margin];
}

// A line without its stretches along 0, which would cover the axis; it still starts and ends at 0.
function whereInUse(values) {
  return values.map((value, at) => (value === 0 && !(values[at - 1] || 0) && !(values[at + 1] || 0) ? NaN : value));
}

// The stops before and after at which other inputs are in use.
function changes(paths, stop) {
  const used = (at) => paths.inUse(at).join();
  const now = used(stop);
  let before = stop - 1, after = stop + 1;
  while (before > 0 && used(before) === now) before--;
  while (after < paths.stops - 1 && used(after) === now) after++;
  return { before: before < 0 ? null : before, after: after >= paths.stops ? null : after };
}

// The payload with its numbers decoded, and what is asked of it.
function pathOf(payload) {
  const penalties = decoded(payload.penalties), all = decoded(payload.coefficients), d = payload.features.length;
  const deviations = decoded(payload.deviations), { places, in_use, no_criterion, ...packedColumns } = payload.stops;
  const known = Object.fromEntries(Object.entries(packedColumns).map(([name, text]) => [name, decoded(text)]));
  const coefficient = (at, j) => all[at * d + j];
  const atStop = (stop, j) => coefficient(places[stop], j);
  return {
    payload, penalties, deviations, places, known, d, coefficient, atStop,
    stops: places.length, counts: in_use, noCriterion: no_criterion,
    penaltyAt: (stop) => penalties[places[stop]],
    inUse: (stop) => [...Array(d).keys()].filter((j) => atStop(stop, j) !== 0),
    column: (j, scale) => Array.from(penalties, (_, at) => coefficient(at, j) * (scale ? deviations[j] : 1)),
  };
}
