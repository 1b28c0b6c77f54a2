// Path main: the page of a path: its slider, its two pictures, its table.

const payload = JSON.parse(byId("payload").textContent);
const path = pathOf(payload);
const NAMED = payload.colors.length;
let stop = 0, cursors = [];

// Inputs that have a color of their own: those whose coefficient per standard deviation gets largest.
function colorsOfInputs() {
  const largest = [...Array(path.d).keys()].map((j) => [j, Math.max(...path.column(j, true).map(Math.abs))]);
  largest.sort((one, other) => other[1] - one[1]);
  return new Map(largest.slice(0, NAMED).map(([j], at) => [j, payload.colors[at]]));
}

const colors = colorsOfInputs();

function legend(id, entries) {
  byId(id).replaceChildren(...entries.map(([color, text]) => {
    const item = document.createElement("li"), swatch = document.createElement("i");
    if (color.startsWith("#")) swatch.style.background = color; else swatch.className = color;
    item.append(swatch, text);
    return item;
  }));
}

// Numbers of inputs above the axis, at about every 60 pixels.
function countsAbove(place) {
  const most = Math.max(3, Math.floor(place.clientWidth / 60)), first = Math.log(path.penaltyAt(0)), last = Math.log(path.penaltyAt(path.stops - 1));
  const wanted = Array.from({ length: most }, (_, i) => first + ((last - first) * i) / (most - 1));
  const nearest = wanted.map((value) => [...Array(path.stops).keys()].reduce((best, at) => (Math.abs(Math.log(path.penaltyAt(at)) - value) < Math.abs(Math.log(path.penaltyAt(best)) - value) ? at : best), 0));
  return [...new Set(nearest)].map((at) => [path.penaltyAt(at), grouped(path.counts[at])]);
}

function markLines() {
  return payload.marks.map((mark) => ({ penalty: path.penaltyAt(mark.stop), second: mark.name === "one standard error" }));
}

function markLegend() {
  const same = payload.marks.length > 1 && payload.marks[0].stop === payload.marks[1].stop;
  const shown = same ? [{ ...payload.marks[0], name: "best, and one standard error" }, ...payload.marks.slice(2)] : payload.marks;
  return shown.map((mark) => [mark.name === "one standard error" ? "dotted" : "dashed", `${mark.name}: ${number(path.penaltyAt(mark.stop), 4)}`]);
}

function drawCoefficients() {
  const place = byId("coefficients"), scaled = byId("per-deviation").checked;
  const order = [...Array(path.d).keys()].sort((i, j) => colors.has(i) - colors.has(j));
  const lines = order.map((j) => ({ penalties: path.penalties, values: whereInUse(path.column(j, scaled)), color: colors.get(j) }));
  const label = scaled ? "change per standard deviation" : "in the data's own units";
  const given = { penalties: path.penalties, lines, band: null, marks: markLines(), counts: countsAbove(place), label };
  const move = drawChart(place, given, goNear);
  cursors[0] = () => move(path.penaltyAt(stop), []);
  const rest = path.d - colors.size;
  legend("coefficients-legend", [...[...colors].map(([j, color]) => [color, payload.features[j]]), ...(rest > 0 ? [["faint", `${grouped(rest)} more`]] : []), ...markLegend(), ["pick", "this penalty"]]);
}

// What the second picture shows: held-out error, or AIC and BIC, or the error on the rows learned from.
function errorPicture() {
  const { known } = path, at = Array.from(path.places, (place) => path.penalties[place]), [blue, green] = payload.colors, measure = payload.measure;
  const only = (values) => {
    const seen = [...values.keys()].filter((i) => Number.isFinite(values[i]));
    return { penalties: seen.map((i) => at[i]), values: seen.map((i) => values[i]), seen };
  };
  if (payload.folds) {
    const held = only(known.held), spread = held.seen.map((i) => known.spread[i]), wide = spread.some(Number.isFinite);
    const band = wide ? { ...held, low: held.values.map((value, i) => value - spread[i]), high: held.values.map((value, i) => value + spread[i]), color: blue } : null;
    return { title: `Held-out ${measure}`, label: measure, lines: [{ ...held, color: blue }], band, shown: [known.held],
      legend: [[blue, `held-out ${measure}${wide ? " with a band of one standard error" : ""}`]],
      said: payload.folds > 1 ? `Mean over ${payload.folds} folds: each predicts rows that it has not seen.` : "Rows that the model has not seen." };
  }
  if (known.bic) return { title: "AIC and BIC", label: "criterion", lines: [{ ...only(known.aic), color: green }, { ...only(known.bic), color: blue }], band: null, shown: [known.aic, known.bic],
    legend: [[green, `AIC, smallest at penalty ${least(known.aic)}`], [blue, `BIC, smallest at penalty ${least(known.bic)}`]],
    said: "No row was held out. Both criteria add a price for each input to the error on the rows learned from: the smallest is best." };
  return { title: `${measure} on the rows learned from`, label: measure, lines: [{ ...only(known.error), color: blue }], band: null, shown: [known.error],
    legend: [[blue, `${measure} on the rows learned from`]],
    said: `No row was held out, and a smaller penalty always fits these rows better: this picture chooses no penalty. No AIC or BIC: ${path.noCriterion}` };
}

function least(values) {
  return number(path.penaltyAt(values.reduce((best, value, at) => (value < values[best] ? at : best), 0)), 4);
}

function drawErrors() {
  const place = byId("errors"), picture = errorPicture();
  const given = { penalties: path.penalties, lines: picture.lines, band: picture.band, marks: markLines(), counts: countsAbove(place), label: picture.label };
  const move = drawChart(place, given, goNear);
  cursors[1] = () => move(path.penaltyAt(stop), picture.shown.map((values) => values[stop]));
  setText("errors-title", picture.title);
  place.setAttribute("aria-label", `Chart: ${picture.title} over the penalty`);
  legend("errors-legend", [...picture.legend, ...markLegend(), ["pick", "this penalty"]]);
  setText("errors-said", picture.said);
}

function go(to) {
  stop = Math.min(path.stops - 1, Math.max(0, to));
  byId("penalty").value = stop;
  sayModel(path, stop);
  showModel(path, stop, colors);
  for (const move of cursors) move();
  const { before, after } = changes(path, stop);
  byId("before").disabled = before === null;
  byId("after").disabled = after === null;
  for (const button of byId("marks").children) button.setAttribute("aria-pressed", String(Number(button.dataset.stop) === stop));
}

function goNear(penalty) {
  const far = (at) => Math.abs(Math.log(path.penaltyAt(at) / penalty));
  go([...Array(path.stops).keys()].reduce((best, at) => (far(at) < far(best) ? at : best), 0));
}

function draw() {
  drawCoefficients();
  drawErrors();
  for (const move of cursors) move();
}

function sayAbout() {
  document.title = payload.title;
  setText("title", payload.title);
  const held = payload.folds > 1 ? `${payload.folds} folds` : payload.folds ? "one held-out set" : "no row held out";
  const log = payload.log_target ? " Errors are of the target's logarithm." : "";
  const kind = payload.kind[0].toUpperCase() + payload.kind.slice(1);
  const ratios = payload.ratios.length ? ` Held-out ${payload.measure} by l1_ratio: ${payload.ratios.map(([ratio, error]) => `${number(ratio)} ${number(error)}`).join(", ")}.` : "";
  const inputs = payload.standardize ? "inputs standardized" : "inputs as they are";
  setText("about", `${kind} of ${payload.target} on ${counted(payload.inputs, "input")}, ${counted(payload.rows, "row")}; ${inputs}, ${held}.${ratios}${log}`);
  setText("coefficients-title", "Coefficients over the penalty");
  byId("coefficients").setAttribute("aria-label", "Chart: the coefficient of each input over the penalty");
}

function start() {
  sayAbout();
  byId("penalty").max = path.stops - 1;
  byId("marks").append(...payload.marks.map((mark) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: mark.name[0].toUpperCase() + mark.name.slice(1) });
    button.dataset.stop = mark.stop;
    button.addEventListener("click", () => go(mark.stop));
    return button;
  }));
  byId("penalty").addEventListener("input", (event) => go(Number(event.target.value)));
  byId("before").addEventListener("click", () => go(changes(path, stop).before));
  byId("after").addEventListener("click", () => go(changes(path, stop).after));
  byId("per-deviation").addEventListener("change", draw);
  new ResizeObserver(draw).observe(byId("coefficients"));
  draw();
  go(payload.chosen);
  document.body.dataset.ready = "true";
}

start();
