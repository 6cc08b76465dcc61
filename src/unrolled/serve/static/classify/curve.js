/* The probabilities of the labels after each word. */
import { colour, draw, format, h, tip } from "../shell/shell.js";

const DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
const PAD = {top: 12, bottom: 26, left: 40}, LABELS = 4, END = 8, LEAST = 0.03, TONES = 8, PEAK = 0.25;

/** A drawing of `prefixes`. `point(step)`: the step under the pointer or chosen with the arrow keys, or −1. */
export class Curve {
  #words = [];
  #lines = [];
  #step = -1;
  #peaks = [];
  #tones = new Map();
  #read = Infinity;

  constructor(canvas, labels, point) {
    Object.assign(this, {canvas, labels, point});
    this.redraw = draw(canvas, (context, width, height) => this.#paint(context, width, height));
    canvas.addEventListener("pointermove", ({offsetX}) => this.#go(this.#nearest(offsetX)));
    canvas.addEventListener("pointerleave", () => this.#go(-1));
    canvas.addEventListener("blur", () => this.#go(-1));
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  /** Show the answer of the server; the line of `chosen` is the thick one. */
  show({words, probabilities}, chosen) {
    const last = (line) => line.p.at(-1) ?? 0;
    this.#words = words;
    this.#lines = Object.entries(probabilities).map(([label, p]) => ({label, p}))
      .filter(({label, p}) => label === chosen || Math.max(...p) >= LEAST)
      .sort((a, b) => (b.label === chosen) - (a.label === chosen) || last(b) - last(a));
    this.#mix();
    this.#step = -1;
    this.redraw();
  }

  /** Show the lines up to a step (when the text is read again). */
  read(step) {
    this.#read = step;
    this.redraw();
  }

  /** Mark a step; −1 none. */
  mark(step) {
    if (step !== this.#step) { this.#step = step; this.redraw(); }
  }

  #go(step) {
    if (step === this.#step) return;
    this.mark(step);
    this.point(step);
    if (step < 0) { tip.hide(); return; }
    const box = this.canvas.getBoundingClientRect(), {text} = this.#words[step];
    const rows = this.#lines.map(({label, p}) => [p[step], label]).sort((a, b) => b[0] - a[0]).slice(0, LABELS);
    tip.show(box.left + this.#x(step), box.top + PAD.top, h("div", {class: "steps"}, h("b", null, `… ${text.slice(-30)}`),
      rows.map(([p, label]) => [h("span", null, label), h("span", {class: "num"}, format.percent(p))])));
  }

  #key(event) {
    const change = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (!change || !this.#words.length) return;
    event.preventDefault();
    const from = this.#step < 0 ? (change > 0 ? -1 : this.#words.length) : this.#step;
    this.#go(Math.max(0, Math.min(this.#words.length - 1, from + change)));
  }

  #nearest(x) {
    const {left, width} = this.#area, count = this.#words.length;
    return count ? Math.max(0, Math.min(count - 1, Math.floor((x - left) / width * count))) : -1;
  }

  #x(step) {
    const {left, width} = this.#area;
    return left + (step + 0.5) * width / Math.max(1, this.#words.length);
  }

  get #area() {
    return {left: PAD.left, width: Math.max(40, this.canvas.clientWidth - PAD.left - this.ends)};
  }

  #paint(context, width, height) {
    context.font = `12px ${getComputedStyle(this.canvas).fontFamily}`;
    const named = this.#lines.slice(0, LABELS).map(({label}) => context.measureText(cut(label)).width);
    this.ends = Math.min(width * 0.3, Math.max(20, ...named)) + 16;
    const y = (p) => PAD.top + (1 - p) * (height - PAD.top - PAD.bottom), right = width - this.ends;
    context.textBaseline = "middle";
    for (const p of [0, 0.5, 1]) {
      context.fillStyle = colour("--line");
      context.fillRect(PAD.left, Math.round(y(p)), right - PAD.left, 1);
      context.fillStyle = colour("--quiet");
      context.textAlign = "right";
      context.fillText(`${100 * p}%`, PAD.left - 6, y(p));
    }
    if (this.#step >= 0) {
      const band = this.#area.width / this.#words.length;
      context.fillStyle = colour("--accent", 0.1);
      context.fillRect(this.#x(this.#step) - band / 2, PAD.top, band, height - PAD.top - PAD.bottom);
    }
    this.#peaks = [];
    [...this.#lines.entries()].reverse().forEach(([rank, line]) => this.#line(context, y, rank, line));
    this.#names(context, y, right, height);
    this.#places(context, height, right);
  }

  #line(context, y, rank, {label, p}) {
    const until = Math.min(p.length, this.#read + 1), tone = this.tone(label);
    if (!until) return;
    context.beginPath();
    for (let step = 0; step < until; step++) context.lineTo(this.#x(step), y(p[step]));
    context.setLineDash(DASHES[Math.min(rank, DASHES.length - 1)]);
    context.strokeStyle = colour(tone, rank ? 0.75 : 1);
    context.lineWidth = rank ? 1.5 : 2.75;
    context.lineJoin = "round";
    context.stroke();
    context.setLineDash([]);
    if (rank) { if (rank >= LABELS) this.#peak(context, y, label, p); return; }
    context.lineTo(this.#x(until - 1), y(0));
    context.lineTo(this.#x(0), y(0));
    context.fillStyle = colour(tone, 0.09);
    context.fill();
    context.fillStyle = colour(tone);
    for (let step = 0; step < until && p.length <= 60; step++) {
      context.beginPath();
      context.arc(this.#x(step), y(p[step]), step === this.#step ? 5 : 3, 0, 7);
      context.fill();
    }
  }

  /* The name of a line that has none at its end, where it is highest. */
  #peak(context, y, label, p) {
    const highest = Math.max(...p), step = p.indexOf(highest);
    const x = this.#x(step), above = y(highest) - 9, half = context.measureText(cut(label)).width / 2 + 3;
    const taken = this.#peaks.some((o) => Math.abs(o.x - x) < o.half + half && Math.abs(o.above - above) < 13);
    if (highest < PEAK || step > this.#read || taken) return;
    this.#peaks.push({x, half, above});
    context.textAlign = "center";
    context.fillStyle = colour(this.tone(label));
    context.fillText(cut(label), x, above);
  }

  /* The labels at the ends of their lines, moved apart. */
  #names(context, y, right, height) {
    const ends = this.#lines.slice(0, LABELS).map(({label, p}) => ({label, y: y(p[Math.min(p.length - 1, this.#read)] ?? 0)}))
      .sort((a, b) => a.y - b.y);
    ends.forEach((end, n) => { if (n) end.y = Math.max(end.y, ends[n - 1].y + 14); });
    const below = (ends.at(-1)?.y ?? 0) - (height - PAD.bottom + END);
    if (below > 0) ends.reverse().forEach((end, n) => { end.y = n ? Math.min(end.y, ends[n - 1].y - 14) : end.y - below; });
    context.textAlign = "left";
    for (const end of ends) {
      context.fillStyle = colour(this.tone(end.label));
      context.fillText(cut(end.label), right + 8, end.y);
    }
  }

  /* The words below the axis that there is room for: first those that change the most. */
  #places(context, height, right) {
    const p = this.#lines[0]?.p ?? [], change = (step) => step === this.#step ? 2 : Math.abs(p[step] - (p[step - 1] ?? 0));
    const places = [];
    context.textAlign = "center";
    for (const step of [...p.keys()].sort((a, b) => change(b) - change(a))) {
      const x = this.#x(step), text = cut(this.#words[step].text), half = context.measureText(text).width / 2 + 3;
      if (x - half < 0 || x + half > right + this.ends || places.some((o) => Math.abs(o.x - x) < o.half + half)) continue;
      places.push({x, half});
      context.fillStyle = colour(step === this.#step ? "--ink" : "--quiet", step > this.#read ? 0.35 : 1);
      context.fillText(text, x, height - 10);
    }
  }

  /** Name of the colour of a label: its own if there are few labels, else one that no other line has. */
  tone(label) {
    const own = this.labels.indexOf(label);
    return `--cat-${(this.labels.length <= TONES ? own : this.#tones.get(label)) + 1}`;
  }

  #mix() {
    const shown = new Set(this.#lines.map(({label}) => label));
    for (const label of this.#tones.keys()) if (!shown.has(label)) this.#tones.delete(label);
    const free = [...Array(TONES).keys()].filter((tone) => ![...this.#tones.values()].includes(tone));
    for (const label of shown) if (!this.#tones.has(label)) this.#tones.set(label, free.shift() ?? TONES - 1);
  }
}

const cut = (text) => text.length > 14 ? `${text.slice(0, 12)}…` : text;
