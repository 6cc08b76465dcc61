/* The page of a translator. */
import { clear as clearError, debounce, fail, h, info, model, slid, toast } from "../shell/shell.js";
import { focus } from "./focus.js";
import { Heat } from "./heat.js";
import { showCandidates } from "./others.js";
import { Output } from "./output.js";
import { Parts } from "./parts.js";
import { Ribbons } from "./ribbons.js";
import { Source } from "./source.js";
import { split, usual } from "./split.js";
import { hasPieces, lights, makeView, name } from "./view.js";

const $ = (id) => document.getElementById(id);
const chosen = (group) => document.querySelector(`input[name="${group}"]:checked`).value;
const area = $("text"), store = `translate:${model}`;
let details = {}, drawn = null, views = new WeakMap();

const view = (part) => {
  if (!part?.attention) return null;
  if (!views.has(part.attention)) views.set(part.attention, makeView(part.attention, chosen("grain")));
  return views.get(part.attention);
};
const output = new Output($("parts"), view), source = new Source(area, $("behind"), view);
const ribbons = new Ribbons($("ribbons")), heat = new Heat($("heat"));
const parts = new Parts({options, show, idle, fail});

function options() {
  const repeats = {block_repeats: Number($("repeats").value) || 0};
  const copying = details.tokenizer === "word" && details.attention ? {copy_unknown: $("copy-unknown").checked} : {};
  return {
    attentive: Boolean(details.attention), refine: $("refine").checked, writing: {...repeats, ...copying},
    search: {beams: Number($("beams").value), normalisation: Number($("normalisation").value), ...repeats, ...copying},
  };
}

function show(part) {
  output.show(part);
  if (part === focus.part) {
    source.refresh();
    if (part.state !== "writing") showPart();
  }
  progress();
}

function idle() {
  progress();
  const count = parts.list.filter(({state}) => state === "done").length;
  if (count) {
    clearError();
    $("spoken").textContent = `Done: ${parts.list.map(({text}) => text).join(" ").slice(0, 500)}`;
  }
}

function progress() {
  const {list} = parts, done = list.filter(({state}) => state === "done" || state === "failed").length;
  $("progress").textContent = done < list.length && list.length > 1 ? `${done} of ${list.length}` : "";
  $("copy").disabled = !list.some(({text}) => text);
  $("from-note").textContent = list.length > 1 ? `${list.length} ${{sentences: "sentences", lines: "lines"}[chosen("split")] ?? "texts"}` : "";
  $("to-note").textContent = list.some(({changed}) => changed) ? "Improved by beam search" : "";
}

/* Show attention and alternatives of the part in focus. Until they are there, the old ones stay, dimmed. */
let shown = [];
function showPart() {
  const {part} = focus, now = view(part), signs = [part, now, part?.text, part?.candidates, part?.state];
  if (signs.every((sign, n) => sign === shown[n])) return;
  shown = signs;
  const ready = part?.state === "done";
  if (!part || part.state === "failed") $("inside").hidden = true;
  if (ready) $("inside").hidden = false;
  $("inside").classList.toggle("stale", !ready);
  $("alignment").classList.toggle("stale", !now);
  if (ready && part.long) $("alignment").hidden = true;
  if (now) {
    $("alignment").hidden = false;
    $("grain").hidden = !hasPieces(part.attention);
    if (now !== drawn) for (const drawing of [ribbons, heat]) drawing.show(now, {source: part.source, target: part.text});
    drawn = now;
    tell();
  }
  if (!ready) return;
  showCandidates($("candidates"), part, (candidate) => parts.choose(part, candidate));
  $("others-note").textContent = part?.candidates.length ? "probability and score" : part?.state === "done" ? "searching …" : "";
  warn(part);
}

function warn(part) {
  const {unknown = [], unread = 0, cut = false} = part ?? {}, notes = [];
  if (unknown.length) notes.push(`Unknown to the model: ${unknown.slice(0, 8).join(", ")}${unknown.length > 8 ? " …" : ""}.`);
  if (unread) notes.push(`The last ${unread.toLocaleString("en")} tokens are not read: the model reads the first ${details.read_at_most.toLocaleString("en")}.`);
  if (part?.state === "done" && details.attention && part.long) notes.push("The text is too long to show what the model looked at.");
  if (cut) notes.push("The translation was cut off at the longest length allowed.");
  $("warnings").hidden = !notes.length;
  $("warnings").textContent = notes.join(" ");
}

/* Say in words what the unit in focus looks at. */
function tell() {
  const now = view(focus.part), {unit} = focus;
  if (!now) return;
  if (!unit) {
    $("told").textContent = "Point at a word, or walk through the words with Tab and the arrow keys.";
    return;
  }
  const other = now[unit.side === "target" ? "source" : "target"];
  const best = lights(now, unit).map((weight, n) => [weight, n]).filter(([weight]) => weight >= 0.05).sort((a, b) => b[0] - a[0]).slice(0, 4);
  const list = best.map(([weight, n]) => `${quoted(other[n])} ${Math.round(100 * weight)}%`).join(", ") || "no word in particular";
  $("told").textContent = `${quoted(now[unit.side][unit.index])} ${unit.side === "target" ? "looked at" : "was looked at for"} ${list}`;
}

const quoted = (unit) => unit.last ? "the end" : `“\u2068${name(unit)}\u2069”`;  // isolated: it may run from right to left

function read() {
  const places = split(area.value, chosen("split"), details.languages?.source);
  if (area.value) sessionStorage.setItem(store, area.value);
  else sessionStorage.removeItem(store);
  parts.set(places);
  const {list} = parts;
  output.set(list, area.value);
  source.set(list);
  if (!list.includes(focus.part)) focus.pick(list[0] ?? null);
  showPart();
  progress();
}

const later = debounce(read, 450);
let length = 0;
function typed() {
  source.set([]);
  const grown = area.value.length - length, box = $("sheet");
  if (grown > 0 && grown < 100 && area.selectionEnd === area.value.length) box.scrollTop = box.scrollHeight;
  length = area.value.length;
  $("clear").disabled = !area.value;
  if (area.value.trim()) later();
  else { later.cancel(); read(); }
}

function describe({source: from, target: to}) {
  const names = new Intl.DisplayNames("en", {type: "language"});
  [["from", from], ["to", to]].forEach(([id, code]) => { $(id).textContent = names.of(code); });
  $("title").textContent = `${names.of(from)} to ${names.of(to)}`;
  area.lang = $("behind").lang = from;
  $("parts").lang = to;
}

/* Sentences to begin with, where the reader has none. */
function offer(examples) {
  $("examples").hidden = !examples.length;
  $("examples").append(...examples.slice(0, 3).map((text) => h("button", {class: "plain", type: "button", dir: "auto", onclick() {
    area.value = text;
    typed();
    later.flush();
  }}, text)));
}

function begin(about) {
  details = about.details;
  offer(details.examples);
  if (details.languages) describe(details.languages);
  else $("to").textContent = usual(details) === "whole" ? "Summary" : "Output";
  if (!details.attention) {
    $("about").textContent = "The output appears word by word.";
    $("no-attention").hidden = false;
  }
  document.querySelector(`input[name="split"][value="${usual(details)}"]`).checked = true;
  $("copying").hidden = !(details.tokenizer === "word" && details.attention);
  $("copy-unknown").checked = details.search.copy_unknown;
  $("beams").max = details.most_beams;
  const {beams, normalisation, block_repeats: repeats} = details.search;
  Object.assign($("beams"), {value: Math.max(2, beams)});
  $("normalisation").value = normalisation;
  if (repeats) $("repeats").value = repeats;
  ["beams", "normalisation"].forEach((id) => slid($(id)));
  area.value ||= sessionStorage.getItem(store) ?? "";
  typed();
  later.flush();
}

focus.on((what) => { what === "part" ? showPart() : tell(); });
area.addEventListener("input", typed);
area.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) later.flush(); });
$("clear").onclick = () => { area.value = ""; typed(); area.focus(); };
$("copy").onclick = async () => {
  try {
    await navigator.clipboard.writeText($("parts").innerText);
    toast("Copied.");
  } catch {  // not allowed: pages without TLS on another machine
    getSelection().selectAllChildren($("parts"));
    toast("Selected: copy it with the keyboard.");
  }
};
$("split").addEventListener("change", () => { if (area.value.trim()) read(); });
$("grain").addEventListener("change", () => { views = new WeakMap(); focus.look(null); parts.list.forEach(show); });
document.getElementsByName("view").forEach((input) => input.addEventListener("change", () => {
  $("ribbons").hidden = input.value !== "ribbons";
  $("heat").hidden = input.value !== "heat";
  $("alignment-note").textContent = `Attention of each word of the translation on the words of the text: ${
    input.value === "heat" ? "a row adds up to 100%." : "the wider the ribbon, the more attention."}`;
  ribbons.layout();
}));
const again = debounce(() => parts.again(), 300);
["beams", "normalisation", "refine"].forEach((id) => $(id).addEventListener("input", again));
const anew = debounce(() => { parts.restart(); output.set(parts.list, area.value); source.set(parts.list); focus.pick(parts.list[0] ?? null); }, 400);
["repeats", "copy-unknown"].forEach((id) => $(id).addEventListener("input", anew));
info().then(begin, fail);
