"""Missing tags and missing words: sentences that contain one are left out, or are an error."""

from dataclasses import replace
from typing import Literal

from unrolled.data.tagged.file import TaggedFile
from unrolled.data.tagged.sentences import Tagged
from unrolled.errors import DataError
from unrolled.wording import counted

Missing = Literal["drop", "error"]


def check_words(file: TaggedFile, *, tagged: bool) -> TaggedFile:
    """Return the file with the tag set to None for every empty word.

    Raises:
        DataError: if a word is empty and ``tagged`` is False.
    """
    empty = [(s, w) for s, words in enumerate(file.words) for w, word in enumerate(words) if not word]
    if not empty:
        return file
    if not tagged:
        sentence, word = empty[0]
        raise DataError(f"{file.name}: line {file.lines[sentence][word]} has no word")
    gaps = set(empty)
    tags = [
        [None if (s, w) in gaps else tag for w, tag in enumerate(tags)] for s, tags in enumerate(file.tags)
    ]
    return replace(file, tags=tags)


def select_complete(file: TaggedFile, missing: Missing) -> tuple[Tagged, tuple[str, ...]]:
    """Return the completely tagged sentences, and a note that counts the sentences left out, if any.

    Args:
        file: the sentences; tags may be None.
        missing: "drop" leaves out sentences with missing tags, "error" raises an error.

    Raises:
        DataError: if a tag is missing and ``missing`` is "error", or no sentence is left.
    """
    gaps = [[i for i, tag in enumerate(tags) if tag is None] for tags in file.tags]
    places = [(s, positions[0]) for s, positions in enumerate(gaps) if positions]
    if not places:
        return Tagged(file.words, [[str(tag) for tag in tags] for tags in file.tags]), ()
    sentence, word = places[0]
    text = file.words[sentence][word]
    first = f"word {text!r:.60} has no tag" if text else "there is a tag without a word"
    where = f"line {file.lines[sentence][word]}" if file.lines else f"sentence {sentence + 1}"
    if missing == "error":
        raise DataError(f"{file.name}: {where}, {first}; --missing drop leaves its sentence out")
    complete_indices = [i for i, positions in enumerate(gaps) if not positions]
    if not complete_indices:
        raise DataError(
            f"{file.name}: every sentence has a word without a tag (the first: {where}, {first}); "
            "choose another column with --tag-column"
        )
    count = sum(map(len, gaps))
    note = (
        f"{counted(count, 'word')} without a tag (the first in {where}); {len(places):,} of {len(gaps):,} "
        "sentences left out (--missing error refuses them)"
    )
    words = [file.words[i] for i in complete_indices]
    return Tagged(words, [[str(tag) for tag in file.tags[i]] for i in complete_indices]), (note,)
