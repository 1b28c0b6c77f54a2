// Controls: sliders, lists and buttons, all of them the browser's own, so that keys and screen readers know them.

const POSITIONS = 1000; // steps of a slider
const byId = (id) => document.getElementById(id);

function logPosition(value, [low, high]) {
  return Math.round((POSITIONS * Math.log(value / low)) / Math.log(high / low));
}

function logValue(position, [low, high]) {
  return Number((low * (high / low) ** (position / POSITIONS)).toPrecision(4));
}

function rateRange(limit, rate) {
  const end = Number.isFinite(limit) ? limit : rate;
  return [Math.min(end * 1e-4, rate), Math.max(end * 2, rate)];
}

// Epoch 0 stands at the left end, then whole epochs on a log scale.
function epochPosition(epoch, last) {
  return epoch === 0 ? 0 : Math.max(1, Math.round(1 + ((POSITIONS - 1) * Math.log(epoch)) / Math.log(last)));
}

function epochAt(position, last) {
  return position <= 0 ? 0 : Math.round(last ** ((position - 1) / (POSITIONS - 1)));
}

// Where a slider that was moved leads: few epochs share out many places, and every move must go on by one at least.
function epochMovedTo(position, epoch, last) {
  const found = epochAt(position, last), way = Math.sign(position - epochPosition(epoch, last));
  return way * (found - epoch) > 0 || way === 0 ? found : Math.max(0, epoch + way);
}

// 1 - momentum on a log scale: 0, 0.9, 0.99 are as far apart.
function momentumPosition(momentum) {
  return Math.min(POSITIONS, Math.round((-Math.log10(1 - momentum) * POSITIONS) / 5));
}

function momentumAt(position) {
  return Number((1 - 10 ** ((-5 * position) / POSITIONS)).toPrecision(6));
}

function setText(id, text) {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

function setValue(id, value) {
  const element = byId(id);
  if (document.activeElement === element && element.type === "number") return; // somebody is typing
  if (element.value !== String(value)) element.value = value;
}

// A mark on a slider: where the stability limit or the best rate is.
function placeMark(id, position) {
  const inside = Number.isFinite(position) && position >= 0 && position <= POSITIONS;
  byId(id).hidden = !inside;
  if (inside) byId(id).style.setProperty("--at", position / POSITIONS);
}

function options(id, names) {
  const list = byId(id);
  list.replaceChildren(...names.map((name, value) => Object.assign(document.createElement("option"), { value, textContent: short(name, 40) })));
}

// A legend: a swatch, a name as text, a number.
function legend(id, entries) {
  byId(id).replaceChildren(...entries.map(({ color, name, value }) => {
    const item = document.createElement("li"), swatch = document.createElement("i");
    swatch.style.background = color;
    item.append(swatch, document.createTextNode(value === undefined ? name : `${name}: ${value}`));
    return item;
  }));
}

function table(id, header, rows) {
  const line = (cells, kind) => {
    const row = document.createElement("tr");
    row.append(...cells.map((cell, at) => Object.assign(document.createElement(at === 0 ? "th" : kind), { textContent: cell })));
    return row;
  };
  byId(id).replaceChildren(line(header, "th"), ...rows.map((cells) => line(cells, "td")));
}

async function copy(text) {
  const box = byId("copied");
  box.hidden = false;
  box.value = text;
  box.rows = text.split("\n").reduce((rows, line) => rows + Math.ceil((line.length + 1) / 100), 0);
  box.focus();
  box.select();
  try {
    await navigator.clipboard.writeText(text);
    setText("said", "Copied.");
  } catch {
    setText("said", "Selected below: copy it with Ctrl+C.");
  }
}
