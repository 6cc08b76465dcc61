"""Optional packages: the extra that installs each, and the one-line error where one is missing."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager

from unrolled.errors import MissingExtraError

EXTRAS: dict[str, tuple[str, ...]] = {
    "text": ("tokenizers",),
    "plots": ("matplotlib", "jinja2", "scipy"),
    "data": ("pooch",),
    "classify": ("sklearn",),
    "tag": (),
    "translate": ("sacrebleu",),
    "forecast": ("pandas",),
    "music": ("mido",),
    "compare": ("pandas", "matplotlib"),
    "vectors": ("gensim", "sklearn", "matplotlib"),
    "watch": ("tensorboard", "matplotlib"),
}
"""The modules that each extra of pyproject.toml brings, as far as an error may name it."""
PACKAGES = {"sklearn": "scikit-learn"}
"""Modules whose package has another name."""


@contextmanager
def extra(name: str, user: str) -> Iterator[None]:
    """Import modules of an extra inside a ``with`` block.

    Args:
        name: of the extra.
        user: what needs it, as the subject of a sentence ("a forecaster").

    Raises:
        MissingExtraError: if one of the extra's modules is not installed. Other import errors, those of an
            installed module included, pass through.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS[name]:
            raise
        raise MissingExtraError(_sentence(name, user, [error.name])) from error


def require_extra(name: str, user: str) -> None:
    """Check, without importing anything, that an extra is installed.

    Raises:
        MissingExtraError: if one of its modules is not there.
    """
    if missing := _missing(name):
        raise MissingExtraError(_sentence(name, user, missing))


def has_extra(name: str) -> bool:
    """Tell whether all modules of an extra are installed."""
    return not _missing(name)


def _missing(name: str) -> list[str]:
    return [module for module in EXTRAS[name] if importlib.util.find_spec(module) is None]


def _sentence(name: str, user: str, modules: list[str]) -> str:
    packages = ", ".join(PACKAGES.get(module, module) for module in modules)
    return f"{user} needs {packages}: pip install 'unrolled[{name}]'"
