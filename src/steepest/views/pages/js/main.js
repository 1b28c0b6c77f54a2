// Main: from a change of the setting to new pictures and words, and from the controls to changes.

let playing = null, addressing = null, coming = null;

function update(change) {
  if (isEmpty()) return;
  if (change.log === false && !figures.has("loss-linear")) {
    byId("log").disabled = true; // until the figures with linear axes are there
    embedPictures("later", "errors-later").then(() => { paint(); byId("log").disabled = false; update(change); });
    return;
  }
  frameBegins();
  view.state = settled({ ...view.state, ...change }, view.payload, view.state.epoch);
  solveAgain();
  showControls();
  drawCurves();
  drawCoefficients();
  drawContour();
  drawMap();
  drawPins();
  const drawn = drawNow();
  tell(drawn);
  showPins(drawn.now);
  showChoices();
  paintDue();
  clearTimeout(addressing);
  addressing = setTimeout(replaceAddress, 250);
}

// A browser refuses an address that changes with every frame; it is written when the setting has come to rest.
function replaceAddress() {
  try { history.replaceState(null, "", address()); } catch { /* a frame without an address */ }
}

function address() {
  const found = addressOf(view.sets.length > 1 || view.served ? view.payload.id : null, view.state, view.pins, view.step);
  return view.only ? `${found}&only=${view.only.join(",")}` : found;
}

// At most one drawing a frame: what a slider says in between is not drawn.
function soon(change) {
  const scheduled = coming !== null;
  coming = { ...coming, ...change };
  if (!scheduled) requestAnimationFrame(() => { const all = coming; coming = null; update(all); });
}

// Show another data set with the setting it comes with, or another one.
function show(payload, state, pins) {
  pause();
  openSet(payload, state, pins);
  byId("copied").hidden = true;
  setText("said", "");
  nameThings();
  paint();
  showSets();
  drawOrNot(payload);
  const { log } = view.state;
  view.state = { ...view.state, log: log || !figures.has("loss-linear") };
  update({});
  if (view.state.log !== log) update({ log });
}

const FIRST_PLAY = 4000, WHOLE_PLAY = 10000, CALM_STEPS = 10; // milliseconds; steps where motion is to be reduced

// Play goes to where the loss looks finished, and from there on to the end.
function playGoal() {
  const rest = restingPlace(view), { epoch } = view.state;
  return epoch >= view.last || epoch < rest ? epochPosition(rest, view.last) : POSITIONS;
}

function play() {
  if (playing !== null) return pause();
  const at = view.state.epoch >= view.last ? 0 : epochPosition(view.state.epoch, view.last), before = performance.now();
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const from = at, goal = playGoal(), took = goal < POSITIONS ? FIRST_PLAY : WHOLE_PLAY;
  setText("play", "Pause");
  byId("play").dataset.playing = "1";
  const frame = (time) => {
    const share = Math.min(1, (time - before) / took), shown = calm ? Math.ceil(share * CALM_STEPS) / CALM_STEPS : share;
    const epoch = epochAt(from + shown * (goal - from), view.last);
    if (epoch !== view.state.epoch) update({ epoch });
    if (share >= 1) pause(); else playing = requestAnimationFrame(frame);
  };
  playing = requestAnimationFrame(frame);
}

function pause() {
  cancelAnimationFrame(playing);
  playing = null;
  setText("play", "Play");
  delete byId("play").dataset.playing;
}

function useBest() {
  const { state, rule, problem } = view;
  const own = rule.takes_momentum ? problem.best[state.rule] : null;
  soon(own ? { rate: own.learning_rate / problem.factor, momentum: own.momentum } : { rate: writtenBest(rule, problem) });
}

function writtenBest(rule, problem) {
  const rate = bestOf(problem, rule);
  if (problem.payload.over) return rate > 0 ? roundedDown(rate) : rate;
  return problem.eigenvalues.length ? asWritten(rate, speedOf(rule, problem.eigenvalues)) : rate;
}

function reset() {
  pause();
  view.seen.last = null;
  view.last = 0;
  soon(view.first);
}

function typed(name, valid) {
  const text = byId(`${name}-number`).value;
  if (text !== "" && valid(Number(text))) soon({ [name]: Number(text) });
  else byId(`${name}-number`).value = name === "rate" ? shownRate(view.state.rate) : view.state[name];
}

function standardize(standardized) {
  const { blocks } = view.payload.spaces[standardized ? "standardized" : "raw"];
  const change = { standardize: standardized, l2: Math.min(view.state.l2, blocks.length - 1) }, { payload, state } = view;
  const problem = problemOf(payload, spaceOf(change), change.l2, state.objective), rule = ruleOf({ ...state, ...change }, problem), rate = writtenBest(rule, problem);
  soon(rule.takes_rate && isRate(rate) ? { ...change, rate } : change); // each kind of inputs has its own best rate
}

function on(id, event, act) {
  byId(id).addEventListener(event, act);
}

function listenToSettings() {
  on("rate", "input", () => soon({ rate: logValue(Number(byId("rate").value), view.range) }));
  on("epoch", "input", () => { pause(); soon({ epoch: epochMovedTo(Number(byId("epoch").value), view.state.epoch, view.last) }); });
  on("momentum", "input", () => soon({ momentum: momentumAt(Number(byId("momentum").value)) }));
  on("l2", "input", () => soon({ l2: Number(byId("l2").value) }));
  on("rate-number", "change", () => typed("rate", isRate));
  on("epoch-number", "change", () => typed("epoch", (value) => Number.isInteger(value) && value >= 0 && value <= MOST_EPOCHS));
  on("momentum-number", "change", () => typed("momentum", (value) => value >= 0 && value < 1));
  on("rule", "change", () => soon({ rule: byId("rule").value }));
  on("objective", "change", () => soon({ objective: byId("objective").value }));
  on("standardize", "change", () => standardize(byId("standardize").checked));
  on("log", "change", () => soon({ log: byId("log").checked }));
  for (const axis of [0, 1]) on(`contour-${axis}`, "change", () => { view.chosen = [0, 1].map((at) => Number(byId(`contour-${at}`).value)); update({}); });
  on("coefficient", "change", () => { view.shown = byId("coefficient").value; update({}); });
}

function listenToButtons() {
  on("play", "click", play);
  on("forward", "click", () => { pause(); soon({ epoch: Math.min(MOST_EPOCHS, view.state.epoch + 1) }); });
  on("back", "click", () => { pause(); soon({ epoch: Math.max(0, view.state.epoch - 1) }); });
  on("best", "click", useBest);
  on("reset", "click", reset);
  on("link", "click", () => copy(location.href.split("#")[0] + address()));
  on("embed", "click", () => copy(`<iframe src="${location.href.split("#")[0]}${address()}" width="100%" height="700" style="border:0" title="Gradient descent"></iframe>`));
  on("print", "click", () => window.print());
  on("chip", "click", () => standardize(true));
  on("python", "click", () => copy(asPython(view.payload, view.state, view.problem)));
  on("command", "click", () => copy(asCommand(view.payload, view.state, view.problem)));
  listenToPins(update);
  addEventListener("hashchange", () => showAddress(location.hash));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { paint(); view.seen = {}; update({}); });
  addEventListener("beforeprint", drawAllWaiting);
  onLossPointed((epoch) => setText("pointed", epoch === null ? "" : pointedAt(epoch)));
  onMapClick((rate, epoch) => soon({ rate: Number(rate.toPrecision(4)), epoch: Math.min(epoch, view.last) }));
}

// The exact loss at an epoch that the pointer is over.
function pointedAt(epoch) {
  const k = settled({ ...view.state, epoch: Math.min(Math.max(0, epoch), view.last) }, view.payload).epoch;
  return `at epoch ${grouped(k)}: ${number(stateAt(view.problem, view.modes, k).loss)}`;
}

// What an address says: a data set that is at hand, its setting and its pins, and a step of the tour.
function showAddress(hash) {
  lockAllBut(onlyFrom(hash));
  const id = settingsIn(hash).get("set"), named = view.sets.find((set) => encodeURIComponent(set.id) === id), step = stepFrom(hash);
  if (step !== null && step !== view.step) goToStep(step);
  if (step !== null && !named) return; // the step brings its own data set and setting
  if (id && !named) {
    show(view.sets[0]);
    return say("The data of this address is not here: the lab keeps a file or points for their own tab, as long as its session lasts.");
  }
  const payload = named || view.payload || view.sets[0], first = initialState(payload);
  show(payload, stateFrom(hash, payload === view.payload ? view.state : first, payload), pinsFrom(hash, first, payload));
}

async function start() {
  const content = JSON.parse(byId("payload").textContent), hash = location.hash;
  Object.assign(view, { served: content.served, sets: content.sets.map(openPayload) });
  paint();
  for (const listen of [listenToSettings, listenToButtons, listenToSets, listenToFiles, listenToPoints, listenToGuide, listenToPanels, listenToChoices]) listen();
  if (view.served) await meetLab();
  byId("guide").hidden = !hasTour();
  for (const id of ["link", "embed"]) byId(id).hidden = location.protocol === "about:"; // a notebook's frame has no address to link to
  showAddress(hash);
  document.body.dataset.ready = "1";
  performance.mark("steepest-ready");
}

function fail(error) {
  setText("word", "Not drawn");
  setText("line", `The page could not be drawn: ${error.message}`);
  throw error;
}

embedPictures("first", "errors").then(start).catch(fail);
