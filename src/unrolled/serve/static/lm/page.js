/* The page of a language model. */
import { bars, clear, debounce, fail, format, info, isAbort, slid, tip, visible } from "../shell/shell.js";
import { Inside } from "./inside.js";
import { Reader } from "./reader.js";
import { Sheet } from "./sheet.js";
import { continuing, Tokens } from "./tokens.js";
import { Writer } from "./writer.js";

const BARS = 10, MOST = 1000;
const $ = (id) => document.getElementById(id);
const UNITS = {char: "character", word: "word", bpe: "piece"};

const about = await info().catch((error) => { fail(error); throw error; });
const tokens = new Tokens(about.details);
const area = $("text"), sheet = new Sheet(area, $("behind"));
/* Places that the model wrote: [begin, end]. */
let written = [], shown = "";

const number = (id) => $(id).value === "" ? null : Math.max(0, Math.round(Number($(id).value)));
const sampling = () => ({
  temperature: Number($("temperature").value), top_p: Number($("top-p").value), top_k: number("top-k") ?? 0, seed: number("seed"),
});
const options = () => ({
  temperature: Math.max(0.001, Number($("temperature").value)), top: tokens.words ? MOST : BARS,
});
const part = () => area.value.slice(tokens.target(area.value));
const atEnd = () => area.selectionStart === area.value.length && area.selectionEnd === area.value.length;

const reader = new Reader(tokens, options, onRead, fail);
const inside = new Inside(reader, () => { spreadUnit(); sheet.paint(0, look); });
const failed = (error) => error.status === 409 ? reader.restart() : fail(error);
const writer = new Writer(tokens.kind, {base: () => reader.base(), sampling, onsuggestion: showSuggestion, onerror: failed});
const suggestSoon = debounce(suggest, 350);

/* Classes of a place of the text: its surprise or the value of a unit, and whether the model wrote it. */
function look(place) {
  const byModel = written.some(([begin, end]) => place >= begin && place < end) ? "by-model" : "";
  const tinted = inside.unit ? values[place] ?? "" : $("tint").checked ? surprise(reader.bits[place]) : "";
  return byModel && tinted ? `${byModel} ${tinted}` : byModel || tinted;
}

const LEVELS = [0.33, 0.66, 1, 1.5];
const surprise = (bits) => {
  const level = bits === undefined ? 0 : LEVELS.filter((l) => bits > l * tokens.bits).length;
  return level ? `warm-${level}` : "";
};

/* Class of each place by the value of the unit that is shown. */
let values = [];
function spreadUnit() {
  values = [];
  if (!inside.unit) return;
  const {layer, unit} = inside.unit, range = inside.range(layer);
  for (const {begin, end, layers} of reader.steps) {
    const level = Math.max(0, Math.min(6, Math.round((layers[layer][unit] / range + 1) * 3)));
    for (let place = begin; place < end; place++) values[place] = level === 3 ? "" : `div-${level}`;
  }
}

/* ---- reading ---- */

function onRead(answer) {
  clear();
  const end = reader.text.length, behind = end - answer.end;
  $("progress").textContent = behind > 500 ? `Reading: ${format(behind)} characters left` : "";
  if (inside.unit) spreadUnit();
  sheet.paint(Math.max(0, answer.end - 2 * 1000), look);
  if (!reader.done) return;
  inside.update();
  list();
  if (!writer.suggestion) suggestSoon();
}

function list() {
  const {now} = reader, candidates = continuing(now.tokens, part()).slice(0, BARS), {top_k, top_p} = sampling();
  const most = candidates[0]?.probability ?? 1;
  let before = 0;
  bars($("bars"), candidates.map((token, n) => {
    const out = before >= top_p || (top_k > 0 && n >= top_k);
    before += token.probability;
    const name = token.text === "<eos>" ? (tokens.words ? "↵" : "end of text") : visible(token.text);
    return {
      token, name, share: token.probability / most, value: format.percent(token.probability), off: out,
      spoken: {" ": "space", "\n": "line break"}[token.text] ?? token.text,
      tip: out ? "Excluded by top-k or top-p; you can still take it" : undefined,
    };
  }), ({token}) => take(token));
  [...$("bars").children].forEach((row, n) => row.classList.toggle("off", Boolean(row.firstChild.item.off)));
  $("entropy").textContent = !candidates.length ? `No word of the vocabulary begins with “${part()}”.`
    : part() ? `Words that begin with “${part()}”.`
    : `Uncertainty: ${now.entropy.toFixed(1)} bits, as if choosing among ${choices(2 ** now.entropy)} equally likely ${UNITS[tokens.kind]}s.`;
}

const choices = (count) => count < 100 ? count.toFixed(1) : format(Math.round(count));

/* ---- text ---- */

/* Marks of what the model wrote move with the text around them. */
function edited() {
  const text = area.value, change = text.length - shown.length;
  let same = 0;
  while (same < text.length && text[same] === shown[same]) same++;
  const moved = (place) => place <= same ? place : Math.max(same, place + change);
  written = written.map(([from, to]) => [moved(from), moved(to)]).filter(([from, to]) => to > from);
  const grown = change > 0 && same === shown.length && atEnd() ? text.slice(same) : "";
  shown = text;
  if (writer.writing) stop();
  if (!writer.typed(grown)) writer.forget();
  update();
}

function update() {
  $("clear").disabled = !area.value;
  suggestSoon.cancel();
  const from = reader.read(area.value);
  sheet.paint(from, look);
}

/* Add what the model wrote. */
function add(text) {
  const from = area.value.length, last = written.at(-1);
  area.value += text;
  area.setSelectionRange(area.value.length, area.value.length);
  if (last?.[1] === from) last[1] += text.length; else written.push([from, from + text.length]);
  shown = area.value;
  update();
  sheet.follow();
}

function take(token) {
  const text = tokens.added(token, area.value, part());
  if (!writer.typed(text)) writer.forget();
  add(text);
}

/* ---- suggestion and continuation ---- */

function suggest() {
  if (!$("suggest").checked || !area.value || writer.writing || !atEnd() || !reader.done) return;
  const begun = part(), [best] = begun ? continuing(reader.now.tokens, begun) : [];
  if (begun && !best) return;
  writer.suggest(begun ? best.text.slice(begun.length) : "").catch((error) => { if (!isAbort(error)) fail(error); });
}

function showSuggestion() {
  sheet.suggest(writer.suggestion);
  $("take").disabled = !writer.suggestion;
}

const takeSuggestion = () => { const text = writer.take(); if (text) add(text); };

async function write() {
  takeSuggestion();
  suggestSoon.cancel();
  $("go").textContent = "Stop";
  $("go").classList.remove("primary");
  await writer.write(add);
  if (!writer.writing) stop();
}

function stop() {
  writer.stop();
  $("go").textContent = "Continue";
  $("go").classList.add("primary");
}

const toggle = () => writer.writing ? stop() : write();

/* ---- controls ---- */

area.addEventListener("input", edited);
area.addEventListener("keydown", (event) => {
  if (event.key === "Tab" && writer.suggestion && !event.shiftKey) { event.preventDefault(); takeSuggestion(); }
  if (event.key === "Escape") { stop(); writer.forget(); suggestSoon.cancel(); }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat) { event.preventDefault(); toggle(); }
});
area.addEventListener("pointermove", ({clientX, clientY}) => {
  const place = document.caretPositionFromPoint?.(clientX, clientY);
  const bits = place?.offsetNode === area ? reader.bits[place.offset] : undefined;
  if (bits === undefined || inside.unit) return tip.hide();
  tip.show(clientX, clientY - 12, `“${visible(area.value[place.offset])}” had a probability of ${format.percent(2 ** -bits)} (${bits.toFixed(1)} bits)`);
});
area.addEventListener("pointerleave", () => tip.hide());
$("go").onclick = toggle;
$("take").onclick = () => { takeSuggestion(); area.focus(); };
$("clear").onclick = () => { stop(); area.value = ""; edited(); area.focus(); };
$("suggest").onchange = () => $("suggest").checked ? suggest() : writer.forget();
$("tint").onchange = () => sheet.paint(0, look);
const again = debounce(() => reader.refresh(), 80);
$("temperature").addEventListener("input", () => { writer.forget(); again(); });
for (const id of ["top-p", "top-k", "seed"]) {
  $(id).addEventListener("input", () => { writer.forget(); if (reader.done && reader.now) list(); suggestSoon(); });
}

const unit = UNITS[tokens.kind];
$("next-title").textContent = `Next ${unit}`;
$("about").textContent = `The network reads each ${unit}. You see its hidden units, and what it expects next.`;
try { area.value = decodeURIComponent(location.hash.slice(1)) || area.value; } catch { /* not a text: keep what was typed */ }
for (const id of ["temperature", "top-p"]) slid($(id));
edited();
if (matchMedia("(pointer: fine)").matches) area.focus();
