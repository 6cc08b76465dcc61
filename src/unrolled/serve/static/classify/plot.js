/* Numbers step by step, as lines. One line can be drawn with the pointer. */
import { colour, draw } from "../shell/shell.js";

const MOST_LINES = 8, PAD = 10, REACH = 2.5;

/** The plot. `drawn(steps)`: a new line was drawn, resampled to `length` steps. */
export class Plot {
  #steps = [];
  #sketch = null;
  #mark = -1;

  constructor(canvas, {features, mean, scale}, drawn, length) {
    Object.assign(this, {canvas, drawn, length});
    this.reach = [(mean?.[0] ?? 0) - REACH * (scale?.[0] ?? 1), (mean?.[0] ?? 0) + REACH * (scale?.[0] ?? 1)];
    this.redraw = draw(canvas, (context, width, height) => this.#paint(context, width, height));
    if (features !== 1) return;
    canvas.classList.add("drawable");
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#sketch = [];
      this.#follow(event);
    });
    canvas.addEventListener("pointermove", (event) => { if (this.#sketch) this.#follow(event); });
    canvas.addEventListener("pointerup", () => this.#finish());
    canvas.addEventListener("pointercancel", () => { this.#sketch = null; this.redraw(); });
  }

  /** Show steps: a list of vectors. */
  show(steps) {
    this.#steps = steps;
    this.#mark = -1;
    this.redraw();
  }

  /** Mark a step; −1 none. */
  mark(step) {
    this.#mark = step;
    this.redraw();
  }

  #follow({offsetX, offsetY}) {
    const {clientWidth: width, clientHeight: height} = this.canvas;
    const x = Math.max(0, Math.min(1, (offsetX - PAD) / (width - 2 * PAD)));
    if (x < (this.#sketch.at(-1)?.[0] ?? -1)) return;  // time goes on
    this.#sketch.push([x, this.#range[1] - (offsetY - PAD) / (height - 2 * PAD) * (this.#range[1] - this.#range[0])]);
    this.redraw();
  }

  #finish() {
    const points = this.#sketch;
    this.#sketch = null;
    if (!points || points.length < 4) { this.redraw(); return; }
    const [first, last] = [points[0][0], points.at(-1)[0]];
    const steps = Math.max(4, Math.round(this.length * (last - first)));
    let at = 0;
    this.drawn(Array.from({length: steps}, (_, n) => {
      const x = first + (last - first) * n / (steps - 1);
      while (at < points.length - 2 && points[at + 1][0] < x) at++;
      const [x0, y0] = points[at], [x1, y1] = points[at + 1];
      return [x1 > x0 ? y0 + (y1 - y0) * Math.min(1, (x - x0) / (x1 - x0)) : y1];
    }));
  }

  get #range() {
    const values = this.#sketch ? [] : this.#steps.flatMap((vector) => vector.slice(0, MOST_LINES));
    return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], this.reach);
  }

  #paint(context, width, height) {
    const [low, high] = this.#range, count = this.#steps.length;
    const y = (value) => PAD + (high - value) / (high - low || 1) * (height - 2 * PAD);
    const across = Math.max(count - 1, 1), x = (step) => PAD + step / across * (width - 2 * PAD);
    const middle = (this.reach[0] + this.reach[1]) / 2;
    context.fillStyle = colour("--line");
    context.fillRect(PAD, Math.round(y(middle)), width - 2 * PAD, 1);
    context.lineJoin = context.lineCap = "round";
    if (this.#sketch) {
      this.#stroke(context, "--accent", this.#sketch.map(([share, value]) => [PAD + share * (width - 2 * PAD), y(value)]));
      return;
    }
    if (this.#mark >= 0) {
      context.fillStyle = colour("--accent", 0.1);
      context.fillRect(PAD, 0, x(this.#mark) - PAD, height);
    }
    const lines = Math.min(MOST_LINES, this.#steps[0]?.length ?? 0);
    for (let f = 0; f < lines; f++) {
      this.#stroke(context, `--cat-${f + 1}`, this.#steps.map((vector, step) => [x(step), y(vector[f])]));
    }
  }

  #stroke(context, name, points) {
    context.strokeStyle = colour(name);
    context.lineWidth = 2;
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x, y);
    context.stroke();
  }
}
