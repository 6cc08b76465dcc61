/* The chart: scales, axes, and what lies on them. */
import { colour, draw, scale as shades } from "../shell/shell.js";
import { timeTicks, valueTicks } from "./axis.js";
import { paintForecast, paintHint, paintInfluence, paintPast, paintPaths, paintSelection } from "./ink.js";

const TOP = 18, BOTTOM = 62, RIGHT = 14;
const PAD = 0.09;

/** A chart on a canvas. `state()` returns {series, times, shown (lists by name), levels, from, horizon, ghost, place,
    hot, reach, every, read, trained}. */
export class Chart {
  #low = 0;
  #high = 1;
  /** True while something is dragged: the scale of the values stays as it is. */
  held = false;

  constructor(canvas, state) {
    Object.assign(this, {canvas, state});
    this.redraw = draw(canvas, (context, width, height) => this.#paint(context, width, height));
  }

  /** Range of values in which everything lies. */
  range() {
    const {series, shown, from, ghost} = this.state();
    let low = Infinity, high = -Infinity;
    const see = (numbers) => { for (const v of numbers) { if (v < low) low = v; if (v > high) high = v; } };
    see(series.values.slice(from));
    see(series.original.slice(from));
    for (const [name, numbers] of shown) if (!name.startsWith("path")) see(numbers);
    if (ghost) see(ghost.point);
    const pad = (high - low) * PAD || Math.abs(high) * PAD || 1;
    return [low < 0 || series.floor < 0 ? low - pad : Math.max(0, low - pad), high + pad];
  }

  /** Size of the range that is drawn. */
  get span() { return this.#high - this.#low; }

  /** The scale of the newest painting. */
  scale(width = this.canvas.clientWidth, height = this.canvas.clientHeight) {
    const {from, series, horizon} = this.state();
    const left = this.left ?? 48, right = width - RIGHT, bottom = height - BOTTOM, last = series.length + horizon - 1;
    const wide = (right - left) / Math.max(1, last - from + 0.6), span = this.#high - this.#low || 1;
    return {
      left, right, top: TOP, bottom, wide, now: series.length, last, from,
      x: (n) => left + (n - from + 0.3) * wide,
      y: (v) => bottom - ((v - this.#low) / span) * (bottom - TOP),
      step: (px) => Math.max(from, Math.min(last, Math.round((px - left) / wide - 0.3 + from))),
      value: (py) => this.#low + ((bottom - py) / (bottom - TOP)) * span,
      span,
    };
  }

  /** Take a range at once, or go there smoothly with `redraw`; returns true while it still moves. */
  fit(atOnce = false) {
    if (this.held) return false;
    const [low, high] = this.range(), share = atOnce ? 1 : 0.2, size = high - low;
    const far = Math.max(Math.abs(low - this.#low), Math.abs(high - this.#high));
    if (far < 0.004 * size) [this.#low, this.#high] = [low, high];
    else { this.#low += share * (low - this.#low); this.#high += share * (high - this.#high); }
    return far >= 0.004 * size && !atOnce;
  }

  #paint(context, width, height) {
    const moves = this.fit();
    const state = this.state();
    context.font = `12px ${getComputedStyle(this.canvas).fontFamily}`;
    context.lineJoin = context.lineCap = "round";
    const {ticks} = valueTicks(this.#low, this.#high, Math.max(2, Math.round((height - TOP - BOTTOM) / 60)));
    this.left = Math.max(...ticks.map((v) => context.measureText(short(v, ticks)).width), 12) + 16;
    const scale = this.scale(width, height);
    this.#axes(context, scale, state, ticks);
    context.save();
    context.beginPath();
    context.rect(scale.left - 1, scale.top - 12, scale.right - scale.left + RIGHT + 1, scale.bottom - scale.top + 12);
    context.clip();
    paintForecast(context, scale, state);
    paintPaths(context, scale, state);
    paintPast(context, scale, state);
    context.restore();
    context.shade = shades("div").css;
    paintInfluence(context, scale, state);
    paintHint(context, scale, state);
    paintSelection(context, scale, state);
    if (moves) this.redraw();
  }

  #axes(context, scale, {times}, ticks) {
    const {left, right, top, bottom, x, y, wide, now, from, last} = scale;
    const border = x(now - 1) + wide / 2;
    context.fillStyle = colour("--sunken");
    context.globalAlpha = 0.55;
    context.fillRect(border, top - 12, right - border + RIGHT, bottom - top + 12);
    context.globalAlpha = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const value of ticks) {
      const at = Math.round(y(value)) + 0.5;
      context.fillStyle = colour("--line");
      context.fillRect(left, at - 0.5, right - left + RIGHT, 1);
      context.fillStyle = colour("--quiet");
      context.fillText(short(value, ticks), left - 10, at);
    }
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    for (const {n, label, big} of timeTicks(times, from, last + 1, 58 / wide, now)) {
      const at = x(n);
      context.fillStyle = colour("--line-strong");
      context.fillRect(Math.round(at), bottom + 16, 1, 4);
      context.fillStyle = colour("--quiet");
      const half = Math.max(context.measureText(label).width, context.measureText(big).width) / 2;
      const place = Math.min(right + RIGHT - half - 1, Math.max(half, at));
      context.fillText(label, place, bottom + 34);
      context.fillStyle = colour("--ink");
      context.fillText(big, place, bottom + 50);
    }
    context.fillStyle = colour("--line-strong");
    context.fillRect(left, bottom, right - left + RIGHT, 1);
  }
}

/* A value of the axis, with the digits of the distance between two. */
function short(value, ticks) {
  const step = Math.abs((ticks[1] ?? value) - ticks[0]) || Math.abs(value) || 1;
  const digits = Math.max(0, Math.min(8, -Math.floor(Math.log10(step) + 1e-9)));
  const size = Math.max(...ticks.map(Math.abs));
  if (size >= 1e5 || (size < 1e-4 && size > 0)) {
    return new Intl.NumberFormat("en", {notation: size >= 1e15 || size < 1e-4 ? "scientific" : "compact", maximumSignificantDigits: 4}).format(value).replace("-", "−");
  }
  return value.toFixed(Number.isInteger(step) ? 0 : step === 2.5 * 10 ** -digits ? digits + 1 : digits).replace("-", "−");
}
