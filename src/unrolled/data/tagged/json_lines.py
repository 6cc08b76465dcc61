"""JSON: one object per sentence, with a list of words and lists of tags."""

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
"""Key of the tags that are written to a file without tags."""

Record = dict[str, Any]


def is_json(lines: Lines) -> bool:
    """Return whether the text starts with an object or a list of objects."""
    text = "\n".join(lines.bodies()).lstrip()
    return text.startswith(("{", "[{")) or text.replace(" ", "").replace("\n", "").startswith("[{")


def read_json_lines(lines: Lines, columns: Columns, *, tagged: bool = True) -> TaggedFile:
    """Read one object per line, or one list of objects.

    By default the words are in the list ``tokens``, ``words`` or similar (:data:`WORD_NAMES`), and the tags
    in the last list of the same length.

    Raises:
        DataError: if the file is not JSON, a key is missing, or the lists of a sentence differ in length.
    """
    records, is_list = _parse_records(lines)
    line_numbers = (
        [1] * len(records) if is_list else [i + 1 for i, s in enumerate(lines.bodies()) if not is_blank(s)]
    )
    first = records[0]
    word = columns.word or next((name for name in WORD_NAMES if isinstance(first.get(name), list)), "")
    word = _check_key(word, first, lines.name, "--word-column")
    tag = columns.tag or _detect_tag_key(first, word)
    if tagged:
        tag = _check_key(tag, first, lines.name, "--tag-column")
    words, tags = [], []
    for number, record in zip(line_numbers, records, strict=True):
        sentence = _check_list(record.get(word), lines.name, number, word)
        sentence_tags = (
            _check_list(record[tag], lines.name, number, tag) if tag in record else [None] * len(sentence)
        )
        if len(sentence_tags) != len(sentence):
            raise DataError(
                f"{lines.name}: line {number}: {word} has {counted(len(sentence), 'word')} and {tag} "
                f"{counted(len(sentence_tags), 'tag')}"
            )
        words.append([str(w) for w in sentence])
        tags.append([None if t is None or t == "" else str(t) for t in sentence_tags])
    filled = [i for i, sentence in enumerate(words) if sentence]

    def with_tags(new_tags: Tags) -> str:
        for i, sentence_tags in zip(filled, new_tags, strict=True):
            old = records[i].get(tag)
            records[i][tag or TAG_NAME] = _restore_numbers(old, sentence_tags)
        if is_list:
            return json.dumps(records, ensure_ascii=False, indent=1) + "\n"
        return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)

    return TaggedFile(
        lines.name,
        words=[words[i] for i in filled],
        tags=[tags[i] for i in filled],
        lines=[[line_numbers[i]] * len(words[i]) for i in filled],
        form="json",
        columns=Columns(word, tag),
        with_tags=with_tags,
        notes=_notes(first, word, tag),
    )


def _parse_records(lines: Lines) -> tuple[list[Record], bool]:
    """Return the objects, and True if the file is one list of objects."""
    text = "\n".join(lines.bodies()).strip()
    records: Any
    if text.startswith("["):
        try:
            records = parse_json(text, Any)
        except MalformedError as error:
            raise DataError(f"{lines.name}: is not JSON ({error})") from None
    else:
        records = [
            _parse_line(lines.name, i, line) for i, line in enumerate(lines.bodies()) if not is_blank(line)
        ]
    if not records or not all(isinstance(record, dict) for record in records):
        raise DataError(
            f"{lines.name}: give one object per sentence, with a list of words and a list of tags"
        )
    return records, text.startswith("[")


def _parse_line(name: str, index: int, line: str) -> Any:
    try:
        return parse_json(line, Any)
    except MalformedError as error:
        raise DataError(f"{name}: line {index + 1} is not JSON ({error})") from None


def _detect_tag_key(record: Record, word: str) -> str:
    size = len(record[word]) if isinstance(record.get(word), list) else -1
    lists = [n for n, v in record.items() if n != word and isinstance(v, list) and len(v) == size]
    flat = [n for n in lists if not any(isinstance(item, list | dict) for item in record[n])]
    return flat[-1] if flat else TAG_NAME


def _check_key(name: str, record: Record, file: str, option: str) -> str:
    if not isinstance(record.get(name), list):
        lists = [n for n, value in record.items() if isinstance(value, list)]
        available = f"its lists are {', '.join(lists)}" if lists else "it has no lists"
        missing = repr(name) if name else "of words"
        hint = suggestion(name, lists)
        raise DataError(f"{file}: line 1 has no list {missing}; {available} ({option}){hint}")
    return name


def _check_list(value: Any, file: str, number: int, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise DataError(f"{file}: line {number} has no list {name!r}")
    nested = next((item for item in value if isinstance(item, list | dict)), None)
    if nested is not None:
        raise DataError(f"{file}: line {number}: {name} contains {nested!r:.60}; give words and tags as text")
    return value


def _restore_numbers(old: Any, tags: list[str]) -> list[Any]:
    """Return the tags, converted to numbers if the old tags were numbers."""
    were_numbers = isinstance(old, list) and all(isinstance(tag, int) for tag in old)
    return [int(tag) if were_numbers and tag.isdecimal() else tag for tag in tags]


def _notes(record: Record, word: str, tag: str) -> tuple[str, ...]:
    note = f"JSON: the words are {word!r}, the tags are {tag!r} (--word-column, --tag-column)"
    if any(isinstance(item, int) for item in record.get(tag) or ()):
        return (note, f"the tags of {tag!r} are numbers: they are used as tag names")
    return (note,)
