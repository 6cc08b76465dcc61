/* The layer behind the text: surprise, what the model wrote, and the grey suggestion. */
import { h } from "../shell/shell.js";

const BLOCK = 1000;

/** Paints behind a textarea. `look(place)` returns the class of a place of the text: "" or names. */
export class Sheet {
  #blocks = [];
  #ghost = h("span", {class: "ghost"});

  constructor(area, layer) {
    Object.assign(this, {area, layer});
    layer.append(this.#ghost, "\n");
    this.box = area.parentElement;
  }

  /** Paint the text from a place on. */
  paint(from, look) {
    const text = this.area.value, count = Math.ceil(text.length / BLOCK);
    while (this.#blocks.length > count) this.#blocks.pop().remove();
    while (this.#blocks.length < count) {
      this.#blocks.push(h("span"));
      this.#ghost.before(this.#blocks.at(-1));
    }
    for (let n = Math.max(0, Math.floor((from - 1) / BLOCK)); n < count; n++) {
      this.#blocks[n].replaceChildren(...runs(text, n * BLOCK, Math.min(text.length, (n + 1) * BLOCK), look));
    }
  }

  /** Show how the model would go on. */
  suggest(text) {
    if (this.#ghost.textContent !== text) this.#ghost.textContent = text;
  }

  /** Keep the end of the text in sight. */
  follow() {
    this.box.scrollTop = this.box.scrollHeight;
  }
}

function runs(text, begin, end, look) {
  const parts = [];
  for (let from = begin; from < end;) {
    const name = look(from);
    let to = from + 1;
    while (to < end && look(to) === name) to++;
    const piece = text.slice(from, to);
    parts.push(name ? h("span", {class: name}, piece) : piece);
    from = to;
  }
  return parts;
}
