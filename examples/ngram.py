"""An n-gram model, a recurrent model and their mixture, trained on the source code of one module."""

import argparse
import inspect
import tempfile
from pathlib import Path

import unrolled as ur

text = inspect.getsource(argparse)
lines = text.splitlines(keepends=True)
with tempfile.TemporaryDirectory() as directory:
    splits = {"train": lines[:2000], "held-out": lines[2000:2250], "test": lines[2250:2500]}
    files = {split: Path(directory, f"{split}.txt") for split in splits}
    for split, content in splits.items():
        files[split].write_text("".join(content))
    lm = ur.LanguageModel(cell="gru", hidden=64, epochs=2, min_frequency=2)
    lm.fit(files["train"], valid=files["held-out"])
    ngram = ur.NGram(order=6, smoothing="witten-bell").fit(lm.tokens(files["train"]))
    mixture = ur.Interpolated([lm, ngram]).fit(lm.tokens(files["held-out"]))
    test = lm.tokens(files["test"])

for label, model in (("GRU", lm), ("6-gram", ngram), ("mixture", mixture)):
    nats = -model.score(test).mean()
    print(f"{label:>7}: {nats:.3f} nats per character")
print("weights:", mixture.weights.round(2), "distinct n-grams:", [g.distinct for g in ngram.growth])
