"""Lists of files in one argument, such as ``train.de,train.en`` or ``good=a.txt,bad=b.txt``."""

import os


def split_paths(text: str) -> list[str]:
    """Split at commas, except at those inside a path that exists, or whose folder does.

    A piece may be a path, or ``NAME=PATH``.
    """
    pieces = text.split(",")
    found: list[str] = []
    while pieces:
        joined = [",".join(pieces[:count]) for count in range(len(pieces), 0, -1)]
        there = (piece for piece in joined if _exists(piece))
        missing = (piece for piece in joined if _lies_in_such_a_folder(piece))
        longest = next(there, None) or next(missing, pieces[0])
        found.append(longest)
        pieces = pieces[longest.count(",") + 1 :]
    return found


def _exists(piece: str) -> bool:
    return any(os.path.exists(path) for path in _paths(piece))


def _lies_in_such_a_folder(piece: str) -> bool:
    """Whether commas are in the folder's name, and the folder exists: a file is missing there."""
    folders = [os.path.dirname(path) for path in _paths(piece)]
    return any("," in folder and os.path.isdir(folder) for folder in folders)


def _paths(piece: str) -> list[str]:
    _, equals, path = piece.partition("=")
    return [piece.strip(), path.strip()] if equals else [piece.strip()]
