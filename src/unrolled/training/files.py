"""Files that are replaced as a whole or not at all."""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from unrolled.atomic import write_atomically
from unrolled.errors import RunError
from unrolled.reading import MalformedError, parse_json, read_bytes
from unrolled.storage.regular import require_regular

META = "unrolled"
CHECKSUM = "sha256"
"""Key in the header's dictionary. The checksum is replaced with the tensors, in one rename."""
T = TypeVar("T")


def json_bytes(values: Any) -> bytes:
    """Return JSON for people and programs."""
    text = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", "surrogatepass")


def write_json(path: Path, values: Any) -> None:
    """Write JSON for people and programs, atomically."""
    write_atomically(path, json_bytes(values))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; see :func:`read_json_as`."""
    return read_json_as(path, dict[str, Any])


def read_json_as(path: Path, kind: type[T]) -> T:
    """Read JSON as a type that msgspec knows.

    Raises:
        RunError: if it is missing, cannot be read, or holds something else.
    """
    _require_there(path)
    try:
        return parse_json(read_bytes(path, RunError), kind)
    except MalformedError as error:
        raise RunError(f"{path}: damaged ({error}); restore it from a copy") from None


def write_tensors(path: Path, tensors: dict[str, Tensor], meta: dict[str, Any]) -> None:
    """Write tensors and a JSON-able dictionary as one safetensors file with their checksum, atomically."""
    contiguous = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    packed = {META: json.dumps(meta | {CHECKSUM: _checksum(contiguous, meta)})}
    write_atomically(path, safetensors.torch.save(contiguous, metadata=packed))


def read_tensors(path: Path, *, checksum: bool = False) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what :func:`write_tensors` wrote, and compare its checksum.

    Args:
        path: the file.
        checksum: whether it must have one. Files of earlier versions and of other programs have none; of what
            this version wrote, it can only be missing because the header is damaged.

    Raises:
        RunError: if it is missing or damaged.
    """
    with _open_tensors(path) as file:
        meta = parse_json((file.metadata() or {}).get(META, "{}"), dict[str, Any])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    stored = meta.pop(CHECKSUM, None)
    if stored is None and checksum:
        raise RunError(f"{path}: damaged (it has no checksum); restore it from a copy or train again")
    if stored is not None and stored != _checksum(tensors, meta):
        raise RunError(f"{path}: damaged (its checksum is wrong); restore it from a copy or train again")
    return tensors, meta


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the tensors of a file, from its header alone.

    Raises:
        RunError: if it is missing or damaged.
    """
    with _open_tensors(path) as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118


@contextlib.contextmanager
def _open_tensors(path: Path) -> Iterator[Any]:
    _require_there(path)
    try:
        with _utf8_path(path) as name, safe_open(name, framework="pt") as file:
            yield file
    except (SafetensorError, OSError, UnicodeError, MalformedError) as error:
        raise RunError(f"{path}: damaged ({error}); restore it from a copy or train again") from error
    except (RuntimeError, MemoryError) as error:
        if isinstance(error, RuntimeError) and "mmap" not in str(error):
            raise
        raise RunError(f"{path}: does not fit into memory") from error


@contextlib.contextmanager
def _utf8_path(path: Path) -> Iterator[str]:
    """Yield a name of a file in UTF-8, as safetensors needs it: its own, or that of an open descriptor."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        with path.open("rb") as file:
            yield f"/dev/fd/{file.fileno()}"
    else:
        yield str(path)


def _require_there(path: Path) -> None:
    require_regular(path)
    if not os.path.isfile(path):
        raise RunError(f"{path}: missing; is {path.parent} a folder made by unrolled?")


def _checksum(tensors: dict[str, Tensor], meta: dict[str, Any]) -> str:
    """Return the SHA-256 of names, types, shapes and bytes, in the order of names, and of the dictionary."""
    digest = hashlib.sha256(json.dumps(meta).encode())
    for name, t in sorted(tensors.items()):
        digest.update(json.dumps([name, str(t.dtype), list(t.shape)]).encode())
        digest.update(t.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
