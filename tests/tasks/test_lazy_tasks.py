"""A task loads its own package and what all tasks share, not the other tasks."""

import subprocess
import sys

import pytest

from unrolled.tasks import registry

NAMES = {
    "lm": "LanguageModel",
    "tag": "Tagger",
    "translate": "Translator",
    "classify": "Classifier",
    "forecast": "Forecaster",
    "music": "PianoRoll",
}


def loaded(script: str) -> list[str]:
    """Return the modules of tasks that a fresh interpreter has loaded after the script."""
    lines = f"import unrolled as ur\n{script}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return [name for name in done.stdout.split() if name.startswith("unrolled.tasks.")]


@pytest.mark.slow
@pytest.mark.parametrize("verb", NAMES)
def test_a_task_loads_no_other(verb):
    others = {spec.verb for spec in registry.TASKS} - {verb}
    modules = loaded(f"ur.{NAMES[verb]}()")
    assert f"unrolled.tasks.{verb}.task" in modules
    for name in modules:
        _, _, package, *rest = name.split(".")
        assert package not in others or rest in ([], ["spec"]), name


def test_the_specifications_load_no_task():
    modules = loaded("from unrolled.tasks.registry import TASKS; assert TASKS")
    assert {name.rpartition(".")[2] for name in modules} == {
        "base",
        "earlier",
        "registry",
        "spec",
        *(spec.verb for spec in registry.TASKS),
    }


def test_reading_recipes_loads_no_task():
    modules = loaded("from unrolled.recipes import all_recipes; assert list(all_recipes())")
    assert "unrolled.tasks.forecast.config" in modules
    assert not [name for name in modules if name.endswith((".task", ".score", ".job"))]
