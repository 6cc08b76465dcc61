/* The page of a classifier. */
import { ask, clear, debounce, fail, h, info, isAbort, still } from "../shell/shell.js";
import { AnswerCard } from "./answer.js";
import { Curve } from "./curve.js";
import { inUnits, Sheet } from "./sheet.js";
import { WordList } from "./words.js";

const MOST_LINES = 8, WORD_MS = 380, LONGEST_MS = 6000;
const UNITS = {words: "word", characters: "letter", sentences: "sentence"};
const ABOUT = (unit) => `The network reads your text and picks a label. Each ${unit} is left out once, to see what it adds.`;
const $ = (id) => document.getElementById(id);
const area = $("text");
const about = await info().catch((error) => { fail(error); throw error; });
const {details, limits} = about;

/* What is shown: the answers of the server to the last text. */
let chosen = null, explanation = null, beginnings = null, playing = 0, request = new AbortController();

const answer = new AnswerCard(details, details.reads === "text" ? pick : null);
let sheet, words, curve;

function start() {
  $("writing").hidden = false;
  area.maxLength = limits.characters;
  sheet = new Sheet(area, $("behind"), pointed);
  words = new WordList(pointed);
  curve = new Curve($("curve"), details.labels, scrubbed);
  $("examples").append(...details.examples.map((text) =>
    h("button", {class: "chip", type: "button", onclick: () => put(text)}, text)));
  $("clear").addEventListener("click", () => { put(""); area.focus(); });
  $("play").addEventListener("click", play);
  area.addEventListener("input", edited);
  put(area.value || details.examples[0] || "");
  if (!area.value) area.focus();
}

function put(text) {
  area.value = text;
  chosen = null;
  edited();
  readSoon.flush();
}

function edited() {
  stop();
  $("clear").hidden = !area.value;
  for (const chip of $("examples").children) chip.setAttribute("aria-pressed", String(chip.textContent === area.value));
  sheet.edited();
  readSoon();
}

const readSoon = debounce(read, 90);

/* Ask for the label, the words and the beginnings of the text. */
async function read() {
  request.abort();
  const {signal} = request = new AbortController();
  const text = area.value;
  if (!text.trim()) { nothing(); return; }
  try {
    const asked = [ask("explain", {text, label: chosen ?? ""}, {signal}), ask("prefixes", {text, top: MOST_LINES}, {signal})];
    const [why, steps] = await Promise.all(asked);
    clear();
    explanation = {...why, words: inUnits(text, why.words)};
    beginnings = steps;
    show();
  } catch (error) {
    if (isAbort(error)) return;
    if (error.type !== "ConfigError") { fail(error); return; }
    await onlyLabel(text, error, signal);
  }
}

/* A text that is too long to explain still has a label. */
async function onlyLabel(text, reason, signal) {
  try {
    const {predictions: [{probabilities}]} = await ask("predict", {texts: [text]}, {signal});
    clear();
    nothing();
    answer.show(probabilities, null);
    $("why").hidden = false;
    $("note").textContent = reason.message;
  } catch (error) { fail(error); }
}

function nothing() {
  explanation = beginnings = null;
  answer.empty("Type a text to see its label.");
  $("why").hidden = $("reading").hidden = true;
  sheet.paint(area.value, [], "words");
}

function show() {
  const {words: parts, unit, probabilities, label} = explanation;
  $("why").hidden = $("reading").hidden = !parts.length;
  sheet.paint(area.value, parts, unit);
  words.show(explanation);
  curve.show(beginnings, label);
  answer.show(probabilities, chosen);
  $("settled").textContent = settled();
  $("title").textContent = `The label, and the ${UNITS[unit]}s that decide it`;
  $("about").textContent = ABOUT(UNITS[unit]);
}

/* Say from which word on the label stays as it is. */
function settled() {
  const {words: steps} = beginnings, last = steps.at(-1);
  if (!last) return "";
  let from = steps.length - 1;
  while (from && steps[from - 1].label === last.label) from--;
  const name = `“${steps[from].text.slice(0, 40)}”`;
  if (from === steps.length - 1 && from) return `The label is ${last.label} only at the end, with ${name}.`;
  return from ? `From ${name} on, the label is ${last.label}.` : `The label is ${last.label} from the first word on.`;
}

function pick(label) {
  chosen = label === chosen ? null : label;
  readSoon.cancel();
  read();
}

/* ---- one word ---- */

function pointed(number) {
  if (playing || !explanation?.words.length) return;
  sheet.mark(number);
  words.note(number);
  curve.mark(explanation.unit === beginnings.unit ? number : -1);
}

/* The bars as they were after a word. */
function scrubbed(step) {
  if (playing) return;
  upTo(step);
  sheet.mark(step);
}

function upTo(step) {
  const steps = beginnings.words;
  if (step < 0 || step >= steps.length - 1) { answer.show(explanation.probabilities, chosen); return; }
  const entries = Object.entries(beginnings.probabilities).map(([label, p]) => [label, p[step]]);
  answer.show(Object.fromEntries(entries), chosen, `after “${steps[step].text.slice(0, 30)}”`);
}

/* ---- reading again ---- */

function play() {
  if (playing) { stop(); show(); return; }
  const count = beginnings.words.length, pause = still() ? 0 : Math.min(WORD_MS, LONGEST_MS / count);
  let step = 0;
  $("play").setAttribute("aria-pressed", "true");
  const next = () => {
    if (step >= count || !pause) { stop(); show(); return; }
    sheet.mark(step, step);
    curve.read(step);
    upTo(step++);
    playing = setTimeout(next, pause);
  };
  next();
}

function stop() {
  clearTimeout(playing);
  playing = 0;
  $("play").setAttribute("aria-pressed", "false");
  curve.read(Infinity);
  sheet.mark(-1);
}

if (details.reads === "text") start();
else (await import("./series.js")).start(about, answer);
