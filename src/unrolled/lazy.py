"""Public names of a package, each imported when it is first used (PEP 562)."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lazy_names(
    scope: dict[str, Any], homes: Mapping[str, Sequence[str]], modules: Sequence[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` of a package.

    Args:
        scope: its ``globals()``; a name that was imported stays there.
        homes: modules below the package, and the names that each of them has.
        modules: those that are public themselves.
    """
    package = scope["__name__"]
    home = {name: module for module, names in homes.items() for name in names}

    def find(name: str) -> Any:
        if name in home:
            value = getattr(importlib.import_module(f"{package}.{home[name]}"), name)
        elif name in modules:
            value = importlib.import_module(f"{package}.{name}")
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name)
        scope[name] = value
        return value

    return find, lambda: sorted(scope["__all__"])
