"""Typed configurations: frozen dataclasses that define the command line, TOML recipes and config.json.

A configuration is a dataclass of groups, and each group is a flat dataclass. Field names are unique across
groups, so that an option is given by its bare name, without the group, on the command line and in Python.
"""

import dataclasses
import math
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from unrolled.errors import ConfigError, suggestion
from unrolled.short_repr import short_text

C = TypeVar("C")
Kind = TypeVar("Kind", bound=type)

LARGEST_SIZE = 1 << 20
"""Largest number of units of a layer, and of values in a vector; larger weights do not fit into memory."""
LARGEST_FLOAT = 3.4e38
"""Largest float of 32 bits."""
ALIASES = {"model": "cell"}
"""Alternative names of options, on the command line and in Python."""


def to_dict(config: Any) -> dict[str, Any]:
    """Return the configuration as nested dictionaries, for JSON and TOML."""
    return dataclasses.asdict(config)


def from_dict(kind: type[C], values: Mapping[str, Any], where: str, path: str = "") -> C:
    """Build a configuration from nested dictionaries, strictly.

    Args:
        kind: the dataclass.
        values: field values; missing fields keep their defaults.
        where: origin of the values, for error messages (a file name).
        path: position of the values within the file, such as "config".

    Raises:
        ConfigError: for an unknown key, a wrong type or an invalid value, with the closest valid one.
    """
    _check_keys(kind, values, where, path)
    try:
        return msgspec.convert(values, type=kind, strict=True)
    except msgspec.ValidationError as error:
        prefix = f"{path}." if path else ""
        raise ConfigError(f"{where}: {str(error).replace('$.', prefix)}") from None
    except UnicodeError:
        raise ConfigError(f"{where}: contains half of a surrogate pair, which is not valid text") from None
    except OverflowError as error:
        raise ConfigError(f"{where}: contains a number out of range ({error})") from None


def with_options(config: C, options: Mapping[str, Any], where: str = "options") -> C:
    """Return a copy of the configuration with options set by their bare names.

    An option that takes several values also accepts a single one: ``target="sales"``.

    Raises:
        ConfigError: for an unknown name, a wrong type or an invalid value, with the closest valid one.
    """
    groups = {name: group for group, name in option_names(type(config))}
    tuples = tuple_options(type(config))
    nested = to_dict(config)
    for name, value in resolve_aliases(type(config), options, where).items():
        if name not in groups:
            raise ConfigError(f"{where}: unknown option {name!r}{suggestion(name, groups)}")
        target = nested[groups[name]] if groups[name] else nested
        target[name] = (value,) if name in tuples and isinstance(value, str | int | float) else value
    return from_dict(type(config), nested, where)


def tuple_options(kind: type) -> set[str]:
    """Return the names of the options that take several values."""
    hints = typing.get_type_hints(kind)
    groups = [h for h in hints.values() if dataclasses.is_dataclass(h)]
    all_hints = [hints, *(typing.get_type_hints(group) for group in groups)]
    return {name for part in all_hints for name, hint in part.items() if typing.get_origin(hint) is tuple}


def option_names(kind: type) -> Iterator[tuple[str, str]]:
    """Yield (group, option name) for every option; the group is "" for options outside groups."""
    hints = typing.get_type_hints(kind)
    for f in dataclasses.fields(kind):
        if dataclasses.is_dataclass(hints[f.name]):
            for inner in dataclasses.fields(hints[f.name]):
                yield f.name, inner.name
        else:
            yield "", f.name


def changed_options(config: Any) -> dict[str, Any]:
    """Return the options that differ from their defaults, by bare name."""
    values, defaults = to_dict(config), to_dict(type(config)())
    pairs = ((group, name) for group, name in option_names(type(config)))
    options = ((n, values[g][n], defaults[g][n]) if g else (n, values[n], defaults[n]) for g, n in pairs)
    return {name: value for name, value, default in options if value != default}


def format_options(config: Any) -> str:
    """Return the options that differ from their defaults as Python arguments: ``hidden=24, lr=0.01``."""
    return ", ".join(f"{name}={short_text(value)}" for name, value in changed_options(config).items())


def with_options_repr(kind: Kind) -> Kind:
    """Class decorator: set a short ``repr`` that shows the options that differ from their defaults."""

    def text(config: Any) -> str:
        return f"{type(config).__name__}({format_options(config)})"

    kind.__repr__ = text  # type: ignore[assignment]
    return kind


def get_aliases(names: Iterable[str]) -> dict[str, str]:
    """Return the entries of :data:`ALIASES` that apply to options with these names."""
    options = set(names)
    return {alias: name for alias, name in ALIASES.items() if name in options and alias not in options}


def resolve_aliases(kind: type, options: Mapping[str, Any], where: str = "options") -> dict[str, Any]:
    """Return the options with aliases replaced by the names of their options.

    Raises:
        ConfigError: if an option is given by its name and by its alias.
    """
    aliases = get_aliases(name for _, name in option_names(kind))
    for alias, name in aliases.items():
        require(
            not (alias in options and name in options),
            f"{where}: {alias} is another name of {name}: give one of them",
        )
    return {aliases.get(name, name): value for name, value in options.items()}


def literal_values(hint: Any) -> tuple[str, ...]:
    """Return the choices of ``Literal[...]`` or ``Literal[...] | None``; empty for other types."""
    if typing.get_origin(hint) is typing.Literal:
        return typing.get_args(hint)
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return tuple(v for part in typing.get_args(hint) for v in literal_values(part))
    return ()


def require(condition: bool, message: str) -> None:
    """Raise ConfigError with the message unless the condition is true."""
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
            raise ConfigError(
                f"{where}: {dotted} is out of range: integers have at most 64 bits, other numbers at most 32"
            )
        choices = literal_values(hints[key])
        if choices and isinstance(value, str) and value not in choices:
            raise ConfigError(
                f"{where}: {dotted}={value!r} is not one of {', '.join(choices)}" + suggestion(value, choices)
            )


def _is_huge(value: Any) -> bool:
    """Return whether a value is, or contains, a number too large for a tensor."""
    if isinstance(value, list | tuple):
        return any(map(_is_huge, value))
    if isinstance(value, float):
        return LARGEST_FLOAT < abs(value) < math.inf
    return isinstance(value, int) and not -(2**63) <= value < 2**63
