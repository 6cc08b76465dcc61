/* The layer behind the text: what each word adds, as a tint and a triangle. */
import { h } from "../shell/shell.js";

const LEVELS = [0.15, 0.6, 1.8];

/** Return the class of a contribution: "for-1" to "for-3", "against-1" to "against-3", or "". */
export function strength(contribution) {
  const level = LEVELS.filter((least) => Math.abs(contribution) >= least).length;
  return level ? `${contribution > 0 ? "for" : "against"}-${level}` : "";
}

/** Return words whose places count UTF-16 units, as scripts do; the server counts characters. */
export function inUnits(text, words) {
  if (!/[\ud800-\udbff]/.test(text)) return words;
  const places = [0];
  for (const character of text) places.push(places.at(-1) + character.length);
  return words.map((word) => ({...word, begin: places[word.begin], end: places[word.end]}));
}

/** Paints the words of a textarea in the layer behind it. `point(number)`: the word under the pointer or the caret, or −1. */
export class Sheet {
  #words = [];
  #text = "";
  #spans = [];
  #pointed = -1;

  constructor(area, layer, point) {
    Object.assign(this, {area, layer, point});
    area.addEventListener("pointermove", ({clientX, clientY}) => this.#hit(clientX, clientY));
    area.addEventListener("pointerleave", () => this.#say(-1));
    document.addEventListener("selectionchange", () => {
      if (document.activeElement === area && area.selectionStart === area.selectionEnd) this.#say(this.#at(area.selectionStart));
    });
  }

  /** Show words with contributions: [{begin, end, contribution}]. */
  paint(text, words, unit) {
    this.layer.dataset.unit = unit;
    this.#text = text;
    this.#words = words;
    const parts = [];
    let last = 0;
    this.#spans = words.map(({begin, end, contribution}) => {
      const span = h("span", {class: strength(contribution)}, text.slice(begin, end));
      parts.push(text.slice(last, begin), span);
      last = end;
      return span;
    });
    this.layer.replaceChildren(...parts, `${text.slice(last)}\n`);
  }

  /** The text was changed: move the words, and forget those that were changed, until they are painted anew. */
  edited() {
    const text = this.area.value, change = text.length - this.#text.length;
    const most = Math.min(text.length, this.#text.length);
    let same = 0;
    while (same < most && text[same] === this.#text[same]) same++;
    let tail = 0;
    while (tail < most - same && text[text.length - 1 - tail] === this.#text[this.#text.length - 1 - tail]) tail++;
    const from = this.#text.length - tail;
    const kept = this.#words.filter(({begin, end}) => end <= same || begin >= from)
      .map((word) => word.end <= same ? word : {...word, begin: word.begin + change, end: word.end + change});
    this.paint(text, kept, this.layer.dataset.unit);
  }

  /** Mark a word, and dim those after `read` (when the text is read again). */
  mark(number, read = Infinity) {
    this.#spans.forEach((span, n) => {
      span.classList.toggle("pointed", n === number);
      span.classList.toggle("unread", n > read);
    });
  }

  #hit(x, y) {
    this.#say(this.#spans.findIndex((span) => [...span.getClientRects()].some((box) =>
      x >= box.left && x <= box.right && y >= box.top && y <= box.bottom)));
  }

  #at(place) {
    return this.#words.findIndex(({begin, end}) => place >= begin && place <= end);
  }

  #say(number) {
    if (number === this.#pointed) return;
    this.#pointed = number;
    this.point(number);
  }
}
