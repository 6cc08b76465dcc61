/* The hidden units of a layer as a field of cells. */
import { colour, draw, onTheme, scale, still, tip } from "../shell/shell.js";

const GLIDE = 90, GLOW = 420, SHADES = 64;
const LARGEST = 30, SMALLEST = 7, AREA = 70000;

let shades = null;
onTheme(() => { shades = null; });
const shade = (value) => {
  shades ??= Array.from({length: SHADES + 1}, (_, n) => scale("div").css((2 * n) / SHADES - 1));
  return shades[Math.round(((Math.max(-1, Math.min(1, value)) + 1) / 2) * SHADES)];
};

/** A field of units on a canvas: discs are positive, rings negative, and their size is the strength. Values glide from one
    step to the next. `onpoint(unit or null)` is called when a unit is pointed at, `onpick(unit)` when one is chosen. */
export class Field {
  #goal; #value; #glow; #frame = 0; #last = 0; #cell = LARGEST; #columns = 1; #width = 0;
  marked = null;

  constructor(canvas, size, {name, onpoint, onpick}) {
    Object.assign(this, {canvas, size, name, onpoint, onpick});
    [this.#goal, this.#value, this.#glow] = [0, 0, 0].map(() => new Float32Array(size));
    this.redraw = draw(canvas, (context, width) => this.#paint(context, width));
    // In the next frame: the layout changes the height of what is observed.
    new ResizeObserver(() => requestAnimationFrame(() => this.#layout())).observe(canvas.parentElement);
    canvas.addEventListener("pointermove", (event) => this.#point(event));
    canvas.addEventListener("pointerleave", () => { tip.hide(); onpoint(null); });
    canvas.addEventListener("click", (event) => this.#pick(event));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("focus", () => { if (canvas.matches(":focus-visible")) this.#choose(this.marked ?? 0); });
    canvas.addEventListener("blur", () => { tip.hide(); onpoint(null); });
  }

  /** Glide to the values of a step. `range` is the largest absolute value of the layer. */
  set(values, range) {
    for (let n = 0; n < this.size; n++) {
      const goal = values[n] / range;
      this.#glow[n] = Math.max(this.#glow[n], Math.min(1, Math.abs(goal - this.#goal[n])));
      this.#goal[n] = goal;
    }
    if (still()) { this.#value.set(this.#goal); this.#glow.fill(0); this.redraw(); return; }
    this.#last ||= performance.now();
    this.#frame ||= requestAnimationFrame((time) => this.#move(time));
  }

  /** Mark a unit, or none. */
  mark(unit) {
    if (unit !== this.marked) { this.marked = unit; this.redraw(); }
  }

  #move(time) {
    const passed = Math.min(60, Math.max(1, time - this.#last));
    const glide = 1 - Math.exp(-passed / GLIDE), fade = Math.exp(-passed / GLOW);
    let moving = false;
    for (let n = 0; n < this.size; n++) {
      const way = this.#goal[n] - this.#value[n];
      this.#value[n] += way * glide;
      this.#glow[n] *= fade;
      moving ||= Math.abs(way) > 0.004 || this.#glow[n] > 0.02;
    }
    this.#last = moving ? time : 0;
    this.#frame = moving ? requestAnimationFrame((next) => this.#move(next)) : 0;
    this.redraw();
  }

  #layout() {
    const width = this.canvas.parentElement.clientWidth;
    if (!width || width === this.#width) return;
    this.#width = width;
    this.#cell = Math.max(SMALLEST, Math.min(LARGEST, Math.sqrt(Math.min(AREA, width * 190) / this.size)));
    this.#columns = Math.max(1, Math.floor(width / this.#cell));
    this.#cell = Math.min(LARGEST + 3, width / this.#columns);
    this.canvas.style.height = `${Math.ceil(Math.ceil(this.size / this.#columns) * this.#cell)}px`;
  }

  #paint(context) {
    const cell = this.#cell, half = cell / 2, fields = this.size;
    context.lineWidth = Math.max(1, cell * 0.13);
    for (let n = 0; n < fields; n++) {
      const value = this.#value[n], strength = Math.min(1, Math.abs(value));
      const x = (n % this.#columns) * cell + half, y = Math.floor(n / this.#columns) * cell + half;
      const radius = half * (0.16 + 0.68 * Math.sqrt(strength));
      if (this.#glow[n] > 0.05) {
        context.fillStyle = colour(this.#goal[n] < 0 ? "--div-1" : "--div-5", 0.34 * this.#glow[n]);
        context.beginPath();
        context.arc(x, y, half * (0.55 + 0.55 * this.#glow[n]), 0, 7);
        context.fill();
      }
      context.beginPath();
      if (strength < 0.06) {
        context.fillStyle = colour("--line-strong");
        context.arc(x, y, half * 0.2, 0, 7);
        context.fill();
      } else if (value > 0) {
        context.fillStyle = shade(0.18 + 0.82 * value);
        context.arc(x, y, radius, 0, 7);
        context.fill();
      } else {
        context.strokeStyle = shade(-0.25 + 0.75 * value);
        context.arc(x, y, Math.max(0.5, radius - context.lineWidth / 2), 0, 7);
        context.stroke();
      }
    }
    if (this.marked === null) return;
    const [x, y] = [(this.marked % this.#columns) * cell, Math.floor(this.marked / this.#columns) * cell];
    context.strokeStyle = colour("--ink");
    context.lineWidth = 1.5;
    context.beginPath();
    context.roundRect(x + 0.75, y + 0.75, cell - 1.5, cell - 1.5, cell * 0.3);
    context.stroke();
  }

  #at({clientX, clientY}) {
    const {left, top} = this.canvas.getBoundingClientRect();
    const column = Math.floor((clientX - left) / this.#cell), row = Math.floor((clientY - top) / this.#cell);
    const unit = row * this.#columns + column;
    return column >= 0 && column < this.#columns && unit >= 0 && unit < this.size ? unit : null;
  }

  #point(event) {
    const unit = this.#at(event);
    this.onpoint(unit);
    if (unit === null) tip.hide(); else this.#say(unit);
  }

  #say(unit) {
    const {left, top} = this.canvas.getBoundingClientRect();
    const x = left + ((unit % this.#columns) + 0.5) * this.#cell, y = top + Math.floor(unit / this.#columns) * this.#cell;
    const value = this.#goal[unit].toFixed(2).replace("-", "−");
    tip.show(x, y, `Unit ${unit + 1}: ${value}`);
    this.canvas.setAttribute("aria-label", `${this.name}. Unit ${unit + 1} of ${this.size}: ${value}. Arrow keys choose a unit.`);
  }

  #pick(event) {
    const unit = this.#at(event);
    if (unit !== null) this.onpick(unit);
  }

  #choose(unit) {
    this.onpoint(unit);
    this.#say(unit);
  }

  #key(event) {
    const steps = {ArrowRight: 1, ArrowLeft: -1, ArrowDown: this.#columns, ArrowUp: -this.#columns};
    if (event.key in steps) {
      event.preventDefault();
      this.#choose(Math.max(0, Math.min(this.size - 1, (this.marked ?? 0) + steps[event.key])));
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (this.marked !== null) this.onpick(this.marked);
    }
  }
}
