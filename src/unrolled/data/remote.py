"""Download published files once and check their SHA-256."""

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from unrolled.errors import DataError
from unrolled.extras import extra


@dataclass(frozen=True)
class RemoteFile:
    """A published file: its address and its checksum."""

    name: str
    url: str
    """Address of the file; if it ends with .gz, of the file compressed by gzip."""
    sha256: str
    """Checksum of the uncompressed file."""
    equal: tuple[tuple[str, str], ...] = ()
    """Name and SHA-256 of equivalent files, used if ``$UNROLLED_DATA`` contains one of them."""


def fetch(dataset: str, file: RemoteFile) -> Path:
    """Return the path of a published file; download it if it is not on this machine.

    Raises:
        DataError: if the file in ``$UNROLLED_DATA`` has the wrong checksum, or the download fails.
        MissingExtraError: if it must be downloaded and pooch is not installed.
    """
    local = _own_path(dataset, file)
    own_copy = _find_own_copy(dataset, file)
    if own_copy is not None:
        return own_copy
    with extra("data", f"@{dataset}: the download of {file.url}"):
        import pooch

    cache = Path(pooch.os_cache("unrolled")) / dataset
    try:
        if file.url.endswith(".gz"):
            return _fetch_gzipped(file, cache)
        return Path(pooch.retrieve(file.url, "sha256:" + file.sha256, fname=file.name, path=cache))
    except Exception as error:  # pooch raises whatever its downloader does
        where = f"{local} or {cache / file.name}" if local else cache / file.name
        raise DataError(
            f"@{dataset}: could not download {file.url} ({type(error).__name__}); "
            f"download it yourself and save it as {where}"
        ) from error


def find(dataset: str, file: RemoteFile) -> Path | None:
    """Return the path of a published file if it is on this machine, without a download; else None.

    Raises:
        DataError: if the file in ``$UNROLLED_DATA`` has the wrong checksum.
    """
    own_copy = _find_own_copy(dataset, file)
    if own_copy is not None or not importlib.util.find_spec("pooch"):
        return own_copy
    import pooch

    path = Path(pooch.os_cache("unrolled")) / dataset / file.name
    return path if path.is_file() and _sha256(path) == file.sha256 else None


def _own_path(dataset: str, file: RemoteFile) -> Path | None:
    """Return the path of a file in ``$UNROLLED_DATA``; None if the variable is not set."""
    root = os.environ.get("UNROLLED_DATA")
    return Path(root) / dataset / file.name if root else None


def _find_own_copy(dataset: str, file: RemoteFile) -> Path | None:
    """Return the file in ``$UNROLLED_DATA`` or an equivalent one; None if there is none."""
    local = _own_path(dataset, file)
    if local is None:
        return None
    for name, sha256 in ((file.name, file.sha256), *file.equal):
        path = local.with_name(name)
        if path.is_file():
            _check_hash(path, sha256)
            return path
    return None


def _fetch_gzipped(file: RemoteFile, cache: Path) -> Path:
    """Download a gzipped file, decompress it and check the decompressed file.

    Raises:
        ValueError: if the checksum is wrong; the file is then removed.
    """
    import pooch

    packed = f"{file.name}.gz"
    unpack = pooch.Decompress(method="gzip", name=file.name)
    path = Path(pooch.retrieve(file.url, None, fname=packed, path=cache, processor=unpack))
    if _sha256(path) != file.sha256:
        path.unlink()
        (cache / packed).unlink(missing_ok=True)
        raise ValueError(f"SHA-256 differs from {file.sha256}")
    return path


def _check_hash(path: Path, sha256: str) -> None:
    if _sha256(path) != sha256:
        raise DataError(
            f"{path}: is not the published file (its SHA-256 differs from {sha256}); "
            "remove it, or unset UNROLLED_DATA"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
