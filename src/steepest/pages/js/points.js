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
  byId("undo").disabled = byId("clear").disabled = !points.length;
  if (new Set(points.map(([x]) => x)).size < 2) {
    fill("data:rows", { x: points.map(([x]) => x), y: points.map(([, y]) => y) });
    return say("Put two points with different x, or more.");
  }
  try {
    const { payload } = await ask("/points", { points, degree });
    if (turn !== drawing.sent || !drawing.on) return null;
    const kept = view.payload.id === "drawn" && hashOf(view.state) !== hashOf(view.first) ? view.state : undefined;
    const made = addSet(payload);
    show(made, kept && { ...kept, l2: Math.min(kept.l2, made.spaces[spaceOf(kept)].blocks.length - 1) }, view.payload.id === "drawn" ? view.pins : []);
    return say("");
  } catch (error) {
    return excuse(error);
  }
}

function addPoint(x, y) {
  if (drawing.points.length >= MOST_POINTS) return say(`${MOST_POINTS} points are as many as a page shows.`);
  drawing.points = [...drawing.points, [Number(x.toPrecision(3)), Number(y.toPrecision(3))]];
  return sendPoints();
}

// Points are drawn as long as the data set of drawn points is shown, or asked for, and a lab answers.
function drawOrNot(payload) {
  drawing.on = Boolean(view.served && payload.points);
  if (drawing.on && !drawing.sent) Object.assign(drawing, { points: payload.points, degree: payload.features.length }); // after a reload
  showDrawing();
}

function showDrawing() {
  byId("drawing").hidden = !drawing.on;
  byId("powers").value = drawing.degree;
  byId("plot-data").classList.toggle("drawn-into", drawing.on);
}

function beginDrawing() {
  drawing.on = true;
  byId("columns").hidden = true;
  showDrawing();
  return sendPoints();
}

function listenToPoints() {
  on("draw", "click", () => beginDrawing().then(() => byId("data-card").scrollIntoView({ block: "nearest" })));
  on("point", "submit", (event) => {
    event.preventDefault();
    const [x, y] = ["point-x", "point-y"].map((id) => byId(id).value);
    if (x === "" || y === "" || ![x, y].every((value) => Number.isFinite(Number(value)))) return say("A point needs two numbers, x and y.");
    return addPoint(Number(x), Number(y));
  });
  on("undo", "click", () => { drawing.points = drawing.points.slice(0, -1); sendPoints(); });
  on("clear", "click", () => { drawing.points = []; sendPoints(); });
  on("powers", "change", () => { drawing.degree = Number(byId("powers").value); sendPoints(); });
  onDataClick((x, y) => { if (drawing.on) addPoint(x, y); });
}
