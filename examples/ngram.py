"""An n-gram model, a recurrent one, and both together, on the source of a module of the standard library."""

import argparse
import inspect
import tempfile
from pathlib import Path

import unrolled as ur

text = inspect.getsource(argparse)
lines = text.splitlines(keepends=True)
with tempfile.TemporaryDirectory() as name:
    parts = {"train": lines[:2000], "held-out": lines[2000:2250], "test": lines[2250:2500]}
    files = {part: Path(name, f"{part}.txt") for part in parts}
    for part, content in parts.items():
        files[part].write_text("".join(content))
    lm = ur.LanguageModel(cell="gru", hidden=64, epochs=2, min_frequency=2)
    lm.fit(files["train"], valid=files["held-out"])
    ngram = ur.NGram(order=6, smoothing="witten-bell").fit(lm.tokens(files["train"]))
    both = ur.Interpolated([lm, ngram]).fit(lm.tokens(files["held-out"]))
    test = lm.tokens(files["test"])

for label, model in (("GRU", lm), ("6-gram", ngram), ("both", both)):
    nats = -model.score(test).mean()
    print(f"{label:>7}: {nats:.3f} nats a character")
print("weights:", both.weights.round(2), "state space:", [g.distinct for g in ngram.growth])
