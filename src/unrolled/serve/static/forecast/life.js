/* Small motions of the chart while nobody drags: a future that is walked, and a hint at what can be dragged. */
import { still } from "../shell/shell.js";

const FRAME = 33, IDLE = 45_000;
const GROW = 1500, HOLD = 700, FADE = 500;

export class Life {
  #begun = performance.now();
  #last = 0;
  #seen = true;
  #busy = performance.now();
  /** True until the reader has dragged something. */
  fresh = true;

  constructor(canvas, redraw) {
    this.redraw = redraw;
    new IntersectionObserver(([entry]) => { this.#seen = entry.isIntersecting; }).observe(canvas);
    for (const name of ["pointermove", "keydown", "pointerdown"]) addEventListener(name, () => { this.#busy = performance.now(); }, {passive: true});
    if (!still()) requestAnimationFrame((time) => this.#tick(time));
  }

  #tick(time) {
    if (this.#seen && time - this.#last > FRAME && time - this.#busy < IDLE && this.wanted?.()) {
      this.#last = time;
      this.redraw();
    }
    requestAnimationFrame((next) => this.#tick(next));
  }

  /** Begin anew with the first path. */
  restart() { this.#begun = performance.now(); }

  /** The path that is walked now, of `count`: {path, share (how far), alpha}; null if nothing moves. */
  walk(count) {
    if (!count || still()) return null;
    const turn = (performance.now() - this.#begun) / (GROW + HOLD + FADE), at = (turn % 1) * (GROW + HOLD + FADE);
    const part = Math.min(1, at / GROW);
    return {path: Math.floor(turn) % count, share: 1 - (1 - part) ** 1.6, alpha: Math.min(1, (GROW + HOLD + FADE - at) / FADE)};
  }

  /** Phase of the hint, 0 to 1; null if there is none. */
  get pulse() { return this.fresh && !still() ? ((performance.now() - this.#begun) / 1600) % 1 : null; }
}
