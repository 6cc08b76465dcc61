"""Plain command lines are parsed without tyro, to the same arguments."""

import itertools
from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports import loaded
from property_settings import examples
from unrolled.cli import generate, next_token, predict, translate
from unrolled.cli.arguments import _parse_with_tyro, parse
from unrolled.cli.plain import Positional, _options, parse_plain
from unrolled.cli.train import make_arguments_type
from unrolled.decoding import SamplingConfig
from unrolled.errors import ConfigError
from unrolled.tasks.registry import TASKS


@dataclass(frozen=True)
class Every:
    """Arguments of every type."""

    source: Annotated[str, Positional("SOURCE")]
    word: str
    count: int = 3
    rate: float = 0.5
    name: str | None = None
    limit: int | None = None
    kind: Literal["one", "two"] = "one"
    several: tuple[str, ...] = ()
    flag: bool = False
    switch: bool | None = None
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    other_default: str = "x"


TYPES = (Every, generate.Arguments, next_token.Arguments, predict.Arguments, translate.Arguments)
VALUES = ["", "x", "a b", "-", "-3", "--top", "3", "007", "2.5", "1e3", ".5", "5.", "nan", "inf", "1_000"]
VALUES += ["+1", "٣", "None", "True", "one", "yes", "auto", "12345678901234567890", "é", "a=b", "'q'", "{1}"]


def lines(kind):
    """Draw command lines: options of the type, in several spellings, with right and wrong values."""
    flags = [f"--{name.replace('_', '-')}" for name, _ in _options(kind)]
    flag = st.sampled_from([*flags, *flags, "--top_k", "--le", "--help", "-h"])
    value = st.one_of(st.sampled_from(VALUES), st.integers(0, 99).map(str), st.text(max_size=3))
    pair = st.tuples(flag, value)
    words = st.one_of(
        pair.map(list), pair.map(list), pair.map("=".join).map(lambda w: [w]), st.lists(value, max_size=1)
    )
    required = ["--word", "w"] if kind is Every else []
    return st.lists(words, max_size=4).map(lambda parts: ["r", *required, *itertools.chain(*parts)])


def parse_with_tyro(kind, argv):
    return _parse_with_tyro(kind, argv, "unrolled", None)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__module__.rpartition(".")[2])
@examples(150)
@given(data=st.data())
def test_plain_arguments_are_those_of_tyro(kind, data):
    argv = data.draw(lines(kind))
    plain = parse_plain(kind, argv)
    if plain is not None:
        assert plain == parse_with_tyro(kind, argv)


PLAIN = [
    (generate.Arguments, ["r"]),
    (
        generate.Arguments,
        ["r", "--prompt", "", "--length", "5", "--seed=1", "--top-k", "3"],
    ),
    (generate.Arguments, ["--temperature", "0.8", "r", "--normalisation", "1"]),
    (next_token.Arguments, ["r", "--prompt", "The --prompt", "--top", "3"]),
    (predict.Arguments, ["r", "--data", "-", "--out", "a b.csv", "--header", "yes", "--top=2"]),
    (translate.Arguments, ["r", "--beams", "5", "--length-ratio", "1.5", "--data", "a=b"]),
    (Every, ["s", "--word", "w", "--name", "n", "--limit", "7", "--kind", "two", "--other-default", "é"]),
]
TRAIN = ["--data", "d.csv", "--out", "r", "--batch", "8", "--cell", "gru"]
PLAIN += [(make_arguments_type(spec), TRAIN) for spec in TASKS]


@pytest.mark.parametrize(("kind", "argv"), PLAIN)
def test_the_usual_command_lines_are_plain(kind, argv):
    plain = parse_plain(kind, argv)
    assert plain is not None
    assert plain == parse_with_tyro(kind, argv)


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["r", "s"],
        ["r", "--help"],
        ["r", "--length"],
        ["r", "--length", "x"],
        ["r", "--length", "-1"],
        ["r", "--length", "1", "--length", "2"],
        ["r", "--leng", "1"],
        ["r", "--top-p", "2"],
        ["r", "--temperature", "inf"],
    ],
)
def test_help_and_errors_are_left_to_tyro(argv):
    assert parse_plain(generate.Arguments, argv) is None


def test_an_error_in_a_value_is_reported_as_before():
    with pytest.raises(ConfigError, match=r"top_p=2\.0: must be in"):
        parse(generate.Arguments, ["r", "--top-p", "2"], prog="unrolled generate")


def test_a_required_option_is_left_to_tyro():
    assert parse_plain(Every, ["s"]) is None


@dataclass(frozen=True)
class Group:
    """A group with an option of the same name."""

    data: str = ""


@dataclass(frozen=True)
class WithGroup:
    """Arguments of a group."""

    data: Group = field(default_factory=Group)
    top: int = 0


def test_a_group_may_have_the_name_of_an_option():
    assert parse_plain(WithGroup, ["--data", "x"]) == WithGroup(Group("x"))
    assert parse_with_tyro(WithGroup, ["--data", "x"]) == WithGroup(Group("x"))


@dataclass(frozen=True)
class WithDefault:
    """A group whose default is not that of its class."""

    sampling: SamplingConfig = field(default_factory=lambda: SamplingConfig(top_k=9))


def test_options_of_a_group_with_a_default_of_its_own_are_left_to_tyro():
    assert parse_plain(WithDefault, ["--top-p", "0.5"]) is None
    assert parse_plain(WithDefault, []) == WithDefault()


@pytest.mark.parametrize("verb", ["generate", "next_token", "predict", "translate"])
def test_a_plain_command_line_loads_neither_torch_nor_tyro(verb):
    parsed = f"from unrolled.cli import {verb}, arguments; arguments.parse({verb}.Arguments, ['r'], prog='')"
    assert not loaded(parsed) & {"torch", "tyro", "pandas", "sklearn", "scipy", "tokenizers"}
