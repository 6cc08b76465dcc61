"""Train a language model on a text file, and generate text.  Run: python examples/text_file.py FILE"""

import sys

import unrolled as ur

lm = ur.LanguageModel(cell="lstm", hidden=128, layers=1, tokenizer="char", epochs=2)
lm.fit(sys.argv[1] if len(sys.argv) > 1 else "@stdlib")
print(lm.evaluate(lm.config.corpus.data))
print(lm.generate("The ", length=300, temperature=0.8, seed=1))
