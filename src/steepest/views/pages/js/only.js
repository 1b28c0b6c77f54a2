// Only: a link may lock controls for a class, as in #only=rate,epoch. What is locked still shows its number.

const LOCKS = {
  rate: ["rate-dial", "best"], epoch: ["epoch-dial", "go"], method: ["rule-field", "momentum-field"], penalty: ["l2-field"], loss: ["objective-field"],
  scaling: ["scaling-field", "chip"], data: ["data-choice"], keep: ["pin"], tour: ["guide"], share: ["share"], picture: ["choice", "tabs"],
};

// The names of an address that lock all controls but theirs; null where it locks none.
function onlyFrom(hash) {
  const named = (settingsIn(hash).get("only") || "").split(",").filter((name) => Object.hasOwn(LOCKS, name));
  return named.length ? named : null;
}

function lockAllBut(named) {
  view.only = named;
  for (const [name, ids] of Object.entries(LOCKS)) for (const id of ids) byId(id).inert = named !== null && !named.includes(name);
}
