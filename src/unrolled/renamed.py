"""Public names of the previous release: they still work, with a DeprecationWarning, for one release."""

import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


def warn_renamed(old: str, new: str, stacklevel: int = 3) -> None:
    """Warn that a name has changed.

    Args:
        old: name used by the caller.
        new: name to use instead.
        stacklevel: as in ``warnings.warn``; 3 is the caller of the function that calls this one.
    """
    warnings.warn(f"{old} is now {new}; the old name will be removed", DeprecationWarning, stacklevel)


def renamed_names(module: str, names: Mapping[str, str], home: str = "") -> Callable[[str], Any]:
    """Return a module ``__getattr__`` for old names (PEP 562).

    Args:
        module: ``__name__`` of the module or package with the old names.
        names: new name of each old one.
        home: module with the new names, which is imported already; empty means the same module.
    """
    home = home or module

    def get(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name)
        warn_renamed(f"{module}.{name}", f"{home}.{names[name]}")
        return getattr(sys.modules[home], names[name])

    return get


def renamed_argument(value: T | None, old_value: T | None, old: str, new: str) -> T | None:
    """Return the value of an argument, which may be given by its old name.

    Raises:
        TypeError: if both names are given.
    """
    if old_value is None:
        return value
    if value is not None:
        raise TypeError(f"{old}= is the old name of {new}=: give one of them")
    warn_renamed(f"{old}=", f"{new}=", stacklevel=4)
    return old_value
