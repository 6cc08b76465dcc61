/* The forecast of the newest series: one request at a time, then one for what has changed since. */
import { ask, isAbort } from "../shell/shell.js";

export class Live {
  #running = null;
  #again = false;

  /** `body()`: what to ask now. `onanswer(answer)`, `onerror(error)`. */
  constructor({body, onanswer, onerror}) {
    Object.assign(this, {body, onanswer, onerror});
  }

  /** True while an answer is missing. */
  get waiting() { return this.#running !== null; }

  /** The series has changed. */
  update() {
    if (this.#running) this.#again = true;
    else this.#run();
  }

  /** Another series: forget what was asked. */
  restart() {
    this.#running?.abort();
    this.#running = null;
    this.#run();
  }

  async #run() {
    const running = this.#running = new AbortController();
    this.#again = false;
    try {
      const answer = await ask("forecast", this.body(), {signal: running.signal});
      if (this.#running === running) this.onanswer(answer);
    } catch (error) {
      if (this.#running === running && !isAbort(error)) this.onerror(error);
    }
    if (this.#running !== running) return;
    this.#running = null;
    if (this.#again) this.#run();
  }
}
