"""The languages of a translator."""

import re

from unrolled.data.path_lists import split_paths

_LANGUAGE = re.compile(r"\.([a-z]{2})(?:\.(?:gz|xz|bz2|zst|txt))?$")


def find_languages(data: str) -> dict[str, str] | None:
    """Return the codes of the two languages if the names of the training files end with them.

    Args:
        data: the training pairs in the configuration, such as ``"train.de,train.en"``.
    """
    found = [_LANGUAGE.search(path.strip()) for path in split_paths(data)]
    codes = [match[1] for match in found if match]
    if len(found) != 2 or len(set(codes)) != 2:
        return None
    return {"source": codes[0], "target": codes[1]}
