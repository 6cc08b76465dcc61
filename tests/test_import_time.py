"""Which modules an import loads; import time itself is measured elsewhere."""

import pytest

import unrolled
from imports import loaded, loaded_in_forks
from unrolled.extras import EXTRAS

OPTIONAL = {module for modules in EXTRAS.values() for module in modules} - {"jinja2"}
"""Packages of extras; jinja2 may come with torch."""
TOOLS = {*OPTIONAL, "tyro", "rich", "msgspec", "safetensors"}
"""Packages that the layers do not need, most of them slow to load."""


def test_importing_the_package_loads_no_heavy_module():
    modules = loaded("import unrolled")
    assert not modules & {*TOOLS, "torch", "numpy", "unrolled.layers", "unrolled.extension"}


ALLOWED: dict[str, set[str]] = {
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


def test_a_task_loads_only_its_own_optional_packages():
    modules = loaded_in_forks(ALLOWED)
    assert {e: modules[e] & OPTIONAL - allowed for e, allowed in ALLOWED.items()} == {
        e: set() for e in ALLOWED
    }


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["no-such-verb"], ["train", "nothing"]])
def test_the_command_line_answers_without_torch(words):
    modules = loaded(f"from unrolled.cli.main import main; main({words})")
    assert "unrolled.cli.main" in modules
    assert not modules & {*TOOLS, "torch"}


def test_every_public_name_exists_and_is_listed():
    for name in unrolled.__all__:
        assert getattr(unrolled, name) is not None
        assert name in dir(unrolled)
    scope: dict = {}
    exec("from unrolled import *", scope)
    assert set(unrolled.__all__) <= set(scope)
    assert unrolled.load is unrolled.tasks.load


def test_public_names_are_the_objects_of_their_modules():
    from unrolled import backends, layers, tasks

    assert unrolled.LSTM is layers.LSTM
    assert unrolled.unroll is backends.unroll
    assert unrolled.LanguageModel is tasks.LanguageModel
    assert unrolled.layers is layers


def test_an_unknown_name_raises():
    with pytest.raises(AttributeError, match="module 'unrolled' has no attribute 'LTSM'"):
        unrolled.LTSM  # noqa: B018
    with pytest.raises(ImportError, match="LTSM"):
        from unrolled import LTSM  # noqa: F401
