/* A classifier of sequences of numbers: paste them, or draw them. */
import { ask, clear, debounce, fail, format, h, isAbort } from "../shell/shell.js";
import { Curve } from "./curve.js";
import { Plot } from "./plot.js";

const PREFIXES = 40, STEPS = [8, 200];
const $ = (id) => document.getElementById(id);

/** Read numbers: one vector a line, or any numbers if a step is one number. Throws Error with the line. */
export function parse(text, features) {
  const lines = features === 1 ? text.split(/[\s,;]+/) : text.split("\n");
  const steps = [];
  lines.forEach((line, n) => {
    if (!line.trim()) return;
    const vector = line.trim().split(/[\s,;]+/).map(Number);
    if (vector.some((number) => !Number.isFinite(number))) throw new Error(`“${line.trim().slice(0, 40)}” is not a number.`);
    if (vector.length !== features) throw new Error(`Line ${n + 1} has ${format(vector.length)} numbers; this model reads ${features}.`);
    steps.push(vector);
  });
  return steps;
}

/** Fill the page for a model that reads vectors. */
export function start({details, limits}, answer) {
  const {features} = details, length = Math.max(STEPS[0], Math.min(STEPS[1], Math.round(details.mean_length ?? 50)));
  $("about").textContent = "The network reads numbers step by step and picks a label.";
  $("title").textContent = "Which label, and when it knows";
  const area = h("textarea", {
    id: "text", rows: 5, class: "mono", spellcheck: "false", "aria-label": "Numbers", placeholder: features === 1
      ? "Paste numbers, separated by blanks, commas or line breaks …" : `Paste numbers: one line for each step, ${features} numbers in each line …`,
  });
  const canvas = h("canvas", {id: "plot", role: "img", "aria-label": "The numbers"});
  const button = h("button", {type: "button", onclick: () => put(invent(details, length))}, "Make some up");
  const problem = h("p", {class: "small quiet", role: "status"});
  document.getElementById("writing").remove();  // its textarea has the same id
  $("numbers").append(h("div", {class: "card tight"}, features === 1 && h("p", {class: "small quiet"}, "Draw a line, or paste numbers below."),
    canvas), area, h("div", {class: "row"}, button, problem));
  $("numbers").hidden = false;
  $("play").hidden = true;

  let request = new AbortController(), steps = [], beginnings = null, whole = {};
  const plot = new Plot(canvas, details, (drawn) => put(drawn), length);
  const curve = new Curve($("curve"), details.labels, scrubbed);
  const readSoon = debounce(read, 120);
  area.addEventListener("input", readSoon);
  put(invent(details, length));

  function put(values) {
    area.value = values.map((vector) => vector.map((number) => Number(number.toPrecision(4))).join(" ")).join(features === 1 ? " " : "\n");
    readSoon();
    readSoon.flush();
  }

  async function read() {
    request.abort();
    const {signal} = request = new AbortController();
    problem.textContent = "";
    try { steps = parse(area.value, features); } catch (error) { problem.textContent = error.message; return; }
    plot.show(steps);
    if (!steps.length) { $("reading").hidden = true; answer.empty("Paste numbers to see their label."); return; }
    const most = Math.min(PREFIXES, limits.items, Math.floor(2 * limits.characters / (steps.length * features)) - 2);
    const count = Math.max(1, Math.min(steps.length, most));
    const ends = Array.from({length: count}, (_, n) => Math.round((n + 1) * steps.length / count));
    try {
      const {predictions} = await ask("predict", {sequences: ends.map((end) => steps.slice(0, end))}, {signal});
      clear();
      whole = predictions.at(-1).probabilities;
      const lines = details.labels.map((label) => [label, predictions.map(({probabilities}) => probabilities[label])]);
      beginnings = {words: ends.map((end) => ({text: String(end)})), probabilities: Object.fromEntries(lines)};
      $("reading").hidden = count < 2;
      curve.show(beginnings, predictions.at(-1).label);
      answer.show(whole, null);
      $("settled").textContent = "The label after each step, as if the sequence ended there.";
    } catch (error) { if (!isAbort(error)) fail(error); }
  }

  function scrubbed(step) {
    const last = beginnings.words.length - 1;
    plot.mark(step < 0 ? -1 : Number(beginnings.words[step].text) - 1);
    if (step < 0 || step === last) { answer.show(whole, null); return; }
    const entries = Object.entries(beginnings.probabilities).map(([label, p]) => [label, p[step]]);
    answer.show(Object.fromEntries(entries), null, `after step ${beginnings.words[step].text}`);
  }
}

/* Numbers on the scale of the training data: waves and some noise. */
function invent({features, mean, scale}, length) {
  const waves = Array.from({length: features}, () => [0.15 + 0.5 * Math.random(), 6 * Math.random()]);
  return Array.from({length}, (_, step) => waves.map(([speed, phase], f) =>
    (mean?.[f] ?? 0) + (scale?.[f] ?? 1) * (1.3 * Math.sin(speed * step + phase) + 0.25 * (Math.random() - 0.5))));
}
