"""A task imports its own package and the shared modules, not the other tasks."""

from imports import loaded, loaded_in_forks
from unrolled.tasks import registry

NAMES = {
    "lm": "LanguageModel",
    "tag": "Tagger",
    "translate": "Translator",
    "classify": "Classifier",
    "forecast": "Forecaster",
    "music": "MusicModel",
}


def task_modules(modules: set[str]) -> set[str]:
    return {name for name in modules if name.startswith("unrolled.tasks.")}


def test_a_task_does_not_import_other_tasks():
    modules = loaded_in_forks([f"unrolled.{name}()" for name in NAMES.values()])
    for verb, name in NAMES.items():
        others = {spec.verb for spec in registry.TASKS} - {verb}
        own_modules = task_modules(modules[f"unrolled.{name}()"])
        assert f"unrolled.tasks.{verb}.task" in own_modules
        for module in own_modules:
            _, _, package, *rest = module.split(".")
            assert package not in others or rest in ([], ["spec"]), module


def test_the_registry_does_not_import_tasks():
    modules = task_modules(loaded("from unrolled.tasks.registry import TASKS; assert TASKS"))
    assert {name.rpartition(".")[2] for name in modules} == {
        "base",
        "old_versions",
        "registry",
        "spec",
        *(spec.verb for spec in registry.TASKS),
    }


def test_reading_recipes_does_not_import_tasks():
    modules = task_modules(loaded("from unrolled.recipes import all_recipes; assert list(all_recipes())"))
    assert "unrolled.tasks.forecast.config" in modules
    assert not [name for name in modules if name.endswith((".task", ".score", ".job"))]
