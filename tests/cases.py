"""A small training of every task, for the tests that all tasks share."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unrolled.tasks import Task, task_type

WORDS = {"good": ["fine", "warm", "bright", "kind"], "bad": ["dull", "cold", "grim", "harsh"]}
FILLERS = ["the", "film", "was", "a", "day", "and", "so", "very"]


@dataclass(frozen=True)
class Case:
    """What a task is trained on, and how."""

    verb: str
    write: Callable[[Path], Path]
    """Writes the training data into a folder; returns what ``--data`` is given."""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> type[Task]:
        return task_type(self.verb)

    @property
    def flags(self) -> list[Any]:
        return [word for name, v in self.options.items() for word in ("--" + name.replace("_", "-"), v)]

    def fit(self, data: Path, **arguments: Any) -> Task:
        return self.kind(**self.options).fit(data, **{"progress": False} | arguments)


def sentences(count: int, seed: int) -> list[tuple[list[str], str]]:
    """Return words, and the label that one of them gives away."""
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
}
