// Panels: what opens by a button and closes by it, by Escape, or (menus) by a click beside it.

const PANELS = { yours: "data-panel", share: "share-panel", more: "more-panel", why: "reasons" };
const MENUS = ["yours", "share"]; // the others stay while the sliders are moved

function openPanel(button, open) {
  byId(PANELS[button]).hidden = !open;
  byId(button).setAttribute("aria-expanded", String(open));
}

function isOpen(button) {
  return !byId(PANELS[button]).hidden;
}

function closeByEscape({ key }) {
  const last = Object.keys(PANELS).filter(isOpen).pop();
  if (key !== "Escape" || !last) return;
  openPanel(last, false);
  byId(last).focus();
}

function listenToPanels() {
  for (const button of Object.keys(PANELS)) on(button, "click", () => openPanel(button, !isOpen(button)));
  addEventListener("keydown", closeByEscape);
  addEventListener("pointerdown", ({ target }) => {
    for (const button of MENUS) if (!byId(button).contains(target) && !byId(PANELS[button]).contains(target)) openPanel(button, false);
  });
}
