"""Files that are replaced as a whole or not at all."""

import json
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from unrolled.atomic import write_atomically
from unrolled.errors import RunError

META = "unrolled"


def clear_unfinished(folder: Path) -> None:
    """Remove what a kill in the middle of :func:`write_atomically` left behind."""
    for path in folder.glob("*.tmp"):
        path.unlink()


def write_json(path: Path, values: Any) -> None:
    """Write JSON for people and programs, atomically."""
    text = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(path, (text + "\n").encode("utf-8", "surrogatepass"))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        RunError: if it is missing, cannot be read, or is not a JSON object.
    """
    try:
        values = json.loads(path.read_bytes().decode("utf-8", "surrogatepass"))
    except FileNotFoundError:
        raise RunError(f"{path}: missing; is {path.parent} a folder made by unrolled?") from None
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: damaged ({error}); restore it from a copy") from error
    if not isinstance(values, dict):
        raise RunError(f"{path}: damaged (not a JSON object); restore it from a copy")
    return values


def write_tensors(path: Path, tensors: dict[str, Tensor], meta: dict[str, Any]) -> None:
    """Write tensors and a JSON-able dictionary as one safetensors file, atomically."""
    contiguous = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    packed = {META: json.dumps(meta)}
    write_atomically(path, safetensors.torch.save(contiguous, metadata=packed))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what :func:`write_tensors` wrote.

    Raises:
        RunError: if it is missing or damaged.
    """
    if not path.is_file():
        raise RunError(f"{path}: missing; is {path.parent} a folder made by unrolled?")
    try:
        with safe_open(path, framework="pt") as file:
            meta = json.loads((file.metadata() or {}).get(META, "{}"))
            return {name: file.get_tensor(name) for name in file.keys()}, meta  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(f"{path}: damaged ({error}); restore it from a copy or train again") from error
