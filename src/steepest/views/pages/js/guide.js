// Guide: the panel of the guided tour. Its words and settings are those of tour.js.

function hasTour() {
  return TOUR.every(({ set }) => view.sets.some(({ id }) => id === set));
}

function cardOf(picture) {
  return document.querySelector(`.picture[data-picture="${picture}"]`);
}

// Go to a step: its data set, its setting, its words. null ends the tour.
function goToStep(at) {
  view.step = at;
  document.body.classList.toggle("touring", at !== null);
  byId("guide-panel").hidden = at === null;
  byId("guide").hidden = at !== null || !hasTour();
  for (const card of document.querySelectorAll(".asked")) card.classList.remove("asked");
  if (at === null) { turnTo("left"); replaceAddress(); return byId("guide").focus(); }
  const step = TOUR[at];
  tellStep(step, at);
  setStep();
  cardOf(step.picture).classList.add("asked");
  choosePicture(step.picture);
  turnTo("tour");
  byId("guide-scroll").scrollTop = 0;
  return byId("guide-title").focus();
}

function setStep() {
  const { set, state } = TOUR[view.step], payload = view.sets.find(({ id }) => id === set);
  show(payload, { ...initialState(payload), ...state });
}

// The one thing to do stands out.
function paragraph(text) {
  const made = document.createElement("p"), [, action, rest] = /^(Now [^.]*(?:\.\d[^.]*)*\.)(.*)$/.exec(text) || [null, "", text];
  made.append(...(action ? [Object.assign(document.createElement("b"), { textContent: action })] : []), rest);
  return made;
}

function tellStep({ title, text, question, answers }, at) {
  setText("guide-at", `Step ${at + 1} of ${TOUR.length}`);
  setText("guide-title", title);
  byId("guide-text").replaceChildren(...text.map(paragraph));
  setText("guide-question", question);
  setText("guide-reply", "");
  byId("guide-answers").replaceChildren(...answers.map((answer) => {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: answer.text });
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => answered(button, answer));
    return button;
  }));
  byId("guide-back").disabled = at === 0;
  setText("guide-next", at === TOUR.length - 1 ? "End" : "Next");
}

function answered(button, { right, reply }) {
  for (const other of byId("guide-answers").children) { other.setAttribute("aria-pressed", String(other === button)); delete other.dataset.right; }
  button.dataset.right = String(right);
  setText("guide-reply", `${right ? "Yes." : "Not quite."} ${reply}`);
}

function listenToGuide() {
  on("guide", "click", () => goToStep(0));
  on("guide-back", "click", () => goToStep(view.step - 1));
  on("guide-next", "click", () => goToStep(view.step === TOUR.length - 1 ? null : view.step + 1));
  on("guide-again", "click", setStep);
  on("guide-end", "click", () => goToStep(null));
  on("guide-picture", "click", () => choosePicture(TOUR[view.step].picture));
}

// The step that an address names.
function stepFrom(hash) {
  const step = Number(settingsIn(hash).get("tour")) - 1;
  return hasTour() && Number.isInteger(step) && step >= 0 && step < TOUR.length ? step : null;
}
