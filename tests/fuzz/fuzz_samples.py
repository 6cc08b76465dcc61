"""Small valid files of every format."""

import datetime
import gzip
import io
import json
import random
from pathlib import Path

import numpy as np

from unrolled.baselines.ngram import NGram
from unrolled.data.midi import make_midi
from unrolled.text.vectors import write_vectors

WORDS = ["the", "cat", "naïve", "sat", "mat", "7", "—", "日本"]
PIECES = [[[60, 64], [62], []], [[50], [51, 70]]]
RECIPE = """description = "x"
task = "lm"
[config.training]
seed = 1
epochs = 2
[config.network]
hidden = 12
[target]
metric = "perplexity"
at_most = 2.5
[measured]
value = 2.4
"""


def write_samples(folder: Path) -> None:
    """Write the samples into a folder."""
    sentences = _sentences(30)
    text = "".join(" ".join(words) + "\n" for words in sentences)
    labelled = [(" ".join(words), ["pos", "neg"][len(words) % 2]) for words in sentences]
    glove, binary = _vectors()
    samples: dict[str, str | bytes] = {
        "text.txt": text,
        "text.txt.gz": gzip.compress(text.encode(), mtime=0),
        "table.tsv": "text\tlabel\n" + "".join(f"{t}\t{label}\n" for t, label in labelled),
        "labelled.csv": "text,label\n" + "".join(f'"{t}","{label}"\n' for t, label in labelled),
        "labelled.jsonl": _json_lines([{"text": t, "label": len(t) % 3} for t, _ in labelled[:12]]),
        "steps.jsonl": _json_lines([{"text": [[0.5, 1], [2, 3e-1]], "label": 1}] * 3),
        "pairs.tsv": "source\ttarget\n" + "".join(f"{t}\t{label} {t}\n" for t, label in labelled),
        "tagged.conllu": "".join(map(_conllu, sentences[:8])),
        "tagged.txt": "".join("".join(f"{w} T{len(w)}\n" for w in words) + "\n" for words in sentences),
        "tagged.jsonl": _json_lines(
            [{"tokens": s, "tags": [f"T{len(w)}" for w in s]} for s in sentences[:12]]
        ),
        "tagged.csv": "Sentence #,Word,Tag\n"
        + "".join(f"{i},{w},T{len(w)}\n" for i, s in enumerate(sentences) for w in s),
        "inline.txt": "".join(" ".join(f"{w}/T{len(w)}" for w in s) + "\n" for s in sentences),
        "series.csv": _series(),
        "piece.mid": _midi(),
        "pieces.json": json.dumps({"train": PIECES, "valid": PIECES}),
        "word2vec.txt": glove,
        "glove.txt": glove.split("\n", 1)[1],
        "word2vec.bin": binary,
        "word2vec.txt.gz": gzip.compress(glove.encode(), mtime=0),
        "recipe.toml": RECIPE,
    }
    for name, content in samples.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    NGram(3).fit(sentences).save_arpa(folder / "model.arpa")


def _sentences(count: int) -> list[list[str]]:
    rng = random.Random(0)
    return [[rng.choice(WORDS) for _ in range(rng.randint(2, 9))] for _ in range(count)]


def _json_lines(records: list[dict[str, object]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def _conllu(words: list[str]) -> str:
    rows = [f"{i}\t{w}\t{w}\tNOUN\tN\t_\t{i - 1}\tdep\t_\t_\n" for i, w in enumerate(words, 1)]
    return f"# text = {' '.join(words)}\n{''.join(rows)}\n"


def _series() -> str:
    days = [datetime.date(2020, 1, 1) + datetime.timedelta(d) for d in range(60)]
    return "time,value,other\n" + "".join(f"{day},{n % 7}.5,{n}\n" for n, day in enumerate(days))


def _midi() -> bytes:
    file = io.BytesIO()
    make_midi([(60, 64), (62,), (), (50, 51, 70)]).save(file=file)
    return file.getvalue()


def _vectors() -> tuple[str, bytes]:
    """Return the same vectors in text and binary form, with headers."""
    rows = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    words = [f"w{i}" for i in range(12)]
    binary = b"".join(f"{w} ".encode() + row.tobytes() + b"\n" for w, row in zip(words, rows, strict=True))
    return write_vectors(words, rows), b"12 4\n" + binary
