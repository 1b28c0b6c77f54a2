// Path charts: pictures over the penalty as SVG, in the colors of the page.

const MARGIN = { left: 66, right: 14, top: 34, bottom: 46 };
const SVG = "http://www.w3.org/2000/svg";

function drawn(name, attributes, ...inside) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
}

// Runs of finite points as the commands of an SVG path.
function pathText(xs, ys) {
  let text = "", open = false;
  xs.forEach((x, at) => {
    const seen = Number.isFinite(ys[at]);
    if (seen) text += `${open ? "L" : "M"}${x.toFixed(2)} ${ys[at].toFixed(2)}`;
    open = seen;
  });
  return text;
}

// Draw one chart. `given`: penalties (falling), lines [{penalties, values, color}], band {penalties, low, high, color} or null, marks [{penalty,
// second}], counts [[penalty, text]] above the axis, and label of what goes up. Returns what moves the cursor.
function drawChart(place, given, onPick) {
  const width = Math.max(220, place.clientWidth), height = place.clientHeight || 360;
  const inner = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  const across = penaltyScale(given.penalties[0], given.penalties[given.penalties.length - 1], inner.width);
  const [low, high] = rangeOf([...given.lines.map((line) => line.values), ...(given.band ? [given.band.low, given.band.high] : [])]);
  const up = (value) => inner.height * (1 - (value - low) / (high - low));
  const root = drawn("svg", { width, height, viewBox: `0 0 ${width} ${height}` });
  const box = drawn("g", { transform: `translate(${MARGIN.left} ${MARGIN.top})` });
  root.append(box);
  drawAxes(box, given, across, up, [low, high], inner);
  for (const mark of given.marks) {
    const x = across.at(mark.penalty);
    box.append(drawn("line", { class: mark.second ? "mark second" : "mark", x1: x, x2: x, y1: 0, y2: inner.height }));
  }
  if (given.band) box.append(drawn("path", { class: "band", fill: given.band.color, d: bandText(given.band, across, up) }));
  for (const line of given.lines) {
    const style = line.color ? { stroke: line.color, class: "line" } : { class: "line faint" };
    box.append(drawn("path", { ...style, d: pathText(Array.from(line.penalties, across.at), Array.from(line.values, up)) }));
  }
  const cursor = drawn("line", { class: "cursor", y1: 0, y2: inner.height }), points = drawn("g", {});
  box.append(cursor, points);
  root.addEventListener("click", (event) => onPick(across.value(event.clientX - root.getBoundingClientRect().left - MARGIN.left)));
  place.replaceChildren(root);
  return (penalty, values) => {
    const x = across.at(penalty);
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    points.replaceChildren(...values.filter(Number.isFinite).map((value) => drawn("circle", { class: "point", cx: x, cy: up(value), r: 4 })));
  };
}

function bandText({ penalties, low, high }, across, up) {
  const seen = [...penalties.keys()].filter((at) => Number.isFinite(low[at]) && Number.isFinite(high[at]));
  const points = [...seen.map((at) => [at, high[at]]), ...seen.reverse().map((at) => [at, low[at]])];
  return points.length ? `M${points.map(([at, value]) => `${across.at(penalties[at]).toFixed(2)} ${up(value).toFixed(2)}`).join("L")}Z` : "";
}

function drawAxes(box, given, across, up, [low, high], inner) {
  const word = (text, attributes) => box.append(drawn("text", attributes, text));
  const ticks = evenTicks(low, high, 6), names = tickNames(ticks);
  ticks.forEach((tick, at) => {
    box.append(drawn("line", { class: tick === 0 ? "zero" : "grid", x1: 0, x2: inner.width, y1: up(tick), y2: up(tick) }));
    word(names[at], { x: -8, y: up(tick) + 4, "text-anchor": "end" });
  });
  for (const tick of penaltyTicks(across.high, across.low, Math.max(2, Math.floor(inner.width / 70)))) {
    const x = across.at(tick);
    box.append(drawn("line", { class: "grid", x1: x, x2: x, y1: 0, y2: inner.height }));
    word(number(tick), { x, y: inner.height + 18, "text-anchor": "middle" });
  }
  for (const [penalty, text] of given.counts) word(text, { x: across.at(penalty), y: -6, "text-anchor": "middle" });
  word("inputs in use", { class: "axis", x: inner.width, y: -22, "text-anchor": "end" });
  word(given.label, { class: "axis", x: -MARGIN.left + 2, y: -22 });
  word("penalty (falling)", { class: "axis", x: inner.width / 2, y: inner.height + 38, "text-anchor": "middle" });
}
