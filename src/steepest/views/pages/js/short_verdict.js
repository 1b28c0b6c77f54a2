// Short verdict: the verdict in a word and one line of at most 25 words; the long form stands behind "Why?".

const KIND_WORDS = {
  converged: "Converged", unfinished: "Not there yet", crawls: "Not there yet", diverges: "Diverges", oscillates: "Oscillates", separable: "No minimum", unsettled: "Does not settle",
};
const MOST_WORDS = 22;

function shortVerdict(problem, rule, modes, k, verdict) {
  const { kind, needed } = verdict, word = k === 0 && ["unfinished", "crawls"].includes(kind) ? "At the start" : KIND_WORDS[kind];
  if (!word || rule.kind === "walked") return fromSentence(verdict);
  const lines = {
    converged: () => (needed === null || needed > k ? "Less than a millionth of the error is left." : `Nothing is left to learn after epoch ${grouped(needed)}.`),
    oscillates: () => "At exactly the limit the error neither grows nor shrinks.",
    separable: () => "A line tells the classes apart, so the weights grow forever. A penalty stops them.",
    unsettled: () => "The learning rate is above the limit near the minimum, so the run swings around it.",
    diverges: () => divergesLine(modes, verdict),
  };
  return { word, line: (lines[kind] || (() => missingLine(problem, rule, modes, k, verdict)))() };
}

function divergesLine(modes, { limit }) {
  if (modes.path) return "The numbers have become too large to hold.";
  const growth = Math.max(...modes.map((mode) => mode.radius)) - 1;
  return `Each step overshoots: the error grows ${growth < 1 ? `${percent(growth)} per epoch` : `${number(growth + 1, 3)}-fold per epoch`}. Stay below ${number(roundedDown(limit))}.`;
}

function missingLine(problem, rule, modes, k, { needed }) {
  const [part, share] = mostMissing(problem, modes, k), best = problem.bestModes && rule.takes_rate ? firstEpoch(problem.bestModes.modes, CONVERGED, true) : null;
  const left = k === 0 ? "Press Play." : leftToGo(part, share);
  const need = needed === null ? "" : ` This ${rule.takes_rate ? "rate" : "rule"} needs ${epochsInWords(needed)}${best !== null && best < needed ? `; the best rate ${grouped(best)}` : ""}.`;
  return left[0].toUpperCase() + left.slice(1) + need;
}

function leftToGo(part, share) {
  if (share > 1) return `${part} is ${number(share, 3)} times farther off than at the start.`;
  return part === "the slowest mode" ? `${percent(share)} of the way along the flattest direction is still to go.` : `${percent(share)} of ${part} is missing.`;
}

// Of a run that the page cannot compute: what was said of it, cut to a line.
function fromSentence({ kind, sentence }) {
  const [first, ...rest] = sentence.split(": "), named = rest.length && first.split(" ").length <= 3;
  const words = (named ? rest.join(": ") : sentence).split(" ");
  return { word: KIND_WORDS[kind] || (named ? first : "As it went"), line: words.length <= MOST_WORDS ? words.join(" ") : `${words.slice(0, MOST_WORDS).join(" ")} …` };
}
