/* What tags mean, and how they look. */

/* The tags of Universal Dependencies, and of its predecessor: meaning, tone (1 to 8), style (0 filled, 1 outlined, 2 dashed). */
const UNIVERSAL = {
  NOUN: ["noun", 1, 0], PROPN: ["proper noun", 1, 1], PRON: ["pronoun", 7, 0], DET: ["determiner: the, no", 7, 1],
  VERB: ["verb", 2, 0], AUX: ["auxiliary: is, will", 2, 1], ADJ: ["adjective", 3, 0], ADV: ["adverb", 3, 1],
  ADP: ["adposition: in, of", 6, 0], PART: ["particle: not, 's", 6, 1], PRT: ["particle", 6, 2],
  CCONJ: ["conjunction: and, but", 4, 0], SCONJ: ["conjunction: if, that", 4, 1], CONJ: ["conjunction", 4, 2],
  NUM: ["numeral", 5, 0], INTJ: ["interjection", 5, 1], SYM: ["symbol", 5, 2],
  PUNCT: ["punctuation", 8, 0], X: ["other", 8, 1], ".": ["punctuation", 8, 2],
};

const PENN_MEANINGS = {
  CC: "coordinating conjunction", CD: "cardinal number", DT: "determiner", EX: "existential there", FW: "foreign word",
  IN: "preposition or subordinating conjunction", JJ: "adjective", JJR: "adjective, comparative", JJS: "adjective, superlative",
  LS: "list item marker", MD: "modal verb", NN: "noun, singular", NNS: "noun, plural", NNP: "proper noun, singular",
  NNPS: "proper noun, plural", PDT: "predeterminer", POS: "possessive ending", PRP: "personal pronoun",
  PRP$: "possessive pronoun", RB: "adverb", RBR: "adverb, comparative", RBS: "adverb, superlative", RP: "particle",
  SYM: "symbol", TO: "to", UH: "interjection", VB: "verb, base form", VBD: "verb, past tense", VBG: "verb, gerund",
  VBN: "verb, past participle", VBP: "verb, present tense", VBZ: "verb, third person singular", WDT: "wh-determiner",
  WP: "wh-pronoun", WP$: "possessive wh-pronoun", WRB: "wh-adverb",
};
/* Tones of the Penn Treebank's tags by how they begin. */
const PENN_TONES = [["NNP", 1, 1], ["N", 1, 0], ["MD", 2, 1], ["V", 2, 0], ["J", 3, 0], ["RP", 6, 1], ["R", 3, 1], ["PRP", 7, 0],
  ["WP", 7, 0], ["PDT", 7, 1], ["DT", 7, 1], ["WDT", 7, 1], ["WRB", 3, 2], ["IN", 6, 0], ["TO", 6, 2], ["CC", 4, 0], ["CD", 5, 0],
  ["EX", 7, 2], ["UH", 5, 1], ["SYM", 5, 2], ["FW", 5, 2]];

const KINDS = {PER: "person", PERSON: "person", LOC: "place", GPE: "country or city", ORG: "organisation", MISC: "other name", DATE: "date", TIME: "time", MONEY: "amount of money"};
const TONES = 8, STYLES = 3;

/** The looks of the tags of a model, or of the kinds of its spans. */
export class Names {
  constructor({tags, spans, parts_of_speech}) {
    this.kinds = spans ? [...new Set(tags.map((tag) => tag.slice(2) || tag).filter((kind) => kind !== "O"))].sort() : tags;
    Object.assign(this, {spans, known: parts_of_speech});
  }

  /** What a tag or a kind means; "" if that is not known. */
  meaning(name) {
    if (this.known === "universal") return UNIVERSAL[name]?.[0] ?? "";
    if (this.known === "penn") return PENN_MEANINGS[name] ?? "";
    return this.spans ? KINDS[name.toUpperCase()] ?? "" : "";
  }

  /** Classes that give a tag or a kind its colour and its style; the same in every text. */
  look(name) {
    const [tone, style] = this.#look(name);
    return `tone-${tone} style-${style}`;
  }

  #look(name) {
    if (this.known === "universal") return UNIVERSAL[name].slice(1);
    if (this.known === "penn") return PENN_TONES.find(([start]) => name.startsWith(start))?.slice(1) ?? [8, 0];
    const place = Math.max(0, this.kinds.indexOf(name));
    return [place % TONES + 1, Math.floor(place / TONES) % STYLES];
  }
}
