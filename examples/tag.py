"""Train a tagger on sentences that this program generates.  Run: python examples/tag.py"""

import random

import unrolled as ur

WORDS = {
    "pronoun": ["she", "he", "they", "we"],
    "verb": ["reads", "walks", "sings", "writes"],
    "adverb": ["slowly", "gladly", "loudly", "rarely"],
}


def make_sentences(count: int, seed: int) -> tuple[list[list[str]], list[list[str]]]:
    """Return the words and the tags of sentences: a pronoun, a verb, and one or two adverbs."""
    rng = random.Random(seed)
    tags = [["pronoun", "verb", *["adverb"] * rng.randint(1, 2)] for _ in range(count)]
    return [[rng.choice(WORDS[tag]) for tag in sentence] for sentence in tags], tags


tagger = ur.Tagger(hidden=32, embedding=32, characters=16, epochs=10, threads=1)
tagger.fit(*make_sentences(200, seed=1))
print(tagger.evaluate(*make_sentences(100, seed=2)))
print(tagger.predict(["she", "sings", "softly"]))  # "softly" is new: tagged by its spelling
