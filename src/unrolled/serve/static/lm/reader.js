/* The text as the model has read it: states, surprise and hidden units of its places. */
import { ask, isAbort } from "../shell/shell.js";

const CHUNK = 2000, TAIL = 64, STEPS = 1500;
/* Tokens whose hidden units are asked for: not more than so many numbers in an answer. */
const NUMBERS = 100_000, HISTORY = 256;
const START = {end: 0, state: ""}, TRIES = 8;
const wait = (ms) => new Promise((done) => setTimeout(done, ms));

/** Follows a text with one request at a time. Typing reads what was typed; deleting goes back to a state that is kept.
    `options()` returns {temperature, top}; `onread()` is called after every request, `onerror(error)` when one failed. */
export class Reader {
  text = "";
  /** The last answer, with the place `end` up to which it has read; null until one is there. */
  now = null;
  /** Bits of surprise of each place (UTF-16); undefined where none is known. */
  bits = [];
  /** Tokens with their hidden units, oldest first: {begin, end, layers: [values]}. */
  steps = [];
  #marks = [];
  #request = null;
  #running = false;
  #stale = true;

  constructor(tokens, options, onread, onerror) {
    Object.assign(this, {tokens, options, onread, onerror});
  }

  /** Read a text that has changed. Returns the place of the first change. */
  read(text) {
    let same = 0;
    const shorter = Math.min(text.length, this.text.length);
    while (same < shorter && text[same] === this.text[same]) same++;
    this.text = text;
    this.#marks = this.#marks.filter(({end}) => end <= same);
    this.steps = this.steps.filter(({end}) => end <= same);
    this.bits.length = Math.min(this.bits.length, same);
    this.#stale = true;
    if (this.#request && this.#request.end > same) this.#request.controller.abort();
    this.follow();
    return same;
  }

  /** Ask again: the options have changed. */
  refresh() {
    this.#stale = true;
    for (const mark of this.#marks) mark.answer = null;
    this.#request?.controller.abort();
    this.follow();
  }

  /** Read everything again: the states are of no use, because the model was trained anew. */
  restart() {
    this.#marks = [];
    this.refresh();
  }

  /** True if everything is read. */
  get done() { return !this.#stale; }

  /** Return what to send to write on from the end of the text: {state, text}. */
  base() {
    const mark = this.#marks.at(-1) ?? START;
    return {state: mark.state, text: this.text.slice(mark.end)};
  }

  async follow() {
    if (this.#running) return;
    this.#running = true;
    let tries = 0;
    try {
      while (this.#stale) {
        try {
          await this.#advance(this.#plan());
          tries = 0;
        } catch (error) {
          if (isAbort(error)) continue;
          if (++tries > TRIES) throw error;
          if (error.status === 409) this.#marks = [];  // the model was trained anew: once more from the start
          else if (error.status === 429 || error.status === 503) await wait(1000);  // busy
          else throw error;
        }
      }
    } catch (error) {
      this.onerror(error);
    } finally {
      this.#running = false;
    }
  }

  /* The next part to read: all of it, or of a long one a chunk; its last part alone, so that deleting is quick. */
  #plan() {
    const {tokens, text} = this, from = this.#marks.at(-1) ?? START, target = tokens.target(text);
    const last = tokens.boundary(text, target), rest = last - from.end;
    let end = rest > CHUNK + TAIL ? from.end + CHUNK : rest > 2 * TAIL ? last - TAIL : last;
    end = tokens.boundary(text, end);
    if (rest > 0 && end <= from.end) end = last;
    if (rest <= 0) end = target;
    return {from, end, target, kept: end <= last};
  }

  async #advance({from, end, target, kept}) {
    const options = this.options(), is_last = end === target;
    if (from.end === end && from.answer) return this.#show(from.answer, is_last);
    const request = this.#request = {end, controller: new AbortController()}, part = this.text.slice(from.end, end);
    const near = target - end < 4 * TAIL;
    try {
      const answer = await ask("next", {
        text: part, state: from.state, keep: kept ? "state" : "nothing", scores: true, history: near ? this.#history() : 0,
        activations: is_last, top: is_last ? options.top : 1, temperature: options.temperature,
      }, {signal: request.controller.signal});
      if (request.controller.signal.aborted) return;
      this.#record(answer, from, end);
      answer.end = end;
      if (kept && end > 0) this.#keep({end, state: answer.state, answer: is_last ? answer : null});
      // What was typed meanwhile is read next.
      this.#show(answer, is_last && end === this.tokens.target(this.text));
    } finally {
      if (this.#request === request) this.#request = null;
    }
  }

  #history() {
    const units = this.now?.activations.reduce((sum, {values}) => sum + values.length, 0) ?? 1000;
    return Math.min(HISTORY, Math.max(16, Math.floor(NUMBERS / units)));
  }

  #show(answer, is_last) {
    if (answer.activations?.length) this.now = answer;
    this.#stale = !is_last;
    this.onread(answer);
  }

  /* Note the surprise and the hidden units of what was read. */
  #record({read = [], history = []}, from, end) {
    if (from.end === end) return;  // what stands for the beginning of a text is no place of it
    const spans = this.tokens.spans(this.text, from.end, end, read);
    spans.forEach(([begin, stop], n) => {
      for (let place = begin; place < stop; place++) this.bits[place] = -read[n].log_probability / Math.LN2;
    });
    const count = Math.min(spans.length, history[0]?.values.length ?? 0);
    this.steps = this.steps.filter((step) => step.end <= from.end);
    for (let n = 0; n < count; n++) {
      const [begin, stop] = spans[spans.length - count + n];
      const layers = history.map(({values}) => Float32Array.from(values[values.length - count + n]));
      this.steps.push({begin, end: stop, layers});
    }
    if (this.steps.length > 2 * STEPS) this.steps = this.steps.slice(-STEPS);
  }

  /* Keep the state of a place: of the last ones each, of those before one in 64. */
  #keep(mark) {
    if (this.#marks.at(-1)?.end === mark.end) this.#marks.pop();
    this.#marks.push(mark);
    if (this.#marks.length % 256) return;
    let last = -Infinity;
    const recent = this.#marks.length - 128;
    this.#marks = this.#marks.filter(({end}, n) => n >= recent || (end - last >= TAIL && ((last = end), true)));
  }
}
