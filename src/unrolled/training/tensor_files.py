"""Atomic reading and writing of JSON and tensor files."""

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
from unrolled.storage.regular import require_regular_file

META = "unrolled"
CHECKSUM = "sha256"
"""Metadata key of the checksum. Stored in the tensor file itself, so that one rename replaces both."""
T = TypeVar("T")


def json_bytes(values: Any) -> bytes:
    """Return indented JSON as UTF-8 bytes."""
    text = json.dumps(values, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8", "surrogatepass")


def write_json(path: Path, values: Any) -> None:
    """Write indented JSON atomically."""
    write_atomically(path, json_bytes(values))


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; see :func:`read_json_as`."""
    return read_json_as(path, dict[str, Any])


def read_json_as(path: Path, kind: type[T]) -> T:
    """Read JSON and convert it to a type that msgspec supports.

    Raises:
        RunError: if the file is missing, cannot be read, or has other content.
    """
    _require_file(path)
    try:
        return parse_json(read_bytes(path, RunError), kind)
    except MalformedError as error:
        raise RunError(f"{path}: damaged ({error}); restore it from a copy") from None


def write_tensors(path: Path, tensors: dict[str, Tensor], meta: dict[str, Any]) -> None:
    """Write tensors and JSON metadata to one safetensors file with a checksum, atomically."""
    contiguous = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    metadata = {META: json.dumps(meta | {CHECKSUM: _checksum(contiguous, meta)})}
    write_atomically(path, safetensors.torch.save(contiguous, metadata=metadata))


def read_tensors(path: Path, *, checksum: bool = False) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read tensors and metadata written by :func:`write_tensors`, and verify the checksum.

    Args:
        path: the file.
        checksum: require a checksum. Files of earlier versions and of other programs have none; in a file
            written by this version it is missing only if the header is damaged.

    Raises:
        RunError: if the file is missing or damaged.
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
    """Return the shapes of the tensors of a file. Reads only the header.

    Raises:
        RunError: if the file is missing or damaged.
    """
    with _open_tensors(path) as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118


@contextlib.contextmanager
def _open_tensors(path: Path) -> Iterator[Any]:
    _require_file(path)
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
    """Yield a UTF-8 name of a file, as safetensors needs it: the path, or that of an open file descriptor."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        with path.open("rb") as file:
            yield f"/dev/fd/{file.fileno()}"
    else:
        yield str(path)


def _require_file(path: Path) -> None:
    require_regular_file(path)
    if not os.path.isfile(path):
        raise RunError(f"{path}: missing; is {path.parent} a folder made by unrolled?")


def _checksum(tensors: dict[str, Tensor], meta: dict[str, Any]) -> str:
    """Return the SHA-256 of the metadata and of the sorted tensors: name, dtype, shape and bytes."""
    digest = hashlib.sha256(json.dumps(meta).encode())
    for name, t in sorted(tensors.items()):
        digest.update(json.dumps([name, str(t.dtype), list(t.shape)]).encode())
        digest.update(t.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
