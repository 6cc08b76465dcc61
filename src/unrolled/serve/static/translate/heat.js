/* The attention weights as a table of colours. */
import { format, h } from "../shell/shell.js";
import { focus } from "./focus.js";
import { direction, kept, name } from "./view.js";

const MOST = 20000;

/** Draws in `box`: a row per unit of the translation, a column per unit of the text. */
export class Heat {
  constructor(box) {
    this.box = box;
    box.addEventListener("pointerover", ({target}) => this.#look(target));
    box.addEventListener("focusin", ({target}) => this.#look(target));
    box.addEventListener("pointerleave", () => focus.look(null));
    box.addEventListener("focusout", () => focus.look(null));
    box.addEventListener("keydown", (event) => this.#key(event));
    focus.on((what) => { if (what === "unit") this.light(); });
  }

  /** Show a view, or nothing. */
  show(view, texts) {
    this.box.replaceChildren(...(view ? [table(view, texts), legend()] : []));
    this.light();
  }

  /** Mark row and column of the unit in focus. */
  light() {
    const {unit} = focus;
    for (const cell of this.box.querySelectorAll(".on")) cell.classList.remove("on");
    if (!unit) return;
    for (const head of this.box.querySelectorAll(`th[data-side="${unit.side}"][data-index="${unit.index}"]`)) head.classList.add("on");
    const row = this.box.querySelectorAll("tbody tr")[unit.index];
    if (unit.side === "target") row?.classList.add("on");
    else for (const cell of this.box.querySelectorAll(`td[data-source="${unit.index}"]`)) cell.classList.add("on");
  }

  #look(element) {
    const cell = element.closest("td[data-source], th[data-index]");
    if (!cell) return;
    if (cell.matches("th")) focus.look(cell.dataset.side, Number(cell.dataset.index));
    else focus.look("target", cell.closest("tr").rowIndex - 1);
  }

  #key(event) {
    const cell = event.target.closest("td"), step = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]}[event.key];
    if (!cell || !step) return;
    event.preventDefault();
    const turned = cell.closest("table").dir === "rtl" ? -step[1] : step[1];
    const next = cell.closest("table").rows[cell.parentElement.rowIndex + step[0]]?.cells[cell.cellIndex + turned];
    if (!next?.matches("td[data-source]")) return;
    cell.tabIndex = -1;
    Object.assign(next, {tabIndex: 0}).focus();
  }
}

function table(view, texts) {
  const {source, target, weights} = view, columns = kept(view, target.length > 60 ? 40 : 120), wide = columns.length <= 18;
  if (columns.length * target.length > MOST) return h("p", {class: "quiet"}, "The table is too large to show. Choose words, or a shorter text.");
  const corner = h("td", {class: "corner", "aria-hidden": "true"});
  const heads = columns.map((s) => s === null ? h("td", {class: "gap", "aria-hidden": "true"})
    : h("th", {scope: "col", "data-side": "source", "data-index": s}, h("span", null, name(source[s]))));
  const rows = target.map((unit, t) => h("tr", null,
    h("th", {scope: "row", "data-side": "target", "data-index": t, dir: direction(texts.target)}, name(unit)),
    columns.map((s) => s === null ? h("td", {class: "gap", "aria-hidden": "true"})
      : cell(weights[t][s], `${name(source[s])} → ${name(unit)}`, s, s === columns[0] && !t, wide))));
  return h("div", {class: "table-box"}, h("table", {class: `heat${wide ? " wide" : ""}`, dir: direction(texts.source)},
    h("caption", {class: "hidden"}, "Attention of each word of the translation to each word of the text, in percent"),
    h("thead", null, h("tr", null, corner, heads)), h("tbody", null, rows)));
}

function cell(weight, pair, s, first, wide) {
  const percent = Math.round(100 * weight), strong = weight > 0.55;
  return h("td", {
    class: strong ? "strong" : null, tabindex: first ? "0" : "-1", "data-source": s, "data-tip": `${pair}\n${format.percent(weight)}`,
    "aria-label": `${pair}: ${format.percent(weight)}`, style: {"--w": weight.toFixed(3)},
  }, wide && percent >= 10 ? String(percent) : "");
}

const legend = () => h("p", {class: "legend"}, h("span", null, "0%"), h("span", {class: "ramp seq"}), h("span", null, "100% of a word’s attention"));
