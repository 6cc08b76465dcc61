/* The words with their tags, or with boxes around spans. */
import { h } from "../shell/shell.js";

const SURE = 0.8;

/** Words of the answer of the server: [{word, tag, kind, sure, probabilities, joined, number}] for each sentence.
    `kind` is the tag, or the kind of the span that the word is in ("" outside). */
export function flatten({sentences}) {
  let number = 0;
  return sentences.map(({words, tags, spans, places, probabilities}) => words.map((word, n) => {
    const span = spans.find(({begin, end}) => n >= begin && n < end);
    const p = probabilities?.[n] ?? {};
    return {
      word, tag: tags[n], span, probabilities: p, sure: p[tags[n]] ?? 1, number: number++,
      joined: n > 0 && places && places[n][0] === places[n - 1][1],
    };
  }));
}

/** Shows the words. `point(number)`: the word under the pointer or with the focus, or −1.
    `seek(name)`: the tag or the kind under the pointer, or "". */
export class Flow {
  #tokens = [];

  constructor(box, names, point, seek) {
    Object.assign(this, {box, names, point, seek});
    box.addEventListener("keydown", (event) => this.#key(event));
    box.addEventListener("pointerover", ({target}) => { this.#at(target); this.#over(target); });
    box.addEventListener("pointerleave", () => { point(-1); seek(""); });
    box.addEventListener("focusin", ({target}) => this.#at(target));
    box.addEventListener("focusout", () => point(-1));
  }

  /** Show sentences; see flatten. */
  show(sentences) {
    this.#tokens = [];
    this.box.replaceChildren(...sentences.map((sentence) => h("p", {class: "sentence"}, this.#sentence(sentence))));
    if (this.#tokens.length) this.#tokens[0].tabIndex = 0;
  }

  /** Highlight the words whose tag or kind this is; "" none. */
  find(name) {
    this.box.classList.toggle("finding", Boolean(name));
    for (const token of this.#tokens) token.classList.toggle("hit", token.dataset.name === name);
    for (const box of this.box.querySelectorAll(".span")) box.classList.toggle("hit", box.dataset.name === name);
  }

  /** Mark a word. */
  mark(number) {
    this.#tokens.forEach((token, n) => token.classList.toggle("pointed", n === number));
  }

  #sentence(words) {
    const parts = [];
    for (let n = 0; n < words.length;) {
      const {span} = words[n], end = span ? span.end : n + 1;
      const tokens = words.slice(n, end).map((word) => this.#token(word));
      if (!words[n].joined && n) parts.push(" ");
      if (!span) parts.push(...tokens);
      else {
        const label = span.label || "span", last = tokens.pop();
        const apart = tokens.map((token, k) => [token, words[n + k + 1].joined ? "" : " "]);
        parts.push(h("span", {class: `span ${this.names.look(label)}`, "data-name": label}, apart,
          h("span", {class: "end"}, last, " ", h("span", {class: "kind"}, label))));
      }
      n = end;
    }
    return parts;
  }

  #token({word, tag, span, sure, joined, number}) {
    const name = this.names.spans ? span?.label || (span ? "span" : "") : tag, plain = this.names.spans;
    const token = h("button", {
      type: "button", tabindex: "-1", "data-number": number, "data-name": name,
      class: `token ${plain ? "bare" : this.names.look(tag)}${sure < SURE ? " unsure" : ""}${joined ? " joined" : ""}`,
      "aria-label": `${word}, ${tag}`,
    }, h("span", {class: "word"}, word), !plain && h("span", {class: "tag"}, tag));
    this.#tokens.push(token);
    return token;
  }

  #at(target) {
    const token = target.closest(".token");
    if (token) this.point(Number(token.dataset.number));
  }

  #over(target) {
    const part = target.closest(".tag, .kind");
    this.seek(part ? part.closest("[data-name]").dataset.name : "");
  }

  #key(event) {
    const change = {ArrowLeft: -1, ArrowRight: 1}[event.key], from = this.#tokens.indexOf(document.activeElement);
    const to = this.#tokens[from + change];
    if (!change || from < 0 || !to) return;
    event.preventDefault();
    this.#tokens[from].tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  }
}
