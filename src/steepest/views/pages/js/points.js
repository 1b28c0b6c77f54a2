// Points: a data set drawn by hand, in the picture of the data or by typing numbers.

const EMPTY = [0, 10]; // range of the empty picture
const MOST_POINTS = 300;
const FIRST_POINTS = [[1, 2.5], [3, 3], [5, 5], [7, 5.5], [9, 7]];
const drawing = { on: false, points: FIRST_POINTS, degree: 1, sent: 0 };

function frameOf(points) {
  const around = (values) => [Math.min(EMPTY[0], ...values), Math.max(EMPTY[1], ...values)];
  return { x: around(points.map(([x]) => x)), y: around(points.map(([, y]) => y)) };
}

// Let the lab find the modes of the points; an answer that a later question has overtaken is not shown.
async function sendPoints() {
  const { points, degree } = drawing, turn = ++drawing.sent;
  if (isEmpty()) return tooFew(points);
  try {
    const { payload } = await ask("/points", { points, degree });
    if (turn !== drawing.sent || !drawing.on) return null;
    const before = view.payload.id === "drawn" ? view : null, touched = before && hashOf(before.state) !== hashOf(before.first);
    const made = addSet(payload);
    // the grid of penalties is another one: a pinned penalty would not be the same
    show(made, touched ? withNearestPenalty(before, made) : undefined, before ? before.pins.filter(({ l2 }) => l2 === 0) : []);
    return say("");
  } catch (error) {
    return excuse(error);
  }
}

function withNearestPenalty({ state, problem }, payload) {
  const away = payload.spaces[spaceOf(state)].blocks.map(({ l2 }) => Math.abs(Math.log((l2 + 1e-300) / (problem.l2 / problem.factor + 1e-300))));
  return { ...state, l2: state.l2 === 0 ? 0 : away.indexOf(Math.min(...away)) };
}

function tooFew(points) {
  fill("data:rows", { x: points.map(([x]) => x), y: points.map(([, y]) => y) });
  pause();
  for (const name of models.keys()) if (name.includes(":") && name !== "data:rows") empty(name);
  paintDue();
  for (const id of ["advice", "figures-now", "rate-said", "rate-short", "loss-short"]) setText(id, "");
  for (const id of ["rows-table", "step-table", "pins-table", "modes-legend", "coefficients-legend"]) byId(id).replaceChildren();
  setText("formula", "");
  byId("verdict").dataset.kind = "none";
  setText("word", "No line yet");
  setText("line", "Put two points with different x, or more.");
  setText("sentence", "No line yet: put two points with different x, or more.");
  setText("about", counted(points.length, "row"));
  byId("undo").disabled = byId("clear").disabled = !points.length;
}

// Whether too few points are there for a line: then no setting has anything to show.
function isEmpty() {
  return drawing.on && new Set(drawing.points.map(([x]) => x)).size < 2;
}

// Nothing is drawn of a run that is not there.
function empty(name) {
  const { data } = models.get(name);
  if (data && !data.image) fill(name, Object.fromEntries(Object.keys(data).map((column) => [column, []])));
}

function addPoint(x, y) {
  if (drawing.points.length >= MOST_POINTS) return say(`${MOST_POINTS} points are as many as a page shows.`);
  drawing.points = [...drawing.points, [x, y]];
  return sendPoints();
}

// Points are drawn while the data set of drawn points is shown and a lab answers.
function drawOrNot(payload) {
  drawing.on = Boolean(view.served && payload.points);
  if (drawing.on) Object.assign(drawing, { points: payload.points, degree: payload.features.length });
  byId("drawing").hidden = !drawing.on;
  byId("undo").disabled = byId("clear").disabled = false;
  byId("powers").value = drawing.degree;
  byId("plot-data").classList.toggle("drawn-into", drawing.on);
}

async function beginDrawing() {
  const drawn = view.sets.find(({ id }) => id === "drawn");
  byId("columns").hidden = true;
  openPanel("yours", false);
  if (drawn) show(drawn);
  else {
    Object.assign(drawing, { on: true, points: FIRST_POINTS, degree: 1 });
    await sendPoints();
  }
  choosePicture("data");
}

// A click is as exact as the picture.
function clicked(value) {
  return Number(value.toPrecision(3));
}

function listenToPoints() {
  on("draw", "click", beginDrawing);
  on("point", "submit", (event) => {
    event.preventDefault();
    const [x, y] = ["point-x", "point-y"].map((id) => byId(id).value);
    if (x === "" || y === "" || ![x, y].every((value) => Number.isFinite(Number(value)))) return say("A point needs two numbers, x and y.");
    return addPoint(Number(x), Number(y));
  });
  on("undo", "click", () => { drawing.points = drawing.points.slice(0, -1); sendPoints(); });
  on("clear", "click", () => { drawing.points = []; sendPoints(); });
  on("powers", "change", () => { drawing.degree = Number(byId("powers").value); sendPoints(); });
  onDataClick((x, y) => { if (drawing.on) addPoint(clicked(x), clicked(y)); });
}
