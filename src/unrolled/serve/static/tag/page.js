/* The page of a tagger. */
import { ask, bars, clear, debounce, fail, format, info, isAbort, toast, visible } from "../shell/shell.js";
import { Counts } from "./counts.js";
import { Flow, flatten } from "./flow.js";
import { Names } from "./names.js";

const TOP = 5;
const $ = (id) => document.getElementById(id);
const area = $("text");
const about = await info().catch((error) => { fail(error); throw error; });
const {details, limits} = about;
const names = new Names(details);

let words = [], request = new AbortController();
const flow = new Flow($("flow"), names, point, (name) => flow.find(name || counts.pinned));
const counts = new Counts($("counts"), names, (name) => flow.find(name));
const readSoon = debounce(read, 120);

start();

function start() {
  if (names.spans) {
    $("title").textContent = "Names and other spans";
    $("about").textContent = "Type or paste a text. The network reads whole sentences and marks the spans it knows.";
    $("tags-title").textContent = "Spans in this text";
    $("counts-hint").textContent = "Choose a kind to find its spans.";
  }
  area.maxLength = limits.characters;
  $("examples").append(...details.examples.map((text) => {
    const chip = document.createElement("button");
    Object.assign(chip, {className: "chip", type: "button", textContent: text, onclick: () => put(text)});
    return chip;
  }));
  $("clear").addEventListener("click", () => { put(""); area.focus(); });
  $("copy").addEventListener("click", copy);
  area.addEventListener("input", edited);
  put(area.value || details.examples[0] || "");
  if (!area.value) area.focus();
}

function put(text) {
  area.value = text;
  edited();
  readSoon.flush();
}

function edited() {
  $("behind").textContent = `${area.value}\n`;
  $("clear").hidden = !area.value;
  for (const chip of $("examples").children) chip.setAttribute("aria-pressed", String(chip.textContent === area.value));
  readSoon();
}

async function read() {
  request.abort();
  const {signal} = request = new AbortController(), text = area.value;
  if (!text.trim()) { show([]); return; }
  try {
    const answer = await ask("predict", {texts: [text], top: TOP}, {signal});
    clear();
    show(flatten(answer));
  } catch (error) { if (!isAbort(error)) fail(error); }
}

function show(sentences) {
  words = sentences.flat();
  $("result").hidden = $("word").hidden = !words.length;
  flow.show(sentences);
  const spans = new Set(words.map(({span}) => span).filter(Boolean));
  counts.show(names.spans ? [...spans].map(({label}) => label || "span") : words.map(({tag}) => tag));
  flow.find(counts.pinned);
  $("counts-hint").hidden = !$("counts").children.length;
  if (!$("counts").children.length) {
    $("counts").replaceChildren(Object.assign(document.createElement("li"), {
      className: "quiet", textContent: words.length ? "None." : "Type a text to see its tags."}));
  }
  const size = (count, one) => `${format(count)} ${one}${count === 1 ? "" : "s"}`;
  $("result-title").textContent = `${size(words.length, "word")}, ${size(sentences.length, "sentence")}`;
  $("unsure-legend").hidden = !$("flow").querySelector(".unsure");
  detail(-1);
}

/* ---- one word ---- */

function point(number) {
  flow.mark(number);
  counts.mark(number < 0 ? "" : words[number].span?.label ?? (names.spans ? "" : words[number].tag));
  detail(number);
}

/* Show the probabilities of the tags of a word; of none: of the one that is the least sure. */
function detail(number) {
  if (!words.length) return;
  const word = words[number] ?? words.reduce((least, other) => other.sure < least.sure ? other : least);
  $("word-title").textContent = number < 0 ? "Least certain" : "This word";
  $("word-note").textContent = `“${visible(word.word.slice(0, 60))}”`;
  bars($("bars"), Object.entries(word.probabilities).map(([tag, p]) => ({
    name: names.meaning(tag) ? `${tag} · ${names.meaning(tag)}` : tag, share: p, value: format.percent(p), on: tag === word.tag,
  })));
}

async function copy() {
  const rows = [];
  let last = 0;
  $("flow").querySelectorAll(".sentence").forEach((sentence) => {
    const count = sentence.querySelectorAll(".token").length;
    rows.push(...words.slice(last, last += count).map(({word, tag}) => `${word}\t${tag}`), "");
  });
  try {
    await navigator.clipboard.writeText(rows.join("\n"));
    toast("Copied: a word and its tag on each line, and a blank line after each sentence.");
  } catch { toast("This browser does not let the page copy."); }
}
