/* The page of a music model: what its controls do. */
import { ask, clear as clearError, debounce, fail, format, h, info, isAbort, slid, stream, toast } from "../shell/shell.js";
import { Editor } from "./edit.js";
import { OPENINGS, shift } from "./openings.js";
import { Piece } from "./piece.js";
import { Player } from "./player.js";
import { Roll } from "./roll.js";
import { Sound } from "./sound.js";

const get = (id) => document.getElementById(id);
const number = (id) => Number(get(id).value);
const PLAY = "M8 5.6v12.8a.8.8 0 0 0 1.2.7l10-6.4a.8.8 0 0 0 0-1.4l-10-6.4A.8.8 0 0 0 8 5.6z";
const PAUSE = "M7.5 5h2.6v14H7.5zM13.9 5h2.6v14h-2.6z";
const LEAD_IN = 8;  // steps of a long opening that are heard before the model's
const KEPT = 512;  // longest piece of which every step is asked for

const piece = new Piece(), sound = new Sound();
const roll = new Roll(get("roll"), get("space"), get("canvas"), piece);
const player = new Player(sound, piece, () => 60 / number("tempo") / roll.stepsPerBeat, () => composing !== null);
const editor = new Editor(roll, piece, sound, {onEdit: stop, onSeek: (step) => player.seek(step), say});
let composing = null, asking = null;
roll.player = player;

function say(text) { get("readout").textContent = text; }

/* Composing. */
function stop() {
  composing?.abort();
  composing = null;
  roll.settle();
  showButtons();
}

async function compose(end) {
  stop();
  const control = composing = new AbortController();
  piece.remember();
  if (end < piece.length) { piece.border = end; piece.cut(); }
  showButtons();
  const seed = get("seed").value ? number("seed") : Math.floor(Math.random() * 1e5);
  const body = {opening: piece.toJSON(), length: number("length"), temperature: number("temperature"), seed};
  if (!player.playing || player.place > end) player.play(Math.max(0, end <= 2 * LEAD_IN ? 0 : end - LEAD_IN)).catch(fail);
  try {
    for await (const {event, data} of stream("compose", body, {signal: control.signal})) {
      if (composing !== control) return;
      if (event === "data") add(data.steps);
      if (event === "done") finish(data);
    }
    clearError();
  } catch (error) {
    if (!isAbort(error)) { if (piece.length === end) piece.undo(); fail(error); }
  } finally {
    if (composing === control) composing = null;
    showButtons();
    roll.redraw();
  }
}

function add(steps) {
  roll.arrive(piece.length, piece.length + steps.length);
  piece.append(steps);
  roll.showPiece({slowly: true});
}

function finish({seed, steps}) {
  say(`${steps.length} steps by the model`);
  Object.assign(get("pin"), {hidden: Boolean(get("seed").value), textContent: `Keep seed ${seed}`, value: seed});
}

/* What the model expects. */
const expect = debounce(async () => {
  asking?.abort();
  asking = new AbortController();
  try {
    const {earlier, probabilities} = await ask("next", {
      steps: piece.toJSON(), temperature: number("temperature"), every: piece.length <= KEPT,
    }, {signal: asking.signal});
    roll.expected = [...(earlier.length ? earlier : Array.from({length: piece.length}, () => [])), probabilities];
    roll.redraw();
  } catch (error) {
    fail(error);
  }
}, 70);

/* Controls. */
function showButtons() {
  get("compose").textContent = composing ? "Stop" : "Compose";
  get("more").disabled = composing !== null || piece.border >= piece.length;
  get("undo").disabled = !piece.canUndo;
  get("redo").disabled = !piece.canRedo;
  for (const id of ["clear", "download"]) get(id).disabled = piece.isEmpty;
}

function showPlaying() {
  const verb = player.playing ? "Pause" : "Play";
  get("play").setAttribute("aria-label", verb);
  get("play").dataset.tip = `${verb} (space)`;
  get("play").querySelector("path").setAttribute("d", player.playing ? PAUSE : PLAY);
  if (player.playing) requestAnimationFrame(showPlace);
  roll.redraw();
  showPlace();
}

function showPlace() {
  const place = Math.floor(player.place), {stepsPerBar, stepsPerBeat} = roll;
  get("bar").textContent = Math.floor(place / stepsPerBar) + 1;
  get("beat").textContent = Math.floor((place % stepsPerBar) / stepsPerBeat) + 1;
  if (player.playing) requestAnimationFrame(showPlace);
}

const history = (move) => { stop(); piece[move](); };
const toggle = () => player.toggle().catch(fail);

async function download() {
  const {data, name, type} = await ask("midi", {steps: piece.toJSON(), tempo: number("tempo")});
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const address = URL.createObjectURL(new Blob([bytes], {type}));
  h("a", {href: address, download: name}).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
  toast(`${name} is saved: ${piece.length} steps.`);
}

function start(steps) {
  stop();
  piece.remember();
  piece.replace(steps.flatMap((keys) => Array(roll.stepsPerBeat).fill(keys)));
  begin();
}

function begin() {
  player.pause();
  player.seek(0);
  roll.box.scrollLeft = 0;
  roll.showPiece();
  say(piece.isEmpty ? "No notes yet. Press Compose, and the model begins." : `${format(piece.length)} steps to begin with. Press Compose.`);
}

get("play").onclick = toggle;
get("compose").onclick = () => (composing ? stop() : compose(Math.min(piece.border, piece.length)));
get("more").onclick = () => compose(piece.length);
get("undo").onclick = () => history("undo");
get("redo").onclick = () => history("redo");
get("clear").onclick = () => start([]);
get("download").onclick = () => download().catch(fail);
get("finger").onclick = () => {
  editor.draws = !editor.draws;
  get("finger").setAttribute("aria-pressed", editor.draws);
  roll.box.classList.toggle("draws", editor.draws);
  say(editor.draws ? "Drag to write notes" : "Drag to scroll, tap to write notes");
};
get("mute").onclick = () => {
  const muted = get("mute").getAttribute("aria-pressed") !== "true";
  get("mute").setAttribute("aria-pressed", muted);
  sound.muted = muted;
};
get("volume").oninput = () => { sound.volume = number("volume"); };
get("tempo").oninput = () => { get("tempo-value").textContent = `♩ = ${number("tempo")}`; };
get("temperature").oninput = () => {
  const value = number("temperature"), manner = value < 0.8 ? "sparse" : value > 1.2 ? "dense" : "as learnt";
  get("temperature-value").textContent = `${value.toFixed(2)} · ${manner}`;
  expect();
};
get("expect").onchange = () => { roll.showsExpected = get("expect").checked; roll.redraw(); };
get("seed").oninput = () => { get("seed").value = get("seed").value.replace(/\D/g, "").replace(/^0+(?=\d)/, ""); get("pin").hidden = true; };
get("pin").onclick = () => { get("seed").value = get("pin").value; get("pin").hidden = true; get("seed").focus(); };

// A button that was clicked gives the focus to the roll, so that the space bar plays.
document.querySelector(".studio .bar").addEventListener("click", (event) => {
  if (event.detail && event.target.closest("button")) roll.box.focus({preventScroll: true});
});
document.addEventListener("keydown", (event) => {
  const isTyped = event.target.matches("input:not([type=range], [type=checkbox]), textarea, select, button, summary, a, input[type=checkbox]");
  if (event.key === " " && !isTyped) { event.preventDefault(); toggle(); }
  if ((event.ctrlKey || event.metaKey) && !event.target.matches("input:not([type=range])")) {
    const move = {z: event.shiftKey ? "redo" : "undo", y: "redo"}[event.key.toLowerCase()];
    if (move) { event.preventDefault(); history(move); }
  }
});
player.addEventListener("change", showPlaying);
piece.addEventListener("change", () => {
  if (!player.playing && player.place > piece.length) player.seek(piece.length);
  showButtons();
  expect();
});

function describe({details, limits}) {
  const {metre, steps_per_beat: stepsPerBeat, tempo, openings} = details;
  Object.assign(roll, {stepsPerBeat, stepsPerBar: Math.max(1, Math.round((metre[0] * 4 * stepsPerBeat) / metre[1])), longest: limits.steps});
  get("tempo").value = Math.round(tempo);
  get("length").max = Math.min(128, limits.steps);
  get("length").value = 32 * stepsPerBeat;
  for (const id of ["tempo", "temperature", "length"]) { get(id).oninput?.(); slid(get(id)); }
  const chip = (name, steps) => h("button", {type: "button", class: "chip", onclick: () => start(steps())}, name);
  const examples = OPENINGS.map(([name, steps]) => [name, shift(steps, openings)]);
  get("openings").append(
    ...examples.map(([name, steps]) => chip(name, () => steps)),
    ...(openings.length ? [chip("A chord of the training pieces", () => [openings[Math.floor(Math.random() * openings.length)]])] : []),
    chip("Nothing", () => []));
  piece.replace(examples[0][1].flatMap((keys) => Array(stepsPerBeat).fill(keys)));
  begin();
}
info().then(describe).catch(fail);
