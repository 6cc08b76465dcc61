/* Where a text may be cut, and which part of it each token is. */

const space = (c) => c === undefined || /\s/.test(c);
const letter = (c) => /[\p{L}\p{N}_'’\-\p{Cs}]/u.test(c);
const lowSurrogate = (c) => c >= "\udc00" && c <= "\udfff";

/** What the page knows of a tokenizer: `details` of the model. */
export class Tokens {
  constructor({tokenizer, vocabulary, split_punctuation: split}) {
    this.kind = tokenizer;
    this.words = tokenizer === "word";
    this.split = Boolean(split);
    /** Bits of a token if all were alike. */
    this.bits = Math.log2(Math.max(2, vocabulary));
  }

  /** Return the last place up to `end` where the text can be cut: its parts, read one after the other, are the same
      tokens as the whole. A word may still grow; a piece of BPE goes with the space before it. */
  boundary(text, end) {
    if (this.kind === "char") return end > 0 && lowSurrogate(text[end] ?? "") ? end - 1 : end;
    const grows = this.words && this.split ? letter : (c) => !space(c);
    while (end > 0 && grows(text[end - 1])) end--;
    while (!this.words && end > 0 && space(text[end - 1])) end--;
    return end;
  }

  /** Return where reading ends: before a word that may still grow. */
  target = (text) => this.words ? this.boundary(text, text.length) : text.length;

  /** Return what a token adds to a text that ends with `part` of a word. */
  added(token, text, part) {
    if (!this.words) return token.text === "<eos>" ? "\n" : token.text;
    if (token.text === "<eos>") return "\n";
    if (part) return token.text.slice(part.length) || " ";
    return text && !space(text.at(-1)) ? ` ${token.text}` : token.text;
  }

  /** Return the [begin, end] of each token that was read from a part of a text. */
  spans(text, begin, end, read) {
    let at = begin;
    return read.map(({text: token}, n) => {
      const [from, to] = this.#find(text, at, end, token, read[n + 1]?.text);
      at = to;
      return [from, to];
    });
  }

  #find(text, at, end, token, next) {
    if (this.kind === "char") return [at, Math.min(end, at + (text.codePointAt(at) > 0xffff ? 2 : 1))];
    if (token === "<eos>") token = "\n";
    if (token === "<unk>") {  // up to the next token that is known
      const after = next && next[0] !== "<" ? text.toLowerCase().indexOf(next.toLowerCase().trim(), at + 1) : -1;
      return [at, after < 0 || after > end ? end : after];
    }
    const word = token.trim() || token, found = text.slice(at, end).toLowerCase().indexOf(word.toLowerCase());
    return found < 0 ? [at, at] : [at + found, at + found + word.length];
  }
}

/** Return the candidates that continue a word that has begun, with probabilities that sum to 1 among them. */
export function continuing(candidates, part) {
  if (!part) return candidates;
  const begun = part.toLowerCase();
  const fit = candidates.filter(({text}) => text !== "<eos>" && text.toLowerCase().startsWith(begun));
  const total = fit.reduce((sum, {probability}) => sum + probability, 0);
  return fit.map((token) => ({...token, probability: token.probability / total}));
}
