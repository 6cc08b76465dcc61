/* The piano roll: where steps and keys are, what is in sight, when steps arrive. paint.js draws it. */
import { draw, still } from "../shell/shell.js";
import { HIGHEST, LOWEST } from "./piece.js";
import { paint } from "./paint.js";

const BETWEEN = 26;  // milliseconds between the steps that arrive
export const RULER = 26, ARRIVAL = 260;

export class Roll {
  /** Probabilities of the keys of each step, and of the one after the last; from the lowest key. */
  expected = [];
  showsExpected = true;
  /** Cell with the focus, {step, key}. */
  cursor = null;
  /** Cell under the pointer. */
  hover = null;
  /** Keys that are pressed on the keyboard. */
  pressed = new Set();
  player = null;
  stepsPerBeat = 1;
  stepsPerBar = 4;
  longest = 4096;
  #arrivals = new Map();
  #lastArrival = 0;
  #aim = null;  // where it scrolls to

  constructor(box, space, canvas, piece) {
    Object.assign(this, {box, space, canvas, piece});
    this.redraw = draw(canvas, (context, width, height) => this.#paint(context, width, height));
    box.addEventListener("scroll", this.redraw, {passive: true});
    for (const name of ["wheel", "pointerdown", "keydown"]) box.addEventListener(name, () => { this.#aim = null; }, {passive: true});
    new ResizeObserver(() => this.#resize()).observe(box);
    piece.addEventListener("change", () => { this.#stretch(); this.redraw(); });
    this.#resize();
  }

  /* Sizes in CSS pixels. */
  #resize() {
    const {box, space, canvas} = this, narrow = box.clientWidth < 640;
    Object.assign(this, {keyboard: narrow ? 44 : 64, row: narrow ? 15 : 12, step: narrow ? 25 : 28});
    space.style.height = `${RULER + (HIGHEST - LOWEST + 1) * this.row}px`;
    canvas.style.width = `${box.clientWidth}px`;
    canvas.style.height = `${box.clientHeight}px`;
    this.#stretch();
    this.redraw();
  }

  #stretch() { this.space.style.width = `${this.keyboard + this.columns * this.step}px`; }

  /** Number of steps that can be seen by scrolling. */
  get columns() {
    const view = Math.ceil((this.box.clientWidth - this.keyboard) / this.step);
    const bars = Math.ceil(Math.max(view, this.piece.length + 12) / this.stepsPerBar);
    return Math.min(this.longest, bars * this.stepsPerBar);
  }

  /** Top of the row of a key. */
  y(key) { return (HIGHEST - key) * this.row; }

  /** What is at a place of the window: {part: "keys", "ruler" or "grid", step, key, near, onFlag}. */
  find({clientX, clientY}) {
    const {left, top} = this.canvas.getBoundingClientRect(), x = clientX - left, y = clientY - top;
    const along = (x - this.keyboard + this.box.scrollLeft) / this.step;
    const step = Math.max(0, Math.min(this.columns - 1, Math.floor(along)));
    const row = Math.floor((y - RULER + this.box.scrollTop) / this.row);
    const key = Math.max(LOWEST, Math.min(HIGHEST, HIGHEST - row));
    const part = x < this.keyboard ? "keys" : y < RULER ? "ruler" : "grid";
    const flag = (along - this.piece.border) * this.step;
    return {part, step, key, near: Math.max(0, Math.round(along)), onFlag: part === "ruler" && flag > -8 && flag < 48};
  }

  /** Scroll so that all keys of the piece are in sight, if they fit: at once, or as a slow movement. */
  showPiece({slowly = false} = {}) {
    const keys = this.piece.steps.flatMap((step) => [...step.keys()]);
    if (!keys.length) return;
    const low = keys.reduce((a, b) => Math.min(a, b)), high = keys.reduce((a, b) => Math.max(a, b));
    const top = this.y(high), bottom = this.y(low) + this.row, room = this.box.clientHeight - RULER, {scrollTop} = this.box;
    const isSeen = top >= scrollTop && bottom <= scrollTop + room;
    if ((isSeen || bottom - top > room) && slowly) return;
    const aim = Math.max(0, Math.min(this.box.scrollHeight - this.box.clientHeight, (top + bottom - room) / 2));
    if (slowly && !still()) this.#aim = aim;
    else this.box.scrollTop = aim;
    this.redraw();
  }

  /** Scroll so that a cell is seen. */
  reveal({step, key}) {
    const {box} = this, x = step * this.step, y = this.y(key);
    const width = box.clientWidth - this.keyboard, height = box.clientHeight - RULER;
    if (x < box.scrollLeft) box.scrollLeft = x;
    else if (x + this.step > box.scrollLeft + width) box.scrollLeft = x + 2 * this.step - width;
    if (y < box.scrollTop) box.scrollTop = y;
    else if (y + this.row > box.scrollTop + height) box.scrollTop = y + 2 * this.row - height;
  }

  /** Let steps appear one after the other. */
  arrive(begin, end) {
    if (still()) return;
    const now = performance.now();
    for (let step = begin; step < end; step += 1) {
      this.#lastArrival = Math.max(now, this.#lastArrival + BETWEEN);
      this.#arrivals.set(step, this.#lastArrival);
    }
  }

  /** Show all steps. */
  settle() {
    this.#arrivals.clear();
    this.#lastArrival = 0;
  }

  /** How far a step has appeared at a time, 0 to 1; below 0 before that. */
  appeared(step, now) {
    const time = this.#arrivals.get(step);
    return time === undefined ? 1 : Math.min(1, (now - time) / ARRIVAL);
  }

  /* Keep the playhead in sight: it moves on, then the piece moves under it. */
  #follow(place) {
    const {box} = this, width = box.clientWidth - this.keyboard, x = place * this.step - box.scrollLeft;
    if (x < 0 || x > width) box.scrollLeft = place * this.step - width / 4;
    else if (x > width * 0.6 && !still()) box.scrollLeft += x - width * 0.6;
    else if (x > width * 0.92) box.scrollLeft += width * 0.7;
  }

  #approach() {
    const way = this.#aim - this.box.scrollTop;
    this.box.scrollTop += Math.sign(way) * Math.ceil(Math.abs(way) * 0.12);
    if (Math.abs(way) < 2) this.#aim = null;
  }

  #paint(context, width, height) {
    const {box, player} = this, now = performance.now();
    if (player.playing) this.#follow(player.place);
    if (this.#aim !== null) this.#approach();
    paint(this, context, {
      width, height, now, place: player.place, plays: player.playing, left: box.scrollLeft, top: box.scrollTop,
      begin: Math.floor(box.scrollLeft / this.step), end: Math.min(this.columns, Math.ceil((box.scrollLeft + width) / this.step)),
      high: HIGHEST - Math.floor(box.scrollTop / this.row),
      low: Math.max(LOWEST, HIGHEST - Math.ceil((box.scrollTop + height) / this.row)),
    });
    if (this.#arrivals.size && now > this.#lastArrival + ARRIVAL) this.settle();
    if (player.playing || this.#arrivals.size || this.#aim !== null) this.redraw();
  }
}
