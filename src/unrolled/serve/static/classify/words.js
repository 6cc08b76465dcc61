/* The words that speak for a label and against it, the strongest first. */
import { format, h, visible } from "../shell/shell.js";
import { strength } from "./sheet.js";

const FEW = 8, LEAST_SCALE = 1.5;
const $ = (id) => document.getElementById(id);
const NAMES = {words: "word", characters: "letter", sentences: "sentence"};

/** Format a contribution: +1.2, −0.3. */
export const signed = (value) => `${value < -0.05 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;

/** The card of the words. `point(number)`: the word under the pointer or with the focus, or −1. */
export class WordList {
  #all = false;
  #last = null;

  constructor(point) {
    this.point = point;
    $("more").addEventListener("click", () => { this.#all = !this.#all; this.show(this.#last); });
  }

  /** Show an explanation of the server. */
  show(explanation) {
    this.#last = explanation;
    const {label, words, unit} = explanation, name = NAMES[unit];
    $("why-title").replaceChildren(`What each ${name} adds to `, h("b", {class: "mono"}, label));
    const ranked = words.map((word, number) => ({...word, number}))
      .sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
    const shown = this.#all ? ranked : ranked.slice(0, FEW);
    const values = words.map(({contribution}) => contribution);
    const most = Math.max(0, ...values), least = Math.min(0, ...values), range = Math.max(LEAST_SCALE, most - least);
    $("words").style.setProperty("--zero", -least / range);
    $("words").classList.toggle("long", unit === "sentences");
    $("words").replaceChildren(...shown.map((word) => this.#row(word, range)));
    $("more").hidden = ranked.length <= FEW;
    $("more").textContent = this.#all ? "Show fewer" : `Show all ${ranked.length} ${name}s`;
    this.note(-1);
  }

  /** Say what a word does, or how to read the bars. */
  note(number) {
    const {label, probability, words, unit} = this.#last, word = words[number];
    for (const row of $("words").children) row.classList.toggle("pointed", Number(row.dataset.number) === number);
    if (!word) {
      $("note").textContent = `Each ${NAMES[unit]} is left out once. The number is how much the log-odds of ${label} fall without it: ` +
        "0.7 halves the odds, 2.3 divides them by ten.";
      return;
    }
    const other = word.label_without !== label ? `, and the label is ${word.label_without}` : "";
    $("note").textContent = `Without “${visible(short(word.text))}”, ${label} has ${format.percent(word.probability_without)} ` +
      `instead of ${format.percent(probability)}${other}.`;
  }

  #row(word, range) {
    const {contribution, number} = word, share = Math.abs(contribution) / range;
    const here = () => this.point(number), away = () => this.point(-1);
    return h("li", {
      tabindex: "0", "data-number": number, class: `${strength(contribution)} ${contribution > 0 ? "for" : "against"}`,
      onpointerenter: here, onpointerleave: away, onfocus: here, onblur: away,
    }, h("span", {class: "word"}, visible(short(word.text))),
      h("span", {class: "lane", "aria-hidden": "true"}, h("i", {style: {"--share": share}})),
      h("span", {class: "num"}, signed(contribution)),
      h("span", {class: "small quiet num without"}, `${format.percent(word.probability_without)} without it`));
  }
}

const short = (text) => text.length > 90 ? `${text.slice(0, 88)}…` : text;
