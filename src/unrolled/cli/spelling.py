"""Options in error texts, spelled as the command line spells them: ``--valid-fraction 2``.

The rest of the package names an option as Python does, ``valid_fraction=2``.
"""

import re
from collections.abc import Iterable
from contextvars import ContextVar

_KNOWN = ContextVar[frozenset[str]]("options of the command that runs", default=frozenset())
_VALUE = r"'[^']*'|\"[^\"]*\"|\([^()]*\)|\[[^\[\]]*\]|[^\s,;:()…]*[^\s,;:()….]|…"
_CLASS = r"(?:[A-Z]\w*\.)?"
_BEFORE = r"(?<![\w.\-/'\"?&=:])"


def remember_options(names: Iterable[str]) -> None:
    """Note the names in Python of the options of the command that runs."""
    _KNOWN.set(frozenset(names))


def as_typed(message: str) -> str:
    """Return an error text with the options of the command that runs as a user types them."""
    known = sorted(_KNOWN.get(), key=len, reverse=True)
    if not known:
        return message
    names = "|".join(map(re.escape, known))
    typed = re.sub(rf"{_BEFORE}{_CLASS}({names})=({_VALUE})?", lambda m: _with_value(m[1], m[2]), message)
    if typed != message:  # the option says where
        message = re.sub(r" - at `\w+`", "", typed)
    message = re.sub(rf"^({names})(?=:| is | needs | goes | does )", lambda m: option(m[1]), message)
    long = "|".join(name for name in known if "_" in name)
    return re.sub(rf"{_BEFORE}({long})(?![\w.\-/'\"])", lambda m: option(m[1]), message) if long else message


def option(name: str) -> str:
    """Return the option of a name in Python."""
    return f"--{name.replace('_', '-')}"


def _with_value(name: str, value: str | None) -> str:
    if value in ("True", "False"):
        return option(name if value == "True" else f"no_{name}")
    if not value:
        return option(name)
    if value[0] in "([":
        parts = [part.strip().strip("'\"") for part in value[1:-1].split(",")]
        return f"{option(name)} {' '.join(filter(None, parts))}".rstrip()
    plain = value[1:-1] if value[0] in "'\"" and not re.search(r"\s", value) and len(value) > 2 else value
    return f"{option(name)} {plain}"
