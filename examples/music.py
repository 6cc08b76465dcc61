"""Train a model of piano rolls on a list of pieces, and write a new piece as a MIDI file."""

import json
import random
import tempfile
from pathlib import Path

import unrolled as ur

# Forty short pieces: bass notes with chords, always in the same order, starting at a random chord.
CHORDS = [[48, 64, 67, 72], [53, 65, 69, 72], [55, 62, 67, 71], [57, 64, 69, 72]]
rng = random.Random(0)
pieces = []
for _ in range(40):
    first = rng.randrange(4)
    pieces.append([CHORDS[(first + i // 2) % 4] for i in range(rng.randrange(12, 24))])

folder = Path(tempfile.mkdtemp())
(folder / "pieces.json").write_text(json.dumps(pieces))

model = ur.MusicModel(hidden=32, batch=4, epochs=30, lr=0.02)
model.fit(folder / "pieces.json", progress=False)
print("held-out loss:", round(model.result["valid"]["nll"], 2), "nats per step")
print("baselines:", model.result["baselines"]["valid"])

piece = model.compose(16, temperature=0.7, seed=1)
model.write_midi(piece, folder / "piece.mid")
print(len(piece), "steps in", folder / "piece.mid")
print(*piece[:4], sep="\n")
