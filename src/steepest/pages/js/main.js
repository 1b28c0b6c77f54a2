// Main: from a change of the state to new pictures and words. What did not change is not computed again.

const MAP_SIZE = 48, POINTS = 320;

function start() {
  const payload = openPayload(JSON.parse(byId("payload").textContent)), colors = payload.colors;
  const first = initialState(payload), seen = {};
  let state = stateFrom(location.hash, first, payload), chosen = [0, 1], shown = "weights", playing = null, addressing = null;
  const changed = (name, ...values) => { const key = values.join("|"), is = seen[name] !== key; seen[name] = key; return is; };
  let problem, rule, modes, limit, last, epochs, curves, scale, verdict;

  const setting = () => [state.standardize, state.l2, state.objective];
  const lastEpoch = () => Math.min(MOST_EPOCHS, Math.max(1000, 20 * payload.run.epochs, state.epoch));

  function solveAgain() {
    if (changed("problem", ...setting())) problem = problemOf(payload, state.standardize ? "standardized" : "raw", state.l2, state.objective);
    rule = ruleOf(state, problem);
    if (changed("modes", ...setting(), JSON.stringify(rule))) modes = solveAll(problem, rule);
    limit = modes.length ? stabilityLimit(rule.name, rule.momentum, problem.eigenvalues[0]) : Infinity;
    last = changed("last", ...setting()) || state.epoch > last ? lastEpoch() : last;
    scale = state.log ? "log" : "linear";
  }

  function drawCurves() {
    if (!changed("curves", ...setting(), JSON.stringify(rule), last, scale)) return;
    epochs = epochsUpTo(scale === "log" ? last : Math.min(last, Math.max(state.epoch, payload.run.epochs) * 1.2), POINTS, scale === "linear");
    curves = errorCurves(problem, modes, epochs);
    showLoss(scale, epochs, curves, problem, state);
    const lines = spread(problem.r, SHOWN_LINES);
    showLines("modes", scale, epochs, modeCurves(modes, lines, epochs), lines.map((_, at) => colors[at]));
    seen.coefficients = null;
  }

  function coefficientRows() {
    if (shown === "weights") {
      const rows = [...payload.features.keys()].map((j) => j + 1);
      return rows.length === 1 && payload.fit_intercept ? [1, 0] : rows.slice(0, SHOWN_LINES);
    }
    return [shown === "bias" ? 0 : Number(shown) + 1];
  }

  function drawCoefficients() {
    if (!changed("coefficients", ...setting(), JSON.stringify(rule), last, scale, shown)) return;
    const all = coefficientCurves(problem, modes, epochs), rows = coefficientRows(), used = rows.map((_, at) => colors[at]);
    const goal = inOwnUnits(problem, problem.limit), goals = [goal.bias, ...goal.weights];
    showLines("coefficients", scale, epochs, rows.map((row) => all[row]), used);
    showGoals(scale, epochs, rows.map((row) => goals[row]), rows.map((row) => all[row]), used);
  }

  function drawContour() {
    if (problem.p < 2 || !changed("contour", ...setting(), JSON.stringify(rule), last, chosen)) return;
    const near = [...Array(Math.min(last, 60) + 1).keys()]; // the first steps one by one, then log-spaced
    const path = [...new Set([...near, ...epochsUpTo(last, 200, false)])].sort((a, b) => a - b);
    showContour(problem, contour(problem, modes, chosen[0], chosen[1], path), chosen[0], chosen[1]);
  }

  function drawMap() {
    const range = rateRange(limit, state.rate), kind = [...setting(), rule.name, rule.momentum, last];
    if (rule.name === "chebyshev" || !changed("map", ...kind, ...range)) return;
    const rates = Array.from({ length: MAP_SIZE }, (_, i) => range[0] * (range[1] / range[0]) ** (i / (MAP_SIZE - 1)));
    const rows = Array.from({ length: MAP_SIZE }, (_, i) => Math.round(last ** (i / (MAP_SIZE - 1))));
    showMap(heatMap(problem, rule, rates, rows), rates, rows, limit, bestRate(rule.name, rule.momentum, problem.eigenvalues));
  }

  function drawNow() {
    const now = stateAt(problem, modes, state.epoch), own = inOwnUnits(problem, now.theta);
    if (changed("frame", ...setting())) {
      frameData(payload, inOwnUnits(problem, problem.limit));
      if (payload.rows && payload.features.length === 1) fill("data:rows", { x: payload.rows.X, y: payload.rows.y });
    }
    showCursor(scale, state, now);
    showData(payload, own);
    if (problem.p >= 2) showNowOnContour(now.theta[chosen[0]], now.theta[chosen[1]]);
    showNowOnMap({ ...state, rate: rule.learning_rate });
    tell(now, own);
  }

  function tell(now, own) {
    verdict = verdictOf(problem, rule, modes, state.epoch);
    byId("verdict").dataset.kind = verdict.kind;
    setText("sentence", verdict.sentence);
    setText("advice", verdict.advice);
    setText("figures-now", `epoch ${grouped(state.epoch)} · loss ${number(now.loss)} (floor ${number(problem.floor)}) · RMSE ${number(now.rmse)}` +
      (now.heldRmse === null ? "" : ` · held-out RMSE ${number(now.heldRmse)}`) + ` · condition number ${number(problem.condition)}`);
    const lines = spread(problem.r, SHOWN_LINES);
    legend("modes-legend", lines.map((i, at) => ({ color: colors[at], name: short(problem.words[i], 60), value: shareLeft(Math.abs(now.left[i])) })));
    const values = [own.bias, ...own.weights], names = ["bias", ...payload.features];
    legend("coefficients-legend", coefficientRows().map((row, at) => ({ color: colors[at], name: short(names[row]), value: number(values[row]) })));
    explain();
  }

  function explain() {
    const k = Math.max(1, state.epoch), step = stepOf(problem, rule, modes, k), say = (value) => general(value, 7);
    setText("formula", `${FORMULAS[rule.name]}   (epoch ${grouped(k - 1)} → ${grouped(k)}${problem.name === "raw" ? "" : "; inputs u = (x − mean) / standard deviation"})`);
    const named = problem.names.slice(0, 3), first = payload.fit_intercept ? 1 : 0;
    const inputs = named.slice(first).map((name) => short(name, 16));
    byId("rows-table").hidden = !step.rows.length;
    table("rows-table", ["row", ...inputs, ...(problem.names.length > 3 ? ["…"] : []), "prediction", "target", "residual"], step.rows.map((row) => [
      String(row.position), ...row.inputs.slice(0, inputs.length).map(say), ...(problem.names.length > 3 ? ["…"] : []), say(row.prediction), say(row.target), say(row.residual)]));
    const momentum = ["heavy_ball", "nesterov"].includes(rule.name), most = Math.min(8, problem.p);
    table("step-table", ["parameter", "before", ...(momentum ? ["velocity before"] : []), "gradient over all rows", "change", "after"], [...Array(most).keys()].map((j) => [
      short(problem.names[j]), say(step.before[j]), ...(momentum ? [say(step.velocity[j])] : []), say(step.gradient[j]), say(step.after[j] - step.before[j]), say(step.after[j])]));
  }

  function showControls() {
    const cheb = rule.name === "chebyshev", own = ["heavy_ball", "nesterov"].includes(rule.name), range = rateRange(limit, state.rate);
    const best = bestRate(rule.name, rule.momentum, problem.eigenvalues);
    setValue("rate", logPosition(state.rate, range));
    setValue("rate-number", state.rate);
    byId("rate").disabled = byId("rate-number").disabled = byId("best").disabled = cheb;
    setText("rate-said", cheb ? "Chebyshev takes its steps from the eigenvalues" : `${percent(state.rate / limit)} of the stability limit ${number(limit)}; best ${number(best)}`);
    byId("rate").setAttribute("aria-valuetext", `${state.rate}, ${byId("rate-said").textContent}`);
    placeMark("limit-mark", cheb ? NaN : logPosition(limit, range));
    placeMark("best-mark", cheb ? NaN : logPosition(best, range));
    setValue("epoch", epochPosition(state.epoch, last));
    setValue("epoch-number", state.epoch);
    byId("epoch").setAttribute("aria-valuetext", `epoch ${grouped(state.epoch)}`);
    byId("momentum-field").hidden = !own;
    setValue("momentum", momentumPosition(state.momentum));
    setValue("momentum-number", state.momentum);
    byId("l2").max = problem.space.blocks.length - 1;
    byId("l2").disabled = problem.space.blocks.length < 2;
    setValue("l2", state.l2);
    setText("l2-said", number(problem.l2));
    byId("l2").setAttribute("aria-valuetext", number(problem.l2));
    setValue("rule", state.rule);
    setValue("objective", state.objective);
    byId("standardize").checked = state.standardize;
    byId("log").checked = state.log;
    for (const part of document.querySelectorAll("[data-scale]")) part.hidden = part.dataset.scale !== scale;
    byId("map-card").hidden = cheb;
    seen.range = range;
  }

  function update(change) {
    if (change.log === false && !figures.has("loss-linear")) {
      byId("log").disabled = true; // until the figures with linear axes are there
      embedPictures("later", "errors-later").then(() => { paint(); byId("log").disabled = false; update(change); });
      return;
    }
    state = { ...state, ...change };
    solveAgain();
    showControls();
    drawCurves();
    drawCoefficients();
    drawContour();
    drawMap();
    drawNow();
    clearTimeout(addressing);
    addressing = setTimeout(address, 250);
  }

  // A browser refuses an address that changes with every frame; it is written when the setting has come to rest.
  function address() {
    try { history.replaceState(null, "", hashOf(state)); } catch { /* a frame without an address */ }
  }

  // At most one drawing a frame: what a slider says in between is not drawn.
  let coming = null;
  function soon(change) {
    const scheduled = coming !== null;
    coming = { ...coming, ...change };
    if (!scheduled) requestAnimationFrame(() => { const all = coming; coming = null; update(all); });
  }

  function play() {
    if (playing !== null) return pause();
    let at = state.epoch >= last ? 0 : epochPosition(state.epoch, last), before = performance.now();
    setText("play", "Pause");
    const frame = (time) => {
      at = Math.min(POSITIONS, at + ((time - before) * POSITIONS) / 10000); // all epochs in ten seconds
      before = time;
      update({ epoch: epochAt(at, last) });
      if (at >= POSITIONS) pause(); else playing = requestAnimationFrame(frame);
    };
    playing = requestAnimationFrame(frame);
  }

  function pause() {
    cancelAnimationFrame(playing);
    playing = null;
    setText("play", "Play");
  }

  function useBest() {
    const own = ["heavy_ball", "nesterov"].includes(state.rule) ? problem.best[state.rule] : null;
    soon(own ? { rate: own.learning_rate / problem.factor, momentum: own.momentum } : { rate: bestRate(state.rule, 0, problem.eigenvalues) });
  }

  function typed(name, valid) {
    const value = Number(byId(`${name}-number`).value);
    if (byId(`${name}-number`).value !== "" && valid(value)) soon({ [name]: value });
  }

  function listen() {
    const on = (id, event, act) => byId(id).addEventListener(event, act);
    on("rate", "input", () => soon({ rate: logValue(Number(byId("rate").value), seen.range) }));
    on("epoch", "input", () => { pause(); soon({ epoch: epochMovedTo(Number(byId("epoch").value), state.epoch, last) }); });
    on("momentum", "input", () => soon({ momentum: momentumAt(Number(byId("momentum").value)) }));
    on("l2", "input", () => soon({ l2: Number(byId("l2").value) }));
    on("rate-number", "change", () => typed("rate", (value) => value > 0 && value < 1e300));
    on("epoch-number", "change", () => typed("epoch", (value) => Number.isInteger(value) && value >= 0 && value <= MOST_EPOCHS));
    on("momentum-number", "change", () => typed("momentum", (value) => value >= 0 && value < 1));
    on("rule", "change", () => soon({ rule: byId("rule").value }));
    on("objective", "change", () => soon({ objective: byId("objective").value }));
    on("standardize", "change", () => soon({ standardize: byId("standardize").checked, l2: Math.min(state.l2, payload.spaces[byId("standardize").checked ? "standardized" : "raw"].blocks.length - 1) }));
    on("log", "change", () => soon({ log: byId("log").checked }));
    on("play", "click", play);
    on("forward", "click", () => { pause(); soon({ epoch: Math.min(MOST_EPOCHS, state.epoch + 1) }); });
    on("back", "click", () => { pause(); soon({ epoch: Math.max(0, state.epoch - 1) }); });
    on("best", "click", useBest);
    on("reset", "click", () => { pause(); last = 0; seen.last = null; soon(first); });
    on("link", "click", () => copy(location.href.split("#")[0] + hashOf(state)));
    on("python", "click", () => copy(asPython(payload, state, problem)));
    on("command", "click", () => copy(asCommand(payload, state, problem)));
    for (const axis of [0, 1]) on(`contour-${axis}`, "change", () => { chosen = [0, 1].map((at) => Number(byId(`contour-${at}`).value)); update({}); });
    on("coefficient", "change", () => { shown = byId("coefficient").value; update({}); });
    addEventListener("hashchange", () => soon(stateFrom(location.hash, state, payload)));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
    addEventListener("beforeprint", drawAllWaiting);
    onMapClick((rate, epoch) => soon({ rate: Number(rate.toPrecision(4)), epoch: Math.min(epoch, last) }));
  }

  function nameThings() {
    setText("title", payload.title);
    document.title = payload.title;
    setText("about", `${grouped(payload.row_count)} rows · ${grouped(payload.features.length)} ${payload.features.length === 1 ? "feature" : "features"} · target ${short(payload.target, 60)}`);
    const names = payload.fit_intercept ? ["intercept", ...payload.features] : payload.features;
    for (const axis of [0, 1]) { options(`contour-${axis}`, names); byId(`contour-${axis}`).value = Math.min(axis, names.length - 1); }
    byId("contour-card").hidden = names.length < 2;
    options("coefficient", payload.features);
    const extra = [["weights", payload.features.length > SHOWN_LINES ? `the first ${SHOWN_LINES} weights` : "all weights"], ["bias", "bias"]];
    byId("coefficient").prepend(...extra.map(([value, textContent]) => Object.assign(document.createElement("option"), { value, textContent })));
    byId("coefficient").value = "weights";
    byId("data-card").hidden = payload.features.length > 1 && !payload.rows;
    setText("data-title", payload.features.length === 1 ? "The data and the fitted line" : "Predictions against targets");
    setText("data-exact", payload.features.length === 1 ? "exact minimum" : "prediction = target");
    setText("data-now", payload.features.length === 1 ? "line at this epoch" : "");
    byId("data-now").parentElement.hidden = payload.features.length > 1;
  }

  nameThings();
  paint();
  listen();
  const linear = !state.log;
  state.log = true;
  update({});
  if (linear) update({ log: false });
  document.body.dataset.ready = "1";
  performance.mark("steepest-ready");
}

function fail(error) {
  setText("sentence", `The page could not be drawn: ${error.message}`);
  throw error;
}

embedPictures("first", "errors").then(start).catch(fail);
