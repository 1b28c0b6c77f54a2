// Pins: settings kept to be seen beside the one that is chosen, as curves and as a table.

const PIN_COLORS = [4, 5, 6, 3, 2]; // places in the palette; blue and orange are the run itself
const PIN_HEADER = ["", "rule", "learning rate", "momentum", "l2", "inputs", "objective", "epoch", "loss", "RMSE", "held-out RMSE", "verdict", "epochs to 1e-6", ""];

function pinColors(pins) {
  return pins.map((_, at) => view.colors[PIN_COLORS[at]]);
}

const pinnedRuns = new Map(); // what a pinned setting leads to, computed once while its data set is open

function pinnedRun(payload, pin) {
  const key = JSON.stringify(pin);
  if (pinnedRuns.payload !== payload) { pinnedRuns.clear(); pinnedRuns.payload = payload; }
  if (!pinnedRuns.has(key)) {
    const problem = problemOf(payload, spaceOf(pin), pin.l2, pin.objective), rule = ruleOf(pin, problem), modes = solveAll(problem, rule);
    pinnedRuns.set(key, { problem, rule, modes, now: stateAt(problem, modes, pin.epoch), verdict: verdictOf(problem, rule, modes, pin.epoch) });
  }
  return pinnedRuns.get(key);
}

function pinCells(state, { problem, rule, now, verdict }) {
  const momentum = rule.takes_momentum ? number(rule.momentum) : "", rate = rule.takes_rate ? number(rule.learning_rate) : "";
  return [rule.name.replace("_", " "), rate, momentum, number(problem.l2), state.standardize ? "standardized" : "raw", state.objective, grouped(state.epoch),
    number(now.loss), number(now.rmse), now.heldRmse === null ? "" : number(now.heldRmse), verdict.kind, verdict.needed === null ? (problem.payload.over ? "" : "never") : grouped(verdict.needed)];
}

// The table of pinned runs, the chosen setting on top; take and remove are buttons of each row.
function showPins(now) {
  const { pins, payload, state, problem, rule, verdict, colors } = view;
  byId("pins").hidden = !pins.length;
  byId("pin").disabled = rule.kind === "walked" || pins.length >= MOST_PINS || pins.some((pin) => pinText(pin) === pinText(state));
  if (!pins.length) return;
  const held = problem.held ? PIN_HEADER : PIN_HEADER.filter((name) => name !== "held-out RMSE");
  const shown = (cells) => (problem.held ? cells : cells.filter((_, at) => PIN_HEADER[at + 1] !== "held-out RMSE"));
  const rows = [[colors[0], shown(pinCells(state, { problem, rule, now, verdict })), null], ...pins.map((pin, at) => [pinColors(pins)[at], shown(pinCells(pin, pinnedRun(payload, pin))), at])];
  const focused = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.pin : undefined;
  table("pins-table", held, rows.map(([, cells]) => ["", ...cells, ""]));
  rows.forEach(([color, , at], i) => {
    const row = byId("pins-table").rows[i + 1], swatch = document.createElement("i");
    swatch.style.background = color;
    row.cells[0].append(swatch, at === null ? "now" : `pin ${at + 1}`);
    if (at !== null) row.cells[row.cells.length - 1].append(pinButton("take", at), pinButton("remove", at));
  });
  const again = focused && document.querySelector(`[data-pin="${CSS.escape(focused)}"]`);
  if (again) again.focus(); // the table is new; whoever was on a button of it still is
}

function pinButton(act, at) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: act === "take" ? "Take" : "Remove" });
  button.dataset.pin = `${act}-${at}`;
  button.setAttribute("aria-label", `${button.textContent} pin ${at + 1}`);
  return button;
}

function listenToPins(update) {
  byId("pin").addEventListener("click", () => { view.pins = [...view.pins, { ...view.state }]; update({}); });
  byId("pins-table").addEventListener("click", ({ target }) => {
    const [act, at] = (target.dataset.pin || "").split("-");
    if (act === "take") update({ ...view.pins[at], log: view.state.log });
    if (act !== "remove") return;
    view.pins = view.pins.filter((_, i) => i !== Number(at));
    update({});
    byId("pin").focus();
  });
  byId("unpin").addEventListener("click", () => { view.pins = []; update({}); byId("pin").focus(); });
}
