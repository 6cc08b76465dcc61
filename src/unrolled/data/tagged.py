"""Sentences whose words have a tag each: CoNLL-U, and columns as in CoNLL's shared tasks."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.data.catalogue.dataset import TAGGED
from unrolled.data.catalogue.lookup import locate
from unrolled.data.files import read_text
from unrolled.errors import DataError
from unrolled.extras import extra

CONLLU_FIELDS = 10
FIELDS = ("form", "lemma", "upos", "xpos", "deprel")
"""Columns of CoNLL-U that hold one word each."""

_ID = re.compile(r"[0-9]{1,9}(?:[-.][0-9]{1,9})?")
_UNPARSED = {name: lambda line, i: line[i] for name in ("feats", "head", "deps", "misc")}
"""Columns that are kept as they are written: nothing here looks into them."""


@dataclass(frozen=True)
class Tagged:
    """Words of each sentence, and their tags."""

    words: list[list[str]]
    tags: list[list[str]]

    def take(self, rows: list[int]) -> "Tagged":
        """Return some of the sentences."""
        return Tagged([self.words[i] for i in rows], [self.tags[i] for i in rows])


@dataclass(frozen=True)
class Columns:
    """Which columns hold the word and its tag."""

    word: str = "form"
    """In CoNLL-U one of form, lemma, upos, xpos, deprel; elsewhere a number from 1, or from -1 backwards."""
    tag: str = "upos"


def open_path(source: str | Path) -> Path:
    """Return the file of a path, or of a tagged data set written ``@name/part``.

    Raises:
        DataError: if the name is unknown, or the file is not available.
    """
    return locate(source, TAGGED)


def read_tagged(source: str | Path, columns: Columns, *, single: bool = False) -> Tagged:
    """Read a ``.conllu`` file, or one of columns between white space, a blank line after each sentence.

    Of CoNLL-U the syntactic words are taken: ranges (1-2) and empty nodes (1.1) are left out.

    Args:
        source: path or data set.
        columns: which hold the word and its tag.
        single: whether a file that is not CoNLL-U must have one column.

    Raises:
        DataError: if it is not such a file, a column is missing, or a word has no tag.
    """
    path = open_path(source)
    text = read_text(path)
    if path.suffix == ".conllu":
        return _from_conllu(path, text, columns)
    return _from_columns(path, text, columns, single=single)


def parse_conllu(path: Path, text: str) -> Any:
    """Return the sentences of a CoNLL-U text as conllu's token lists.

    Raises:
        DataError: if it is not CoNLL-U.
        MissingExtraError: if conllu is not installed.
    """
    with extra("tag", "reading CoNLL-U files"):
        import conllu
        from conllu.exceptions import ParseException

    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != CONLLU_FIELDS:
            raise DataError(
                f"{path}: line {number} has {len(fields)} fields between tabs, CoNLL-U has {CONLLU_FIELDS}"
            )
        if not _ID.fullmatch(fields[0]):
            raise DataError(
                f"{path}: not CoNLL-U (line {number} begins with {fields[0]!r:.60}, an ID is 1, 1-2 or 1.1)"
            )
    try:
        sentences = conllu.parse(text, field_parsers=_UNPARSED)
    except ParseException as error:
        raise DataError(f"{path}: not CoNLL-U ({error})") from None
    return sentences


def is_word(token: Any) -> bool:
    """Tell a syntactic word from a range of words or an empty node."""
    return isinstance(token["id"], int)


def check_conllu_columns(path: Path, columns: Columns) -> None:
    """Raise DataError if CoNLL-U does not have these columns."""
    for column in (columns.word, columns.tag):
        if column not in FIELDS:
            raise DataError(
                f"{path}: CoNLL-U has no column {column!r}; choose one of {', '.join(FIELDS)}. A tagger that "
                "was trained on numbered columns reads files that do not end with .conllu"
            )


def _from_conllu(path: Path, text: str, columns: Columns) -> Tagged:
    check_conllu_columns(path, columns)
    words: list[list[str]] = []
    tags: list[list[str]] = []
    for number, sentence in enumerate(parse_conllu(path, text), 1):
        tokens = [token for token in sentence if is_word(token)]
        for token in tokens:
            for column in (columns.word, columns.tag):
                if not token.get(column) or (token[column] == "_" and column != columns.word):
                    word = f"word {token['id']} ({token.get('form')!r})"
                    raise DataError(f"{path}: sentence {number}, {word} has no {column}")
        if tokens:
            words.append([token[columns.word] for token in tokens])
            tags.append([token[columns.tag] for token in tokens])
    if not words:
        raise DataError(f"{path}: holds no words")
    return Tagged(words, tags)


def _from_columns(path: Path, text: str, columns: Columns, *, single: bool) -> Tagged:
    places = [_place(path, column) for column in (columns.word, columns.tag)]
    words: list[list[str]] = [[]]
    tags: list[list[str]] = [[]]
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.split()
        if not fields or fields[0] == "-DOCSTART-":
            if words[-1]:
                words.append([])
                tags.append([])
            continue
        if single and len(fields) > 1:
            raise DataError(
                f"{path}: line {number} has {len(fields)} words; give one word a line and a blank line after "
                "each sentence, or a .conllu file"
            )
        try:
            word, tag = (fields[i] for i in places)
        except IndexError:
            where = f"word in {columns.word}, tag in {columns.tag}, from 1, or from -1 backwards"
            raise DataError(f"{path}: line {number} has {len(fields)} columns ({where})") from None
        words[-1].append(word)
        tags[-1].append(tag)
    filled = [i for i, sentence in enumerate(words) if sentence]
    if not filled:
        raise DataError(f"{path}: holds no sentences")
    return Tagged(words, tags).take(filled)


def _place(path: Path, column: str) -> int:
    try:
        number = int(column)
    except ValueError:
        number = 0
    if not number:
        raise DataError(
            f"{path}: is not .conllu, so its columns are numbered: give --word-column 1 --tag-column -1 or "
            f"the like, not {column!r}"
        )
    return number - 1 if number > 0 else number
