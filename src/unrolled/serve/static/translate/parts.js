/* The parts of the text, and what the model makes of them. */
import { ask, isAbort, still, stream } from "../shell/shell.js";

const AT_ONCE = 4, IN_REQUEST = 8, CHARACTERS = 5000, ALTERNATIVES = 6, SHORT = 2000;
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** A part of the text. `state`: "waiting", "writing", "done" or "failed". */
export class Part {
  state = "waiting";
  text = "";
  error = "";
  /** Attention for the text that is shown, as the server answers it. */
  attention = null;
  /** While it is written: the words of the source, and the weights of the last token. */
  glance = null;
  /** Translations by beam search, the best first. */
  candidates = [];
  written = null;
  changed = false;
  /** True if it is too long to get the attention for it. */
  long = false;
  abort = new AbortController();

  constructor(place) { this.move(place); }

  move({source, begin, end}) { Object.assign(this, {source, begin, end}); }
}

/** Translates parts: `set(places)` for a text, `options()` of the search, `show(part)` when a part has changed,
    `idle()` when all is done, `fail(error)`. */
export class Parts {
  list = [];
  #running = 0;
  #round = 0;
  /* Pieces shown since nothing was left to do. */
  #pieces = 0;

  constructor(page) { this.page = page; }

  /** Take the parts of a new text; those that were there before keep their translation. */
  set(places) {
    const old = new Map();
    for (const part of this.list) old.set(part.source, [...(old.get(part.source) ?? []), part]);
    this.list = places.map((place) => {
      const part = old.get(place.source)?.shift();
      part?.move(place);
      return part ?? new Part(place);
    });
    for (const part of [...old.values()].flat()) part.abort.abort();
    this.#go();
  }

  /** Translate all parts anew. */
  restart() {
    const places = this.list;
    this.list.forEach((part) => part.abort.abort());
    this.list = places.map((place) => new Part(place));
    this.#go();
  }

  /** Search for the candidates of all parts anew. */
  again() {
    for (const part of this.list) part.candidates = [];
    if (!this.#running) this.#refine();
  }

  /** Show a candidate instead of the text. */
  async choose(part, candidate) {
    Object.assign(part, {text: candidate.text, changed: false, attention: null});
    this.page.show(part);
    await this.#attend(part);
  }

  #go() {
    const waiting = this.list.filter((part) => part.state === "waiting");
    for (const part of waiting.slice(0, Math.max(0, AT_ONCE - this.#running))) this.#write(part);
    if (!this.#running) this.#refine();
  }

  async #write(part) {
    const {attentive, writing} = this.page.options();
    part.state = "writing";
    this.#running++;
    try {
      await this.#follow(part, {text: part.source, attention: attentive && !part.long, ...writing});
    } catch (error) {
      if (error.status === 422 && attentive && !part.long && part.source.length > SHORT) {
        Object.assign(part, {long: true, state: "waiting"});  // again, without the attention
      } else if (!isAbort(error)) this.#fail(part, error);
    } finally {
      this.#running--;
      this.page.show(part);
      this.#go();
    }
  }

  async #follow(part, body) {
    let words = [];
    for await (const {event, data} of stream("write", body, {signal: part.abort.signal})) {
      if (event === "done") return this.#finish(part, data);
      words = data.source_words.length ? data.source_words : words;
      await this.#reveal(part, data, words);
    }
  }

  /* Show what was written piece by piece, also if it came at once. */
  async #reveal(part, {text, target, weights}, source) {
    const pieces = text.match(target.length > text.length / 2 ? /[^]/gu : /\s*\S+\s*$|\s*\S+/gu) ?? [text];
    for (const [n, piece] of pieces.entries()) {
      if (part.abort.signal.aborted) return;
      part.text += piece;
      const row = weights[Math.round((n + 1) / pieces.length * weights.length) - 1];
      part.glance = row ? {words: source, row} : null;
      this.page.show(part);
      if (!still()) await pause(1000 / (18 + this.#pieces++ / 2));  // faster and faster
    }
  }

  #finish(part, answer) {
    const {text, unknown, unread, cut} = answer;
    Object.assign(part, {state: "done", text, unknown, unread, cut, written: answer, glance: null});
    part.attention = answer.weights.length ? answer : null;
  }

  #fail(part, error) {
    Object.assign(part, {state: "failed", error: error.message, glance: null});
    if (!(error.status >= 400 && error.status < 500) && !error.type) this.page.fail(error);
  }

  /* Let beam search find candidates for all parts that have none, many in one request. */
  async #refine() {
    this.#pieces = 0;
    const round = ++this.#round, {search} = this.page.options();
    const parts = this.list.filter((part) => part.state === "done" && !part.candidates.length);
    try {
      for (const some of groups(parts)) {
        if (round !== this.#round) return;
        const texts = some.map((part) => part.source);
        const {translations} = await ask("translate", {texts, n_best: Math.min(ALTERNATIVES, search.beams), ...search});
        if (round === this.#round) await Promise.all(some.map((part, n) => this.#improve(part, translations[n])));
      }
      if (round === this.#round) this.page.idle();
    } catch (error) {
      if (round === this.#round) this.page.fail(error);
    }
  }

  async #improve(part, best) {
    part.candidates = [best, ...best.others];
    const better = this.page.options().refine ? best : part.written;
    if (better.text === part.text) return this.page.show(part);
    Object.assign(part, {text: better.text, cut: better.cut, changed: better === best, attention: null});
    return this.#attend(part);
  }

  async #attend(part) {
    const {text} = part;
    if (text === part.written.text) part.attention = part.written.weights.length ? part.written : null;
    else if (this.page.options().attentive && !part.long) {
      try {
        const answer = await ask("attention", {text: part.source, translation: text}, {signal: part.abort.signal});
        if (part.text === text) part.attention = answer;
      } catch (error) {
        this.page.fail(error);
      }
    }
    this.page.show(part);
  }
}

/* Parts that are sent in one request. */
function groups(parts) {
  const list = [];
  let characters = 0;
  for (const part of parts) {
    const last = list.at(-1);
    characters += part.source.length;
    if (last && last.length < IN_REQUEST && characters < CHARACTERS) last.push(part);
    else {
      list.push([part]);
      characters = part.source.length;
    }
  }
  return list;
}
