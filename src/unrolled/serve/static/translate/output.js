/* The translation: its parts, and the words of the part that is shown. */
import { h } from "../shell/shell.js";
import { focus, reveal, watch } from "./focus.js";
import { lights, locate } from "./view.js";

/** Shows parts in `box`. `view(part)` returns the attention between its units, or null. */
export class Output {
  #elements = new Map();
  #shown = new WeakMap();

  constructor(box, view) {
    Object.assign(this, {box, view});
    const partAt = (element) => this.#shown.get(element.closest(".part"));
    const pick = ({target}) => { if (partAt(target)) focus.pick(partAt(target), "output"); };
    watch(box, (element) => partAt(element) === focus.part);
    let rest = 0;
    box.addEventListener("pointerover", ({target}) => {
      clearTimeout(rest);
      const part = partAt(target), unit = target.closest("[data-index]");
      if (!part || part === focus.part) return;
      rest = setTimeout(() => {  // the pointer does not only pass
        focus.pick(part, "output");
        if (unit) focus.look("target", Number(unit.dataset.index));
      }, 160);
    });
    box.addEventListener("pointerleave", () => clearTimeout(rest));
    box.addEventListener("click", pick);
    box.addEventListener("focusin", pick);
    box.addEventListener("keydown", (event) => this.#step(event));
    focus.on((what) => {
      if (what === "unit") return this.light();
      this.#mark();
      const element = this.#elements.get(focus.part);
      if (element && focus.from !== "output") reveal(box.parentElement, element);
    });
  }

  /** Show the parts of a text. */
  set(list, text) {
    const old = this.#elements, nodes = [];
    this.#elements = new Map();
    let end = 0;
    for (const part of list) {
      if (end) nodes.push(/\n/.test(text.slice(end, part.begin)) ? text.slice(end, part.begin).replace(/[^\n]/g, "") : " ");
      const element = old.get(part) ?? h("span", {class: "part", role: "button", tabindex: "-1"});
      this.#shown.set(element, part);
      this.#elements.set(part, element);
      nodes.push(element);
      end = part.end;
    }
    this.box.replaceChildren(...nodes);
    list.forEach((part) => this.show(part));
    this.#mark();
  }

  /** Show a part that has changed. */
  show(part) {
    const element = this.#elements.get(part);
    if (!element) return;
    const signs = [`${part.state}${part.changed ? " changed" : ""}`, part.text, part.error, this.view(part)];
    if (element.signs?.every((sign, n) => sign === signs[n])) return;
    element.signs = signs;
    element.className = `part ${signs[0]}`;
    element.replaceChildren(...content(part, this.view(part)));
    this.#mark();
  }

  /** Light the words that the unit in focus looks at, or that look at it. */
  light() {
    for (const lit of this.box.querySelectorAll(".unit.on, .unit.lit")) lit.classList.remove("on", "lit");
    const {part, unit} = focus, element = this.#elements.get(part), view = part && this.view(part);
    if (!element || !unit || !view) return;
    const weights = unit.side === "source" ? lights(view, unit) : [];
    for (const word of element.querySelectorAll(".unit")) {
      const index = Number(word.dataset.index), weight = weights[index] ?? 0;
      word.classList.toggle("on", unit.side === "target" && index === unit.index);
      word.classList.toggle("lit", weight > 0.05);
      word.style.setProperty("--w", Math.sqrt(weight));
    }
  }

  #mark() {
    const several = this.#elements.size > 1;
    for (const [part, element] of this.#elements) {
      const here = part === focus.part;
      element.classList.toggle("here", several && here);
      element.setAttribute("aria-pressed", String(here));
      element.tabIndex = here || (!focus.part && element === this.box.firstElementChild) ? 0 : -1;
    }
    this.light();
  }

  #step(event) {
    const ways = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}, way = ways[event.key];
    const all = [...this.#elements.values()], place = all.indexOf(event.target);
    if (!way || place < 0) return;
    event.preventDefault();
    all[Math.max(0, Math.min(all.length - 1, place + way))].focus();
  }
}

function content({state, text, error}, view) {
  if (state === "failed") return [h("span", {class: "problem"}, error)];
  if (state === "waiting") return [h("span", {class: "wait"}, "…")];
  if (state === "writing" || !view) return [h("bdi", null, text), state === "writing" && h("i", {class: "caret"})].filter(Boolean);
  const nodes = [];
  let end = 0;
  locate(view.target, text).forEach((range, index) => {
    if (!range) return;
    nodes.push(text.slice(end, range[0]), h("span", {class: "unit", "data-side": "target", "data-index": index}, text.slice(...range)));
    end = range[1];
  });
  return [...nodes, text.slice(end)];
}
