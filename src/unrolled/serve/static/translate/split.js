/* A text, cut into the parts that are translated alone. */

/** Return the parts of a text: {source, begin, end}, with places in the text. Blank parts are left out.
    `mode`: "sentences", "lines" or "whole". */
export function split(text, mode, language) {
  if (mode === "whole") return trimmed(text, 0, text.length);
  const parts = [];
  for (const {0: line, index} of text.matchAll(/[^\n]+/g)) {
    if (mode === "lines") parts.push(...trimmed(text, index, index + line.length));
    else for (const [begin, end] of sentences(line, language)) parts.push(...trimmed(text, index + begin, index + end));
  }
  return parts;
}

function trimmed(text, begin, end) {
  const source = text.slice(begin, end), shown = source.trim();
  if (!shown) return [];
  const from = begin + source.indexOf(shown);
  return [{source: shown, begin: from, end: from + shown.length}];
}

function sentences(line, language) {
  if (!Intl.Segmenter) return [[0, line.length]];
  const segmenter = new Intl.Segmenter(language, {granularity: "sentence"});
  return [...segmenter.segment(line)].map(({index, segment}) => [index, index + segment.length]);
}

/** How to cut the texts of a model, given its details: as in its training. */
export function usual({tokenizer, longest_source: source, longest_target: target}) {
  if (source > 150 && source > 2 * target) return "whole";  // summaries
  return tokenizer === "bpe" ? "sentences" : "lines";
}
