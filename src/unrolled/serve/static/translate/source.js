/* The text of the reader, with a layer behind it that shows where the model looks. */
import { h } from "../shell/shell.js";
import { focus, reveal } from "./focus.js";
import { lights, locate } from "./view.js";

/** Paints behind a textarea. `view(part)` returns the attention between the units of a part, or null. */
export class Source {
  #list = [];
  #units = [];

  constructor(area, layer, view) {
    Object.assign(this, {area, layer, view});
    area.addEventListener("pointermove", ({clientX, clientY}) => this.#point(clientX, clientY));
    area.addEventListener("pointerleave", () => focus.look(null));
    document.addEventListener("selectionchange", () => this.#caret());
    focus.on((what) => {
      if (what === "unit") return this.light();
      this.paint();
      const here = layer.querySelector(".here");
      if (here && focus.from !== "source") reveal(layer.parentElement, here);
    });
  }

  /** Take the parts of the text. */
  set(list) {
    this.#list = list;
    this.paint();
  }

  /** Show what has changed in the part in focus. */
  refresh() {
    if (this.#units.of === this.#of(focus.part)) this.light();
    else this.paint();
  }

  /* The units of a part, if they are known. */
  #of(part) { return this.view(part)?.source ?? part?.glance?.words; }

  /** Paint anew: the text, the parts or a view has changed. */
  paint() {
    const text = this.area.value, nodes = [];
    let end = 0;
    this.#units = Object.assign([], {of: this.#of(focus.part)});
    for (const part of this.#list) {
      nodes.push(text.slice(end, part.begin), h("span", {class: this.#look(part)}, this.#words(part)));
      end = part.end;
    }
    this.layer.replaceChildren(...nodes, text.slice(end), "\n");
    this.light();
  }

  /** Light what the unit in focus looks at, or what the model looks at while it writes. */
  light() {
    const {part, unit} = focus, view = part && this.view(part), weights = this.#weights(part, unit, view);
    for (const {element, index} of this.#units) {
      element.classList.toggle("on", unit?.side === "source" && unit.index === index);
      element.style.setProperty("--w", Math.sqrt(weights[index] ?? 0).toFixed(3));
    }
  }

  #weights(part, unit, view) {
    if (part?.glance) return part.glance.words.map(({begin, end}) => part.glance.row.slice(begin, end).reduce((a, b) => a + b, 0));
    return view && unit?.side === "target" ? lights(view, unit) : [];
  }

  #look(part) {
    return `from${part === focus.part && this.#list.length > 1 ? " here" : ""}${part.state === "failed" ? " failed" : ""}`;
  }

  #words(part) {
    const units = this.#of(part);
    if (part !== focus.part || !units) return part.source;
    const nodes = [];
    let end = 0;
    locate(units, part.source).forEach((range, index) => {
      if (!range) return;
      const element = h("span", {class: "unit", "data-side": "source", "data-index": index}, part.source.slice(...range));
      this.#units.push({element, index});
      nodes.push(part.source.slice(end, range[0]), element);
      end = range[1];
    });
    return [...nodes, part.source.slice(end)];
  }

  /* The layer is behind the textarea: the pointer goes through. */
  #point(x, y) {
    const element = document.elementsFromPoint(x, y).find((e) => this.layer.contains(e) && e.matches(".unit"));
    if (element) focus.look("source", Number(element.dataset.index));
    else focus.look(null);
  }

  #caret() {
    if (document.activeElement !== this.area) return;
    const place = this.area.selectionStart, part = this.#list.find(({begin, end}) => begin <= place && place <= end + 1);
    if (part) focus.pick(part, "source");
  }
}
