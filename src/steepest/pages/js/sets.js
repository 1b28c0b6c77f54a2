// Sets: the data sets at hand, and opening one more: from a file, or by drawing points.

function showSets() {
  const { sets, served, payload } = view;
  byId("data-panel").hidden = sets.length < 2 && !served;
  byId("set").replaceChildren(...sets.map(({ id, title }) => Object.assign(document.createElement("option"), { value: id, textContent: short(title, 60) })));
  byId("set").value = payload.id;
  setText("set-about", payload.about || "");
  byId("save").hidden = !served || !["given", "opened", "drawn"].includes(payload.id);
  byId("command").hidden = Boolean(payload.recipe || payload.points); // no file holds them
}

// Take in a data set that the lab has made: given with its start, opened from a file, or drawn. It replaces the one of the same kind.
function addSet(payload) {
  const made = openPayload(payload.points ? { ...payload, frame: frameOf(payload.points) } : payload), others = view.sets.filter(({ id }) => id !== made.id);
  view.sets = made.id === "given" ? [made, ...others] : [...others, made];
  return made;
}

function say(text) {
  setText("data-said", text);
}

// While the lab works, it can be told to stop; nothing else is sent meanwhile.
async function working(text, act) {
  if (!byId("work").hidden) return say("One thing at a time: wait for the lab, or cancel.");
  say("");
  setText("work-said", text);
  byId("work").hidden = false;
  byId("sent").removeAttribute("value");
  const buttons = ["file", "open", "draw", "save"].map(byId);
  for (const button of buttons) button.disabled = true;
  try {
    return await act();
  } catch (error) {
    await excuse(error);
    return null;
  } finally {
    lab.request = null;
    byId("work").hidden = true;
    for (const button of buttons) button.disabled = false;
  }
}

// Say why something did not go; a session that has ended is begun anew.
async function excuse(error) {
  if (!(error instanceof Refused)) throw error;
  if (error.status !== 410) return say(error.message);
  keptSession("");
  await meetLab();
  return byId("token-form").hidden ? say("The session had ended, and with it what the lab kept; a new one has begun. Open the file again, or add a point.") : say("The session has ended. Enter the token to begin a new one.");
}

async function openFile(file) {
  if (!file) return;
  byId("file").value = "";
  byId("columns").hidden = true;
  if (file.size > lab.limit) return say(`${short(file.name, 60)} has ${grouped(file.size)} bytes; this lab takes up to ${grouped(lab.limit)}. Start it with a larger --upload-limit, or use steepest fit.`);
  const table = await working(`Reading ${short(file.name, 60)} …`, () => sendFile(file, (share) => { byId("sent").value = share; }));
  if (table) chooseColumns(table);
}

// Ask which column is the target and which are features; what cannot be one is not offered.
function chooseColumns({ name, rows, columns }) {
  const numbers = columns.filter(({ kind }) => kind === "number");
  setText("columns-title", `${short(name, 60)}: ${counted(rows, "row")}, ${counted(columns.length, "column")}`);
  if (!numbers.length) return say(`${short(name, 60)} has no column of numbers to predict.`);
  const target = byId("column-target");
  target.replaceChildren(...numbers.map((column) => Object.assign(document.createElement("option"), { value: column.name, textContent: short(column.name, 40) })));
  target.value = numbers[numbers.length - 1].name;
  byId("column-features").replaceChildren(...columns.map(featureBox));
  byId("column-held-out").value = "0.2";
  byId("column-degree").value = "1";
  byId("column-missing").value = columns.some(({ missing }) => missing) ? "drop" : "error";
  offerFeatures();
  byId("columns").hidden = false;
  target.focus();
}

function featureBox({ name, kind, missing }) {
  const box = document.createElement("label"), input = Object.assign(document.createElement("input"), { type: "checkbox", value: name, checked: kind === "number" || kind === "boolean" });
  input.disabled = kind === "date" || kind === "other";
  const gaps = missing ? `, ${grouped(missing)} missing` : "";
  box.append(input, ` ${short(name, 40)} `, Object.assign(document.createElement("small"), { textContent: `(${kind}${gaps}${input.disabled ? ", cannot be a feature" : ""})` }));
  return box;
}

// The target is no feature.
function offerFeatures() {
  for (const input of byId("column-features").querySelectorAll("input")) input.parentElement.hidden = input.value === byId("column-target").value;
}

function chosenColumns() {
  const boxes = [...byId("column-features").querySelectorAll("input")];
  const target = byId("column-target").value, features = boxes.filter((box) => box.checked && !box.disabled && box.value !== target).map((box) => box.value);
  return { target, features, missing: byId("column-missing").value, held_out: Number(byId("column-held-out").value), degree: Number(byId("column-degree").value) };
}

async function openColumns() {
  const chosen = chosenColumns();
  if (!chosen.features.length) return say("Choose at least one feature; a text column counts too, as indicator columns.");
  const opened = await working("Fitting …", () => ask("/open", chosen));
  if (!opened) return;
  byId("columns").hidden = true;
  show(addSet(opened.payload));
  byId("set").focus();
}

// The page of this data as a file that works without the lab.
async function savePage() {
  const html = await working("Writing …", () => ask("/page", { which: view.payload.id }));
  if (typeof html !== "string") return;
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([html], { type: "text/html" })), download: `${view.payload.title}.html` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function listenToSets() {
  on("set", "change", () => show(view.sets.find((set) => set.id === byId("set").value)));
  on("file", "change", () => openFile(byId("file").files[0]));
  on("column-target", "change", offerFeatures);
  on("columns", "submit", (event) => { event.preventDefault(); openColumns(); });
  on("columns-close", "click", () => { byId("columns").hidden = true; });
  on("cancel", "click", () => cancelWork().catch(excuse));
  on("save", "click", savePage);
  on("token-form", "submit", (event) => { event.preventDefault(); meetLab(byId("token").value).then((met) => met && show(view.sets[0])); });
  addEventListener("dragover", (event) => { if (view.served) event.preventDefault(); });
  addEventListener("drop", (event) => { if (view.served) { event.preventDefault(); openFile(event.dataTransfer.files[0]); } });
}

// Meet the lab: its session brings the data it was started with, and what this tab had opened before a reload.
async function meetLab(token) {
  try {
    const begun = await beginSession(token);
    for (const payload of [begun.given, begun.opened, begun.drawn]) if (payload) addSet(payload);
    byId("opening").hidden = false;
    byId("token-form").hidden = true;
    say("");
    return true;
  } catch (error) {
    if (error.status !== 401) return excuse(error);
    byId("token-form").hidden = false;
    say(token === undefined ? "" : error.message);
    byId("token").focus();
    return false;
  }
}
