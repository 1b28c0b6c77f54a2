// State: what the reader has chosen, kept in the page's address so that a link leads back to it.

const MOST_EPOCHS = 2 ** 53;
const LOSS_CLASSES = { huber: ["steepest.objectives.losses", "HuberLoss"], quantile: ["steepest.objectives.quantile", "QuantileLoss"] }; // of those with numbers of their own
const MOST_PINS = 5; // as many as the palette tells apart from the other lines

function stateOfRun(payload) {
  const { run } = payload, space = payload.spaces[run.coordinates];
  const own = space.blocks.findIndex((block) => block.l2 === run.l2 / factorOf(run.objective));
  return {
    rate: run.learning_rate === null ? 1 : run.learning_rate, epoch: run.epochs, rule: run.rule, momentum: run.momentum === null ? 0.9 : run.momentum,
    l2: Math.max(0, own), standardize: run.coordinates === "standardized", objective: run.objective, log: true,
  };
}

// A learning rate that slider and map have room for.
function isRate(value) {
  return value >= 1e-300 && value < 1e300;
}

// The settings named in an address: #name=value&name=value, plain words and numbers.
function settingsIn(hash) {
  return new Map(hash.replace(/^#/, "").split("&").map((part) => [part.split("=")[0], part.split("=").slice(1).join("=")]));
}

// Read the part of an address behind #; what is no valid setting is left as it was.
function stateFrom(hash, state, payload) {
  const given = settingsIn(hash), read = { ...state };
  const numeric = (name, valid) => {
    const value = given.get(name) ? Number(given.get(name)) : NaN;
    if (Number.isFinite(value) && valid(value)) read[name] = value;
  };
  numeric("rate", isRate);
  numeric("epoch", (value) => Number.isInteger(value) && value >= 0 && value <= MOST_EPOCHS);
  numeric("momentum", (value) => value >= 0 && value < 1);
  const entry = ruleEntry(payload, given.get("rule"));
  if (entry && entry.kind !== "walked") read.rule = entry.name;
  if (Object.hasOwn(OBJECTIVES, given.get("objective"))) read.objective = given.get("objective");
  for (const name of ["standardize", "log"]) if (["0", "1"].includes(given.get(name))) read[name] = given.get(name) === "1";
  const { blocks } = payload.spaces[read.standardize ? "standardized" : "raw"] || payload.spaces[payload.run.coordinates];
  numeric("l2", (value) => Number.isInteger(value) && value >= 0 && value < blocks.length);
  read.l2 = Math.min(read.l2, blocks.length - 1);
  return settled(read, payload);
}

// Of a run without formula only the epoch can be chosen, from those that were kept; everything else is the run's own.
// Another loss than squares is walked up to some epoch, and stays what it is.
function settled(state, { run, ...payload }, from = 0) {
  if (!run.walk) return payload.over ? { ...state, objective: run.objective, epoch: Math.min(state.epoch, payload.over.most_epochs) } : state;
  return { ...stateOfRun({ run, ...payload }), epoch: walkedEpoch(run.walk, state.epoch, from), log: state.log };
}

function hashOf(state) {
  const values = Object.entries(state).map(([name, value]) => [name, typeof value === "boolean" ? Number(value) : value]);
  return `#${values.map(([name, value]) => `${name}=${value}`).join("&")}`;
}

// A pinned setting within an address: the same words, with other marks between them.
function pinText({ log, ...setting }) {
  return hashOf(setting).slice(1).replace(/=/g, ":").replace(/&/g, ";");
}

// The pinned settings that an address names, as many as are shown; each is read as a setting is.
function pinsFrom(hash, state, payload) {
  const texts = hash.replace(/^#/, "").split("&").filter((part) => part.startsWith("pin=")).map((part) => part.slice(4));
  const named = texts.filter((text) => /^[\w.:;+-]+$/.test(text)).slice(0, MOST_PINS);
  return named.map((text) => stateFrom(`#${text.replace(/;/g, "&").replace(/:/g, "=")}`, state, payload));
}

// Everything that a link leads back to: data set, setting, pinned settings, step of the tour.
function addressOf(set, state, pins, step) {
  const more = [set ? `set=${encodeURIComponent(set)}` : "", ...pins.map((pin) => `pin=${pinText(pin)}`), step === null ? "" : `tour=${step + 1}`];
  return [hashOf(state), ...more.filter(Boolean)].join("&");
}

// The rule in force: one without a rate takes its steps from the modes, or from the run's own interval.
function ruleOf(state, problem) {
  const { run } = problem.payload, entry = ruleEntry(problem.payload, state.rule);
  const rule = { ...entry, learning_rate: state.rate, momentum: entry.takes_momentum ? state.momentum : 0, walk: run.walk };
  if (entry.kind !== "chebyshev") return rule;
  const values = problem.eigenvalues, largest = values.length ? values[0] : 1, smallest = values.length ? values[values.length - 1] : 0.5;
  const own = run.coordinates === problem.name && run.objective === problem.objective && run.l2 === problem.l2;
  const interval = own && run.interval ? run.interval : [Math.min(smallest, largest * (1 - 1e-9)), largest * (1 + 10 * AT_LIMIT)];
  return { ...rule, learning_rate: 2 / (interval[0] + interval[1]), interval };
}

// The rule with its numbers as arguments of steepest.descend: by its name, or as an object where it has none there.
function ruleAsPython({ payload, state }) {
  const { python, takes_rate: rate, takes_momentum: momentum } = ruleEntry(payload, state.rule);
  const numbers = [...(rate ? [`learning_rate=${state.rate}`] : []), ...(momentum ? [`momentum=${state.momentum}`] : [])];
  if (python === null) return [`rule="${state.rule}"`, ...numbers];
  return [`rule=${python.endsWith(")") ? python : `${python}(${numbers.join(", ")})`}`];
}

// The setting as arguments of steepest.descend.
function settingsAsPython({ payload, state, problem }) {
  const settings = ruleAsPython({ payload, state });
  settings.push(`epochs=${state.epoch}`, `l2=${problem.l2}`, payload.over ? lossAsPython(payload.over) : `objective="${state.objective}"`);
  return [...settings, `standardize=${state.standardize ? "True" : "False"}`, `fit_intercept=${payload.fit_intercept ? "True" : "False"}`];
}

function lossAsPython({ loss, numbers }) {
  return LOSS_CLASSES[loss] ? `loss=${LOSS_CLASSES[loss][1]}(${Object.values(numbers).join(", ")})` : `loss="${loss}"`;
}

// How far a kink is smoothed follows from the table.
function lossAsOptions({ loss, numbers }) {
  return [`--loss ${loss}`, ...Object.entries(numbers).filter(([name]) => name !== "smoothing").map(([name, value]) => `--${name} ${value}`)].join(" ");
}

// Where the data comes from, as lines of Python and as first arguments of steepest.descend.
function dataAsPython(payload) {
  const { table, points } = payload;
  if (payload.recipe) return [[`data = ${payload.recipe}`], ["data.X", "data.y", "features=data.features", "target=data.target"]];
  if (table && table.test_size && payload.over) return labelsAsPython(payload, table);
  if (table) return [tableAsPython(payload, table), ["data"]];
  if (points) {
    const pairs = points.map(([x, y]) => `(${x}, ${y})`).join(", "), powers = payload.features.map((_, k) => (k ? `x**${k + 1}` : "x")).join(", ");
    return [[`points = [${pairs}]`, `X = [[${powers}] for x, _ in points]`, "y = [y for _, y in points]"], ["X", "y"]];
  }
  return [["# data: a file, a data frame or a triangle"], ["data", `target=${pythonText(payload.target)}`]];
}

// Labels need their rows again, those that are not held out.
function labelsAsPython(payload, table) {
  const [source] = tableAsPython(payload, { ...table, test_size: 0 });
  const lines = ["from steepest.data.split import Share", "from steepest.summaries.summarize import read", "", source.replace("data =", "source ="), `share = Share(${table.test_size}, ${table.seed})`];
  return [lines, ["read(source, share).triangle", "rows=lambda: (batch.take(~share.holds_out(batch.positions)) for batch in source.batches())"]];
}

function tableAsPython(payload, { name, options, test_size: share, seed }) {
  const labels = classNames(payload).length > 1 ? { loss: payload.over.loss } : {};
  const given = [fileText(name), ...Object.entries({ target: payload.target, ...options, ...labels }).map(([key, value]) => `${key}=${pythonValue(value)}`)];
  if (name.endsWith(".triangle")) return [`data = steepest.summarize(${[pythonText(fileText(name)), ...given.slice(1)].join(", ")})`];
  const source = `steepest.open_source(${[pythonText(given[0]), ...given.slice(1)].join(", ")})`;
  return share ? ["from steepest.data.split import Share", "from steepest.summaries.summarize import read", "", `data = read(${source}, Share(${share}, ${seed})).triangle`] : [`data = ${source}`];
}

function asPython(payload, state, problem) {
  const [lines, given] = dataAsPython(payload), settings = [...given, ...settingsAsPython({ payload, state, problem })];
  const named = payload.over && LOSS_CLASSES[payload.over.loss] ? `from ${LOSS_CLASSES[payload.over.loss].join(" import ")}\n` : "";
  return `import steepest\n${named}\n${lines.join("\n")}\nrun = steepest.descend(\n    ${settings.join(",\n    ")},\n)\nprint(run.verdict)`;
}

// Options of steepest fit that name the table's columns and how it is read.
function tableAsOptions({ options, test_size: share, seed }) {
  const said = Object.entries(options).flatMap(([key, value]) => {
    if (key === "target") return [];
    if (key === "interactions") return value.map((pair) => `--interactions ${shellText(pair.join(":"))}`);
    if (value === true) return [`--${key.replaceAll("_", "-")}`];
    return [`--${key} ${shellText(Array.isArray(value) ? value.map(csvText).join(",") : String(value))}`];
  });
  return [...said, ...(share ? [`--test-size ${share} --seed ${seed}`] : [])];
}

function asCommand(payload, state, problem) {
  const { table } = payload, options = [`--target ${shellText(table?.options.target ?? payload.target)}`, ...(table ? tableAsOptions(table) : [])];
  const entry = ruleEntry(payload, state.rule);
  options.push(`--rule ${state.rule}`);
  if (entry.takes_rate) options.push(`--learning-rate ${state.rate}`);
  if (entry.takes_momentum) options.push(`--momentum ${state.momentum}`);
  options.push(`--epochs ${state.epoch}`, `--l2 ${problem.l2}`, payload.over ? lossAsOptions(payload.over) : `--objective ${state.objective}`);
  options.push(state.standardize ? "--standardize" : "--no-standardize");
  if (!payload.fit_intercept) options.push("--no-intercept");
  return `steepest fit ${table ? shellText(fileText(table.name)) : "DATA"} ${options.join(" ")}`;
}
