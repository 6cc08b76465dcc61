"""Parse command lines into typed configurations, with errors that suggest the nearest valid word."""

import contextlib
import dataclasses
import io
import os
import re
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

import tyro

from unrolled.cli.spelling import remember_options, to_flag
from unrolled.config import aliases_of, literal_values, require
from unrolled.errors import ConfigError, suggestion
from unrolled.visible import styled_output

A = TypeVar("A")

RunFolder = tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="RUN")]]
"""Type of the run folder argument, the first word after the verb."""


def data_source(words: str) -> str | Path:
    """Return the data source of a command-line word, so that it is read as a name and never as a text.

    Raises:
        ConfigError: if the word is empty.
    """
    require(bool(words), "--data: is empty; give a file, a folder or a data set")
    return words if words.startswith("@") else Path(words)


def decode_argument(words: str) -> str:
    """Decode a command-line text as UTF-8. Python decodes arguments by the locale.

    Bytes that are not UTF-8 become surrogates, as in Python's file names.
    """
    return os.fsencode(words).decode("utf-8", "surrogateescape")


def parse(kind: type[A], argv: Sequence[str], *, prog: str, default: A | None = None) -> A:
    """Parse the arguments into a dataclass. The options of nested dataclasses have no prefix.

    ``--help`` prints tyro's help and exits.

    Raises:
        ConfigError: for an unknown option or a wrong value, with the nearest valid one.
    """
    remember_options(name for name, _ in _options(kind))
    argv = _replace_aliases(kind, argv)
    _check_choices(kind, argv)
    flat = tyro.conf.configure(tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff)(kind)
    defaults: dict[str, Any] = {} if default is None else {"default": default}
    stderr = io.StringIO()
    try:
        with contextlib.redirect_stderr(stderr), styled_output():
            return typing.cast(A, tyro.cli(flat, args=list(argv), prog=prog, **defaults))
    except SystemExit as exit_request:
        if not exit_request.code:
            raise
        message = re.sub(r"^(Value error )?Error parsing [\w.]+: ", "", _join_box_lines(stderr.getvalue()))
        raise ConfigError(f"{_plain_message(message, kind)}; {prog} --help shows all options") from None


def _plain_message(message: str, kind: type) -> str:
    """Rewrite tyro's errors on unknown options and invalid numbers; return other messages unchanged."""
    if unknown := re.search(r"Unrecognized options: (.*?)(?: Perhaps you meant:|$)", message):
        words = unknown[1].split(", ")
        flags = [word.partition("=")[0] for word in words if word.startswith("-")]
        flags_of_kind = [to_flag(name) for name, _ in _options(kind)]
        if not flags:
            return f"{' '.join(words)!r}: does not belong to an option"
        return "; ".join(f"{flag}: is no option" + suggestion(flag, flags_of_kind) for flag in flags)
    for reason, expected in (
        ("invalid literal for int() with base 10", "a whole number"),
        ("could not convert string to float", "a number"),
    ):
        if wrong := re.search(rf"Error parsing (\S+): {re.escape(reason)}: (.*)", message):
            return f"{wrong[1]} {wrong[2]}: is not {expected}"
    return message


def _join_box_lines(box: str) -> str:
    """Return the message in tyro's box as one line, without the title and the help texts below it."""
    message = []
    for line in box.splitlines():
        words = line.strip("│| ")
        if words.startswith(("Argument helptext", "For full helptext")):
            break
        if set(words) - set("─-") and not words.startswith(("╭", "╰", "+-")):
            message.append(words)
    return " ".join(" ".join(message).split())


def flag_value(argv: Sequence[str], flag: str) -> str | None:
    """Return the value of ``--flag VALUE`` or ``--flag=VALUE``, without parsing the other arguments."""
    for position, word in enumerate(argv):
        if word == flag and position + 1 < len(argv):
            return argv[position + 1]
        if word.startswith(flag + "="):
            return word.removeprefix(flag + "=")
    return None


def _replace_aliases(kind: type, argv: Sequence[str]) -> list[str]:
    """Return the words with aliases of options replaced by the options' names."""
    words = list(argv)
    for alias, name in aliases_of(name for name, _ in _options(kind)).items():
        present = {flag: flag_value(words, flag) is not None for flag in (f"--{alias}", f"--{name}")}
        require(not all(present.values()), f"--{alias} is another name of --{name}: give one of them")
        words = [re.sub(rf"^--{alias}(?==|$)", f"--{name}", word) for word in words]
    return words


def _check_choices(kind: type, argv: Sequence[str]) -> None:
    for name, hint in _options(kind):
        choices = literal_values(hint)
        if not choices:
            continue
        value = flag_value(argv, "--" + name.replace("_", "-"))
        if value is not None and value not in choices and not value.startswith("-"):
            raise ConfigError(
                f"--{name.replace('_', '-')} {value}: is not one of {', '.join(choices)}"
                + suggestion(value, choices)
            )


def _options(kind: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and type of every option, including those of nested dataclasses."""
    hints = typing.get_type_hints(kind)
    for f in dataclasses.fields(kind):
        hint = hints[f.name]
        if dataclasses.is_dataclass(hint):
            yield from _options(hint)
        else:
            yield f.name, hint
