"""Command lines from typed configurations, and errors that name the nearest right word."""

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

from unrolled.cli.spelling import option, remember_options
from unrolled.config import aliases_of, literal_values, require
from unrolled.errors import ConfigError, suggestion
from unrolled.visible import styled_output

A = TypeVar("A")

RunFolder = tyro.conf.Positional[Annotated[str, tyro.conf.arg(metavar="RUN")]]
"""The run folder, as the first word after the verb."""


def named_data(words: str) -> str | Path:
    """Return data that a command line names: never the data themselves, as a text in Python may be.

    Raises:
        ConfigError: if there is no name.
    """
    require(bool(words), "--data: names nothing; give a file, a folder or a data set")
    return words if words.startswith("@") else Path(words)


def utf8(words: str) -> str:
    """Return a text of the command line in UTF-8, whatever the locale, which Python reads names of files by.

    Bytes that are no UTF-8 stay the single surrogates that they are to Python.
    """
    return os.fsencode(words).decode("utf-8", "surrogateescape")


def parse(kind: type[A], argv: Sequence[str], *, prog: str, default: A | None = None) -> A:
    """Return the dataclass that the arguments fill in; nested groups have flat flags.

    ``--help`` prints what tyro says and exits.

    Raises:
        ConfigError: for an unknown flag or a wrong value, with the nearest right one.
    """
    remember_options(name for name, _ in _options(kind))
    argv = _by_own_flags(kind, argv)
    _check_choices(kind, argv)
    flat = tyro.conf.configure(tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff)(kind)
    given: dict[str, Any] = {} if default is None else {"default": default}
    complaint = io.StringIO()
    try:
        with contextlib.redirect_stderr(complaint), styled_output():
            return typing.cast(A, tyro.cli(flat, args=list(argv), prog=prog, **given))
    except SystemExit as leaving:
        if not leaving.code:
            raise
        said = re.sub(r"^(Value error )?Error parsing [\w.]+: ", "", _one_line(complaint.getvalue()))
        raise ConfigError(f"{_plain(said, kind)}; {prog} --help shows all options") from None


def _plain(said: str, kind: type) -> str:
    """Return what tyro says of unknown options and of words that are no numbers in plain words."""
    if unknown := re.search(r"Unrecognized options: (.*?)(?: Perhaps you meant:|$)", said):
        words = unknown[1].split(", ")
        flags = [word.partition("=")[0] for word in words if word.startswith("-")]
        known = [option(name) for name, _ in _options(kind)]
        if not flags:
            return f"{' '.join(words)!r}: belongs to no option"
        return "; ".join(f"{flag}: is no option" + suggestion(flag, known) for flag in flags)
    for reason, needed in (
        ("invalid literal for int() with base 10", "a whole number"),
        ("could not convert string to float", "a number"),
    ):
        if wrong := re.search(rf"Error parsing (\S+): {re.escape(reason)}: (.*)", said):
            return f"{wrong[1]} {wrong[2]}: is not {needed}"
    return said


def _one_line(boxed: str) -> str:
    """Return what tyro says in a drawn box as one line, without its title and the help texts below."""
    said = []
    for line in boxed.splitlines():
        words = line.strip("│| ")
        if words.startswith(("Argument helptext", "For full helptext")):
            break
        if set(words) - set("─-") and not words.startswith(("╭", "╰", "+-")):
            said.append(words)
    return " ".join(" ".join(said).split())


def flag_value(argv: Sequence[str], flag: str) -> str | None:
    """Return the value of ``--flag VALUE`` or ``--flag=VALUE`` before the rest is parsed."""
    for position, word in enumerate(argv):
        if word == flag and position + 1 < len(argv):
            return argv[position + 1]
        if word.startswith(flag + "="):
            return word.removeprefix(flag + "=")
    return None


def _by_own_flags(kind: type, argv: Sequence[str]) -> list[str]:
    """Return the words with other names of options replaced by their own."""
    words = list(argv)
    for alias, name in aliases_of(name for name, _ in _options(kind)).items():
        there = {flag: flag_value(words, flag) is not None for flag in (f"--{alias}", f"--{name}")}
        require(not all(there.values()), f"--{alias} is another name of --{name}: give one of them")
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
    """Yield name and type of every option, those of nested groups included."""
    hints = typing.get_type_hints(kind)
    for f in dataclasses.fields(kind):
        hint = hints[f.name]
        if dataclasses.is_dataclass(hint):
            yield from _options(hint)
        else:
            yield f.name, hint
