"""Atomic reading and writing of JSON and tensor files."""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from safetensors import SafetensorError, safe_open

from unrolled.atomic import write_atomically
from unrolled.errors import RunError
from unrolled.reading import MalformedError, parse_json, read_bytes
from unrolled.storage.regular import require_regular_file

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

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


def write_tensors(path: Path, tensors: "dict[str, Tensor]", meta: dict[str, Any]) -> None:
    """Write tensors and JSON metadata to one safetensors file with a checksum, atomically."""
    from safetensors.torch import save

    contiguous = {name: t.detach().cpu().contiguous() for name, t in tensors.items()}
    metadata = {META: json.dumps(meta | {CHECKSUM: _checksum(contiguous, meta)})}
    write_atomically(path, save(contiguous, metadata=metadata))


def read_tensors(path: Path, *, checksum: bool = False) -> "tuple[dict[str, Tensor], dict[str, Any]]":
    """Read tensors and metadata written by :func:`write_tensors`, and verify the checksum.

    Args:
        path: the file.
        checksum: require a checksum. Files of earlier versions and of other programs have none; in a file
            written by this version it is missing only if the header is damaged.

    Raises:
        RunError: if the file is missing or damaged.
    """
    with _open_tensors(path, "pt") as file:
        meta = parse_json((file.metadata() or {}).get(META, "{}"), dict[str, Any])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    _check_checksum(path, meta, checksum, lambda: _checksum(tensors, meta))
    return tensors, meta


def read_arrays(path: Path, *, checksum: bool = False) -> "dict[str, NDArray[Any]]":
    """Read the tensors of :func:`read_tensors` as numpy arrays, without torch."""
    with _open_tensors(path, "np") as file:
        meta = parse_json((file.metadata() or {}).get(META, "{}"), dict[str, Any])
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    _check_checksum(path, meta, checksum, lambda: _checksum_of_arrays(arrays, meta))
    return arrays


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the tensors of a file. Reads only the header.

    Raises:
        RunError: if the file is missing or damaged.
    """
    with _open_tensors(path, "np") as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118


@contextlib.contextmanager
def _open_tensors(path: Path, framework: Literal["pt", "np"]) -> Iterator[Any]:
    _require_file(path)
    try:
        with _utf8_path(path) as name, safe_open(name, framework=framework) as file:
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


def _check_checksum(path: Path, meta: dict[str, Any], required: bool, compute: Callable[[], str]) -> None:
    """Remove the checksum from the metadata and check it; raise RunError if it is wrong, or missing."""
    stored = meta.pop(CHECKSUM, None)
    if stored is None and required:
        raise RunError(f"{path}: damaged (it has no checksum); restore it from a copy or train again")
    if stored is not None and stored != compute():
        raise RunError(f"{path}: damaged (its checksum is wrong); restore it from a copy or train again")


def _checksum(tensors: "dict[str, Tensor]", meta: dict[str, Any]) -> str:
    """Return the SHA-256 of the metadata and of the sorted tensors: name, dtype, shape and bytes."""
    import torch

    parts = (
        (name, str(t.dtype), list(t.shape), t.reshape(-1).view(torch.uint8).numpy().data)
        for name, t in sorted(tensors.items())
    )
    return _digest(parts, meta)


def _checksum_of_arrays(arrays: "dict[str, NDArray[Any]]", meta: dict[str, Any]) -> str:
    """Return :func:`_checksum` of the same values as arrays."""
    parts = (
        (name, f"torch.{a.dtype}", list(a.shape), a.reshape(-1).view("u1").data)
        for name, a in sorted(arrays.items())
    )
    return _digest(parts, meta)


def _digest(parts: Iterable[tuple[str, str, list[int], memoryview]], meta: dict[str, Any]) -> str:
    digest = hashlib.sha256(json.dumps(meta).encode())
    for name, dtype, shape, data in parts:
        digest.update(json.dumps([name, dtype, shape]).encode())
        digest.update(data)
    return digest.hexdigest()
