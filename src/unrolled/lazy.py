"""Lazy imports: the public names of a package are imported on first use (PEP 562)."""

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from unrolled.renamed import warn_renamed


def lazy_names(
    scope: dict[str, Any],
    homes: Mapping[str, Sequence[str]],
    modules: Sequence[str] = (),
    renamed: Mapping[str, str] | None = None,
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__getattr__`` and ``__dir__`` functions for a package.

    Args:
        scope: ``globals()`` of the package; imported names are cached in it.
        homes: submodules, and the public names that each of them defines.
        modules: submodules that are public names themselves.
        renamed: new name of each old name, which works with a warning.
    """
    package = scope["__name__"]
    module_of = {name: module for module, names in homes.items() for name in names}

    def find(name: str) -> Any:
        if renamed and name in renamed:
            warn_renamed(f"{package}.{name}", f"{package}.{renamed[name]}")
            return getattr(sys.modules[package], renamed[name])
        if name in module_of:
            value = getattr(importlib.import_module(f"{package}.{module_of[name]}"), name)
        elif name in modules:
            value = importlib.import_module(f"{package}.{name}")
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name)
        scope[name] = value
        return value

    return find, lambda: sorted(scope["__all__"])


class LazyModule:
    """A module that is imported when one of its names is first used."""

    def __init__(self, load: Callable[[], Any]) -> None:
        """Take a function that imports and returns the module, so that torch.compile can follow it."""
        self._load = load

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._load(), name)
        setattr(self, name, value)
        return value
