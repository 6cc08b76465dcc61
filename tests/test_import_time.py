"""What an import loads, by name: time is measured elsewhere, but what is not loaded costs none."""

import json
import subprocess
import sys

import pytest

import unrolled
from unrolled.extras import EXTRAS

OPTIONAL = {module for modules in EXTRAS.values() for module in modules} - {"jinja2"}
"""Packages of extras; jinja2 may come with torch."""
TOOLS = {*OPTIONAL, "tyro", "rich", "msgspec", "safetensors"}
"""Packages that the layers do without, most of them slow to load."""


def loaded(script: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after the script."""
    done = subprocess.run(
        [sys.executable, "-c", f"{script}\nimport sys; print('loaded', *sys.modules)"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def test_the_package_alone_loads_next_to_nothing():
    modules = loaded("import unrolled")
    assert not modules & {*TOOLS, "torch", "numpy", "unrolled.layers", "unrolled.extension"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["LSTM", "unroll", "RecurrentDrop", "cells"])
def test_layers_load_torch_and_no_tools(name):
    beside_torch = loaded("import torch")
    modules = loaded(f"import unrolled; unrolled.{name}") - beside_torch
    assert not modules & TOOLS
    assert not modules & {"unrolled.tasks", "unrolled.training", "unrolled.text", "unrolled.cli"}


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

FORKS = """
import contextlib, io, json, os, sys, torch, unrolled

def help(word):
    from unrolled.cli.main import main
    with contextlib.redirect_stdout(io.StringIO()):
        main(["train", word, "--help"])

for expression in expressions:
    if os.fork() == 0:
        eval(expression)
        print(json.dumps([expression, sorted({name.partition(".")[0] for name in sys.modules})]), flush=True)
        os._exit(0)
    assert os.wait()[1] == 0, expression
"""


@pytest.mark.slow
def test_a_task_loads_its_own_packages_only():
    """In forks of one interpreter, which has torch already."""
    done = subprocess.run(
        [sys.executable, "-c", f"expressions = {list(OWN)}\n{FORKS}"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    packages = dict(map(json.loads, done.stdout.splitlines()))
    assert {e: sorted({*packages[e]} & OPTIONAL - own) for e, own in OWN.items()} == {e: [] for e in OWN}


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
