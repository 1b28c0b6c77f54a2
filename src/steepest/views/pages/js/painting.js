// Painting: when each figure takes its numbers and is painted. With pictures.js the only file that knows Bokeh.
//
// Left alone, Bokeh paints each figure a frame or two after it was told, and all of them at once. Here the page paints in the
// very frame of a change: the first figure at once, the others as far as the frame has time for, the rest in the next frames.

const FRAME = 30; // milliseconds of computing and painting in one frame
const FIRST = "loss"; // the figure that never waits
const figures = new Map(), models = new Map(), painters = new Map();
const waiting = new Map(); // what a figure is to show, until it is its turn
const unpainted = new Set(); // figures that Bokeh wants painted
const turns = new Map(), costs = new Map(); // when each figure was painted last, and how long that took
const inView = new Set(); // a figure that nobody sees is not drawn
let began = 0, nextFrame = null;

const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const name = target.id.replace(/^plot-/, "");
    if (isIntersecting) inView.add(name); else inView.delete(name);
  }
  paintDue();
}, { rootMargin: "50px" });

// Draw the figures of some parts of the page, as far as it has them; `later` are those with linear axes.
async function embedPictures(...parts) {
  const given = JSON.parse(document.getElementById("figures").textContent);
  const managers = [];
  for (const part of parts) for (const one of Object.values(given[part]?.documents || {})) one.roots.forEach(fillItsPlace);
  for (const part of parts) if (given[part]) managers.push(...await Bokeh.embed.embed_items(given[part].documents, given[part].items));
  for (const root of Bokeh.documents.flatMap((one) => one.roots())) {
    if (figures.has(root.name)) continue;
    watcher.observe(byId(`plot-${root.name}`));
    figures.set(root.name, root);
    for (const model of root.references()) if (model.name) models.set(model.name, model);
    for (const manager of managers) if (manager.get_by_id) takeOver(root.name, manager.get_by_id(root.id));
  }
}

// A figure is as large as its place on the screen.
function fillItsPlace({ attributes }) {
  attributes.sizing_mode = "stretch_both";
  delete attributes.height;
}

// From here on a figure is painted when the page says so; a Bokeh without these two functions goes on by itself.
function takeOver(name, view) {
  if (!view || typeof view.throttled_paint !== "function" || typeof view.paint !== "function") return;
  const later = () => { unpainted.add(name); inNextFrame(); return Promise.resolve(); };
  view.throttled_paint = Object.assign(later, { stop() {} });
  painters.set(name, view);
}

function inNextFrame() {
  if (nextFrame === null) nextFrame = requestAnimationFrame(() => { nextFrame = null; began = performance.now(); paintDue(); });
}

// A change begins: from now on its frame's time counts.
function frameBegins() {
  began = performance.now();
}

// Paint the figures that are seen: the first, then those that have waited longest, while there is time.
async function paintDue() {
  const due = [...figures.keys()].filter((name) => inView.has(name) && (waiting.has(name) || unpainted.has(name)));
  const since = (name) => (name.startsWith(FIRST) ? -1 : turns.get(name) || 0);
  due.sort((one, other) => since(one) - since(other));
  for (const [at, name] of due.entries()) {
    if (at > 0 && performance.now() - began + (costs.get(name) || 0) > FRAME) return inNextFrame();
    await paintOne(name);
  }
  if (due.length) mark("steepest-painted"); // every figure that is seen shows the setting
}

// Let a figure take its numbers; to work some of them out may have been left for now.
function handOver(name) {
  while (waiting.has(name)) {
    const acts = waiting.get(name);
    waiting.delete(name);
    for (const act of acts.values()) act();
  }
}

// Bokeh takes in new numbers in a chain of promises, which ends before the browser shows anything.
async function takenIn() {
  for (let turn = 0; turn < 20; turn++) await null;
}

async function paintOne(name) {
  const before = performance.now();
  handOver(name);
  await takenIn();
  if (!unpainted.delete(name)) return;
  painters.get(name).paint();
  turns.set(name, before);
  costs.set(name, performance.now() - before);
  if (name.startsWith(FIRST)) mark("steepest-first");
}

// Moments that a measurement asks for; only the last of each is kept.
function mark(name) {
  performance.clearMarks(name);
  performance.mark(name);
}

// Paper shows all figures at once.
function drawAllWaiting() {
  for (const name of new Set([...waiting.keys(), ...unpainted])) if (figures.has(name)) paintOne(name);
}

function whenSeen(name, key, act) {
  if (!waiting.has(name)) waiting.set(name, new Map());
  waiting.get(name).set(key, act);
}

function fill(name, data) {
  whenSeen(name.split(":")[0], name, () => { models.get(name).data = data; });
}

function setRange(name, [x, y]) {
  const { x_range, y_range } = figures.get(name);
  whenSeen(name, "range", () => {
    x_range.setv({ start: x[0], end: x[1] });
    y_range.setv({ start: y[0], end: y[1] });
  });
}
