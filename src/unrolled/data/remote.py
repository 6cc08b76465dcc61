"""Published files, fetched once and checked by SHA-256."""

import os
from dataclasses import dataclass
from pathlib import Path

import pooch

from unrolled.errors import DataError


@dataclass(frozen=True)
class RemoteFile:
    """One published file."""

    name: str
    url: str
    sha256: str


def fetch(dataset: str, file: RemoteFile) -> Path:
    """Return the path of a published file, downloading it if it is nowhere yet.

    Raises:
        DataError: if the file in ``$UNROLLED_DATA`` has another hash, or the download fails.
    """
    root = os.environ.get("UNROLLED_DATA")
    local = Path(root) / dataset / file.name if root else None
    if local is not None and local.is_file():
        if pooch.file_hash(str(local)) != file.sha256:
            raise DataError(
                f"{local}: is not the published file (its SHA-256 differs from {file.sha256}); "
                "remove it, or unset UNROLLED_DATA"
            )
        return local
    cache = Path(pooch.os_cache("unrolled")) / dataset
    try:
        return Path(pooch.retrieve(file.url, "sha256:" + file.sha256, fname=file.name, path=cache))
    except Exception as error:  # pooch raises whatever its downloader does
        where = f"{local} or {cache / file.name}" if local else cache / file.name
        raise DataError(
            f"@{dataset}: could not download {file.url} ({type(error).__name__}); "
            f"get it by hand and put it at {where}"
        ) from error
