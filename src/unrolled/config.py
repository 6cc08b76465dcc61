"""Typed configurations: one frozen dataclass tree is the command line, the TOML recipe and config.json.

A configuration is a dataclass of groups, each a flat dataclass. Field names are unique over the groups, so
that an option can be given by its own name on the command line and in Python.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from unrolled.errors import ConfigError, suggestion

C = TypeVar("C")

LARGEST_SIZE = 1 << 20
"""Units of a layer, and numbers of a vector: no machine holds the weights of more."""
LARGEST_FLOAT = 3.4e38
"""Of 32 bits."""
ALIASES = {"model": "cell"}
"""Other names of options, on the command line and in Python."""


def to_dict(config: Any) -> dict[str, Any]:
    """Return the configuration as nested dictionaries, for JSON and TOML."""
    return dataclasses.asdict(config)


def from_dict(kind: type[C], values: Mapping[str, Any], where: str, path: str = "") -> C:
    """Build a configuration from nested dictionaries, strictly.

    Args:
        kind: the dataclass.
        values: what to fill in; fields that are missing keep their defaults.
        where: names the origin in errors (a file name).
        path: where in it the values stand, as "config".

    Raises:
        ConfigError: for an unknown key, a wrong type or a wrong value, with the nearest right one.
    """
    _check_keys(kind, values, where, path)
    try:
        return msgspec.convert(values, type=kind, strict=True)
    except msgspec.ValidationError as error:
        prefix = f"{path}." if path else ""
        raise ConfigError(f"{where}: {str(error).replace('$.', prefix)}") from None
    except UnicodeError:
        raise ConfigError(f"{where}: holds half of a surrogate pair, which is no text") from None
    except OverflowError as error:
        raise ConfigError(f"{where}: holds a number out of range ({error})") from None


def with_options(config: C, options: Mapping[str, Any], where: str = "options") -> C:
    """Return a copy of the configuration with options given by their own names.

    An option of several values may be given one by itself: ``target="sales"``.

    Raises:
        ConfigError: for an unknown name, a wrong type or a wrong value, with the nearest right one.
    """
    groups = {name: group for group, name in option_names(type(config))}
    several = tuple_options(type(config))
    nested = to_dict(config)
    for name, value in by_own_names(type(config), options, where).items():
        if name not in groups:
            raise ConfigError(f"{where}: unknown option {name!r}{suggestion(name, groups)}")
        target = nested[groups[name]] if groups[name] else nested
        target[name] = (value,) if name in several and isinstance(value, str | int | float) else value
    return from_dict(type(config), nested, where)


def tuple_options(kind: type) -> set[str]:
    """Return the options that take several values; one may be given by itself."""
    hints = typing.get_type_hints(kind)
    groups = [h for h in hints.values() if dataclasses.is_dataclass(h)]
    own = [hints, *(typing.get_type_hints(group) for group in groups)]
    return {name for part in own for name, hint in part.items() if typing.get_origin(hint) is tuple}


def option_names(kind: type) -> Iterator[tuple[str, str]]:
    """Yield (group, option name) for every option; the group is empty for options outside groups."""
    hints = typing.get_type_hints(kind)
    for f in dataclasses.fields(kind):
        if dataclasses.is_dataclass(hints[f.name]):
            for inner in dataclasses.fields(hints[f.name]):
                yield f.name, inner.name
        else:
            yield "", f.name


def aliases_of(names: Iterable[str]) -> dict[str, str]:
    """Return :data:`ALIASES` as far as they stand for options of these names."""
    known = set(names)
    return {alias: name for alias, name in ALIASES.items() if name in known and alias not in known}


def by_own_names(kind: type, options: Mapping[str, Any], where: str = "options") -> dict[str, Any]:
    """Return options with aliases replaced by the names that they stand for.

    Raises:
        ConfigError: if an option is given by both.
    """
    aliases = aliases_of(name for _, name in option_names(kind))
    for alias, name in aliases.items():
        require(
            not (alias in options and name in options),
            f"{where}: {alias} is another name of {name}: give one of them",
        )
    return {aliases.get(name, name): value for name, value in options.items()}


def literal_values(hint: Any) -> tuple[str, ...]:
    """Return the choices of ``Literal[...]`` or ``Literal[...] | None``, else nothing."""
    if typing.get_origin(hint) is typing.Literal:
        return typing.get_args(hint)
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return tuple(v for part in typing.get_args(hint) for v in literal_values(part))
    return ()


def require(condition: bool, message: str) -> None:
    """Raise ConfigError with the message unless the condition holds."""
    if not condition:
        raise ConfigError(message)


def require_at_least(config: Any, bounds: Mapping[str, float]) -> None:
    """Raise ConfigError for the first option below its bound."""
    for name, bound in bounds.items():
        value = getattr(config, name)
        require(value is None or value >= bound, f"{name}={value}: must be at least {bound}")


def require_at_most(config: Any, bounds: Mapping[str, float]) -> None:
    """Raise ConfigError for the first option above its bound."""
    for name, bound in bounds.items():
        value = getattr(config, name)
        require(value <= bound, f"{name}={value}: must be at most {bound}")


def _check_keys(kind: type, values: Any, where: str, path: str) -> None:
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where}: {path or 'the configuration'} must be a table, got {values!r}")
    hints = typing.get_type_hints(kind)
    for key, value in values.items():
        dotted = f"{path}.{key}" if path else key
        if key not in hints:
            raise ConfigError(f"{where}: unknown key {dotted!r}{suggestion(key, hints)}")
        for part in (hints[key], *typing.get_args(hints[key])):
            if dataclasses.is_dataclass(part) and value is not None:
                _check_keys(typing.cast(type, part), value, where, dotted)
        if _is_huge(value):
            raise ConfigError(f"{where}: {dotted} holds a number of more than 64 bits, or 32 with a fraction")
        choices = literal_values(hints[key])
        if choices and isinstance(value, str) and value not in choices:
            raise ConfigError(
                f"{where}: {dotted}={value!r} is not one of {', '.join(choices)}" + suggestion(value, choices)
            )


def _is_huge(value: Any) -> bool:
    """Tell whether a value is or holds a number that tensors do not take."""
    if isinstance(value, list | tuple):
        return any(map(_is_huge, value))
    if isinstance(value, float):
        return LARGEST_FLOAT < abs(value) < math.inf
    return isinstance(value, int) and not -(2**63) <= value < 2**63
