"""Readable forms of tokens and numbers."""

import math
import unicodedata

_NAMED = {"\n": "↵", "\r": "␍", "\t": "→", " ": "·", "": "∅"}
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def visible(token: str) -> str:
    """Return the token with its invisible characters made visible.

    Newline, tab and blank become ↵ → ·, and an empty token ∅. Other invisible characters (control, format,
    separators, lone surrogates) become their code, as in ⟨200B⟩. A combining mark at the start is placed on a
    dotted circle. A joiner inside the token is kept: it is part of an emoji.
    """
    if token in _NAMED:
        return _NAMED[token]
    shown = "".join(
        _NAMED.get(c) or (f"⟨{ord(c):04X}⟩" if _is_invisible(c, i) else c) for i, c in enumerate(token)
    )
    return f"◌{shown}" if unicodedata.category(token[0]).startswith("M") else shown


def superscript(number: str) -> str:
    """Return an integer in superscript characters."""
    return number.translate(_RAISED)


def format_number(value: object, digits: int = 3) -> str:
    """Format a number with ``digits`` significant digits, as 2.3 × 10⁻⁹ if it is very small or large.

    Integers below ten million are written in full; text is returned unchanged.
    """
    if isinstance(value, str | bool):
        return str(value)
    number = float(value)  # type: ignore[arg-type]
    if math.isnan(number):
        return "not a number"
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    if number == int(number) and abs(number) < 1e7:
        return str(int(number)).replace("-", "−")
    mantissa, _, power = f"{number:.{digits - 1}e}".partition("e")
    if -3 <= int(power) < 5:
        rounded = f"{number:.{max(digits - 1 - int(power), 0)}f}"
        return (rounded.rstrip("0").rstrip(".") if "." in rounded else rounded).replace("-", "−")
    return f"{mantissa} × 10{superscript(str(int(power)))}".replace("-", "−")


def _is_invisible(character: str, position: int) -> bool:
    if character == "\u200d":
        return position == 0
    return unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Zs")
