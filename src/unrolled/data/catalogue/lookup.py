"""Look up a data set by ``@name`` or ``@name/part``.

Files under ``$UNROLLED_DATA`` are used if their SHA-256 is the one in the catalogue. Missing files are
downloaded once, from their public address to the user's cache.
"""

from pathlib import Path

from unrolled.data.catalogue import labelled, music, pairs, series, tagged, text, vectors
from unrolled.data.catalogue.dataset import DataSet, Kind
from unrolled.data.remote import RemoteFile, fetch, find
from unrolled.errors import DataError, suggestion

CATALOGUE: dict[str, DataSet] = {
    entry.name: entry
    for module in (text, series, music, pairs, vectors, labelled, tagged)
    for entry in module.SETS
}
"""All data sets by name."""


def join_names(*kinds: Kind) -> str:
    """Join the names of the data sets of the given kinds, for messages."""
    return ", ".join(f"@{entry.name}" for entry in CATALOGUE.values() if entry.kind in kinds)


def find_dataset(source: str, *kinds: Kind) -> tuple[DataSet, str]:
    """Return the data set and the part named by ``source``; the part is "" if the data set has none.

    Args:
        source: ``@name/part``; the part can be left out if there is only one.
        kinds: kinds that the caller can read.

    Raises:
        DataError: if the name or part is unknown, or the data set is of another kind.
    """
    name, _, part = source.removeprefix("@").partition("/")
    if name not in CATALOGUE:
        hint = suggestion(name, CATALOGUE)
        raise DataError(f"{source}: no such data set{hint}; choose from {join_names(*kinds)}")
    entry = CATALOGUE[name]
    if entry.kind not in kinds:
        nouns = " or ".join(kind.noun for kind in kinds)
        raise DataError(
            f"{source}: contains {entry.kind.noun}, for use with `{entry.kind.used_by}`; {nouns} are needed "
            f"here, for example {join_names(*kinds)}"
        )
    if not entry.parts and part:
        raise DataError(f"{source}: has no parts{suggestion(source[1:], [name])}")
    if not part and len(entry.parts) == 1:
        part = next(iter(entry.parts))
    if entry.parts and part not in entry.parts:
        raise DataError(f"{source}: write one of {', '.join(f'@{name}/{p}' for p in entry.parts)}")
    return entry, part


def locate(source: str | Path, *kinds: Kind) -> Path:
    """Return the path of ``source``: a path, or the single file of ``@name`` or ``@name/part``.

    Raises:
        DataError: if the name is unknown or of another kind, or the file is not available.
    """
    if not str(source).startswith("@"):
        return Path(source)
    return fetch(*_single_file(str(source), *kinds))


def locate_here(source: str | Path, *kinds: Kind) -> Path | None:
    """Return the path of ``source`` without a download, or None if it is not here; see :func:`locate`."""
    if not str(source).startswith("@"):
        return Path(source) if Path(source).is_file() else None
    return find(*_single_file(str(source), *kinds))


def _single_file(source: str, *kinds: Kind) -> tuple[str, RemoteFile]:
    """Return the name of a data set and its file, or the one of its part."""
    entry, part = find_dataset(source, *kinds)
    if not part:
        raise DataError(
            f"{source}: is not a single file, so it cannot be used here; use it with `{entry.kind.used_by}`"
        )
    (file,) = entry.parts[part]
    return entry.name, file
