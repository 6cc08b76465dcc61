"""Published files, fetched once and checked by SHA-256."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from unrolled.errors import DataError
from unrolled.extras import extra


@dataclass(frozen=True)
class RemoteFile:
    """One published file."""

    name: str
    url: str
    """Its address; one that ends with .gz is of the file compressed by gzip."""
    sha256: str
    """Of the file, uncompressed."""
    equal: tuple[tuple[str, str], ...] = ()
    """Name and SHA-256 of other files with the same content, taken where ``$UNROLLED_DATA`` holds one."""


def fetch(dataset: str, file: RemoteFile) -> Path:
    """Return the path of a published file, downloading it if it is nowhere yet.

    Raises:
        DataError: if the file in ``$UNROLLED_DATA`` has another hash, or the download fails.
        MissingExtraError: if it must be downloaded and pooch is not installed.
    """
    root = os.environ.get("UNROLLED_DATA")
    local = Path(root) / dataset / file.name if root else None
    if local is not None:
        for name, sha256 in ((file.name, file.sha256), *file.equal):
            path = local.with_name(name)
            if path.is_file():
                _check_hash(path, sha256)
                return path
    with extra("data", f"@{dataset}: the download of {file.url}"):
        import pooch

    cache = Path(pooch.os_cache("unrolled")) / dataset
    try:
        if file.url.endswith(".gz"):
            return _uncompressed(file, cache)
        return Path(pooch.retrieve(file.url, "sha256:" + file.sha256, fname=file.name, path=cache))
    except Exception as error:  # pooch raises whatever its downloader does
        where = f"{local} or {cache / file.name}" if local else cache / file.name
        raise DataError(
            f"@{dataset}: could not download {file.url} ({type(error).__name__}); "
            f"get it by hand and put it at {where}"
        ) from error


def _uncompressed(file: RemoteFile, cache: Path) -> Path:
    """Fetch a file compressed by gzip; what is checked is the file inside.

    Raises:
        ValueError: if it is not the published one; it is then removed.
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
