"""What an import loads, by name: time is measured elsewhere, but what is not loaded costs none."""

import pytest

import unrolled
from imports import loaded, loaded_in_forks
from unrolled.extras import EXTRAS

OPTIONAL = {module for modules in EXTRAS.values() for module in modules} - {"jinja2"}
"""Packages of extras; jinja2 may come with torch."""
TOOLS = {*OPTIONAL, "tyro", "rich", "msgspec", "safetensors"}
"""Packages that the layers do without, most of them slow to load."""


def test_the_package_alone_loads_next_to_nothing():
    modules = loaded("import unrolled")
    assert not modules & {*TOOLS, "torch", "numpy", "unrolled.layers", "unrolled.extension"}


OWN: dict[str, set[str]] = {
    "unrolled.LanguageModel": set(),
    "unrolled.Tagger": set(),
    "unrolled.Translator": set(),
    "unrolled.PianoRoll": set(),
    "unrolled.load": set(),
    "unrolled.NGram": set(),
    "unrolled.Forecaster": {"pandas"},
    "unrolled.Classifier": {"sklearn", "scipy", "pandas"},  # scikit-learn loads the others
    "help('lm')": set(),
    "help('tag')": set(),
}
"""Expressions, and the optional packages that they may load."""


def test_layers_load_torch_and_no_tools():
    names = ["LSTM", "unroll", "RecurrentDrop", "cells"]
    for expression, modules in loaded_in_forks([f"unrolled.{name}" for name in names]).items():
        assert not modules & TOOLS, expression
        assert not modules & {"unrolled.tasks", "unrolled.training", "unrolled.text", "unrolled.cli"}
        assert not modules & {"torch._dynamo"}, "torch's compiler takes longer to load than torch"


def test_a_task_loads_its_own_packages_only():
    modules = loaded_in_forks(OWN)
    assert {e: modules[e] & OPTIONAL - own for e, own in OWN.items()} == {e: set() for e in OWN}


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["no-such-verb"], ["train", "nothing"]])
def test_the_command_line_answers_without_torch(words):
    modules = loaded(f"from unrolled.cli.main import main; main({words})")
    assert "unrolled.cli.main" in modules
    assert not modules & {*TOOLS, "torch"}


def test_every_public_name_is_there_and_listed():
    for name in unrolled.__all__:
        assert getattr(unrolled, name) is not None
        assert name in dir(unrolled)
    scope: dict = {}
    exec("from unrolled import *", scope)
    assert set(unrolled.__all__) <= set(scope)
    assert unrolled.load is unrolled.tasks.load


def test_public_names_are_the_ones_of_their_homes():
    from unrolled import backends, layers, tasks

    assert unrolled.LSTM is layers.LSTM
    assert unrolled.unroll is backends.unroll
    assert unrolled.LanguageModel is tasks.LanguageModel
    assert unrolled.layers is layers


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="module 'unrolled' has no attribute 'LTSM'"):
        unrolled.LTSM  # noqa: B018
    with pytest.raises(ImportError, match="LTSM"):
        from unrolled import LTSM  # noqa: F401
