// Files: a file on its way into the lab, and the form that asks how it is written and which columns are what.

const AS_USUAL = { delimiter: "auto", decimal: "point", encoding: "utf-8" };
const WRITTEN = Object.keys(AS_USUAL);
const FEW = 20; // values of a text column that is ticked at first: each but one makes a feature
// What can be predicted: numbers, and labels of two classes or some.
function isTarget({ kind, levels, like }) {
  return kind === "number" || kind === "boolean" || (kind === "text" && !like && levels > 1 && levels <= FEW);
}

const sent = { name: "" };

async function openFile(file) {
  if (!file) return;
  openPanel("yours", true);
  byId("file").value = "";
  byId("columns").hidden = true;
  if (file.size > lab.limit) return say(`${short(file.name, 60)} has ${grouped(file.size)} bytes; this lab takes up to ${grouped(lab.limit)}. Start it with a larger --upload-limit, or use steepest fit.`);
  const table = await listed(`Reading ${short(file.name, 60)} …`, () => sendFile(file, (share) => { byId("sent").value = share; }));
  if (!table) return;
  sent.name = file.name;
  for (const name of WRITTEN) byId(`written-${name}`).value = AS_USUAL[name];
  byId("written").hidden = /\.parquet$/i.test(file.name);
  byId("written").open = false;
  byId("column-held-out").value = "0";
  byId("column-degree").value = "1";
  byId("column-target").replaceChildren();
  byId("columns").hidden = false;
  chooseColumns(table);
  byId(byId("column-choice").hidden ? `written-${table.field || "decimal"}` : "column-target").focus();
}

// What the file holds, or why that cannot be said as it is read now: `refused`, and the `field` that may mend it.
function listed(text, act) {
  return working(text, () => act().catch((error) => {
    if (!(error instanceof Refused) || !WRITTEN.includes(error.field)) throw error;
    return { refused: error.message, field: error.field };
  }));
}

function written() {
  return Object.fromEntries(WRITTEN.map((name) => [name, byId(`written-${name}`).value]));
}

// Another choice of how the file is written may make other columns of it.
async function listAgain() {
  const table = await listed(`Reading ${short(sent.name, 60)} again …`, () => ask("/columns", written()));
  if (!byId("columns").hidden) chooseColumns(table);
}

// Ask which column is the target and which are features; what cannot be one is not offered. Without columns of numbers
// or few labels there is only how the file is written to choose.
function chooseColumns(table) {
  const { rows, columns = [], refused } = table || {}, name = short(sent.name, 60);
  const commas = columns.filter(({ like }) => like === "decimal comma").map((column) => short(column.name, 40));
  const hint = commas.length && byId("written-decimal").value === "point" ? `${commas.slice(0, 3).join(", ")}${commas.length > 3 ? " and more" : ""} ${commas.length === 1 ? "holds" : "hold"} numbers with a decimal comma, as it seems: choose that mark under “How the file is written”.` : "";
  // where no number can be read yet, a text beside them is hardly what is to be predicted
  const targets = hint && !columns.some(({ kind }) => kind === "number") ? [] : columns.filter(isTarget);
  setText("columns-title", columns.length ? `${name}: ${counted(rows, "row")}, ${counted(columns.length, "column")}` : name);
  byId("column-choice").hidden = byId("open").hidden = !targets.length;
  byId("written").open = byId("written").open || !targets.length || Boolean(hint);
  if (refused) say(refused);
  else if (table) say([...(targets.length || hint ? [] : [`${name} has no column of numbers, or of 2 to ${FEW} labels, to predict.`]), hint].join(" ").trim());
  if (targets.length) offerColumns(columns, targets);
}

// At first the last column of numbers is the target, or the last of labels where there is none.
function offerColumns(columns, targets) {
  const target = byId("column-target"), before = target.value;
  target.replaceChildren(...targets.map((column) => Object.assign(document.createElement("option"), { value: column.name, textContent: `${short(column.name, 40)}${column.kind === "number" ? "" : " (labels)"}` })));
  const numbers = targets.filter(({ kind }) => kind === "number");
  target.value = (targets.find(({ name }) => name === before) || (numbers.length ? numbers : targets).slice(-1)[0]).name;
  byId("column-features").replaceChildren(...columns.map(featureBox));
  byId("column-missing").value = columns.some(({ missing }) => missing) ? "drop" : "error";
  offerFeatures();
}

function featureBox(column) {
  const { name, kind, missing, levels, like } = column, never = kind === "date" || kind === "other";
  const box = document.createElement("label"), input = Object.assign(document.createElement("input"), { type: "checkbox", value: name, disabled: never });
  input.checked = isTarget(column);
  const told = [kind === "text" ? aboutText(levels, like) : kind, ...(missing ? [`${grouped(missing)} missing`] : []), ...(never ? ["cannot be a feature"] : [])];
  box.append(input, ` ${short(name, 40)} `, Object.assign(document.createElement("small"), { textContent: `(${told.join(", ")})` }));
  return box;
}

// Why a column of text is ticked or not: each of its values but one makes a feature.
function aboutText(levels, like) {
  if (like) return like === "number" ? "text like numbers" : "text like numbers with a decimal comma";
  if (levels !== null && levels <= FEW) return `text, ${counted(levels, "value")}`;
  return `text, ${levels === null ? "many" : levels} values: one column for each`;
}

// The target is no feature.
function offerFeatures() {
  for (const input of byId("column-features").querySelectorAll("input")) input.parentElement.hidden = input.value === byId("column-target").value;
}

function chosenColumns() {
  const boxes = [...byId("column-features").querySelectorAll("input")];
  const target = byId("column-target").value, features = boxes.filter((box) => box.checked && !box.disabled && box.value !== target).map((box) => box.value);
  return { target, features, missing: byId("column-missing").value, held_out: Number(byId("column-held-out").value), degree: Number(byId("column-degree").value), ...written() };
}

async function openColumns() {
  const chosen = chosenColumns();
  if (!chosen.features.length) return say("Choose at least one feature; a text column counts too, as indicator columns.");
  const opened = await working("Fitting …", () => ask("/open", chosen));
  if (!opened) return;
  byId("columns").hidden = true;
  openPanel("yours", false);
  show(addSet(opened.payload));
  byId("set").focus();
}

// A table that was copied elsewhere is opened as a file would be.
function pasted(event) {
  const text = event.clipboardData ? event.clipboardData.getData("text/plain") : "";
  if (!view.served || !/\n/.test(text.trim()) || event.target.closest?.("input, textarea")) return;
  event.preventDefault();
  openFile(new File([text], text.split("\n", 1)[0].includes("\t") ? "pasted.tsv" : "pasted.csv", { type: "text/plain" }));
}

function listenToFiles() {
  on("file", "change", () => openFile(byId("file").files[0]));
  for (const name of WRITTEN) on(`written-${name}`, "change", listAgain);
  on("column-target", "change", offerFeatures);
  on("columns", "submit", (event) => { event.preventDefault(); openColumns(); });
  on("columns-close", "click", () => { byId("columns").hidden = true; });
  addEventListener("paste", pasted);
  addEventListener("dragover", (event) => { if (view.served) event.preventDefault(); });
  addEventListener("drop", (event) => { if (view.served) { event.preventDefault(); openFile(event.dataTransfer.files[0]); } });
}
