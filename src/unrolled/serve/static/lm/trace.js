/* One hidden unit over the last tokens of the text. */
import { colour, draw, scale, visible } from "../shell/shell.js";

const PAD = 10, FOOT = 22;

/** Return the widths that tokens get in a drawing that is `width` wide, newest last: [{step, x, w, label}]. */
export function places(context, steps, text, width) {
  const found = [];
  let x = width - PAD;
  for (let n = steps.length - 1; n >= 0 && x > PAD; n--) {
    const label = visible(text.slice(steps[n].begin, steps[n].end)).slice(0, 14) || "·";
    const w = Math.max(11, context.measureText(label).width + 3);
    x -= w;
    if (x < 0) break;
    found.push({step: steps[n], x, w, label});
  }
  return found.reverse();
}

/** Bars on a canvas: `set({steps, text, layer, unit, range})`. */
export class Trace {
  #data = null;

  constructor(canvas) {
    this.redraw = draw(canvas, (context, width, height) => this.#paint(context, width, height));
  }

  set(data) {
    this.#data = data;
    this.redraw();
  }

  #paint(context, width, height) {
    const {steps, text, layer, unit, range} = this.#data ?? {steps: []};
    const middle = (height - FOOT) / 2, reach = middle - 8;
    context.strokeStyle = colour("--line");
    context.lineWidth = 1;
    for (const level of [-1, 0, 1]) {
      context.setLineDash(level ? [2, 4] : []);
      context.beginPath();
      context.moveTo(0, Math.round(middle - level * reach) + 0.5);
      context.lineTo(width, Math.round(middle - level * reach) + 0.5);
      context.stroke();
    }
    context.setLineDash([]);
    if (!steps.length || unit === null) return;
    context.font = `12px ${getComputedStyle(document.documentElement).getPropertyValue("--mono")}`;
    context.textAlign = "center";
    const shown = places(context, steps, text, width), shade = scale("div");
    const value = ({step}) => Math.max(-1, Math.min(1, step.layers[layer][unit] / range));
    const last = shown.at(-1);
    if (last) {
      context.fillStyle = colour("--accent-soft");
      context.beginPath();
      context.roundRect(last.x, 0, last.w, height, 4);
      context.fill();
    }
    for (const place of shown) {
      const v = value(place), y = middle - v * reach;
      context.fillStyle = shade.css(v < 0 ? v - 0.25 : v + 0.25);
      context.beginPath();
      context.roundRect(place.x + 1, Math.min(y, middle), place.w - 2, Math.max(1, Math.abs(y - middle)), v < 0 ? [0, 0, 3, 3] : [3, 3, 0, 0]);
      context.fill();
      context.fillStyle = colour(place === last ? "--ink" : "--quiet");
      context.fillText(place.label, place.x + place.w / 2, height - 6);
    }
  }
}
