/* Header and footer of every page, and what its sliders do. */
import { info, model, request } from "./api.js";
import { fail, format, h, svg } from "./dom.js";

const root = document.documentElement;

/** What the tasks are called on the pages. */
export const TASKS = {
  lm: "Language model", classify: "Classifier", tag: "Tagger", translate: "Translator", forecast: "Forecaster",
  music: "Composer",
};

/** The mark: a network, unrolled through time. Its nodes light up while the server works. */
export const mark = () => svg("svg", {class: "mark", viewBox: "0 0 50 24", "aria-hidden": "true"},
  svg("path", {d: "M4 16h42M6 12c2-9 9-9 11 0M20 12c2-9 9-9 11 0M34 12c2-9 9-9 11 0"}),
  [4, 18, 32, 46].map((cx) => svg("circle", {cx, cy: 16, r: 2.6})));

const SUN = "M12 4V2M12 22v-2M4 12H2M22 12h-2M6.3 6.3 4.9 4.9M19.1 19.1l-1.4-1.4M6.3 17.7l-1.4 1.4M19.1 4.9l-1.4 1.4M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8";
const MOON = "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5";
const isDark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";

function themeButton() {
  const path = svg("path", {fill: "none", stroke: "currentColor", "stroke-width": 1.8, "stroke-linecap": "round", "stroke-linejoin": "round"});
  const button = h("button", {class: "icon", type: "button", id: "theme", onclick: toggle},
    svg("svg", {viewBox: "0 0 24 24", "aria-hidden": "true"}, path));
  const show = () => {
    const next = isDark() ? "light" : "dark";
    path.setAttribute("d", isDark() ? SUN : MOON);
    button.setAttribute("aria-label", `Switch to the ${next} theme`);
    button.dataset.tip = `${next === "dark" ? "Dark" : "Light"} theme`;
  };
  function toggle() {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch { /* no storage: this page only */ }
    show();
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  show();
  return button;
}

function header() {
  const task = TASKS[root.dataset.task];
  document.getElementById("top").append(
    h("a", {class: "home", href: "/", "aria-label": "All models"}, mark(), h("b", null, "unrolled")),
    ...(model ? [h("div", {class: "trail"}, h("strong", null, model), task && h("span", {class: "chip plain"}, task))] : []),
    h("div", {class: "end"}, themeButton()));
}

const percent = (value) => `${(100 * value).toFixed(1)}%`;
/* Figures of result.json by task: key, name, format. The first that is there is shown. */
const FIGURES = {
  lm: [["bits_per_character", "bits per character", format], ["perplexity", "perplexity", format], ["nats_per_token", "nats per token", format]],
  classify: [["accuracy", "accuracy", percent], ["macro_f1", "macro F1", percent]],
  tag: [["f1", "F1 of spans", percent], ["accuracy", "accuracy", percent]],
  translate: [["bleu", "BLEU", format], ["chrf", "chrF", format], ["exact_match", "exact matches", percent]],
  forecast: [["mase", "MASE", format], ["mae", "mean absolute error", format]],
  music: [["nats_per_step", "nats per step", format], ["nats", "nats", format], ["accuracy", "accuracy", percent]],
};

/** Return the main score of a model, {value, name, data}, or null. */
export function score({task, result}) {
  for (const data of ["test", "valid"]) {
    for (const [key, name, show] of FIGURES[task] ?? []) {
      const value = result?.[data]?.[key];
      if (typeof value === "number") return {value: show(value), name, data: data === "test" ? "test data" : "held-out data"};
    }
  }
  return null;
}

function facts(about) {
  const result = score(about);
  const list = [
    ["Weights", format.short(about.parameters)], ["Precision", about.precision],
    result && [`On ${result.data}`, `${result.value} ${result.name}`],
  ].filter(Boolean);
  return h("dl", {class: "facts"}, list.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))),
    h("div", null, h("dt", null, "API"), h("dd", null, h("a", {href: "/openapi.json"}, "openapi.json"))));
}

/* The filled part of a slider's track, and the number beside it. */
function slide({target}) {
  if (target.type !== "range") return;
  const share = (target.value - target.min) / (target.max - target.min || 1);
  target.style.setProperty("--fill", `${100 * share}%`);
  const output = target.closest(".slider")?.querySelector("output");
  const digits = (target.step.split(".")[1] ?? "").length;
  if (output && !("own" in output.dataset)) output.textContent = Number(target.value).toFixed(digits);
}

/** Show the value of a slider that a script has set. (`<output data-own>` is left to the page.) */
export const slid = (input) => slide({target: input});

/* A link cannot send the token: what it protects is fetched, and shown. */
async function open(event) {
  const link = event.target.closest?.("a[href='/openapi.json'], a[href='/metrics']");
  if (!link || !sessionStorage.getItem("token")) return;
  event.preventDefault();
  const response = await request(link.href);
  window.open(URL.createObjectURL(new Blob([await response.blob()], {type: "text/plain"})), "_blank");
}

header();
document.addEventListener("input", slide);
document.addEventListener("click", open);
document.querySelectorAll("input[type=range]").forEach(slid);
for (const label of document.querySelectorAll("label.slider")) {  // it would name the output, if that comes first
  label.htmlFor ||= label.querySelector("input").id;
}
if (model) info().then((about) => document.getElementById("bottom").append(facts(about)), fail);
else document.getElementById("bottom").append(h("p", {class: "small"}, "Served by unrolled, without torch. ",
  h("a", {href: "/metrics"}, "Metrics"), " for Prometheus."));
addEventListener("unhandledrejection", ({reason}) => fail(reason));
