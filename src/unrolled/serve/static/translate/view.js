/* Attention between words, or between tokens. */

/** Return {source, target, weights}: units {text, end: is it the end mark} and a row of weights per target unit.
    `answer` has the tokens, the words that they form, and the weights of the tokens; `grain`: "words" or "tokens". */
export function makeView(answer, grain) {
  const source = units(answer.source, answer.source_words, grain), target = units(answer.target, answer.target_words, grain);
  const weights = target.map(({begin, end}) => {
    const rows = answer.weights.slice(begin, end);
    return source.map((s) => mean(rows, s));
  });
  return {source, target, weights};
}

const units = (tokens, words, grain) => grain === "words"
  ? words.map((word) => ({...word, last: word.text === "<eos>"}))
  : tokens.map((text, n) => ({text, begin: n, end: n + 1, last: text === "<eos>"}));

function mean(rows, {begin, end}) {
  let sum = 0;
  for (const row of rows) for (let n = begin; n < end; n++) sum += row[n];
  return rows.length ? sum / rows.length : 0;
}

/** True if words and tokens are not the same. */
export const hasPieces = ({source, source_words: s, target, target_words: t}) =>
  source.length !== s.length || target.length !== t.length;

/** Return the weights that a unit gives to (target) or gets from (source) the units of the other side. */
export const lights = (view, {side, index}) =>
  side === "target" ? view.weights[index] : view.weights.map((row) => row[index]);

/** Return [begin, end] of each unit in a text, or null if it is not there as it is. */
export function locate(list, text) {
  const lower = text.toLowerCase();
  const searchable = lower.length === text.length ? lower : text;
  let from = 0;
  return list.map(({text: unit, last}) => {
    const piece = unit.replace(/▁/g, " ").trim().toLowerCase();
    const place = last || !piece ? -1 : searchable.indexOf(piece, from);
    if (place < 0) return null;
    from = place + piece.length;
    return [place, from];
  });
}

/** Return the indices of the source units to show; null for some that are left out: of long texts those that get
    no attention. */
export function kept(view, most) {
  const all = view.source.map((_, index) => index);
  if (all.length <= most) return all;
  const seen = all.map((s) => view.weights.some((weights) => weights[s] >= 0.08));
  const near = all.map((s) => seen[s] || seen[s - 1] || seen[s + 1]);
  return all.flatMap((s) => near[s] ? [s] : near[s - 1] ?? true ? [null] : []);
}

/** Return the direction of writing of a text: "rtl" or "ltr". */
export function direction(text) {
  const strong = /[\p{L}]/u.exec(text)?.[0] ?? "";
  return /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(strong) ? "rtl" : "ltr";
}

/** Name of a unit for people. */
export const name = ({text, last}) => last ? "end" : text;
