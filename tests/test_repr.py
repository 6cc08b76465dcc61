"""Public objects have a short, readable repr, and ``dir`` of a module shows only its public names."""

import importlib

import numpy as np
import pytest
import torch

import unrolled as ur
from cases import CASES
from unrolled.config import option_names, with_options
from unrolled.data import Document, Labelled
from unrolled.errors import DataError
from unrolled.short_repr import LONGEST, short_text

PACKAGES = (
    "",
    ".backends",
    ".baselines",
    ".cells",
    ".data",
    ".decoding",
    ".diagnostics",
    ".errors",
    ".inspection",
    ".layers",
    ".models",
    ".pages",
    ".recipes",
    ".tasks",
    ".text",
    ".training",
)
TASKS = [name for name in CASES if " " not in name]


@pytest.mark.parametrize("package", PACKAGES)
def test_dir_shows_only_public_names(package):
    module = importlib.import_module(f"unrolled{package}")
    assert dir(module) == sorted(module.__all__)
    assert all(hasattr(module, name) for name in dir(module))


@pytest.mark.parametrize("name", TASKS)
def test_tasks_and_configurations_show_the_options_that_were_set(name):
    kind = CASES[name].kind
    assert repr(kind()) == f"{kind.__name__}()"
    assert repr(kind(hidden=7, lr=0.5)) in (
        f"{kind.__name__}({o})" for o in ("hidden=7, lr=0.5", "lr=0.5, hidden=7")
    )
    config = with_options(kind.spec.config(), {"hidden": 7})
    assert repr(config) == f"{type(config).__name__}(hidden=7)"
    assert len(repr(config)) < len(list(option_names(type(config)))) * 10


def test_results_of_training_and_inspection_have_short_reprs(tmp_path):
    data = CASES["lm"].write(tmp_path)
    lm = CASES["lm"].kind(**CASES["lm"].options | {"epochs": 1, "max_steps": 2, "validate_every": 0})
    lm.fit(data, progress=False)
    inspection = ur.inspect(lm, rows=2, steps=20, long_steps=30, samples=1, targets=3)
    diagnosis = inspection.diagnosis
    values = (
        lm,
        lm.evaluate(data),
        lm.artifacts,
        lm.tokenizer,
        inspection,
        diagnosis,
        diagnosis.recording,
        diagnosis.gradients,
    )
    for value in (*values, *diagnosis.layers, *diagnosis.recording.passes, *diagnosis.verdicts):
        assert repr(value).startswith(type(value).__name__), value
        assert len(repr(value)) <= 1.5 * LONGEST
        assert " at 0x" not in repr(value)


@pytest.mark.parametrize(
    "value",
    [
        Document("a.txt", "x" * 10_000),
        Labelled(["a text"] * 1000, ["a"] * 1000),
        ur.NGram(3),
        ur.UnigramCache(["a", "b"]),
        ur.LSTM(300, 400, num_layers=3),
        ur.RecurrentDrop(),
        ur.Window(2, 3, (4,)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_objects_have_short_reprs(value):
    assert repr(value).startswith(type(value).__name__)
    assert len(repr(value)) <= LONGEST
    assert " at 0x" not in repr(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.zeros((3, 4)), "ndarray(3, 4)"),
        (torch.zeros(2), "Tensor(2,)"),
        ([1, 2, 3, 4, 5, 6], "[1, 2, 3, 4, … 6 in all]"),
        ((1, 2), "(1, 2)"),
        ("a" * 100, f"'{'a' * 59}…'"),
        (1 / 3, "0.333333"),
        ({"a": np.zeros(2)}, "{'a': ndarray(2,)}"),
        ([], "[]"),
        (DataError("x" * 500), "<DataError>"),
        (None, "None"),
    ],
)
def test_short_forms_of_values(value, text):
    assert short_text(value) == text
