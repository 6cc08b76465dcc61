/* The tags of a text with their numbers. */
import { format, h } from "../shell/shell.js";

/** The list of tags. `pick(name)`: highlight its words; "" none. */
export class Counts {
  #pinned = "";
  #rows = new Map();

  constructor(list, names, pick) {
    Object.assign(this, {list, names, pick});
    list.addEventListener("pointerleave", () => pick(this.#pinned));
  }

  /** The tag that was chosen; "" none. */
  get pinned() {
    return this.#pinned;
  }

  /** Show how often each tag or kind occurs: [name, …], one for each word or span. */
  show(occurring) {
    const counts = new Map();
    for (const name of occurring) counts.set(name, (counts.get(name) ?? 0) + 1);
    const ranked = [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
    const most = ranked[0]?.[1] ?? 1;
    if (!counts.has(this.#pinned)) this.#pinned = "";
    this.#rows = new Map(ranked.map(([name, count]) => [name, this.#row(name, count, count / most)]));
    this.list.replaceChildren(...this.#rows.values());
    this.#press();
  }

  /** Mark the tag of a word; "" none. */
  mark(name) {
    for (const [own, row] of this.#rows) row.classList.toggle("pointed", own === name);
  }

  #row(name, count, share) {
    const meaning = this.names.meaning(name);
    const toggle = () => {
      this.#pinned = this.#pinned === name ? "" : name;
      this.#press();
      this.pick(this.#pinned);
    };
    return h("li", null, h("button", {
      type: "button", "data-name": name, "aria-label": `${name}${meaning && `, ${meaning}`}: ${count}`, onclick: toggle,
      onpointerenter: () => this.pick(name), onfocus: () => this.pick(name), onblur: () => this.pick(this.#pinned),
    }, h("span", {class: `tag ${this.names.look(name)}`}, name), h("span", {class: "meaning quiet"}, meaning),
      h("span", {class: "meter", "aria-hidden": "true"}, h("i", {style: {"--share": share}})), h("span", {class: "num"}, format(count))));
  }

  #press() {
    for (const [name, row] of this.#rows) row.firstChild.setAttribute("aria-pressed", String(name === this.#pinned));
  }
}
