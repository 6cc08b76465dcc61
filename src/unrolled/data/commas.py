"""Lists of files in one argument, such as ``train.de,train.en`` or ``good=a.txt,bad=b.txt``."""

import os


def split_paths(text: str) -> list[str]:
    """Split at commas, except at those inside the path of a file or folder that exists.

    A piece may be a path, or ``NAME=PATH``.
    """
    pieces = text.split(",")
    found: list[str] = []
    while pieces:
        joined = (",".join(pieces[:count]) for count in range(len(pieces), 0, -1))
        longest = next((piece for piece in joined if _exists(piece)), pieces[0])
        found.append(longest)
        pieces = pieces[longest.count(",") + 1 :]
    return found


def _exists(piece: str) -> bool:
    _, equals, path = piece.partition("=")
    return os.path.exists(piece.strip()) or bool(equals and os.path.exists(path.strip()))
