/* The series that is bent: its values, their times, and how they were before. */

const MOST_UNDO = 100;

/** Weight of a step at a distance from the step that is moved: a smooth hill that ends at `reach`. */
const hill = (distance, reach) => distance < reach ? 0.5 * (1 + Math.cos((Math.PI * distance) / reach)) : 0;

export class Series {
  #undo = [];

  /** `entry`: a series of the model's details, or own numbers in the same form. */
  constructor(entry, details) {
    const {values, times = [], known = {}, past = {}} = entry;
    Object.assign(this, {entry, times, known, past});
    this.original = values;
    this.values = [...values];
    this.start = entry.time === "none" ? "" : times[0] ?? "";
    const size = Math.max(...values.map(Math.abs)) || 1;
    this.floor = {log: size * 1e-4, sqrt: 0}[details.transform] ?? -Number.MAX_VALUE;
    this.period = details.season;
  }

  get length() { return this.values.length; }
  get changed() { return this.values.some((value, n) => value !== this.original[n]); }
  get canUndo() { return this.#undo.length > 0; }

  /** Remember the values, so that the change that follows can be undone. */
  begin() {
    this.#undo.push([...this.values]);
    if (this.#undo.length > MOST_UNDO) this.#undo.shift();
    return this.#undo.at(-1);
  }

  /** Move a step by `change`, and its neighbours up to `reach` with it. `base`: the values before.
      With `every`, the same is done one season before, and so on. */
  bend(base, place, change, reach, every) {
    const period = every && this.period > 1 ? this.period : Infinity;
    for (let n = 0; n < base.length; n++) {
      const apart = Math.abs(n - place) % period;
      this.values[n] = this.#allowed(base[n] + change * hill(Math.min(apart, period - apart), reach));
    }
  }

  /** Draw a line from one (step, value) to another. */
  line(from, to) {
    const [[a, low], [b, high]] = from[0] <= to[0] ? [from, to] : [to, from];
    for (let n = a; n <= b; n++) this.values[n] = this.#allowed(a === b ? to[1] : low + ((high - low) * (n - a)) / (b - a));
  }

  #allowed(value) { return Math.max(this.floor, Math.min(1e300, value)); }

  undo() {
    const before = this.#undo.pop();
    if (before) this.values = before;
  }

  reset() {
    this.begin();
    this.values = [...this.original];
  }

  /** What the server is asked: covariates after those that are known repeat the season before. */
  body(horizon, original = false) {
    const count = this.length + horizon;
    const known = Object.fromEntries(Object.entries(this.known).map(([name, numbers]) => {
      const all = numbers.slice(0, count), back = Math.min(this.period, all.length);
      while (all.length < count) all.push(all[all.length - back]);
      return [name, all];
    }));
    return {
      series: this.entry.name, values: original ? this.original : this.values, start: this.start, known, past: this.past, horizon,
    };
  }
}
