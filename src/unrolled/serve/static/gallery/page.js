/* The page of all models. */
import { clear, codeBlock, fail, format, h, models, score, TASKS } from "../shell/shell.js";
import { drawing } from "./art.js";
import { bodies, example } from "./example.js";

const AGAIN = 5000;
const $ = (id) => document.getElementById(id);

const DOES = {
  lm: "Write with it. See what it expects next, and its hidden units as it reads.",
  classify: "Give it a text. See the label, how sure it is, and which words decided.",
  tag: "Give it a sentence. See a tag for every word.",
  translate: "Give it a sentence. See the translation, and which words it looked at.",
  forecast: "Give it a series. See the forecast, and how certain it is.",
  music: "Play some notes. Hear how the model continues.",
};

let known = [], shown = "", examples = {};

function card(model) {
  const result = score(model), facts = [
    result && h("li", {"data-tip": `Measured on ${result.data}`}, h("b", null, result.value), ` ${result.name}`),
    h("li", null, h("b", null, format.short(model.parameters)), " weights"), h("li", null, model.precision),
    model.reloads > 0 && h("li", {"data-tip": "The run was trained again, and the server loaded the new model"},
      model.reloads === 1 ? "reloaded once" : `reloaded ${model.reloads} times`),
  ];
  return h("article", {class: "card model", "data-task": model.task},
    drawing(model.task),
    h("header", null, h("h2", null, h("a", {href: `/models/${encodeURIComponent(model.name)}`}, model.name)),
      h("span", {class: "chip plain"}, TASKS[model.task] ?? model.task)),
    h("p", {class: "quiet"}, DOES[model.task] ?? ""),
    h("ul", {class: "facts num"}, facts.filter(Boolean)),
    (model.notes ?? []).map((note) => h("p", {class: "callout warn", role: "status"}, note)));
}

function show(list) {
  const now = JSON.stringify(list);
  if (now === shown) return;
  shown = now;
  known = list;
  $("models").replaceChildren(...list.map(card));
  $("models").removeAttribute("aria-busy");
  $("count").textContent = `${list.length === 1 ? "One model is" : `${list.length} models are`} ready. ` +
    `Choose ${list.length === 1 ? "it" : "one"} to see how it works.`;
  const chosen = $("which").value;
  $("which").replaceChildren(...list.map(({name}) => h("option", {selected: name === chosen}, name)));
  $("which").closest("label").hidden = list.length < 2;
  showExample();
}

function showExample() {
  const model = known.find(({name}) => name === $("which").value);
  $("example").replaceChildren(...(model ? [codeBlock(example(model, examples, sessionStorage.getItem("token")))] : []));
}

async function look() {
  try {
    const list = await models();
    if (JSON.stringify(list) !== shown) examples = await bodies();
    show(list);
    clear();
  } catch (error) {
    fail(error);
    if (error.needsToken) clearInterval(timer);  // or the question would come back every few seconds
  }
}

$("which").addEventListener("change", showExample);
const timer = setInterval(() => { if (!document.hidden) look(); }, AGAIN);
await look();
