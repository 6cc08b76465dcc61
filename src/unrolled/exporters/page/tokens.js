/* Text and tokens, as the tokeniser of the model has them. */
const EOS = 0, UNK = 1;
const words = data.kind === "word", ids = new Map(data.tokens.map((token, id) => [token, id]));
const PARTS = /<unk>|<eos>|[\p{L}\p{N}_]+(?:['’-][\p{L}\p{N}_]+)*|[^\p{L}\p{N}_\s]/gu;
const LAST = data.split ? /[\p{L}\p{N}_'’-]*$/u : /\S*$/u;
const split = (line) => data.split ? line.match(PARTS) ?? [] : line.split(/\s+/).filter(Boolean);
const id = (token) => ids.get(token) ?? UNK;

/* Return the tokens of a text, and the word at its end that may still grow. A word cannot grow if no word of the
   vocabulary begins like it. `known` is a text whose tokens are known, because the model wrote its end. */
function encode(text, known) {
  if (text === known.text) return {tokens: known.tokens, part: ""};
  const lower = (some) => data.lowercase ? some.toLowerCase() : some;
  if (!words) {
    const begun = text.startsWith(known.text) && known.text;
    const more = Array.from(lower(text.slice(begun.length)), id);
    return {tokens: begun ? [...known.tokens, ...more] : more, part: ""};
  }
  let part = LAST.exec(lower(text))[0];
  if (!data.tokens.some((token, id) => id > UNK && token.startsWith(part))) part = "";
  const lines = lower(text).slice(0, -part.length || undefined).split("\n");
  return {tokens: lines.flatMap((line, n) => [...(n ? [EOS] : []), ...split(line).map(id)]), part};
}

/* Return what a token adds to a text. */
function piece(token, text, part) {
  if (token === EOS) return "\n";
  const word = data.tokens[token];
  if (!words) return word;
  // A word that is complete already ends with a space.
  return part ? word.slice(part.length) || " " : /(^|\s)$/.test(text) ? word : ` ${word}`;
}

/* Return the probabilities of the next token; a word that has begun is kept. */
function distribution(logits, part, temperature) {
  const p = new Float64Array(logits.length);
  let best = -1, total = 0;
  const allowed = (token) => token !== UNK && (!part || (token !== EOS && data.tokens[token].startsWith(part)));
  for (let k = 0; k < p.length; k++) if (allowed(k) && (best < 0 || logits[k] > logits[best])) best = k;
  for (let k = 0; k < p.length; k++) {
    p[k] = !allowed(k) ? 0 : temperature ? Math.exp((logits[k] - logits[best]) / temperature) : Number(k === best);
    total += p[k];
  }
  return p.map((value) => value / total);
}

/* Return a token drawn from a distribution. */
function draw(p) {
  let left = Math.random(), k = 0;
  while (k < p.length - 1 && (left -= p[k]) >= 0) k++;
  return p[k] ? k : p.indexOf(Math.max(...p));
}
