/* Words of the text and of the translation, joined by ribbons as wide as the attention. */
import { h, still, svg } from "../shell/shell.js";
import { focus, watch } from "./focus.js";
import { direction, kept, lights, name } from "./view.js";

const WIDTH = 17, LEAST = 0.03;

/** Draws in `box`. In two rows if they fit, else in two columns. */
export class Ribbons {
  #view = null;
  #paths = [];
  #words = {source: [], target: []};

  constructor(box) {
    this.box = box;
    this.rows = {source: row("source", "Words of the text"), target: row("target", "Words of the translation")};
    this.ends = ["from", "to"].map((side, n) => svg("stop", {class: side, offset: n}));
    this.slope = svg("linearGradient", {id: "slope", gradientUnits: "userSpaceOnUse"}, this.ends);
    this.lines = svg("g");
    this.drawing = svg("svg", {"aria-hidden": "true"}, svg("defs", null, this.slope), this.lines);
    box.append(this.rows.source, this.drawing, this.rows.target);
    watch(box);
    box.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(() => this.layout()).observe(box);
    focus.on((what) => { if (what === "unit") this.light(); });
  }

  /** Show a view, or nothing. */
  show(view, texts) {
    this.#view = view;
    for (const side of ["source", "target"]) {
      this.rows[side].dir = direction(texts[side]);
      const shown = !view ? [] : side === "source" ? kept(view, 40) : view.target.map((_, index) => index);
      this.#words[side] = shown.filter((index) => index !== null);
      this.rows[side].replaceChildren(...shown.map((index) => index === null ? h("span", {class: "gap"}, "· · ·") : word(view[side][index], side, index)));
    }
    const first = this.rows.source.querySelector(".unit");
    if (first) first.tabIndex = 0;
    this.#grow = !still();
    this.layout();
  }
  #grow = false;

  /** Place rows and ribbons. */
  layout() {
    const {box, rows, drawing} = this;
    if (!this.#view || !box.clientWidth) return;
    box.classList.remove("columns");
    const fits = Object.values(rows).every((r) => r.scrollWidth <= box.clientWidth + 1);
    box.classList.toggle("columns", !fits);
    const around = box.getBoundingClientRect(), size = {width: box.clientWidth, height: box.clientHeight};
    for (const [key, value] of Object.entries(size)) drawing.setAttribute(key, value);
    drawing.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
    const [sources, targets] = ["source", "target"].map((side) => new Map([...rows[side].querySelectorAll(".unit")].map((element) => {
      const r = element.getBoundingClientRect();
      return [Number(element.dataset.index), {x: r.left - around.left, y: r.top - around.top, w: r.width, h: r.height, used: 0}];
    })));
    this.#join(fits, sources, targets);
    this.light();
  }

  #join(across, sources, targets) {
    const pairs = [];
    for (const [t, target] of targets) for (const [s, source] of sources) {
      const weight = this.#view.weights[t][s];
      if (weight >= LEAST) pairs.push({t, s, weight, source, target});
    }
    const center = (place) => across ? place.x + place.w / 2 : place.y + place.h / 2;
    const sum = (place) => pairs.reduce((all, p) => all + (p.source === place || p.target === place ? p.weight : 0), 0) * WIDTH;
    for (const [one, other] of [["source", "target"], ["target", "source"]]) {
      for (const place of new Set(pairs.map((p) => p[one]))) {
        let at = center(place) - sum(place) / 2;
        for (const p of pairs.filter((q) => q[one] === place).sort((a, b) => center(a[other]) - center(b[other]))) {
          p[`${one}At`] = at + p.weight * WIDTH / 2;
          at += p.weight * WIDTH;
        }
      }
    }
    const [first] = sources.values(), [last] = targets.values();
    if (!first || !last) return;
    const near = across ? first.y + first.h + 2 : Math.max(...[...sources.values()].map((p) => p.x + p.w)) + 3;
    const far = across ? last.y - 2 : Math.min(...[...targets.values()].map((p) => p.x)) - 3;
    const axis = across ? {x1: 0, y1: near, x2: 0, y2: far} : {x1: near, y1: 0, x2: far, y2: 0};
    for (const [key, value] of Object.entries(axis)) this.slope.setAttribute(key, value);
    this.lines.replaceChildren(...pairs.map((p) => path(p, curve(p, near, far, across), this.#grow, targets.size)));
    this.#paths = pairs.map((p, n) => ({...p, element: this.lines.children[n]}));
    this.#grow = false;
  }

  /** Bring out the ribbons and words of the unit in focus. */
  light() {
    const {unit} = focus, view = this.#view;
    if (!view) return;
    this.box.classList.toggle("looking", Boolean(unit));
    for (const {t, s, element} of this.#paths) element.classList.toggle("on", Boolean(unit) && (unit.side === "target" ? t : s) === unit.index);
    const weights = unit ? lights(view, unit) : [];
    for (const element of this.box.querySelectorAll(".unit")) {
      const {side, index} = element.dataset, own = unit?.side === side, here = own && Number(index) === unit.index;
      element.classList.toggle("on", here);
      element.style.setProperty("--w", own || !unit ? 0 : Math.sqrt(weights[index] ?? 0).toFixed(3));
    }
  }

  #key(event) {
    const at = event.target.closest(".unit");
    if (!at) return;
    const {side} = at.dataset, along = {ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1, Home: -Infinity, End: Infinity}[event.key];
    if (along === undefined) return;
    event.preventDefault();
    const columns = this.box.classList.contains("columns"), vertical = event.key === "ArrowUp" || event.key === "ArrowDown";
    const crosses = !/Home|End/.test(event.key) && columns !== vertical;
    const turned = this.rows[side].dir === "rtl" && !vertical && !columns ? -along : along;
    const all = [...this.rows[crosses ? (along > 0 ? "target" : "source") : side].querySelectorAll(".unit")];
    const place = crosses ? this.#partner(side, Number(at.dataset.index), all) : Math.max(0, Math.min(all.length - 1, all.indexOf(at) + turned));
    this.box.querySelectorAll(".unit[tabindex='0']").forEach((element) => { element.tabIndex = -1; });
    Object.assign(all[place] ?? at, {tabIndex: 0}).focus();
  }

  /* The place among `all` of the unit that this one is joined with most. */
  #partner(side, index, all) {
    const weights = lights(this.#view, {side, index});
    const best = all.map((element) => weights[Number(element.dataset.index)] ?? 0);
    return best.indexOf(Math.max(...best));
  }
}

const row = (side, label) => h("div", {class: `words ${side}`, role: "group", "aria-label": label});

const word = (unit, side, index) => h("button", {
  class: `unit${unit.last ? " last" : ""}`, type: "button", tabindex: "-1", "data-side": side, "data-index": index,
}, name(unit));

function curve({sourceAt: a, targetAt: b}, near, far, across) {
  const middle = (near + far) / 2;
  return across ? `M${a} ${near}C${a} ${middle} ${b} ${middle} ${b + 0.01} ${far}` : `M${near} ${a}C${middle} ${a} ${middle} ${b} ${far} ${b + 0.01}`;
}

function path({t, weight}, d, grow, count) {
  const element = svg("path", {d, pathLength: 1, "stroke-width": (weight * WIDTH).toFixed(2), style: {"--w": weight.toFixed(3)}});
  if (grow) {
    element.classList.add("grow");
    element.style.animationDelay = `${Math.round(t / count * 500)}ms`;
  }
  return element;
}
