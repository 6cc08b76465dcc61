/* The forecast that is drawn, on its way to the newest one. */
import { still } from "../shell/shell.js";

const CALM = 70;  // milliseconds in which two thirds of the way are made
const CLOSE = 1e-3;

/** Lists of numbers that move to their targets. `onframe()` is called for each frame while they move. */
export class Motion {
  #targets = new Map();
  #last = 0;
  #frame = 0;
  shown = new Map();

  constructor(onframe) { this.onframe = onframe; }

  /** Set where lists go, by name; those that are not named vanish. A new list comes from `from`, or is there at once. */
  go(lists, from = {}) {
    this.#targets = new Map(Object.entries(lists));
    for (const name of [...this.shown.keys()]) if (!this.#targets.has(name)) this.shown.delete(name);
    for (const [name, target] of this.#targets) {
      const now = this.shown.get(name) ?? from[name] ?? target;
      this.shown.set(name, target.map((value, n) => now[Math.min(n, now.length - 1)] ?? value));
    }
    if (still()) return this.#arrive();
    this.#frame ||= requestAnimationFrame((time) => { this.#last = time; this.#move(time); });
  }

  #arrive() {
    for (const [name, target] of this.#targets) this.shown.set(name, [...target]);
    this.onframe();
  }

  #move(time) {
    const share = 1 - Math.exp(-Math.min(50, Math.max(8, time - this.#last)) / CALM);
    this.#last = time;
    let moves = false;
    for (const [name, target] of this.#targets) {
      const now = this.shown.get(name), size = Math.max(...target) - Math.min(...target) || Math.abs(target[0]) || 1;
      for (let n = 0; n < now.length; n++) {
        const way = target[n] - now[n];
        if (Math.abs(way) > CLOSE * size) { now[n] += share * way; moves = true; } else now[n] = target[n];
      }
    }
    this.#frame = moves ? requestAnimationFrame((next) => this.#move(next)) : 0;
    this.onframe();
  }
}
