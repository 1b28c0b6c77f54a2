// Coloring: Bokeh's figures in the page's own colors, which follow light and dark.

// Whose color a part of a picture has: NAME:PART, and of errors which of the two lines.
const ROLES = {
  key: ["curve", "rows", "path", "steps"], alert: ["point", "now", "line", "sides"], good: ["floor", "exact", "goal"], held: ["expected", "others", "best"], edge: ["rings"],
};
const DOTTED = [2, 5], LETTERING = "14px";

function paintLines(figure, color) {
  for (const { data_source, glyph } of figure.renderers) {
    const part = (data_source.name || "").split(":")[1], held = glyph.y && glyph.y.field === "held";
    const role = held ? "held" : part === "sides" && !hasBoundary(view.payload || { features: [] }) ? "edge" : Object.keys(ROLES).find((name) => ROLES[name].includes(part));
    if (part === "regions") glyph.color_mapper.palette = lineColors();
    if (!role) continue;
    if (glyph.fill_color !== undefined) glyph.fill_color = { value: color(`--${role}`) };
    if (glyph.line_color !== undefined) glyph.line_color = { value: color(`--${role}`) };
    if (held) glyph.line_dash = DOTTED;
  }
  const cursor = models.get(`${figure.name}:cursor`);
  if (cursor) cursor.line_color = color("--alert");
}

// Colors of lines that a legend names, in this order.
function lineColors() {
  return getComputedStyle(document.documentElement).getPropertyValue("--lines").trim().split(/\s+/);
}

// Figures follow the page's colors, light and dark.
function paint() {
  view.colors = lineColors();
  const style = getComputedStyle(document.documentElement), color = (name) => style.getPropertyValue(name).trim();
  const ink = color("--ink"), faint = color("--line"), paper = color("--paper");
  for (const figure of figures.values()) {
    figure.background_fill_color = paper;
    figure.border_fill_color = paper;
    figure.outline_line_color = faint;
    paintLines(figure, color);
    for (const part of [...figure.below, ...figure.left, ...figure.center, ...figure.right]) {
      if (part.axis_label_text_color !== undefined) Object.assign(part, { axis_label_text_color: ink, axis_line_color: ink, major_tick_line_color: ink, minor_tick_line_color: null, axis_label_text_font_style: "normal", axis_label_text_font_size: LETTERING });
      if (part.major_label_text_color !== undefined) Object.assign(part, { major_label_text_color: ink, major_label_text_font_size: LETTERING });
      if (part.grid_line_color !== undefined) part.grid_line_color = faint;
    }
  }
}
