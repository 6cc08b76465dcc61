"""Split lists of files in one argument, such as ``train.de,train.en`` or ``good=a.txt,bad=b.txt``."""

import os


def split_paths(text: str) -> list[str]:
    """Split at commas, but not inside a path if the path or its folder exists.

    Each item is a path or ``NAME=PATH``.
    """
    parts = text.split(",")
    items: list[str] = []
    while parts:
        candidates = [",".join(parts[:count]) for count in range(len(parts), 0, -1)]
        existing = (item for item in candidates if _exists(item))
        missing = (item for item in candidates if _has_folder_with_comma(item))
        longest = next(existing, None) or next(missing, parts[0])
        items.append(longest)
        parts = parts[longest.count(",") + 1 :]
    return items


def _exists(item: str) -> bool:
    return any(os.path.exists(path) for path in _paths(item))


def _has_folder_with_comma(item: str) -> bool:
    """Return whether the folder of the path exists and has a comma in its name."""
    folders = [os.path.dirname(path) for path in _paths(item)]
    return any("," in folder and os.path.isdir(folder) for folder in folders)


def _paths(item: str) -> list[str]:
    _, equals, path = item.partition("=")
    return [item.strip(), path.strip()] if equals else [item.strip()]
