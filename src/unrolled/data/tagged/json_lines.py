"""JSON: an object for each sentence, with a list of its words and lists of tags."""

import json
from typing import Any

from unrolled.data.tagged.columns import Columns
from unrolled.data.tagged.file import TaggedFile, Tags
from unrolled.data.tagged.lines import Lines, is_blank
from unrolled.errors import DataError, suggestion
from unrolled.reading import MalformedError, parse_json
from unrolled.wording import counted

WORD_NAMES = ("tokens", "words", "token", "word", "form", "sentence", "text")
TAG_NAME = "tags"
"""Name of the tags that are written where a file has none."""

Record = dict[str, Any]


def is_json(lines: Lines) -> bool:
    """Return whether the text begins as an object or a list of objects does."""
    text = "\n".join(lines.bodies()).lstrip()
    return text.startswith(("{", "[{")) or text.replace(" ", "").replace("\n", "").startswith("[{")


def read_json_lines(lines: Lines, columns: Columns, *, tagged: bool = True) -> TaggedFile:
    """Read an object a line, or one list of objects.

    Detected are ``tokens`` or ``words``, and of the lists that are as long the last one.

    Raises:
        DataError: if it is not JSON, a name is missing, or the lists of a sentence differ in length.
    """
    records, whole = _records(lines)
    numbers = (
        [1] * len(records) if whole else [i + 1 for i, s in enumerate(lines.bodies()) if not is_blank(s)]
    )
    first = records[0]
    word = columns.word or next((name for name in WORD_NAMES if isinstance(first.get(name), list)), "")
    word = _known(word, first, lines.name, "--word-column")
    tag = columns.tag or _detected(first, word)
    if tagged:
        tag = _known(tag, first, lines.name, "--tag-column")
    words, tags = [], []
    for number, record in zip(numbers, records, strict=True):
        sentence = _list(record.get(word), lines.name, number, word)
        given = _list(record[tag], lines.name, number, tag) if tag in record else [None] * len(sentence)
        if len(given) != len(sentence):
            raise DataError(
                f"{lines.name}: line {number}: {word} has {counted(len(sentence), 'word')} and {tag} "
                f"{counted(len(given), 'tag')}"
            )
        words.append([str(w) for w in sentence])
        tags.append([None if t is None or t == "" else str(t) for t in given])
    kept = [i for i, sentence in enumerate(words) if sentence]

    def with_tags(given: Tags) -> str:
        for i, sentence in zip(kept, given, strict=True):
            old = records[i].get(tag)
            records[i][tag or TAG_NAME] = _as_before(old, sentence)
        if whole:
            return json.dumps(records, ensure_ascii=False, indent=1) + "\n"
        return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)

    return TaggedFile(
        lines.name,
        words=[words[i] for i in kept],
        tags=[tags[i] for i in kept],
        lines=[[numbers[i]] * len(words[i]) for i in kept],
        form="json",
        columns=Columns(word, tag),
        with_tags=with_tags,
        notes=_notes(first, word, tag),
    )


def _records(lines: Lines) -> tuple[list[Record], bool]:
    """Return the objects, and whether they are one list."""
    whole = "\n".join(lines.bodies()).strip()
    records: Any
    if whole.startswith("["):
        try:
            records = parse_json(whole, Any)
        except MalformedError as error:
            raise DataError(f"{lines.name}: is not JSON ({error})") from None
    else:
        records = [
            _object(lines.name, i, line) for i, line in enumerate(lines.bodies()) if not is_blank(line)
        ]
    if not records or not all(isinstance(record, dict) for record in records):
        raise DataError(
            f"{lines.name}: give an object for each sentence, with a list of words and one of tags"
        )
    return records, whole.startswith("[")


def _object(name: str, index: int, line: str) -> Any:
    try:
        return parse_json(line, Any)
    except MalformedError as error:
        raise DataError(f"{name}: line {index + 1} is not JSON ({error})") from None


def _detected(record: Record, word: str) -> str:
    size = len(record[word]) if isinstance(record.get(word), list) else -1
    lists = [n for n, v in record.items() if n != word and isinstance(v, list) and len(v) == size]
    flat = [n for n in lists if not any(isinstance(item, list | dict) for item in record[n])]
    return flat[-1] if flat else TAG_NAME


def _known(name: str, record: Record, file: str, option: str) -> str:
    if not isinstance(record.get(name), list):
        lists = [n for n, value in record.items() if isinstance(value, list)]
        known = f"its lists are {', '.join(lists)}" if lists else "it has no lists"
        asked = repr(name) if name else "of words"
        raise DataError(f"{file}: line 1 has no list {asked}; {known} ({option}){suggestion(name, lists)}")
    return name


def _list(value: Any, file: str, number: int, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise DataError(f"{file}: line {number} has no list {name!r}")
    odd = next((item for item in value if isinstance(item, list | dict)), None)
    if odd is not None:
        raise DataError(f"{file}: line {number}: {name} holds {odd!r:.60}, give words and tags as text")
    return value


def _as_before(old: Any, tags: list[str]) -> list[Any]:
    """Return tags as numbers if the old ones were."""
    numbers = isinstance(old, list) and all(isinstance(tag, int) for tag in old)
    return [int(tag) if numbers and tag.isdecimal() else tag for tag in tags]


def _notes(record: Record, word: str, tag: str) -> tuple[str, ...]:
    note = f"JSON: the words are {word!r}, the tags are {tag!r} (--word-column, --tag-column)"
    if any(isinstance(item, int) for item in record.get(tag) or ()):
        return (note, f"the tags of {tag!r} are numbers: they are taken as names of tags")
    return (note,)
