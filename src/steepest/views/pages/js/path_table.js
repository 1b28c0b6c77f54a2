// Path table: the model at a stop, in words and in a table.

const byId = (id) => document.getElementById(id);
const MOST_LINES = 200, MOST_ELSEWHERE = 40;

function setText(id, text) {
  byId(id).textContent = text;
}

function cell(value) {
  return Number.isFinite(value) ? number(value, 7) : "";
}

function heldOut(path, stop) {
  const { held, spread } = path.known;
  if (!Number.isFinite(held[stop])) return "";
  const band = Number.isFinite(spread[stop]) ? ` ± ${number(spread[stop], 3)}` : "";
  return `held-out ${path.payload.measure} ${number(held[stop])}${band}`;
}

function sayModel(path, stop) {
  const { payload, known, counts } = path, measure = payload.measure;
  const errors = [`${measure} ${number(known.error[stop])} on the rows learned from`, heldOut(path, stop)].filter(Boolean).reverse();
  setText("sentence", `Penalty ${number(path.penaltyAt(stop))}: ${grouped(counts[stop])} of ${counted(payload.inputs, "input")} in use, ${errors.join(", ")}.`);
  const marks = payload.marks.filter((mark) => mark.stop === stop).map((mark) => `${mark.name}: ${mark.why}`).join("; and ");
  setText("advice", marks && `${marks[0].toUpperCase()}${marks.slice(1)}.`);
  const criteria = known.bic ? `; AIC ${number(known.aic[stop])}, BIC ${number(known.bic[stop])}` : "";
  setText("figures-now", `${number(known.degrees[stop], 4)} degrees of freedom${criteria}`);
  const said = `${number(path.penaltyAt(stop))}, ${counted(counts[stop], "input")} in use`;
  setText("penalty-said", number(path.penaltyAt(stop)));
  byId("penalty").setAttribute("aria-valuetext", said);
}

function showModel(path, stop, colors) {
  const { payload, deviations, known } = path, used = path.inUse(stop);
  const strength = (j) => Math.abs(path.atStop(stop, j) * deviations[j]);
  used.sort((i, j) => strength(j) - strength(i));
  const rows = used.slice(0, MOST_LINES).map((j) => [payload.features[j], path.atStop(stop, j), path.atStop(stop, j) * deviations[j], entry(payload, j), colors.get(j)]);
  if (payload.fit_intercept) rows.unshift(["bias", known.bias[stop], NaN, "", null]);
  const when = payload.exact ? "comes in below penalty" : "in use from penalty";
  byId("model").replaceChildren(line(["", "coefficient", "per standard deviation", when], null, "th"),
    ...rows.map(([name, own, scaled, at, color]) => line([name, cell(own), cell(scaled), at], color, "td")));
  setText("table-title", `Inputs in use at penalty ${number(path.penaltyAt(stop))}`);
  sayOthers(path, stop, used);
}

function entry(payload, j) {
  return payload.entries[j] === null ? "not penalized" : number(payload.entries[j]);
}

function line(cells, color, kind) {
  const row = document.createElement("tr");
  cells.forEach((text, at) => {
    const one = document.createElement(at === 0 ? "th" : kind);
    if (at === 0 && color) one.append(Object.assign(document.createElement("i"), { style: `background:${color}` }));
    one.append(text);
    row.append(one);
  });
  return row;
}

function sayOthers(path, stop, used) {
  const { payload, d } = path, here = new Set(used);
  const elsewhere = [...Array(d).keys()].filter((j) => !here.has(j)).sort((i, j) => (payload.entries[j] || 0) - (payload.entries[i] || 0));
  const named = elsewhere.slice(0, MOST_ELSEWHERE).map((j) => `${payload.features[j]} (${entry(payload, j)})`);
  const more = (all, shown) => (all > shown ? ` and ${grouped(all - shown)} more` : "");
  setText("elsewhere", named.length ? `0 here, in use at other penalties: ${named.join(", ")}${more(elsewhere.length, named.length)}.` : "");
  const never = payload.never.slice(0, MOST_ELSEWHERE);
  setText("never", never.length ? `In use at no penalty of this page: ${never.join(", ")}${more(payload.never_count, never.length)}.` : "");
  const lost = payload.left_out ? ` ${counted(payload.left_out, "input")} that say less are in use somewhere, and left out of this page.` : "";
  const cut = used.length > MOST_LINES ? ` ${grouped(used.length - MOST_LINES)} more inputs are in use.` : "";
  setText("table-said", `Coefficients are in the data's own units; beside them, what one standard deviation of the input changes.${cut}${lost}`);
}
