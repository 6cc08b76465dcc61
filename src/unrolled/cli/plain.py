"""Parse plain command lines, ``RUN --option value``, without tyro, whose import and parse take 0.1 s.

Plain means: every option is written out and given once, and its value is a text, a decimal number or a choice
that does not begin with a dash. Everything else is tyro's: help, errors, other spellings, flags, lists.
"""

import dataclasses
import re
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

A = TypeVar("A")
STREAM = "-"
"""Standard input or output; the only value here that begins with a dash."""


@dataclass(frozen=True)
class Positional:
    """Mark of an argument that has no option name: ``Annotated[str, Positional("RUN")]``."""

    metavar: str
    """Name of the argument in the help."""


def positional_of(hint: Any) -> Positional | None:
    """Return the mark of an annotation, or None."""
    marks = hint.__metadata__ if typing.get_origin(hint) is Annotated else ()
    return next((mark for mark in marks if isinstance(mark, Positional)), None)


def parse_plain(arguments_type: type[A], argv: Sequence[str]) -> A | None:
    """Return the arguments; None if the command line is not plain, or has an error that tyro is to report."""
    hints = dict(_options(arguments_type))
    words = _pair_words(hints, argv)
    if words is None:
        return None
    values = {name: _convert(hints[name], word) for name, word in words.items()}
    if None in values.values():
        return None
    try:
        return _build(arguments_type, values)
    except (TypeError, ValueError):  # an argument is missing, or a value is out of range
        return None


def _options(kind: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and annotation of every argument, including those of nested dataclasses."""
    hints = typing.get_type_hints(kind, include_extras=True)
    for f in dataclasses.fields(kind):
        if dataclasses.is_dataclass(hints[f.name]):
            yield from _options(hints[f.name])
        else:
            yield f.name, hints[f.name]


def _pair_words(hints: Mapping[str, Any], argv: Sequence[str]) -> dict[str, str] | None:
    """Return the word of each argument by its name, or None if the words do not pair up."""
    positional = [name for name, hint in hints.items() if positional_of(hint)]
    options = {f"--{name.replace('_', '-')}": name for name in hints if name not in positional}
    pairs: dict[str, str] = {}
    words = iter(argv)
    for word in words:
        if word.startswith("-"):
            flag, equals, value_of_flag = word.partition("=")
            name, value = options.get(flag), value_of_flag if equals else next(words, None)
        else:
            name, value = (positional.pop(0) if positional else None), word
        if name is None or value is None or name in pairs or (value.startswith("-") and value != STREAM):
            return None
        pairs[name] = value
    return pairs


def _convert(hint: Any, word: str) -> Any:
    """Return the value of a word; None if it is not plain."""
    parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    kinds = [part for part in parts if part is not types.NoneType]
    if len(kinds) > 1 or (len(parts) > 1 and word == "None"):
        return None
    kind = typing.get_args(kinds[0])[0] if positional_of(kinds[0]) else kinds[0]
    if kind is str:
        return word
    if kind is int:
        return int(word) if re.fullmatch(r"[0-9]{1,18}", word) else None
    if kind is float:
        return float(word) if re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?", word) else None
    choices = typing.get_args(kind) if typing.get_origin(kind) is typing.Literal else ()
    return word if word in choices else None


def _build(kind: Any, values: Mapping[str, Any]) -> Any:
    """Return a dataclass with these values; nested dataclasses without any keep their default."""
    hints = typing.get_type_hints(kind)
    arguments = {}
    for f in dataclasses.fields(kind):
        group = hints[f.name]
        is_group: bool = dataclasses.is_dataclass(group)
        if is_group:  # its name may also be that of an option in it
            if not any(name in values for name, _ in _options(group)):
                continue
            if f.default_factory is not group:
                raise TypeError(f"the default of the group {f.name} is not that of its class")
            arguments[f.name] = _build(group, values)
        elif f.name in values:
            arguments[f.name] = values[f.name]
    return kind(**arguments)
