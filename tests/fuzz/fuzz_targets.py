"""The readers of the package, each with a valid file to damage and a use of its result."""

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import fuzz_mutations as mutate
import numpy as np
from fuzz_samples import write_samples

import unrolled as ur
from unrolled.baselines.ngram import NGram
from unrolled.data import read_documents, read_labelled
from unrolled.data.labelled import read_items
from unrolled.data.midi import read_midi
from unrolled.data.pairs import PairForm, read_pairs
from unrolled.data.piano import open_pieces, piano_roll
from unrolled.data.series import ColumnsConfig, TimeRulesConfig
from unrolled.data.series_tables import read_series_list
from unrolled.data.tables import read_table
from unrolled.data.tagged import Columns, read_tagged
from unrolled.experiments.comparison_folder import ComparisonFolder
from unrolled.experiments.repetition_folder import RepetitionFolder
from unrolled.recipes import load_recipe
from unrolled.tasks import load
from unrolled.tasks.base.outcome import ItemLosses, Outcome, SavedOutcome
from unrolled.text.vectors import read_all_vectors
from unrolled.threads import choose_threads
from unrolled.training import CHECKPOINT

Mutation = Callable[[random.Random, bytes], bytes]
TEXT: tuple[Mutation, ...] = (mutate.blind, mutate.numbers, mutate.lines)
BYTES: tuple[Mutation, ...] = (mutate.blind,)
PACKED: tuple[Mutation, ...] = (mutate.packed,)
JSON: tuple[Mutation, ...] = (mutate.structure, mutate.structure, mutate.blind, mutate.numbers)
LINES: tuple[Mutation, ...] = (mutate.json_lines, mutate.json_lines, mutate.blind, mutate.lines)
TENSORS: tuple[Mutation, ...] = (mutate.safetensors, mutate.blind)
RUN_MUTATIONS = {".json": JSON, ".jsonl": LINES, ".safetensors": TENSORS}

VALUE = ColumnsConfig(target=("value",))
FILLED = TimeRulesConfig(frequency="D", duplicates="last", missing="forward")
TINY: dict[str, Any] = {"hidden": 4, "max_steps": 4, "threads": 1, "batch": 4, "checkpoint_steps": 2}


@dataclass(frozen=True)
class Target:
    """A reader of one kind of file."""

    name: str
    path: Path
    """Path of a valid file, overwritten by the damaged ones."""
    mutations: tuple[Mutation, ...]
    read: Callable[[], object]
    """Reads the file and uses its content."""


READERS: dict[str, tuple[str, tuple[Mutation, ...], Callable[[Path], object]]] = {
    "text": ("text.txt", TEXT, read_documents),
    "text, packed": ("text.txt.gz", PACKED, read_documents),
    "table": ("table.tsv", TEXT, lambda p: read_table(p, asked=("text", "label")).column("text")),
    "labelled, csv": ("labelled.csv", TEXT, lambda p: (read_labelled(p), read_items(p))),
    "labelled, jsonl": ("labelled.jsonl", LINES, read_labelled),
    "labelled vectors, jsonl": ("steps.jsonl", LINES, read_labelled),
    "pairs": ("pairs.tsv", TEXT, lambda p: read_pairs(p, PairForm())),
    "tagged, conllu": ("tagged.conllu", TEXT, lambda p: read_tagged(p, Columns())),
    "tagged, columns": ("tagged.txt", TEXT, lambda p: read_tagged(p, Columns("1", "-1"))),
    "tagged, json": ("tagged.jsonl", LINES, read_tagged),
    "tagged, table": ("tagged.csv", TEXT, read_tagged),
    "tagged, inline": ("inline.txt", TEXT, read_tagged),
    "series": ("series.csv", TEXT, lambda p: read_series_list(p, VALUE, TimeRulesConfig())),
    "series, filled": ("series.csv", TEXT, lambda p: read_series_list(p, VALUE, FILLED)),
    "midi": ("piece.mid", BYTES, lambda p: read_midi(p, 4)),
    "piano json": ("pieces.json", JSON, lambda p: [piano_roll(x) for x in open_pieces(p).parts["train"]]),
    "vectors, word2vec text": ("word2vec.txt", TEXT, read_all_vectors),
    "vectors, glove": ("glove.txt", TEXT, read_all_vectors),
    "vectors, binary": ("word2vec.bin", TEXT, read_all_vectors),
    "vectors, packed": ("word2vec.txt.gz", PACKED, read_all_vectors),
    "arpa": ("model.arpa", TEXT, lambda p: NGram.load_arpa(p).score([["the", "cat"]])),
    "recipe": ("recipe.toml", TEXT, lambda p: load_recipe(str(p))),
}


def file_targets(folder: Path) -> Iterator[Target]:
    """Yield the readers of data; their files are written to the folder."""
    write_samples(folder)
    for name, (file, mutations, read) in READERS.items():
        yield Target(name, folder / file, mutations, partial(read, folder / file))


def folder_targets(folder: Path) -> Iterator[Target]:
    """Yield the readers of the folders of comparisons and repetitions."""
    plan: dict[str, object] = {"recipe": {"hidden": 3}, "seeds": 2}
    trials = RepetitionFolder(folder / "trials", plan)
    for number in (1, 2, 3):
        trials.add(Outcome("as it stands", number, {"accuracy": 0.5}, 1.5))
    outcomes = ComparisonFolder(folder / "ladder", plan)
    units = ItemLosses.one_each(np.array([1.0, 2.0]))
    outcome = Outcome("lstm", 1, {"nats": 2.5}, 1.0, 100.0, 10, "parameters", 40)
    outcomes.keep(SavedOutcome(outcome, units, {}))
    outcome_path = next((folder / "ladder" / "outcomes").iterdir())

    def read_trials() -> object:
        return RepetitionFolder(folder / "trials", plan)

    def read_outcome() -> object:
        return ComparisonFolder(folder / "ladder", plan).find("lstm", 1)

    yield Target("trials.jsonl", folder / "trials" / "trials.jsonl", LINES, read_trials)
    yield Target("plan.json of trials", folder / "trials" / "plan.json", JSON, read_trials)
    yield Target("plan.json of a comparison", folder / "ladder" / "plan.json", JSON, read_outcome)
    yield Target("outcome of a comparison", outcome_path, TENSORS, read_outcome)


Use = Callable[[Any], object]
RUNS: dict[str, tuple[type, dict[str, Any], str, Use]] = {
    "lm": (ur.LanguageModel, {"moving_average": 0.9}, "text.txt", lambda m: m.generate("the", 3)),
    "lm of pieces": (ur.LanguageModel, {"tokenizer": "bpe"}, "text.txt", lambda m: m.generate("the", 3)),
    "classify": (ur.Classifier, {}, "labelled.csv", lambda m: m.predict(["the cat"])),
    "tag": (
        ur.Tagger,
        {"word_column": "1", "tag_column": "2", "characters": 3},
        "tagged.txt",
        lambda m: m.predict([["the", "cat"]]),
    ),
    "translate": (ur.Translator, {"tokenizer": "word"}, "pairs.tsv", lambda m: m.translate(["the cat"])),
    "forecast": (
        ur.Forecaster,
        {"horizon": 2, "window": 6, "target": ("value",)},
        "series.csv",
        lambda m: m.predict(),
    ),
    "music": (ur.MusicModel, {"valid_fraction": 0.0}, "pieces.json", lambda m: m.compose(4)),
}
"""Task class, options, training data, and a use of the trained model."""


def run_targets(folder: Path) -> Iterator[Target]:
    """Yield the readers of run folders of every task: each file is damaged, then loaded, used or resumed."""
    for name, (kind, options, source, use) in RUNS.items():
        run = folder / "runs" / name.replace(" ", "-")
        kind(**TINY | options).fit(str(folder / source), out=run, progress=False)
        shutil.rmtree(run / "plots", ignore_errors=True)
        for path in sorted(run.iterdir()):
            resumed = path.name.startswith(("checkpoint", "metrics"))
            read = partial(_restore, kind, run) if resumed else partial(_use, run, use)
            yield Target(f"{path.name} of {name}", path, RUN_MUTATIONS[path.suffix], read)


def _use(run: Path, use: Use) -> object:
    return use(load(run))


def _restore(kind: Any, run: Path) -> None:
    """Restore the checkpoint of a run as ``resume`` does, without further training."""
    task = kind._load_description(run, CHECKPOINT)
    data = task._reload_data()
    task._check_data_unchanged(data, run)
    task._trainer(data, run, False, choose_threads(1)).restore()
