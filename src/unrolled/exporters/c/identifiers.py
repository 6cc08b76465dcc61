"""C identifiers for the names of a program."""

import re

from unrolled.errors import ExportError

_C = """
auto bool break case char const continue default do double else enum extern float for goto if inline int long
register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
"""
_CPP = """
alignas alignof and asm catch class compl concept consteval constexpr constinit decltype delete explicit
export false friend mutable namespace new noexcept not nullptr operator or private protected public requires
requires static_assert template this thread_local throw true try typeid typename using virtual xor
"""
_SOURCE = """
s k NULL main product product_int8 add_four dot look_up shared_row quantise layer_norm sum
largest copy sigmoid log_sigmoid softplus expf logf log1pf tanhf sqrtf rintf
int8_t int16_t int32_t uint32_t uintptr_t size_t
exp log tanh sqrt round fabs abs signal index gamma lgamma y0 y1 yn j0 j1 jn
"""
KEYWORDS = frozenset(f"{_C}{_CPP}".split())
"""Keywords of C and of C++, whose programs may include the header."""
USED_BY_THE_SOURCE = frozenset(_SOURCE.split())
"""Variables, functions and types of every source, and functions of the C library that collide easily."""


def check_prefix(name: str) -> str:
    """Return the name of a model if it can begin the names of C functions.

    Raises:
        ExportError: if it cannot.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in KEYWORDS:
        raise ExportError(
            f"name={name!r} cannot begin the names of C functions: use letters, digits and underscores, "
            f"a letter first, such as {identifier(name)!r}"
        )
    return name


def identifier(text: str) -> str:
    """Return text with everything replaced that C identifiers cannot hold."""
    name = re.sub(r"[^A-Za-z0-9_]", "_", text)
    # A leading underscore is reserved in C.
    name = name.lstrip("_")
    return f"n{name}" if not name or name[0].isdigit() else name


class Names:
    """Gives each thing in one scope a name of its own."""

    def __init__(self, *reserved: str) -> None:
        self._taken = {*KEYWORDS, *USED_BY_THE_SOURCE, *reserved}

    def new(self, text: str) -> str:
        """Return a free identifier close to the text."""
        name, number = identifier(text), 2
        base = name
        while name in self._taken:
            name, number = f"{base}_{number}", number + 1
        self._taken.add(name)
        return name
