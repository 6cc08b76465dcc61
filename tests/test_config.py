"""Configurations: nested, strictly checked, with errors that suggest the nearest valid name."""

import dataclasses
import json
import tomllib
from dataclasses import dataclass, field
from typing import Literal

import pytest

from unrolled.config import (
    from_dict,
    get_aliases,
    literal_values,
    option_names,
    require,
    require_at_least,
    to_dict,
    with_options,
)
from unrolled.errors import ConfigError, UnrolledError, suggestion
from unrolled.tasks import LanguageModelConfig


@dataclass(frozen=True)
class Size:
    width: int = 3
    scale: float = 1.5
    kind: Literal["small", "large"] = "small"

    def __post_init__(self):
        require_at_least(self, {"width": 1})


@dataclass(frozen=True)
class Tree:
    size: Size = field(default_factory=Size)
    name: str = ""
    flag: bool = False
    extra: Size | None = None


def test_nested_configuration_json_round_trip():
    tree = Tree(Size(7, 0.1, "large"), "x", True, Size(2))
    again = from_dict(Tree, json.loads(json.dumps(to_dict(tree))), "here")
    assert again == tree
    assert isinstance(again.extra, Size)


def test_missing_fields_keep_their_defaults():
    assert from_dict(Tree, {}, "here") == Tree()
    assert from_dict(Tree, {"size": {"scale": 2}}, "here") == Tree(Size(scale=2.0))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"nam": "x"}, r"f\.toml: unknown key 'nam' \(did you mean 'name'\?\)"),
        ({"size": {"widht": 1}}, r"f\.toml: unknown key 'size\.widht' \(did you mean 'width'\?\)"),
        ({"extra": {"widht": 1}}, r"unknown key 'extra\.widht' \(did you mean 'width'\?\)"),
        ({"qqqq": 1}, "unknown key 'qqqq'$"),
        ({"size": 3}, "size must be a table, got 3"),
        ({"size": {"width": "3"}}, r"f\.toml: .*int.*size\.width"),
        ({"size": {"width": 2.5}}, r"size\.width"),
        ({"size": {"width": True}}, r"size\.width"),
        ({"flag": 1}, "flag"),
        ({"name": None}, "name"),
        (
            {"size": {"kind": "smal"}},
            r"size\.kind='smal' is not one of small, large \(did you mean 'small'\?\)",
        ),
        ({"size": {"kind": 3}}, r"size\.kind"),
        ({"size": {"width": 0}}, "width=0: must be at least 1"),
    ],
)
def test_errors_name_the_wrong_key_or_value(values, message):
    with pytest.raises(ConfigError, match=message):
        from_dict(Tree, values, "f.toml")


def test_a_configuration_must_be_a_table():
    with pytest.raises(ConfigError, match="the configuration must be a table"):
        from_dict(Tree, [1], "f.toml")


def test_options_are_set_by_field_name():
    tree = with_options(Tree(name="a"), {"width": 5, "flag": True})
    assert tree == Tree(Size(width=5), "a", True)
    assert with_options(tree, {}) == tree


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widht": 5}, r"call: unknown option 'widht' \(did you mean 'width'\?\)"),
        ({"width": "5"}, "call: .*width"),
        ({"kind": "big"}, "kind='big' is not one of small, large"),
        ({"width": 0}, "width=0"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ConfigError, match=message):
        with_options(Tree(), options, "call")


def test_literal_values_inside_optionals():
    assert literal_values(Literal["a", "b"]) == ("a", "b")
    assert literal_values(Literal["a"] | None) == ("a",)
    assert literal_values(int | None) == ()


def test_require_raises_its_message():
    require(True, "never")
    with pytest.raises(ConfigError, match="as said"):
        require(False, "as said")


def test_suggestion_is_close_or_empty():
    assert suggestion("lstmm", ["gru", "lstm"]) == " (did you mean 'lstm'?)"
    assert suggestion("zzz", ["gru", "lstm"]) == ""


def test_configuration_errors_are_value_errors():
    assert issubclass(ConfigError, ValueError)
    assert issubclass(ConfigError, UnrolledError)


# -- the language model's own tree -----------------------------------------------------------------


def test_option_names_are_unique_over_the_groups():
    names = [name for _, name in option_names(LanguageModelConfig)]
    assert len(names) == len(set(names))
    assert {"hidden", "cell", "lr", "tokenizer", "data"} <= set(names)


def test_defaults_json_round_trip():
    config = LanguageModelConfig()
    assert from_dict(LanguageModelConfig, json.loads(json.dumps(to_dict(config))), "x") == config


def test_toml_gives_the_same_tree():
    values = tomllib.loads("[network]\nhidden = 9\n[optimizer]\nlr = 1\n[cell]\ncell = 'gru'\n")
    config = from_dict(LanguageModelConfig, values, "x")
    assert (config.network.hidden, config.optimizer.lr, config.cell.cell) == (9, 1.0, "gru")
    assert isinstance(config.optimizer.lr, float)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"loss": "sentence", "mode": "stream"}, "needs mode='sentence'"),
        ({"loss": "steps", "mode": "sentence"}, "needs mode='stream'"),
        ({"vectors": "v.txt", "tokenizer": "char"}, "needs tokenizer='word'"),
        ({"valid_fraction": 1.0}, r"valid_fraction=1\.0"),
        ({"peepholes": True, "cell": "gru"}, "peepholes=True is an option of lstm"),
        ({"reset": "before", "cell": "lstm"}, "reset='before' is an option of gru"),
        ({"tie_weights": True, "input": "one-hot"}, "tie_weights needs an embedding"),
        ({"projection": 256}, "projection=256 must be less than hidden=256"),
        ({"skip": 1}, "skip=1"),
        ({"dropout_input": 1.0}, "dropout_input=1.0"),
        ({"zoneout": -0.1}, "zoneout"),
        ({"epochs": -1}, "epochs=-1: must be at least 0"),
        ({"batch": 0}, "batch=0"),
        ({"seed": -1}, "seed=-1"),
        ({"vectors": "v.txt", "input": "one-hot"}, "give both input='vectors' and vectors=FILE, or neither"),
        ({"freeze_vectors": True}, "freeze_vectors"),
    ],
)
def test_contradictions_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        with_options(LanguageModelConfig(), options)


def test_configurations_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        LanguageModelConfig().network.hidden = 3


def test_an_alias_sets_its_option():
    config = with_options(LanguageModelConfig(), {"model": "tdnn", "hidden": 8})
    assert (config.cell.cell, config.network.hidden) == ("tdnn", 8)
    with pytest.raises(ConfigError, match=r"'tdn' is not one of .*did you mean 'tdnn'"):
        with_options(LanguageModelConfig(), {"model": "tdn"})


@pytest.mark.parametrize("cell", ["gru", "tdnn"])
def test_an_option_and_its_alias_exclude_each_other(cell):
    with pytest.raises(ConfigError, match="here: model is another name of cell: give one of them"):
        with_options(LanguageModelConfig(), {"model": "tdnn", "cell": cell}, "here")


def test_an_alias_gives_way_to_an_option_of_that_name():
    assert get_aliases(["cell", "hidden"]) == {"model": "cell"}
    assert get_aliases(["cell", "model"]) == get_aliases(["hidden"]) == {}
    with pytest.raises(ConfigError, match="unknown option 'model'"):
        with_options(Size(), {"model": "x"})
