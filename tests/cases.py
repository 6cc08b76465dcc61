"""A small training of every task, for the tests that all tasks share."""

import json
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from unrolled.tasks import Task, task_type

WORDS = {"good": ["fine", "warm", "bright", "kind"], "bad": ["dull", "cold", "grim", "harsh"]}
FILLERS = ["the", "film", "was", "a", "day", "and", "so", "very"]


def cut_in_half(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("\n", len(text) // 2) + 1], encoding="utf-8")


def change_a_value(path: Path) -> None:
    lines = path.read_text().split("\n")
    lines[5] = lines[5].split(",")[0] + ",11.5"
    path.write_text("\n".join(lines))


def take_a_piece_away(path: Path) -> None:
    pieces = json.loads(path.read_text())
    path.write_text(json.dumps(pieces | {"train": pieces["train"][1:]}))


@dataclass(frozen=True)
class Case:
    """A task with its training data and options."""

    verb: str
    write: Callable[[Path], Path]
    """Writes the training data into a folder and returns the path for ``--data``."""
    options: dict[str, Any] = field(default_factory=dict)
    change: Callable[[Path], None] = cut_in_half
    """Edits the training data in place, so that they differ from what the run was trained on."""

    @property
    def kind(self) -> type[Task]:
        return task_type(self.verb)

    @property
    def flags(self) -> list[Any]:
        return [word for name, v in self.options.items() for word in ("--" + name.replace("_", "-"), v)]

    def fit(self, data: Path, **arguments: Any) -> Task:
        return self.kind(**self.options).fit(data, **{"progress": False} | arguments)


def sentences(count: int, seed: int) -> list[tuple[list[str], str]]:
    """Return sentences as (words, label); one of the words determines the label."""
    rng = random.Random(seed)
    found = []
    for _ in range(count):
        label = rng.choice(list(WORDS))
        words = [rng.choice(FILLERS) for _ in range(rng.randint(2, 7))]
        words.insert(rng.randint(0, len(words)), rng.choice(WORDS[label]))
        found.append((words, label))
    return found


def write_labelled(folder: Path, count: int = 90, seed: int = 0) -> Path:
    path = folder / "labelled.tsv"
    rows = [f"{label}\t{' '.join(words)}" for words, label in sentences(count, seed)]
    path.write_text("\n".join(["label\ttext", *rows]) + "\n", encoding="utf-8")
    return path


def write_tagged(folder: Path, count: int = 60, seed: int = 0) -> Path:
    path = folder / "tagged.txt"
    tag = {word: label for label, words in WORDS.items() for word in words}
    blocks = ["\n".join(f"{w} {tag.get(w, 'other')}" for w in words) for words, _ in sentences(count, seed)]
    path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return path


def write_text(folder: Path) -> Path:
    path = folder / "text.txt"
    lines = [" ".join(words).capitalize() + "." for words, _ in sentences(90, 5)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_pairs(folder: Path) -> Path:
    path = folder / "pairs.tsv"
    lines = [" ".join(words) for words, _ in sentences(60, 2)]
    rows = [f"{line}\t{' '.join(reversed(line.split()))}" for line in lines]
    path.write_text("\n".join(["source\ttarget", *rows]) + "\n", encoding="utf-8")
    return path


def write_series(folder: Path) -> Path:
    path = folder / "series.csv"
    rng = random.Random(7)
    days = [date(2020, 1, 1) + timedelta(i) for i in range(220)]
    values = [10 + 3 * math.sin(i * 2 * math.pi / 7) + rng.gauss(0, 0.3) for i in range(220)]
    rows = [f"{day},{value:.4f}" for day, value in zip(days, values, strict=True)]
    path.write_text("\n".join(["day,value", *rows]) + "\n", encoding="utf-8")
    return path


def write_pieces(folder: Path) -> Path:
    path = folder / "pieces.json"
    rng = random.Random(3)
    starts = [rng.randint(40, 60) for _ in range(24)]
    pieces = [[[s + 2 * (t % 4), s + 7] for t in range(rng.randint(8, 16))] for s in starts]
    path.write_text(json.dumps({"train": pieces[:18], "valid": pieces[18:21], "test": pieces[21:]}) + "\n")
    return path


COMMON: dict[str, Any] = {
    "hidden": 10,
    "layers": 2,
    "dropout": 0.2,
    "dropout_input": 0.1,
    "batch": 4,
    "checkpoint_steps": 7,
    "seed": 3,
    "threads": 1,
}
TOKENS: dict[str, Any] = COMMON | {"embedding": 6, "lr": 0.01}
LM: dict[str, Any] = TOKENS | {"steps": 9, "epochs": 2, "validate_every": 10}
AVERAGED = {"optimizer": "nt-asgd", "lr": 10.0, "average_after": 1, "schedule": "constant"}

CASES = {
    "lm": Case("lm", write_text, LM),
    "lm averaged": Case("lm", write_text, LM | AVERAGED),
    "lm moving": Case("lm", write_text, LM | {"moving_average": 0.9}),
    "lm tdnn": Case("lm", write_text, LM | {"cell": "tdnn", "context": 3}),
    "classify": Case(
        "classify",
        write_labelled,
        TOKENS | {"epochs": 8, "validate_every": 10, "dropout_word": 0.1, "pooling": "attention"},
    ),
    "tag": Case(
        "tag",
        write_tagged,
        TOKENS
        | {
            "epochs": 10,
            "validate_every": 10,
            "dropout_word": 0.1,
            "output": "crf",
            "word_column": "1",
            "tag_column": "2",
            "characters": 4,
        },
    ),
    "translate": Case(
        "translate",
        write_pairs,
        TOKENS
        | {"epochs": 6, "validate_every": 5, "tokenizer": "word", "sampling": 0.2, "sampling_epochs": 3},
    ),
    "forecast": Case(
        "forecast",
        write_series,
        {k: v for k, v in COMMON.items() if k != "batch"}
        | {"epochs": 4, "validate_every": 5, "horizon": 7, "window": 20, "batch": 8, "output": "gaussian"}
        | {"test_start": "2020-07-20"},
        change_a_value,
    ),
    "music": Case(
        "music",
        write_pieces,
        COMMON | {"epochs": 16, "validate_every": 5, "lr": 0.01, "dropout_output": 0.0},
        take_a_piece_away,
    ),
}
