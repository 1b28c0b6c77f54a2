// Choices: which pictures are seen. The data stands on the left; the right one is chosen. A narrow screen shows one, with tabs.

const FIRST_SIDE = "left";

function isThere(card) {
  return !card.hidden;
}

function nameOf(card) {
  return card.querySelector("h2").textContent;
}

// Where a picture is not to be had with this setting, the first that is stands in for it until it is there again.
function showChoices() {
  const there = [...document.querySelectorAll(".picture")].filter(isThere), left = there[0], others = there.slice(1);
  const right = others.find(({ dataset }) => dataset.picture === view.picture) || others[0];
  for (const card of document.querySelectorAll(".picture")) {
    card.classList.toggle("at-left", card === left);
    card.classList.toggle("at-right", card === right);
  }
  nameChoices(left, others, right);
  setText("caption", [...right.querySelectorAll("figcaption:not(#confusion-said, #inference-said, [hidden])")].map(({ textContent }) => textContent).join(" "));
}

function nameChoices(left, others, right) {
  const named = others.map((card) => [card.dataset.picture, nameOf(card)]);
  if (changed("choices", nameOf(left), JSON.stringify(named), view.step === null)) {
    byId("picture").replaceChildren(...named.map(([value, textContent]) => Object.assign(document.createElement("option"), { value, textContent })));
    const tabs = [...(view.step === null ? [] : [["tour", "Tour"]]), ["left", nameOf(left)], ...named];
    byId("tabs").replaceChildren(...tabs.map(([value, textContent]) => Object.assign(document.createElement("button"), { type: "button", value, textContent })));
  }
  setValue("picture", right.dataset.picture);
  const { side = FIRST_SIDE } = document.body.dataset;
  for (const tab of byId("tabs").children) tab.setAttribute("aria-pressed", String(tab.value === (side === "right" ? right.dataset.picture : side)));
}

// Show a picture: on the right, or on the left where it stands there.
function choosePicture(name) {
  const atLeft = document.querySelector(`.picture.at-left[data-picture="${name}"]`);
  if (!atLeft) view.picture = name;
  turnTo(atLeft ? "left" : "right");
}

// On a narrow screen: the tour, the left picture or the right one.
function turnTo(side) {
  document.body.dataset.side = side;
  showChoices();
}

function listenToChoices() {
  document.body.dataset.side = FIRST_SIDE;
  on("picture", "change", () => choosePicture(byId("picture").value));
  byId("tabs").addEventListener("click", ({ target: { value } }) => { if (["tour", "left"].includes(value)) turnTo(value); else if (value) choosePicture(value); });
}
