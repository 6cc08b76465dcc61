"""CoNLL-U: ten columns separated by tabs; only syntactic words are read."""

import re

from unrolled.data.tagged.columns import Columns, find_column
from unrolled.data.tagged.file import TaggedFile, Tags
from unrolled.data.tagged.lines import Lines, is_blank
from unrolled.errors import DataError
from unrolled.wording import counted

NAMES = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
OPTIONAL = ("feats", "head", "deps", "misc")
"""Columns in which ``_`` is a value, such as "no features". In the others it is a missing tag."""
KEYED = ("feats", "misc")
"""Columns of the form ``Key=Value|Key=Value``."""
EMPTY = "_"

_ID = re.compile(r"[0-9]{1,9}(?:[-.][0-9]{1,9})?")


def is_conllu(lines: Lines) -> bool:
    """Return whether every line is blank, a comment, or has an ID and nine more fields separated by tabs."""
    rows = [line.split("\t") for line in lines.bodies() if not is_blank(line) and not line.startswith("#")]
    return bool(rows) and all(len(row) == len(NAMES) and _ID.fullmatch(row[0]) for row in rows)


def read_conllu(lines: Lines, columns: Columns) -> TaggedFile:
    """Read CoNLL-U. Multiword tokens (1-2) and empty nodes (1.1) are skipped, but written back unchanged.

    Args:
        lines: lines of the file.
        columns: one of the ten columns by name or number; or a key of FEATS or MISC, such as ``feats:Case``,
            ``misc:NER`` or ``NER``. Defaults: form; and upos, or xpos if upos is empty.

    Raises:
        DataError: if the file is not CoNLL-U, or has no such column.
    """
    rows: list[tuple[int, list[str]]] = []
    sentences: list[list[int]] = [[]]
    for index, line in enumerate(lines.bodies()):
        if is_blank(line):
            sentences.append([])
        elif not line.startswith("#") and _is_word(lines.name, index, fields := line.split("\t")):
            sentences[-1].append(len(rows))
            rows.append((index, fields))
    sentences = [sentence for sentence in sentences if sentence]
    if not sentences:
        raise DataError(f"{lines.name}: holds no words")
    cells = [fields for _, fields in rows]
    word = _Field.find(columns.word or "form", cells, lines.name, "--word-column")
    tag = _Field.find(columns.tag or _detect_tag_column(cells), cells, lines.name, "--tag-column")

    def with_tags(tags: Tags) -> str:
        changed: dict[int, str] = {}
        for sentence, sentence_tags in zip(sentences, tags, strict=True):
            for number, value in zip(sentence, sentence_tags, strict=True):
                index, fields = rows[number]
                changed[index] = "\t".join(tag.put(fields, value))
        return lines.replace_lines(changed)

    return TaggedFile(
        lines.name,
        words=[[word.get(rows[i][1]) or EMPTY for i in sentence] for sentence in sentences],
        tags=[[tag.get(rows[i][1]) for i in sentence] for sentence in sentences],
        lines=[[rows[i][0] + 1 for i in sentence] for sentence in sentences],
        form="conllu",
        columns=Columns(word.name, tag.name),
        with_tags=with_tags,
        notes=(f"CoNLL-U: the word is {word.name}, the tag is {tag.name} (--word-column, --tag-column)",),
    )


def _is_word(name: str, index: int, fields: list[str]) -> bool:
    """Return whether a line is a syntactic word rather than a multiword token or an empty node.

    Raises:
        DataError: if the line is not CoNLL-U.
    """
    if len(fields) != len(NAMES):
        raise DataError(
            f"{name}: line {index + 1} has {counted(len(fields), 'field')} separated by tabs, "
            f"CoNLL-U has {len(NAMES)}"
        )
    if not _ID.fullmatch(fields[0]):
        raise DataError(
            f"{name}: not CoNLL-U (line {index + 1} begins with {fields[0]!r:.60}; an ID is 1, 1-2 or 1.1)"
        )
    return fields[0].isdecimal()


def _detect_tag_column(cells: list[list[str]]) -> str:
    """Return "upos", or "xpos" if only that column is filled."""
    filled = (name for name in ("upos", "xpos") if any(row[NAMES.index(name)] != EMPTY for row in cells))
    return next(filled, "upos")


class _Field:
    """One of the ten columns, or a key of one of them."""

    def __init__(self, column: int, key: str = "") -> None:
        self.column, self.key = column, key

    @classmethod
    def find(cls, column: str, cells: list[list[str]], name: str, option: str) -> "_Field":
        """Return the column or key with a given name.

        Raises:
            DataError: if there is no such column, and no such key of FEATS or MISC.
        """
        parent, colon, key = column.partition(":")
        if colon and key and parent.lower() in KEYED:
            return cls(NAMES.index(parent.lower()), key)
        for keyed in KEYED:
            field = cls(NAMES.index(keyed), column)
            if column.lower() not in NAMES and any(field.get(row) != EMPTY for row in cells):
                return field
        try:
            return cls(find_column(column, NAMES, len(NAMES), name, option))
        except DataError:
            raise DataError(
                f"{name}: CoNLL-U has no column {column!r} ({option}); choose one of "
                f"{', '.join(NAMES[1:])}, or a key such as feats:Case or misc:NER"
            ) from None

    @property
    def name(self) -> str:
        return NAMES[self.column] + (f":{self.key}" if self.key else "")

    def get(self, fields: list[str]) -> str | None:
        """Return the value of a word; None if it is missing, "_" if a key of FEATS or MISC is missing."""
        value = fields[self.column]
        if self.key:
            return dict(pair.partition("=")[::2] for pair in value.split("|")).get(self.key) or EMPTY
        if self.name in ("form", "lemma"):
            return value or None
        return None if not value or (value == EMPTY and self.name not in OPTIONAL) else value

    def put(self, fields: list[str], value: str) -> list[str]:
        """Return the fields of a word with the value replaced."""
        if self.key:
            value = self._set_key(fields[self.column], value)
        return [*fields[: self.column], value, *fields[self.column + 1 :]]

    def _set_key(self, old: str, value: str) -> str:
        pairs = [] if old == EMPTY else old.split("|")
        has_key = [pair.partition("=")[0] == self.key for pair in pairs]
        new = [] if value == EMPTY else [f"{self.key}={value}"]
        later = (i for i, pair in enumerate(pairs) if pair.lower() > self.key.lower())
        after = next(later, len(pairs)) if self.column == NAMES.index("feats") else len(pairs)
        place = has_key.index(True) if True in has_key else after
        other_pairs = [pair for pair, replaced in zip(pairs, has_key, strict=True) if not replaced]
        return "|".join(other_pairs[:place] + new + other_pairs[place:]) or EMPTY
