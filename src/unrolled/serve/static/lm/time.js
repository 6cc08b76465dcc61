/* The hidden units of a layer through time: a row for each unit, a column for each token. */
import { colour, draw, scale, tip } from "../shell/shell.js";
import { orderUnits } from "./order.js";
import { places } from "./trace.js";

const FOOT = 22, ENOUGH = 24;

/** A map on a canvas: `set({steps, text, layer, range})`. `onpoint` and `onpick` are those of a Field. Units that move
    together are neighbours; their order stays until `sort()`. */
export class TimeMap {
  #data = null;
  #shown = [];
  #order = null;
  #sorted = 0;
  marked = null;

  constructor(canvas, size, {onpoint, onpick}) {
    Object.assign(this, {canvas, size, onpoint, onpick});
    canvas.style.height = `${Math.max(90, Math.min(224, size)) + FOOT}px`;
    this.redraw = draw(canvas, (context, width, height) => this.#paint(context, width, height));
    canvas.addEventListener("pointermove", (event) => this.#point(event));
    canvas.addEventListener("pointerleave", () => { tip.hide(); onpoint(null); });
    canvas.addEventListener("click", (event) => { const unit = this.#at(event); if (unit !== null) onpick(unit); });
  }

  set(data) {
    this.#data = data;
    const {steps, layer} = data;
    if (steps.length >= ENOUGH && this.#sorted < ENOUGH) {
      this.#order = orderUnits(steps.slice(-300), layer);
      this.#sorted = steps.length;
    }
    this.redraw();
  }

  /** Find the order again at the next `set`. */
  sort() { this.#sorted = 0; }

  mark(unit) {
    if (unit !== this.marked) { this.marked = unit; this.redraw(); }
  }

  #paint(context, width, height) {
    const {steps, text, layer, range} = this.#data ?? {steps: []};
    const high = height - FOOT;
    context.fillStyle = colour("--div-3");
    context.fillRect(0, 0, width, high);
    if (!steps.length) return;
    context.font = `12px ${getComputedStyle(document.documentElement).getPropertyValue("--mono")}`;
    context.textAlign = "center";
    this.#shown = places(context, steps, text, width);
    const shade = scale("div"), table = Array.from({length: 129}, (_, n) => shade((n - 64) / 64));
    const order = this.#order ??= Array.from({length: this.size}, (_, n) => n);
    const image = new ImageData(this.#shown.length, this.size);
    this.#shown.forEach(({step}, column) => {
      const values = step.layers[layer];
      order.forEach((unit, row) => {
        const rgb = table[64 + Math.round(64 * Math.max(-1, Math.min(1, values[unit] / range)))];
        image.data.set([...rgb, 255], 4 * (row * this.#shown.length + column));
      });
    });
    const small = new OffscreenCanvas(image.width, image.height);
    small.getContext("2d").putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    this.#shown.forEach(({x, w, label}, column) => {
      context.drawImage(small, column, 0, 1, this.size, x, 0, w - 0.5, high);
      context.fillStyle = colour("--quiet");
      context.fillText(label, x + w / 2, height - 6);
    });
    if (this.marked === null) return;
    const y = ((order.indexOf(this.marked) + 0.5) / this.size) * high;
    context.strokeStyle = colour("--ink");
    context.strokeRect(0.5, y - 2, width - 1, 4);
  }

  #at({clientY}) {
    const {top, height} = this.canvas.getBoundingClientRect();
    const row = Math.floor(((clientY - top) / (height - FOOT)) * this.size);
    return this.#order?.[row] ?? null;
  }

  #point(event) {
    const unit = this.#at(event);
    this.onpoint(unit);
    const {left} = this.canvas.getBoundingClientRect(), x = event.clientX - left;
    const place = this.#shown.find((p) => x >= p.x && x < p.x + p.w);
    if (unit === null || !place) return tip.hide();
    const value = place.step.layers[this.#data.layer][unit];
    tip.show(event.clientX, event.clientY - 8, `Unit ${unit + 1} after “${place.label}”: ${value.toFixed(2).replace("-", "−")}`);
  }
}
