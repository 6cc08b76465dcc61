/* The page of a forecaster. */
import { ask, clear, codeBlock, debounce, fail, info, isAbort, model, slid, tip, toast } from "../shell/shell.js";
import { spoken, writer } from "./axis.js";
import { Chart } from "./chart.js";
import { Hand } from "./hand.js";
import { Life } from "./life.js";
import { Live } from "./live.js";
import { Motion } from "./motion.js";
import { ownNumbers } from "./paste.js";
import { Series } from "./series.js";
import { csv, fill } from "./table.js";
import { bandsOf, command, legend, noteOf, reading, seasonName, tipLines } from "./words.js";

const PATHS = 16, EXAMINED = 48;
const $ = (id) => document.getElementById(id);

const about = await info().catch((error) => { fail(error); throw error; });
const details = about.details, bands = bandsOf(details.levels);
const entries = details.series.map((entry) => ({...entry, ...entry.example}));
let series, answer = null, ghost = null, influence = null, seed = 1;

const horizon = () => Number($("horizon").value);
const tool = () => ({
  mode: document.querySelector("input[name=tool]:checked").value, reach: Number($("reach").value), every: $("every").checked,
});
const step = () => /^[a-z]+$/.test(series.entry.step) ? series.entry.step : "step";
const steps = (count) => `${count} ${step()}${count === 1 ? "" : "s"}`;
const from = () => Math.max(0, series.length - Number($("past").value));
const allTimes = () => series.times.length || series.entry.time === "numbers" ? [...series.times, ...(series.entry.time === "none" ? [] : answer?.times ?? [])] : [];

const motion = new Motion(() => chart.redraw());
const chart = new Chart($("canvas"), () => ({
  series, times: allTimes(), shown: motion.shown, bands, from: from(), horizon: horizon(), influence, life,
  ghost: series.changed ? ghost : null, place: hand.place, hot: hand.hot, read: series.entry.read, ...tool(),
}));
const life = new Life($("canvas"), () => chart.redraw());
life.wanted = () => answer && !chart.held && (life.fresh || answer.paths.length > 0);
const hand = new Hand($("canvas"), {
  chart, tool, series: () => series, undo, onchange: changed, onend: ended, onplace: showPlace,
});
const live = new Live({
  body: () => ({...series.body(horizon()), seed, samples: details.paths && $("paths").checked ? PATHS : 0}), onanswer, onerror: fail,
});

/* ---- answers ---- */

function onanswer(next) {
  clear();
  answer = next;
  const lists = {point: next.point};
  for (const [level, numbers] of Object.entries(next.quantiles)) lists[`q${level}`] = numbers;
  next.paths.forEach((path, n) => { lists[`path ${n}`] = path; });
  const begin = motion.shown.get("point") ?? next.point.map(() => series.values.at(-1));
  motion.go(lists, Object.fromEntries(Object.keys(lists).map((name) => [name, begin])));
  chart.redraw();
  describe();
  examineSoon();
}

const tabulate = debounce(() => fill($("table"), answer, (n) => timeOf(series.length + n), write), 120);
const say = debounce((text) => { $("spoken").textContent = text; }, 350);

function describe() {
  const {changed} = series;
  $("undo").disabled = !series.canUndo;
  $("reset").disabled = !changed;
  reading($("reading"), {answer, ghost: changed ? ghost : null, bands, write, step: step()});
  legend($("legend"), {bands, changed, read: series.entry.read, length: series.length, paths: answer.paths.length > 0, steps});
  tabulate();
  if (hand.place !== null && hand.keys) showPlace(hand.place);
}

const write = (value) => writer(chart.span)(value);

function timeOf(n) {
  const ahead = n - series.length, time = ahead < 0 ? series.times[n] : answer.times[ahead];
  if (ahead >= 0 && (series.entry.time === "none" || !series.start)) return `+${ahead + 1}`;
  return time === undefined ? `${n - series.length + 1} (last is 0)` : spoken(time, series.entry.step);
}

function showPlace(place) {
  chart.redraw();
  nameInfluence(place);
  if (place === null || !answer) return tip.hide();
  const {x, y, top, bottom} = chart.scale(), box = $("canvas").getBoundingClientRect();
  const ahead = place - series.length, value = ahead < 0 ? series.values[place] : answer.point[ahead];
  if (value === undefined) return tip.hide();
  const lines = [timeOf(place), ...tipLines({series, answer, influence: hand.hot ? null : influence, bands, place, write})];
  const across = box.left + x(place), down = box.top + Math.max(top, Math.min(bottom, y(value)));
  const beside = across < 240 ? 110 : -110;  // while it is dragged, so that it hides nothing above
  if (hand.hot) tip.show(across + beside, down + 44, lines.join("\n"));
  else tip.show(across, down - 12, lines.join("\n"));
  if (hand.keys) say(`${lines.join(", ")}. ${ahead < 0 ? `Forecast of the next ${step()}: ${write(answer.point[0])}` : ""}`);
}

/* ---- what the forecast depends on ---- */

let examining = null;
const examineSoon = debounce(examine, 300);

async function examine() {
  if (chart.held) return;
  examining?.abort();
  examining = new AbortController();
  try {
    const last = Math.min(series.entry.read ?? EXAMINED, EXAMINED, series.length);
    ({influence} = await ask("influence", {...series.body(horizon()), seed, last}, {signal: examining.signal}));
  } catch (error) {
    if (isAbort(error)) return;
    influence = null;  // an extra: the forecast itself says what is wrong with the series
    console.info(error.message);
  }
  nameInfluence(hand.place);
  chart.redraw();
}

function nameInfluence(place) {
  $("influence-legend").hidden = !influence;
  $("influence-name").textContent = `Strip: how a higher value of a past ${step()} moves the forecast` +
    (place !== null && place >= series.length && answer ? ` of ${timeOf(place)}:` : ":");
}

/* ---- changes ---- */

function changed() {
  life.fresh = false;
  examining?.abort();
  chart.redraw();
  if (hand.place !== null) showPlace(hand.place);
  live.update();
}

function ended() {
  chart.redraw();
  if (answer) describe();
  examineSoon();
}

function undo() {
  series.undo();
  changed();
  if (answer) describe();
}

/* The forecast of the series as it was, to compare with. */
async function compare() {
  const now = series;
  ghost = null;
  const before = await ask("forecast", {...now.body(horizon(), true), seed}).catch(() => null);  // the forecast itself says what is wrong
  if (series !== now || before?.point.length !== horizon()) return;
  ghost = before;
  chart.redraw();
}

/* ---- controls ---- */

function use(entry) {
  series = new Series(entry, details);
  answer = ghost = influence = null;
  const season = details.season > 1 ? details.season : 0;
  const most = Math.max(1, Math.min(details.largest_horizon, Math.max(3 * details.horizon, 24)));
  Object.assign($("horizon"), {max: most, value: details.horizon});
  const room = $("canvas").clientWidth / 7;
  const past = Math.min(series.length, Math.max(24, Math.min(room, 160, Math.max(48, 5 * season, 4 * details.horizon))));
  Object.assign($("past"), {min: Math.min(series.length, 8), max: series.length, value: past});
  Object.assign($("reach"), {max: Math.max(2, Math.min(series.length, season ? season + 1 : 24))});
  $("horizon-box").hidden = most === 1;
  $("chart-title").textContent = entry.ownName ?? (entry.name || "Series");
  $("chart-title").hidden = entries.length > 1 && !entry.ownName;
  $("every-box").hidden = !season || season >= series.length;
  for (const id of ["horizon", "past", "reach"]) slid($(id));
  $("program").replaceChildren(codeBlock(command(series, model, details.horizon)));
  label();
  motion.go({});
  restart();
}

function label() {
  const reach = Number($("reach").value);
  $("horizon-value").textContent = steps(horizon());
  $("past-value").textContent = steps(Number($("past").value));
  $("reach-value").textContent = reach === 1 ? `one ${step()}` : `± ${steps(reach - 1)}`;
  $("every-name").textContent = `The same ${seasonName(step(), details.season)}`;
  $("reach-box").classList.toggle("off", tool().mode === "draw");
}

function restart() {
  influence = null;
  life.restart();
  live.restart();
  compare();
  chart.fit(true);
}

$("horizon").addEventListener("input", () => { label(); restart(); });
$("past").addEventListener("input", () => { label(); chart.redraw(); });
for (const id of ["reach", "every"]) $(id).addEventListener("input", () => { label(); chart.redraw(); });
document.querySelectorAll("input[name=tool]").forEach((input) => input.addEventListener("change", label));
$("undo").onclick = undo;
$("reset").onclick = () => { series.reset(); changed(); };
$("paths").onchange = () => live.update();
$("again").onclick = () => { seed += 1; $("paths").checked = true; restart(); };
$("series").onchange = () => use(entries[$("series").selectedIndex]);
$("copy").onclick = async () => {
  try {
    await navigator.clipboard.writeText(csv(answer));
    toast("Copied: the forecast as CSV.");
  } catch { toast("This browser does not let pages copy here. Select the table, and copy it with the keyboard."); }
};

entries.forEach((entry, n) => $("series").add(new Option(entry.name, n)));
$("choice").hidden = entries.length < 2;
$("note").textContent = noteOf(details);
$("note").hidden = !$("note").textContent;
$("paths-box").hidden = !details.paths;
ownNumbers({details, entries, current: () => series.entry, use});
use(entries[0]);
$("about").textContent = `Drag any point of the series. The network forecasts the next ${steps(details.horizon)} again, at once.`;
