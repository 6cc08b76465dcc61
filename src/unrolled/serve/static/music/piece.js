/* A piece: the keys that sound in each step, who wrote them, and its history. No page, no sound. */

export const YOU = 1, MODEL = 2;
export const LOWEST = 21, HIGHEST = 108;
const NAMES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];
const SPOKEN = {"♯": " sharp ", "♭": " flat "};
const HISTORY = 200;
const NOTHING = new Map();

/** Name of a key, such as "C4" (middle C). */
export const nameOf = (key) => `${NAMES[key % 12]}${Math.floor(key / 12) - 1}`;
/** Name of a key for screen readers. */
export const spokenName = (key) => nameOf(key).replace(/[♯♭]/, (sign) => SPOKEN[sign]);
export const isBlack = (key) => NAMES[key % 12].length > 1;

/** Steps are maps of a key to its author; they are replaced, never changed, so that the history can keep them. */
export class Piece extends EventTarget {
  steps = [];
  /** Step from which the model composes. */
  border = 0;
  #past = [];
  #future = [];

  get length() { return this.steps.length; }
  get isEmpty() { return !this.steps.length; }
  get canUndo() { return this.#past.length > 0; }
  get canRedo() { return this.#future.length > 0; }

  at(step) { return this.steps[step] ?? NOTHING; }
  has(step, key) { return this.at(step).has(key); }
  keys(step) { return [...this.at(step).keys()].sort((a, b) => a - b); }
  /** The keys of all steps, or of the first ones, as the server takes them. */
  toJSON(end = this.length) { return Array.from({length: end}, (_, step) => this.keys(step)); }

  /** First step of a held note, and the step after its last: cells of one key by one author. */
  note(step, key) {
    const author = this.at(step).get(key);
    let begin = step, end = step + 1;
    while (begin > 0 && this.at(begin - 1).get(key) === author) begin -= 1;
    while (this.at(end).get(key) === author) end += 1;
    return {begin, end, key, author};
  }

  /** Begin a change that one undo takes back. */
  remember() {
    this.#past.push(this.#snapshot());
    if (this.#past.length > HISTORY) this.#past.shift();
    this.#future = [];
  }

  undo() { this.#move(this.#past, this.#future); }
  redo() { this.#move(this.#future, this.#past); }

  #move(from, to) {
    if (!from.length) return;
    to.push(this.#snapshot());
    Object.assign(this, from.pop());
    this.#changed();
  }

  #snapshot() { return {steps: [...this.steps], border: this.border}; }
  #changed() { this.dispatchEvent(new Event("change")); }

  /** Let the keys of a note sound, or be silent (author 0), in the steps from `begin` to before `end`. */
  put(begin, end, key, author) {
    for (let step = begin; step < end; step += 1) this.#set(step, key, author);
    this.#settle(end);
    this.#changed();
  }

  /** Go back to the piece before the change that is being made, and change that. For notes that are dragged. */
  again() {
    const {steps, border} = this.#past.at(-1);
    Object.assign(this, {steps: [...steps], border});
  }

  /** Forget the change that is being made. */
  forget() {
    Object.assign(this, this.#past.pop());
    this.#changed();
  }

  #set(step, key, author) {
    while (this.steps.length <= step) this.steps.push(NOTHING);
    const keys = new Map(this.steps[step]);
    if (author) keys.set(key, author); else keys.delete(key);
    this.steps[step] = keys;
  }

  /* An edit behind the border moves it; rests at the end are dropped. */
  #settle(end) {
    if (end > this.border) this.border = end;
    let length = this.length;
    while (length && !this.steps[length - 1].size) length -= 1;
    this.steps.length = length;
    this.border = Math.min(this.border, length);
  }

  /** Let the model compose from this step on. */
  setBorder(step) {
    this.border = Math.max(0, Math.min(this.length, step));
    this.#changed();
  }

  /** Drop the steps from the border on. */
  cut() {
    this.steps.length = Math.min(this.border, this.length);
    this.#changed();
  }

  /** Add steps by the model at the end: lists of keys. */
  append(steps) {
    for (const keys of steps) this.steps.push(new Map(keys.map((key) => [key, MODEL])));
    this.#changed();
  }

  /** Replace everything by steps of the user. */
  replace(steps) {
    this.steps = steps.map((keys) => new Map(keys.map((key) => [key, YOU])));
    this.border = this.length;
    this.#changed();
  }
}
