/* The drawing of a piano roll. `view` says what is in sight, and the time. */
import { colour } from "../shell/shell.js";
import { isBlack, LOWEST, MODEL, nameOf, YOU } from "./piece.js";
import { RULER } from "./roll.js";

const SHOWN = 0.05;  // smallest probability that is drawn
const COLOURS = {[YOU]: "--accent", [MODEL]: "--div-5"};
const FONT = "500 11px system-ui, sans-serif";

/** Draw all of a roll. */
export function paint(roll, context, view) {
  context.save();
  clip(context, roll.keyboard, RULER, view);
  context.translate(roll.keyboard - view.left, RULER - view.top);
  paintGrid(roll, context, view);
  if (roll.showsExpected) paintExpected(roll, context, view);
  paintNotes(roll, context, view);
  paintMarks(roll, context, view);
  context.restore();
  paintRuler(roll, context, view);
  paintKeyboard(roll, context, view);
  if (!isSteered(roll)) return;
  Object.assign(context, {strokeStyle: colour("--accent"), lineWidth: 3});
  context.strokeRect(1.5, 1.5, view.width - 3, view.height - 3);
  context.lineWidth = 1;
}

/* Whether the keyboard moves the cursor. */
const isSteered = (roll) => roll.cursor && roll.box.matches(":focus-visible");

function paintGrid(roll, context, {begin, end, low, high}) {
  const x = begin * roll.step, width = (end - begin) * roll.step;
  context.fillStyle = colour("--sunken", 0.75);
  for (let key = low; key <= high; key += 1) if (isBlack(key)) context.fillRect(x, roll.y(key), width, roll.row);
  for (let key = low; key <= high; key += 1) {
    if (key % 12 && key % 12 !== 5) continue;
    context.fillStyle = key % 12 ? colour("--line", 0.8) : colour("--line-strong", 0.9);
    context.fillRect(x, roll.y(key) + roll.row - 0.5, width, 1);
  }
  for (let step = begin; step <= end; step += 1) {
    const isBar = step % roll.stepsPerBar === 0;
    context.fillStyle = isBar ? colour("--line-strong", 0.9) : colour("--line", step % roll.stepsPerBeat ? 0.45 : 0.9);
    context.fillRect(step * roll.step - 0.5, roll.y(high), 1, (high - low + 1) * roll.row);
  }
}

/* What the model expects: bars as thick as the key is probable. */
function paintExpected(roll, context, {begin, end, low, high, now}) {
  for (let step = begin; step < Math.min(end, roll.expected.length); step += 1) {
    if (roll.appeared(step, now) < 0) continue;
    for (let key = low; key <= high; key += 1) {
      const p = roll.expected[step][key - LOWEST];
      if (!(p >= SHOWN)) continue;
      const thick = 1.5 + p * (roll.row - 3.5);
      context.fillStyle = colour("--div-5", 0.22 + 0.4 * p);
      pill(context, roll.step * step + 2, roll.y(key) + (roll.row - thick) / 2, roll.step - 4, thick, thick / 2);
    }
  }
}

function paintNotes(roll, context, view) {
  const {piece} = roll, begin = Math.max(0, view.begin), end = Math.min(view.end, piece.length);
  for (let step = begin; step < end; step += 1) {
    for (const [key, author] of piece.at(step)) {
      const isSeen = key >= view.low && key <= view.high;
      const isFirst = step === begin || piece.at(step - 1).get(key) !== author;
      if (isSeen && isFirst) paintNote(roll, context, piece.note(step, key), view);
    }
  }
}

function paintNote(roll, context, {begin, end, key, author}, {now, place, plays}) {
  const {piece} = roll, shown = roll.appeared(begin, now);
  if (shown < 0) return;
  while (end > begin + 1 && roll.appeared(end - 1, now) < 0) end -= 1;
  const grown = 1 - (1 - shown) ** 3;
  const before = piece.at(begin - 1).has(key), after = piece.at(end).has(key);  // held, written by the other
  const left = begin * roll.step + (before ? 0 : 1.5), right = end * roll.step - (after ? 0 : 1.5);
  const high = (roll.row - 2) * (0.3 + 0.7 * grown), y = roll.y(key) + (roll.row - high) / 2;
  const round = author === MODEL ? high / 2 : 2.5;
  const corners = [before, after, after, before].map((isHeld) => (isHeld ? 0 : round));
  const sounds = plays && begin <= place && place < end;
  context.save();
  context.globalAlpha = 0.2 + 0.8 * grown;
  context.fillStyle = colour(COLOURS[author]);
  if (sounds) Object.assign(context, {shadowColor: colour(COLOURS[author]), shadowBlur: 16});
  pill(context, left, y, right - left, high, corners);
  if (sounds) {  // the part that was heard
    context.clip();
    Object.assign(context, {shadowBlur: 0, fillStyle: colour("--ink", 0.3)});
    context.fillRect(left, y, place * roll.step - left, high);
  }
  context.restore();
}

function paintMarks(roll, context, {place, plays, low, high}) {
  const top = roll.y(high), bottom = roll.y(low) + roll.row, {hover, cursor, piece} = roll;
  if (hover) {
    context.strokeStyle = colour("--quiet", 0.6);
    context.strokeRect(hover.step * roll.step + 1, roll.y(hover.key) + 0.5, roll.step - 2, roll.row - 1);
  }
  if (!piece.isEmpty) {
    context.setLineDash([3, 4]);
    line(context, piece.border * roll.step, top, bottom, colour("--div-6", 0.8));
    context.setLineDash([]);
  }
  if (plays || place > 0) line(context, place * roll.step, top, bottom, colour("--ink", 0.85));
  if (isSteered(roll)) {
    Object.assign(context, {strokeStyle: colour("--ink"), lineWidth: 2});
    context.beginPath();
    context.roundRect(cursor.step * roll.step, roll.y(cursor.key) - 1, roll.step, roll.row + 2, 4);
    context.stroke();
    context.lineWidth = 1;
  }
}

function paintRuler(roll, context, view) {
  const {width, left, begin, end, place, plays} = view;
  context.fillStyle = colour("--surface");
  context.fillRect(0, 0, width, RULER);
  context.fillStyle = colour("--line-strong");
  context.fillRect(0, RULER - 1, width, 1);
  context.save();
  clip(context, roll.keyboard, 0, view);
  context.translate(roll.keyboard - left, 0);
  Object.assign(context, {font: FONT, textBaseline: "middle", textAlign: "left"});
  for (let step = begin - (begin % roll.stepsPerBar); step <= end; step += roll.stepsPerBar) {
    context.fillStyle = colour("--line-strong");
    context.fillRect(step * roll.step - 0.5, RULER - 8, 1, 8);
    context.fillStyle = colour("--quiet");
    context.fillText(String(step / roll.stepsPerBar + 1), step * roll.step + 6, RULER / 2);
  }
  paintFlag(context, roll.piece.border * roll.step);
  if (plays || place > 0) {
    context.fillStyle = colour("--ink");
    pill(context, place * roll.step - 4.5, RULER - 11, 9, 10, [2, 2, 5, 5]);
  }
  context.restore();
}

/* Where the model begins. */
function paintFlag(context, x) {
  context.fillStyle = colour("--div-6");
  pill(context, x - 0.5, 4, 46, 17, [0, 8, 8, 0]);
  context.fillRect(x - 0.5, 4, 1.5, RULER);
  context.fillStyle = colour("--surface");
  context.fillText("model", x + 7, 13);
}

function paintKeyboard(roll, context, view) {
  const {height, low, high, place, plays, top} = view, {keyboard: wide, piece} = roll, current = Math.floor(place);
  const expected = roll.expected[plays ? Math.min(current + 1, piece.length) : piece.length] ?? [];
  context.save();
  clip(context, 0, RULER, {width: wide, height});
  context.translate(0, RULER - top);
  for (let key = low; key <= high; key += 1) {
    const black = isBlack(key), y = roll.y(key), long = black ? Math.round(wide * 0.62) : wide;
    context.fillStyle = colour("--key-white");
    context.fillRect(0, y, wide, roll.row);
    context.fillStyle = colour(black ? "--key-black" : "--key-white");
    pill(context, 0, y + 0.5, long, roll.row - 1, [0, 3, 3, 0]);
    const author = roll.pressed.has(key) ? YOU : plays && piece.at(current).get(key);
    const p = roll.showsExpected ? expected[key - LOWEST] : 0;
    if (author || p >= SHOWN) {
      context.fillStyle = author ? colour(COLOURS[author]) : colour("--key-lit", Math.min(1, 0.12 + p));
      pill(context, 0, y + 0.5, long, roll.row - 1, [0, 3, 3, 0]);
    }
    context.fillStyle = colour("--key-line");
    if (key % 12 === 0 || key % 12 === 5) context.fillRect(0, y + roll.row - 0.5, wide, 1);
    else if (black) context.fillRect(long, y + roll.row / 2 - 0.5, wide - long, 1);
    if (key % 12) continue;
    Object.assign(context, {font: FONT, textAlign: "right", textBaseline: "middle", fillStyle: colour("--key-text")});
    context.fillText(nameOf(key), wide - 5, y + roll.row / 2 + 0.5);
  }
  context.restore();
  context.fillStyle = colour("--line-strong");
  context.fillRect(wide - 0.5, 0, 1, height);
}

function clip(context, x, y, {width, height}) {
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
}

function pill(context, x, y, width, height, radius) {
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
  context.fill();
}

function line(context, x, top, bottom, style) {
  context.strokeStyle = style;
  context.beginPath();
  context.moveTo(x, top);
  context.lineTo(x, bottom);
  context.stroke();
}
