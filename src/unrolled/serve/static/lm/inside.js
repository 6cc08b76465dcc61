/* The card of the hidden units: a field for each layer, the map through time, and the trace of one unit. */
import { h } from "../shell/shell.js";
import { Field } from "./field.js";
import { TimeMap } from "./time.js";
import { Trace } from "./trace.js";

const WINDOW = 48;
const byId = (id) => document.getElementById(id);

/** Shows the hidden units. `onunit({layer, unit} or null)` is called when one is pointed at or chosen. */
export class Inside {
  /** Unit that is pointed at, else the one that was chosen: {layer, unit}; null: neither. */
  pointed = null;
  chosen = null;
  #layers = null;
  #lively = null;
  #reader;

  constructor(reader, onunit) {
    this.#reader = reader;
    this.onunit = onunit;
    this.trace = new Trace(byId("trace"));
    byId("inside").addEventListener("change", () => this.#view());
    byId("inside").addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.chosen) { this.chosen = null; this.#changed(); }
    });
  }

  get unit() { return this.pointed ?? this.chosen; }

  /** Show what was read last. */
  update() {
    const {now, steps} = this.#reader;
    if (!now) return;
    this.#layers ??= this.#make(now.activations);
    now.activations.forEach(({values}, n) => {
      const layer = this.#layers[n];
      layer.range = Math.max(layer.range, ...values.map(Math.abs));
      layer.field.set(values, layer.range);
    });
    this.#lively = liveliest(steps.slice(-WINDOW), this.#lively);
    this.#draw();
  }

  /** Largest absolute value of a layer so far, at least 1. */
  range = (layer) => this.#layers?.[layer].range ?? 1;

  #make(activations) {
    const many = activations.length > 1;
    return activations.map(({values}, layer) => {
      const name = many ? `Layer ${layer + 1}` : "The layer", id = `layer-${layer}`;
      const handlers = {
        onpoint: (unit) => this.#point(unit === null ? null : {layer, unit}),
        onpick: (unit) => this.#pick({layer, unit}),
      };
      const field = h("canvas", {class: "field-of-units", tabindex: "0", role: "application", "aria-roledescription": "field of units",
        "aria-label": `${name}: ${values.length} units. Arrow keys choose a unit, Enter keeps it.`});
      const map = h("canvas", {class: "map", role: "img", "aria-label": `${name} through time`});
      byId("layers").append(h("section", {id}, h("h3", null, name, h("span", {class: "quiet"}, ` · ${values.length} units`)),
        h("div", {class: "now"}, field), h("div", {class: "time"}, map)));
      return {range: 1, field: new Field(field, values.length, {name, ...handlers}), map: new TimeMap(map, values.length, handlers)};
    });
  }

  #view() {
    byId("inside").dataset.view = document.querySelector("input[name=view]:checked").value;
    this.#layers?.forEach(({map}) => map.sort());
    this.#draw();
  }

  #point(unit) {
    if (this.pointed?.layer === unit?.layer && this.pointed?.unit === unit?.unit) return;
    this.pointed = unit;
    this.#changed();
  }

  #pick(unit) {
    this.chosen = this.chosen?.layer === unit.layer && this.chosen.unit === unit.unit ? null : unit;
    this.#changed();
  }

  #changed() {
    this.#draw();
    this.onunit(this.unit);
  }

  #draw() {
    if (!this.#layers) return;
    const shown = this.unit ?? this.#lively, {steps, text} = this.#reader;
    this.#layers.forEach(({field, map, range}, layer) => {
      field.mark(this.unit?.layer === layer ? this.unit.unit : null);
      map.mark(this.unit?.layer === layer ? this.unit.unit : null);
      if (byId("inside").dataset.view === "time") map.set({steps, text, layer, range});
    });
    if (!shown) return;
    const {range} = this.#layers[shown.layer];
    this.trace.set({steps, text, range, ...shown});
    byId("unit").textContent = `${this.#layers.length > 1 ? `Layer ${shown.layer + 1}, unit` : "Unit"} ${shown.unit + 1}`;
    byId("unit-note").textContent = this.chosen && !this.pointed ? "kept; choose it again to release it"
      : this.pointed ? "its value after each token, also in the text above" : "changes most; point at another one";
  }
}

/* Return the unit that changes most over some steps: {layer, unit}. The last one stays until another changes more. */
function liveliest(steps, last) {
  let best = null, most = 0;
  const change = (layer, unit) => {
    let sum = 0;
    for (let n = 1; n < steps.length; n++) sum += Math.abs(steps[n].layers[layer][unit] - steps[n - 1].layers[layer][unit]);
    return sum;
  };
  steps[0]?.layers.forEach((values, layer) => {
    for (let unit = 0; unit < values.length; unit++) {
      const sum = change(layer, unit);
      if (sum > most) [best, most] = [{layer, unit}, sum];
    }
  });
  return last && best && most < 1.5 * change(last.layer, last.unit) ? last : best ?? last;
}
