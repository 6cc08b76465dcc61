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

from unrolled.cli.plain import Positional, parse_plain, positional_of
from unrolled.cli.spelling import remember_options, to_flag
from unrolled.config import get_aliases, literal_values, require
from unrolled.errors import ConfigError, suggestion
from unrolled.visible import styled_output

A = TypeVar("A")

RunFolder = Annotated[str, Positional("RUN")]
"""Type of the run folder argument, the first word after the verb."""


def data_source(argument: str) -> str | Path:
    """Return the data source for the value of ``--data``: always a name or a path, never a text.

    Raises:
        ConfigError: if the value is empty.
    """
    require(bool(argument), "--data: is empty; give a file, a folder or a data set")
    return argument if argument.startswith("@") else Path(argument)


def decode_argument(argument: str) -> str:
    """Return a command-line argument decoded as UTF-8, not by the locale as Python does.

    Bytes that are not UTF-8 become surrogates, as in Python's file names.
    """
    return os.fsencode(argument).decode("utf-8", "surrogateescape")


def parse(arguments_type: type[A], argv: Sequence[str], *, prog: str, default: A | None = None) -> A:
    """Parse the arguments into a dataclass. The options of nested dataclasses have no prefix.

    ``--help`` prints tyro's help and exits.

    Raises:
        ConfigError: for an unknown option or a wrong value; the message suggests the nearest valid one.
    """
    remember_options(name for name, _ in _options(arguments_type))
    argv = _replace_aliases(arguments_type, argv)
    _check_choices(arguments_type, argv)
    if default is None and (plain := parse_plain(arguments_type, argv)) is not None:
        return plain
    return _parse_with_tyro(arguments_type, argv, prog, default)


def _parse_with_tyro(arguments_type: type[A], argv: Sequence[str], prog: str, default: A | None) -> A:
    import tyro

    _mark_for_tyro(arguments_type)
    flat = tyro.conf.configure(tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff)(arguments_type)
    defaults: dict[str, Any] = {} if default is None else {"default": default}
    stderr = io.StringIO()
    try:
        with contextlib.redirect_stderr(stderr), styled_output():
            return typing.cast(A, tyro.cli(flat, args=list(argv), prog=prog, **defaults))
    except SystemExit as exit_request:
        if not exit_request.code:
            raise
        message = re.sub(r"^(Value error )?Error parsing [\w.]+: ", "", _join_box_lines(stderr.getvalue()))
        raise ConfigError(
            f"{_plain_message(message, arguments_type)}; {prog} --help shows all options"
        ) from None


def _mark_for_tyro(arguments_type: Any) -> None:
    """Write tyro's marks into the annotations of positional arguments, where tyro reads them."""
    import tyro

    annotated: Any = Annotated  # types that are made here, which the type checker cannot follow
    positional: Any = tyro.conf.Positional
    for name, hint in typing.get_type_hints(arguments_type, include_extras=True).items():
        if mark := positional_of(hint):
            parts = (typing.get_args(hint)[0], mark, tyro.conf.arg(metavar=mark.metavar))
            arguments_type.__annotations__[name] = positional[annotated[parts]]


def _plain_message(message: str, arguments_type: type) -> str:
    """Rewrite tyro's errors on unknown options and invalid numbers; return other messages unchanged."""
    if unknown := re.search(r"Unrecognized options: (.*?)(?: Perhaps you meant:|$)", message):
        words = unknown[1].split(", ")
        flags = [word.partition("=")[0] for word in words if word.startswith("-")]
        valid_flags = [to_flag(name) for name, _ in _options(arguments_type)]
        if not flags:
            return f"{' '.join(words)!r}: does not belong to an option"
        return "; ".join(f"{flag}: is not an option" + suggestion(flag, valid_flags) for flag in flags)
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


def _replace_aliases(arguments_type: type, argv: Sequence[str]) -> list[str]:
    """Return the arguments, with every alias of an option replaced by the option's name."""
    words = list(argv)
    for alias, name in get_aliases(name for name, _ in _options(arguments_type)).items():
        present = {flag: flag_value(words, flag) is not None for flag in (f"--{alias}", f"--{name}")}
        require(not all(present.values()), f"--{alias} is another name of --{name}: give one of them")
        words = [re.sub(rf"^--{alias}(?==|$)", f"--{name}", word) for word in words]
    return words


def _check_choices(arguments_type: type, argv: Sequence[str]) -> None:
    """Check the options that have a fixed set of values."""
    for name, hint in _options(arguments_type):
        choices = literal_values(hint)
        if not choices:
            continue
        value = flag_value(argv, "--" + name.replace("_", "-"))
        if value is not None and value not in choices and not value.startswith("-"):
            raise ConfigError(
                f"--{name.replace('_', '-')} {value}: is not one of {', '.join(choices)}"
                + suggestion(value, choices)
            )


def _options(arguments_type: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and type of every option, including those of nested dataclasses."""
    hints = typing.get_type_hints(arguments_type)
    for f in dataclasses.fields(arguments_type):
        hint = hints[f.name]
        if dataclasses.is_dataclass(hint):
            yield from _options(hint)
        else:
            yield f.name, hint
