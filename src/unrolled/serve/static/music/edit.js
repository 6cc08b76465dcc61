/* Writing notes with the mouse, the finger and the keyboard. */
import { format } from "../shell/shell.js";
import { HIGHEST, LOWEST, MODEL, spokenName, YOU } from "./piece.js";

const OWNERS = {[YOU]: "your note", [MODEL]: "the model’s note"};

export class Editor {
  /** `onEdit()` is called before an edit, `onSeek(step)` when the ruler is pressed, `say(text)` with what is under
      the pointer or the cursor. */
  constructor(roll, piece, sound, {onEdit, onSeek, say}) {
    Object.assign(this, {roll, piece, sound, onEdit, onSeek, say, draws: false, gesture: null});
    const {canvas, box} = roll;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", () => this.#cancel());
    canvas.addEventListener("pointerleave", () => this.#point(null));
    box.addEventListener("keydown", (event) => this.#key(event));
    box.addEventListener("focus", () => this.#focus());
    box.addEventListener("blur", roll.redraw);
  }

  #down(event) {
    if (event.button || this.gesture) return;
    const place = this.roll.find(event);
    const scrolls = event.pointerType === "touch" && !this.draws && place.part !== "keys" && !place.onFlag;
    this.gesture = scrolls ? {kind: "tap", place} : this.#begin(place);
    if (scrolls) return;
    event.preventDefault();
    this.roll.box.focus({preventScroll: true});
    this.roll.canvas.setPointerCapture(event.pointerId);
  }

  #begin(place) {
    if (place.part === "keys") return this.#press({kind: "keys"}, place.key);
    if (place.onFlag) { this.onEdit(); this.piece.remember(); return {kind: "flag"}; }
    if (place.part === "ruler") { this.onSeek(place.step); return {kind: "ruler"}; }
    const note = this.piece.has(place.step, place.key) && this.piece.note(place.step, place.key);
    this.onEdit();
    this.piece.remember();
    const gesture = {kind: note ? "note" : "new", place, note, last: place, moved: false};
    if (note) this.sound.touch(place.key);
    else this.#stretch(gesture, place);
    return gesture;
  }

  #move(event) {
    const place = this.roll.find(event), {gesture} = this;
    if (!gesture) return this.#point(place, event);
    if (gesture.kind === "keys" && place.key !== gesture.key) this.#press(gesture, place.key);
    if (gesture.kind === "flag") { this.piece.again(); this.piece.setBorder(place.near); }
    if (gesture.kind === "ruler" && event.buttons) this.onSeek(place.step);
    if (!gesture.last || (place.step === gesture.last.step && place.key === gesture.last.key)) return;
    if (gesture.kind === "new") this.#stretch(gesture, place);
    if (gesture.kind === "note") this.#carry(gesture, place);
    this.#point(place, event);
  }

  /* A new note: from the step where it began to the pointer, on the key under the pointer. */
  #stretch(gesture, place) {
    if (gesture.last.key !== place.key || gesture.last === place) this.sound.touch(place.key);
    gesture.last = place;
    const [a, b] = [gesture.place.step, place.step].sort((x, y) => x - y);
    this.piece.again();
    this.piece.put(a, b + 1, place.key, YOU);
  }

  /* A note that is there: moved in time and pitch. */
  #carry(gesture, place) {
    const {note} = gesture, long = note.end - note.begin;
    if (gesture.last.key !== place.key) this.sound.touch(place.key);
    Object.assign(gesture, {last: place, moved: true});
    const begin = Math.max(0, Math.min(this.roll.columns - long, note.begin + place.step - gesture.place.step));
    this.piece.again();
    this.piece.put(note.begin, note.end, note.key, 0);
    this.piece.put(begin, begin + long, place.key, YOU);
  }

  #up(event) {
    const {gesture} = this;
    this.gesture = null;
    if (!gesture) return;
    if (gesture.kind === "keys") this.#press(gesture, 0);
    if (gesture.kind === "note" && !gesture.moved) this.piece.put(gesture.note.begin, gesture.note.end, gesture.note.key, 0);
    this.#point(this.roll.find(event), event);
    if (gesture.kind !== "tap") return;
    const {part, step, key} = this.roll.find(event);
    if (part === "ruler") this.onSeek(step);
    if (part === "grid") this.#toggle(step, key);
  }

  #cancel() {
    const {gesture} = this;
    this.gesture = null;
    if (gesture?.kind === "keys") this.#press(gesture, 0);
    if (["new", "note", "flag"].includes(gesture?.kind)) this.piece.forget();
  }

  /* Press a key of the piano, and let the one before go; 0 is none. */
  #press(gesture, key) {
    gesture.voice?.then((voice) => voice.release(this.sound.now));
    gesture.voice = key ? this.sound.wake().then(() => this.sound.press(key)) : null;
    gesture.key = key;
    this.roll.pressed = new Set(key ? [key] : []);
    this.roll.redraw();
    return gesture;
  }

  #toggle(step, key) {
    this.onEdit();
    this.piece.remember();
    if (this.piece.has(step, key)) {
      const {begin, end} = this.piece.note(step, key);
      this.piece.put(begin, end, key, 0);
    } else {
      this.piece.put(step, step + 1, key, YOU);
      this.sound.touch(key);
    }
    this.say(this.describe({step, key}));
  }

  #point(place, event) {
    const isGrid = place?.part === "grid" && event.pointerType !== "touch";
    this.roll.hover = isGrid && !this.gesture ? place : null;
    this.roll.canvas.style.cursor = {keys: "pointer", ruler: place?.onFlag ? "ew-resize" : "pointer"}[place?.part] ?? "";
    const next = {step: this.piece.length, key: place?.key};
    this.say(isGrid ? this.describe(place) : place?.part === "keys" ? this.describe(next) : "");
    this.roll.redraw();
  }

  /** Say in words what a cell holds. */
  describe({step, key}) {
    const {stepsPerBar, stepsPerBeat, expected} = this.roll;
    const bar = Math.floor(step / stepsPerBar) + 1, beat = Math.floor((step % stepsPerBar) / stepsPerBeat) + 1;
    const p = expected[step]?.[key - LOWEST], next = step === this.piece.length ? "next " : "";
    return [
      spokenName(key), `bar ${bar}, beat ${beat}`, OWNERS[this.piece.at(step).get(key)],
      p !== undefined && `expected ${next}${format.percent(p)}`,
    ].filter(Boolean).join(" · ");
  }

  /* The cursor appears when the roll is reached by the keyboard, or with the first key that moves it. */
  #focus() {
    if (this.roll.box.matches(":focus-visible")) this.#tell(this.roll.cursor ?? this.#first());
  }

  #first() { return {step: this.piece.length, key: 60}; }

  #tell(cell) {
    this.roll.cursor = cell;
    this.roll.reveal(cell);
    this.roll.redraw();
    this.say(this.describe(cell));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const {piece} = this, {step, key} = this.roll.cursor ?? this.#first();
    const go = (toStep, toKey) => {
      const cell = {step: Math.max(0, Math.min(this.roll.columns - 1, toStep)), key: Math.max(LOWEST, Math.min(HIGHEST, toKey))};
      if (cell.key !== key) this.sound.touch(cell.key, 0.2);
      this.#tell(cell);
    };
    const erase = () => {
      if (!piece.has(step, key)) return;
      const {begin, end} = piece.note(step, key);
      this.onEdit();
      piece.remember();
      piece.put(begin, end, key, 0);
      this.#tell({step, key});
    };
    const lengthen = () => {
      this.onEdit();
      piece.remember();
      piece.put(step, step + 2, key, YOU);
      go(step + 1, key);
    };
    const actions = {
      ArrowLeft: () => go(step - 1, key), ArrowRight: () => (event.shiftKey ? lengthen() : go(step + 1, key)),
      ArrowUp: () => go(step, key + 1), ArrowDown: () => go(step, key - 1),
      PageUp: () => go(step, key + 12), PageDown: () => go(step, key - 12), Home: () => go(0, key), End: () => go(piece.length, key),
      Enter: () => { this.#toggle(step, key); this.#tell({step, key}); }, Delete: erase, Backspace: erase,
      m: () => { this.onEdit(); piece.remember(); piece.setBorder(step + 1); this.say(`The model begins after step ${step + 1}`); },
    };
    const action = actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}
