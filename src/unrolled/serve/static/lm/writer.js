/* What the model writes: the grey suggestion, and text that it adds. */
import { isAbort, stream } from "../shell/shell.js";

const SUGGESTED = {char: 60, bpe: 20, word: 12}, WRITTEN = {char: 500, bpe: 160, word: 120};
const PAUSE = {char: 24, bpe: 60, word: 90};
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/** Lets the model write. `base()` returns {state, text} to go on from, `sampling()` the options. */
export class Writer {
  /** The grey text. */
  suggestion = "";
  #suggesting = null;
  #writing = null;

  constructor(kind, {base, sampling, onsuggestion, onerror}) {
    Object.assign(this, {kind, base, sampling, onsuggestion, onerror});
  }

  get writing() { return this.#writing !== null; }

  /** Suggest how the text goes on: to the end of a line, after `begin`, which is shown at once. */
  async suggest(begin = "") {
    this.forget();
    const mine = this.#suggesting = new AbortController(), {state, text} = this.base();
    this.suggestion = begin;
    this.onsuggestion();
    try {
      const body = {...this.sampling(), state, text: text + begin, length: SUGGESTED[this.kind]};
      for await (const {event, data} of stream("generate", body, {signal: mine.signal})) {
        if (event !== "data" || mine.signal.aborted) continue;
        const line = data.text.indexOf("\n", this.suggestion ? 0 : 1);
        this.suggestion += line < 0 ? data.text : data.text.slice(0, line);
        this.onsuggestion();
        if (line >= 0) return mine.abort();
      }
    } catch (error) {
      if (!isAbort(error)) this.onerror(error);
    }
  }

  /** The text typed one character that the suggestion has, too: it stays. Returns false if it does not fit. */
  typed(text) {
    if (!text || !this.suggestion.startsWith(text)) return false;
    this.suggestion = this.suggestion.slice(text.length);
    this.onsuggestion();
    return true;
  }

  /** Remove the suggestion. */
  forget() {
    this.#suggesting?.abort();
    this.#suggesting = null;
    if (this.suggestion) { this.suggestion = ""; this.onsuggestion(); }
  }

  /** Remove the suggestion and return it. */
  take() {
    const text = this.suggestion;
    this.forget();
    return text;
  }

  /** Write on: `add(text)` gets what was written, at a pace one can follow, until `stop()`. */
  async write(add) {
    this.forget();
    const mine = this.#writing = new AbortController(), {state, text} = this.base();
    let waiting = "", ended = false, failure = null;
    const body = {...this.sampling(), state, text, length: WRITTEN[this.kind]};
    (async () => {
      try {
        for await (const {event, data} of stream("generate", body, {signal: mine.signal})) {
          if (event === "data") waiting += data.text;
        }
      } catch (error) {
        failure = error;
      }
      ended = true;
    })();
    while (!mine.signal.aborted && (waiting || !ended)) {
      const [piece] = /^(\s*\S+|\s+)/u.exec(waiting) ?? [""];
      const next = this.kind === "char" ? String.fromCodePoint(...[waiting.codePointAt(0)].filter((c) => c !== undefined)) : piece;
      waiting = waiting.slice(next.length);
      if (next) add(next);
      await wait(PAUSE[this.kind]);
    }
    if (this.#writing === mine) this.#writing = null;
    if (failure && !isAbort(failure)) this.onerror(failure);
  }

  /** Stop writing. */
  stop() {
    this.#writing?.abort();
    this.#writing = null;
  }
}
