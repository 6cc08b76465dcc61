"""Textbook n-gram models in dictionaries and loops, and an independent reader of ARPA files."""

import math
import random
from collections import defaultdict

EOS, UNK, END = "<eos>", "<unk>", "</s>"
BOS = "opening"
"""Token before every sentence; it does not occur in any test text."""
BEGIN = object()
"""Marks the position before the first token of a text."""


def random_tokens(length, seed, vocabulary_size=6, ends=0.15):
    """Return tokens of unequal frequencies that depend slightly on the previous token."""
    rng, text, names = random.Random(seed), [], "abcdefghij"[:vocabulary_size]
    for _ in range(length):
        shift = names.index(text[-1]) if text and text[-1] in names else 0
        text.append(
            EOS
            if rng.random() < ends
            else names[int(rng.random() ** 2 * vocabulary_size + shift) % vocabulary_size]
        )
    return text


def common_and_rare_tokens(length, seed, vocabulary_size=150):
    """Return tokens with Zipf frequencies: the i-th type is about 1/i as frequent as the first."""
    rng, names = random.Random(seed), [EOS, *(f"w{i}" for i in range(vocabulary_size - 1))]
    return rng.choices(names, [1 / i for i in range(1, vocabulary_size + 1)], k=length)


def random_sentences(count, seed, vocabulary_size=6, longest=7):
    rng = random.Random(seed)
    texts = [
        random_tokens(rng.randint(0, longest), seed * 1000 + i, vocabulary_size, 0.0) for i in range(count)
    ]
    return [[*t, UNK] if i % 9 == 8 else t for i, t in enumerate(texts)]


def add_boundaries(tokens):
    """Return the texts with a start token each; sentences also get a final ``<eos>``."""
    if isinstance(tokens[0], str):
        return [(EOS, *tokens)]
    return [(BOS, *sentence, EOS) for sentence in tokens]


class Reference:
    """Smoothed n-gram model after Chen & Goodman (1999), Witten & Bell (1991) and Lidstone."""

    def __init__(self, tokens, order, smoothing, k=1.0):
        self.order, self.smoothing, self.k = order, smoothing, k
        texts = add_boundaries(tokens)
        self.vocabulary = sorted({t for text in texts for t in text} - {BOS} | {EOS, UNK})
        self.count = [defaultdict(int) for _ in range(order + 1)]
        before = [defaultdict(set) for _ in range(order + 1)]
        for text in texts:
            for n in range(1, order + 1):
                for i in range(1 if n == 1 else 0, len(text) - n + 1):
                    gram = text[i : i + n]
                    self.count[n][gram] += 1
                    before[n][gram].add(text[i - 1] if i else BEGIN)
        if smoothing.endswith("kneser-ney"):
            for n in range(1, order):
                for gram in self.count[n]:
                    if gram[0] != BOS:
                        self.count[n][gram] = len(before[n][gram])
        self.followers = [defaultdict(dict) for _ in range(order + 1)]
        for n in range(1, order + 1):
            for gram, c in self.count[n].items():
                self.followers[n][gram[:-1]][gram[-1]] = c
        self.discounts = {n: self._discounts(n) for n in range(1, order + 1)}

    def _discounts(self, n):
        """Return the discounts D1, D2, D3+ of an order, and whether the counts determine them."""
        values = list(self.count[n].values())
        n1, n2, n3, n4 = (values.count(i) for i in (1, 2, 3, 4))
        if self.smoothing == "kneser-ney":
            return ([n1 / (n1 + 2 * n2)] * 3, True) if n1 and n2 else ([0.5] * 3, False)
        if n1 and n2 and n3 and n4:
            y = n1 / (n1 + 2 * n2)
            d = [1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
            if all(0 < x <= i for i, x in enumerate(d, 1)):
                return d, True
        return [0.5, 1.0, 1.5], False

    def probability(self, w, h):
        n = len(h) + 1
        lower = self.probability(w, h[1:]) if h else 1 / len(self.vocabulary)
        follower_counts = self.followers[n].get(h, {})
        total, c = sum(follower_counts.values()), follower_counts.get(w, 0)
        if self.smoothing == "add-k":
            return (c + self.k) / (total + self.k * len(self.vocabulary))
        if not total:
            return lower
        if self.smoothing == "mle":
            return c / total
        if self.smoothing == "witten-bell":
            return (c + len(follower_counts) * lower) / (total + len(follower_counts))
        d = self.discounts[n][0]
        discounted = sum(min(d[min(x, 3) - 1], x) for x in follower_counts.values())
        own_count = c - min(d[min(c, 3) - 1], c) if c else 0.0
        return (own_count + discounted * lower) / total

    def p(self, w, history):
        """Return p(w | history); the history starts with the start token of the text."""
        return self.probability(w, tuple(history[max(len(history) - self.order + 1, 0) :]))

    def score(self, tokens):
        return [math.log(self.p(t[i], t[:i])) for t in add_boundaries(tokens) for i in range(1, len(t))]


def parse_arpa(text):
    """Return {n-gram: (log10 p, log10 back-off weight)}, following the specification of the format."""
    grams, order = {}, 0
    for line in text.split("\n"):
        if line.endswith("-grams:"):
            order = int(line[1 : -len("-grams:")])
        elif line == "\\end\\":
            return grams
        elif order and line:
            fields = line.split()
            gram = tuple(fields[1 : order + 1])
            assert gram not in grams
            grams[gram] = float(fields[0]), float(fields[order + 1]) if len(fields) > order + 1 else 0.0
    raise AssertionError("no end")


def head_counts(text):
    lines = [line for line in text.split("\n") if line.startswith("ngram ")]
    return {int(n): int(c) for n, c in (line[len("ngram ") :].split("=") for line in lines)}


def arpa_log10(grams, w, h):
    """Return log10 p(w | h) by Katz back-off."""
    if (*h, w) in grams:
        return grams[(*h, w)][0]
    return arpa_log10(grams, w, h[1:]) + grams.get(h, (0.0, 0.0))[1]


def arpa_score(grams, tokens):
    """Return ln p of every token; sentences are between <s> and </s>, a single text follows <eos>."""
    order, scores = max(map(len, grams)), []
    for text in add_boundaries(tokens):
        names = [{BOS: "<s>", EOS: END}.get(t, t) if text[0] == BOS else t for t in text]
        for i in range(1, len(names)):
            h = tuple(names[max(0, i - order + 1) : i])
            scores.append(arpa_log10(grams, names[i], h) * math.log(10))
    return scores


def arpa_text(grams, blank="\t"):
    """Return the text of an ARPA file with these n-grams."""
    orders = range(1, max(map(len, grams)) + 1)
    lines = ["", "\\data\\", *(f"ngram {n}={sum(len(g) == n for g in grams)}" for n in orders)]
    for n in orders:
        lines += ["", f"\\{n}-grams:"]
        for gram, (p, backoff) in grams.items():
            if len(gram) == n:
                weight = f"{blank}{backoff:.7g}" if any(g[:n] == gram for g in grams if len(g) > n) else ""
                lines.append(f"{p:.7g}{blank}{' '.join(gram)}{weight}")
    return "\n".join([*lines, "", "\\end\\", ""])
