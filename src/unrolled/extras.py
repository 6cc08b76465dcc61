"""Optional dependencies: the extra that installs each, and the error if one is missing."""

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
    "onnx": ("onnx", "onnxruntime"),
    "serve": ("starlette", "uvicorn", "httptools", "prometheus_client"),
    "watch": ("tensorboard", "matplotlib"),
}
"""Modules that each extra of pyproject.toml installs; only the extras that an error may name."""
PACKAGES = {"sklearn": "scikit-learn", "prometheus_client": "prometheus-client"}
"""Package name of each module whose package has another name."""


@contextmanager
def extra(name: str, user: str) -> Iterator[None]:
    """Context manager for importing the modules of an extra.

    Args:
        name: name of the extra.
        user: the component that needs it, as the subject of a sentence ("a forecaster").

    Raises:
        MissingExtraError: if a module of the extra is not installed. Other import errors, including those
            from inside an installed module, pass through.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS[name]:
            raise
        raise MissingExtraError(_missing_message(name, user, [error.name])) from error


def require_extra(name: str, user: str) -> None:
    """Check that an extra is installed, without importing it.

    Raises:
        MissingExtraError: if one of its modules is not installed.
    """
    if missing := _find_missing(name):
        raise MissingExtraError(_missing_message(name, user, missing))


def has_extra(name: str) -> bool:
    """Return whether all modules of an extra are installed."""
    return not _find_missing(name)


def _find_missing(name: str) -> list[str]:
    return [module for module in EXTRAS[name] if importlib.util.find_spec(module) is None]


def _missing_message(name: str, user: str, modules: list[str]) -> str:
    packages = ", ".join(PACKAGES.get(module, module) for module in modules)
    return f"{user} needs {packages}: pip install 'unrolled[{name}]'"
