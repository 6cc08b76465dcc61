/* Alternatives: other translations of the part that is shown, with their scores. */
import { h } from "../shell/shell.js";

/** Fill the list with the candidates of a part. `pick(candidate)` shows one. */
export function showCandidates(list, part, pick) {
  const all = part ? listed(part) : [];
  const best = Math.max(...all.map((c) => c.log_probability));
  list.replaceChildren(...all.map((candidate) => item(candidate, best, candidate.text === part.text, all[0], () => pick(candidate))));
}

/* The candidates, and the translation word by word if beam search has not found it. */
function listed({candidates, written}) {
  const known = candidates.some(({text}) => text === written?.text);
  const list = candidates.map((c) => ({...c, greedy: c.text === written?.text}));
  return known || !written || !candidates.length ? list : [...list, {...written, greedy: true}].sort((a, b) => b.score - a.score);
}

function item(candidate, best, here, top, pick) {
  const {text, score, log_probability: logarithm, cut, greedy} = candidate;
  const tip = `score ${minus(score.toFixed(3))} = log p / length^α\nlog p = ${minus(logarithm.toFixed(3))}${cut ? "\ncut off at the longest length allowed" : ""}`;
  return h("li", null, h("button", {type: "button", "aria-pressed": String(here), onclick: pick, "data-tip": tip},
    h("span", {class: "candidate", dir: "auto"}, candidate === top ? text : differences(text, top.text), cut && " …"),
    h("span", {class: "side small quiet"}, greedy && h("span", {class: "chip plain"}, "word by word"), 
      h("i", {"aria-hidden": "true", style: {"--share": Math.exp(logarithm - best).toFixed(3)}}), h("span", {class: "num"}, minus(score.toFixed(2))))));
}

const minus = (text) => text.replace(/^-(?=.*[1-9])/, "−").replace("-", "");

/* Mark the words of a text that another text has not, in the order of the longest common sequence. */
function differences(text, other) {
  const a = text.split(/(?<=\s)/u), b = other.split(/(?<=\s)/u);
  if (a.length * b.length > 40000) return text;
  const same = (i, j) => a[i].trim() === b[j].trim();
  const longest = Array.from({length: a.length + 1}, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) {
    longest[i][j] = same(i, j) ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
  }
  const nodes = [];
  for (let i = 0, j = 0; i < a.length; i++) {
    while (j < b.length && !same(i, j) && longest[i][j + 1] > longest[i + 1][j]) j++;
    if (j < b.length && same(i, j)) { nodes.push(a[i]); j++; }
    else nodes.push(h("mark", null, a[i].trimEnd()), a[i].slice(a[i].trimEnd().length));
  }
  return nodes;
}
