"""Each option can be given alone: no default makes it invalid."""

import dataclasses
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from unrolled.config import literal_values, with_options
from unrolled.errors import ConfigError
from unrolled.tasks import registry

NEEDS = {
    "context": "a cell of two that have it",
    "freeze_vectors": "a file",
    "input": "a file for vectors",
    "label_smoothing": "labels",
}
"""Options that need a value without a possible default: a file, or one of two choices."""


def options_of(config_type: Any) -> Iterator[tuple[str, Any, Any]]:
    hints = typing.get_type_hints(config_type)
    for f in dataclasses.fields(config_type):
        if dataclasses.is_dataclass(hints[f.name]):
            yield from options_of(hints[f.name])
        else:
            yield f.name, hints[f.name], f.default


def values_of(hint: Any, default: Any) -> list[Any]:
    """Return values that the option accepts without other options."""
    if choices := literal_values(hint):
        return [choice for choice in choices if choice != default]
    if hint is bool:
        return [not default]
    types = {hint, *typing.get_args(hint)}
    if int in types:
        return [5]
    return [0.25] if float in types and tuple not in map(typing.get_origin, types) else []


ALONE = [
    (spec.verb, name, value)
    for spec in registry.TASKS
    for name, hint, default in options_of(spec.config)
    for value in values_of(hint, default)
    if name not in NEEDS
]


@pytest.mark.parametrize(("task", "option", "value"), ALONE)
def test_each_option_alone_is_accepted(task, option, value):
    spec = registry.spec_of(task)
    if task == "translate" and option == "cell" and value in ("feed-forward", "tdnn"):
        pytest.skip("a network of windows has no state to hand from the encoder to the decoder")
    with_options(spec.config(), {option: value})


@pytest.mark.parametrize("task", ["lm", "classify", "tag"])
def test_a_vectors_file_alone_is_accepted(task):
    config = with_options(registry.spec_of(task).config(), {"vectors": "glove.txt"})
    assert config.network.entry == "vectors"


@pytest.mark.parametrize("spec", registry.TASKS, ids=lambda spec: spec.verb)
def test_the_error_names_the_missing_option(spec):
    with pytest.raises(ConfigError, match=r"feed-forward and tdnn; .*: choose the cell with cell="):
        with_options(spec.config(), {"context": 3})
