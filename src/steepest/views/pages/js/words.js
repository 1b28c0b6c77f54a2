// Words: numbers, shares and epochs as a person would say them; the same words as words.py.

// A number with up to `digits` significant ones, thousands separated, whole where it is whole.
function number(value, digits = 6) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size < 1e-4 || size >= 1e12) return scientific(value, digits);
  const places = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  const [whole, part] = value.toFixed(Math.min(places, 100)).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  const rest = (part || "").replace(/0+$/, "");
  return rest ? `${grouped}.${rest}` : grouped;
}

// 7.9e-05, as Python's "g" writes it
function scientific(value, digits) {
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  const power = Math.abs(Number(exponent));
  return `${short}e${exponent[0] === "-" ? "-" : "+"}${power < 10 ? "0" : ""}${power}`;
}

// Python's format "g": significant digits, scientific where the exponent is below -4 or too large for them
function general(value, digits) {
  if (!Number.isFinite(value)) return number(value);
  if (value === 0) return "0";
  const exponent = Number(value.toExponential(digits - 1).split("e")[1]);
  if (exponent < -4 || exponent >= digits) return scientific(value, digits);
  const text = value.toFixed(Math.max(0, digits - 1 - exponent));
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

// A share as a percentage with two significant digits, plain down to a thousandth of a percent.
function percent(share) {
  if (!Number.isFinite(share) || Math.abs(share) >= 1e6 || (share !== 0 && Math.abs(share) < 1e-5)) return `${general(100 * share, 2)}%`;
  if (share === 0) return "0%";
  const places = Math.max(0, 1 - Math.floor(Math.log10(Math.abs(100 * share))));
  const text = (100 * share).toFixed(places);
  return `${text.includes(".") ? text.replace(/\.?0+$/, "") : text}%`;
}

// A share that no float beside 1 would notice has no digits worth reading.
function shareLeft(share) {
  return share < 1e-16 ? "less than 1e-14%" : percent(share);
}

function grouped(count) {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

function counted(count, thing) {
  return `${grouped(count)} ${thing}${count === 1 ? "" : "s"}`;
}

function epochsInWords(count) {
  if (count === null) return "no number of epochs";
  if (count === 1) return "1 epoch";
  return count < 1e15 ? `${grouped(count)} epochs` : `${general(count, 2)} epochs`;
}

// A name cut to a width; texts from outside reach the page only as texts.
function short(text, width = 28) {
  const letters = Array.from(text);
  return letters.length <= width ? text : `${letters.slice(0, width - 1).join("")}…`;
}

// Two dollars in a row would be TeX to Bokeh; a word joiner parts them, so that a name is shown as it is.
function plain(text) {
  return text.replace(/\$(?=\$)/g, "$\u2060").replace(/\\(?=[[(])/g, "\\\u2060");
}

// How the data is quoted for Python and for a shell.
function pythonText(text) {
  return JSON.stringify(text);
}

function pythonValue(value) {
  if (Array.isArray(value)) return `[${value.map(pythonValue).join(", ")}]`;
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" ? pythonText(value) : String(value);
}

// A file's name that is taken for no option and no home folder.
function fileText(name) {
  return /^[-~]/.test(name) ? `./${name}` : name;
}

function shellText(text) {
  if (text === "\t") return "$'\\t'"; // a terminal would take the mark itself for a key
  return /^[\w.:=/,+][\w.:=/,+-]*$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}

// A name in a list of names separated by commas.
function csvText(text) {
  return /[",\n]|^\s|\s$/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
