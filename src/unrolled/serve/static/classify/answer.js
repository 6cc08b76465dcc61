/* The label and the probabilities of all labels. */
import { bars, format, h } from "../shell/shell.js";

const FEW = 8;
const $ = (id) => document.getElementById(id);

/** The card of the answer. `pick(label)`: a label was chosen; without it the bars are no buttons. */
export class AnswerCard {
  #all = false;
  #last = null;

  constructor(details, pick) {
    Object.assign(this, {details, pick, fixed: details.labels.length <= FEW});
    $("bars").classList.toggle("fixed", this.fixed);
    $("hint").textContent = pick ? "Choose a label to see which words speak for it." : "";
    $("all").addEventListener("click", () => { this.#all = !this.#all; this.show(...this.#last); });
  }

  /** Show probabilities by label; `chosen`: the label that is explained; `after`: the words up to which was read. */
  show(probabilities, chosen, after = "") {
    this.#last = [probabilities, chosen, after];
    const ranked = Object.entries(probabilities).sort((a, b) => b[1] - a[1]);
    const known = new Map(ranked);
    const labels = this.fixed ? this.details.labels : ranked.map(([label]) => label);
    const shown = this.fixed || this.#all ? labels : labels.slice(0, FEW);
    $("hint").hidden = false;
    this.#verdict(ranked, after);
    bars($("bars"), shown.map((label) => ({
      key: label, name: this.name(label), share: known.get(label) ?? 0, value: format.percent(known.get(label) ?? 0),
      on: label === (chosen ?? ranked[0][0]), spoken: `${label} ${this.meaning(label)}`,
    })), this.pick && ((item) => this.pick(item.key)));
    [...$("bars").querySelectorAll("button")].forEach((button) =>
      button.setAttribute("aria-pressed", String(button.item.key === chosen)));
    $("all").hidden = labels.length <= FEW || this.fixed;
    $("all").textContent = this.#all ? "Show fewer" : `Show all ${labels.length} labels`;
  }

  /** Show that there is nothing to label. */
  empty(message) {
    $("verdict").replaceChildren(h("span", {class: "quiet"}, message));
    bars($("bars"), []);
    $("all").hidden = $("hint").hidden = true;
  }

  name(label) {
    const meaning = this.meaning(label);
    return meaning ? `${label} · ${meaning}` : label;
  }

  meaning(label) {
    return this.details.meanings?.[label] ?? "";
  }

  #verdict([[label, probability], second], after) {
    if ($("verdict").firstChild?.textContent !== label) {
      $("verdict").replaceChildren(h("strong", {class: "label"}, label), h("span", {class: "quiet meaning"}),
        h("span", {class: "num sure"}), h("span", {class: "small quiet after"}));
    }
    const [, meaning, sure, until] = $("verdict").children;
    meaning.textContent = this.meaning(label) || (second ? `then ${second[0]}, ${format.percent(second[1])}` : "");
    sure.textContent = format.percent(probability);
    until.textContent = after;
  }
}
