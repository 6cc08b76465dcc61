"""Files that are replaced as a whole or not at all."""

import hashlib
import json
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from unrolled.atomic import write_atomically
from unrolled.errors import RunError

META = "unrolled"
CHECKSUM = "sha256"
"""Key in the header's dictionary. The checksum is replaced with the tensors, in one rename."""


def json_bytes(values: Any) -> bytes:
    """Return JSON for people and programs."""
    text = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", "surrogatepass")


def write_json(path: Path, values: Any) -> None:
    """Write JSON for people and programs, atomically."""
    write_atomically(path, json_bytes(values))


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
    """Write tensors and a JSON-able dictionary as one safetensors file with their checksum, atomically."""
    contiguous = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    packed = {META: json.dumps(meta | {CHECKSUM: _checksum(contiguous, meta)})}
    write_atomically(path, safetensors.torch.save(contiguous, metadata=packed))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what :func:`write_tensors` wrote. Files of earlier versions have no checksum.

    Raises:
        RunError: if it is missing or damaged.
    """
    if not path.is_file():
        raise RunError(f"{path}: missing; is {path.parent} a folder made by unrolled?")
    try:
        with safe_open(path, framework="pt") as file:
            meta = json.loads((file.metadata() or {}).get(META, "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(f"{path}: damaged ({error}); restore it from a copy or train again") from error
    if not isinstance(meta, dict):
        raise RunError(f"{path}: damaged (no JSON object in the header); restore it or train again")
    checksum = meta.pop(CHECKSUM, None)
    if checksum is not None and checksum != _checksum(tensors, meta):
        raise RunError(f"{path}: damaged (its checksum is wrong); restore it from a copy or train again")
    return tensors, meta


def _checksum(tensors: dict[str, Tensor], meta: dict[str, Any]) -> str:
    """Return the SHA-256 of names, types, shapes and bytes, in the order of names, and of the dictionary."""
    digest = hashlib.sha256(json.dumps(meta).encode())
    for name, t in sorted(tensors.items()):
        digest.update(json.dumps([name, str(t.dtype), list(t.shape)]).encode())
        digest.update(t.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
