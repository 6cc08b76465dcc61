"""Rewrite options in error messages as on the command line: ``--valid-fraction 2``.

The rest of the package writes options as Python arguments, ``valid_fraction=2``.
"""

import re
from collections.abc import Iterable
from contextvars import ContextVar

_OPTIONS = ContextVar[frozenset[str]]("options of the command that runs", default=frozenset())
_VALUE = r"'[^']*'|\"[^\"]*\"|\([^()]*\)|\[[^\[\]]*\]|[^\s,;:()…]*[^\s,;:()….]|…"
_CLASS = r"(?:[A-Z]\w*\.)?"
_NOT_AFTER = r"(?<![\w.\-/'\"?&=:])"


def remember_options(names: Iterable[str]) -> None:
    """Set the Python names of the running command's options."""
    _OPTIONS.set(frozenset(names))


def spell_options(message: str) -> str:
    """Return an error message with the running command's options spelled as on the command line."""
    options = sorted(_OPTIONS.get(), key=len, reverse=True)
    if not options:
        return message
    names = "|".join(map(re.escape, options))
    spelled = re.sub(
        rf"{_NOT_AFTER}{_CLASS}({names})=({_VALUE})?", lambda m: _with_value(m[1], m[2]), message
    )
    if spelled != message:  # the option already says where the error is
        message = re.sub(r" - at `\w+`", "", spelled)
    message = re.sub(rf"^({names})(?=:| is | needs | goes | does )", lambda m: to_flag(m[1]), message)
    long_names = "|".join(name for name in options if "_" in name)
    return (
        re.sub(rf"{_NOT_AFTER}({long_names})(?![\w.\-/'\"])", lambda m: to_flag(m[1]), message)
        if long_names
        else message
    )


def to_flag(name: str) -> str:
    """Return the command-line option for a Python name."""
    return f"--{name.replace('_', '-')}"


def _with_value(name: str, value: str | None) -> str:
    if value in ("True", "False"):
        return to_flag(name if value == "True" else f"no_{name}")
    if not value:
        return to_flag(name)
    if value[0] in "([":
        parts = [part.strip().strip("'\"") for part in value[1:-1].split(",")]
        return f"{to_flag(name)} {' '.join(filter(None, parts))}".rstrip()
    unquoted = value[1:-1] if value[0] in "'\"" and not re.search(r"\s", value) and len(value) > 2 else value
    return f"{to_flag(name)} {unquoted}"
