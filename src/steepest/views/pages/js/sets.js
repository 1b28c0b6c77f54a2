// Sets: the data sets at hand, and the lab at work on one more; files.js has the form of a file.

function showSets() {
  const { sets, served, payload } = view;
  byId("data-choice").hidden = sets.length < 2 && !served;
  document.body.classList.toggle("lab", !byId("data-choice").hidden);
  setText("yours", served ? "Your data…" : "About");
  byId("set").replaceChildren(...sets.map(({ id, title }) => Object.assign(document.createElement("option"), { value: id, textContent: short(title, 60) })));
  byId("set").value = payload.id;
  setText("set-about", payload.about || "");
  byId("save").hidden = !served || !["given", "opened", "drawn"].includes(payload.id);
  byId("command").hidden = Boolean(payload.recipe || payload.points || ruleEntry(payload, payload.run.rule).python); // no file holds them, no command knows the rule
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
  const buttons = ["file", "open", "draw", "save", ...WRITTEN.map((name) => `written-${name}`)].map(byId), focused = document.activeElement;
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
    if (document.activeElement === document.body) focused.focus(); // a button that is disabled loses it
  }
}

// Say why something did not go; a session that has ended is begun anew.
async function excuse(error) {
  if (!(error instanceof Refused)) throw error;
  if (error.status !== 410) return say(error.message);
  keptSession("");
  byId("columns").hidden = true;
  await meetLab();
  return byId("token-form").hidden ? say("The session had ended, and with it what the lab kept; a new one has begun. Open the file again, or add a point.") : say("The session has ended. Enter the token to begin a new one.");
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
  on("cancel", "click", () => cancelWork().catch(excuse));
  on("save", "click", savePage);
  on("token-form", "submit", (event) => { event.preventDefault(); meetLab(byId("token").value).then((met) => met && show(view.sets[0])); });
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
