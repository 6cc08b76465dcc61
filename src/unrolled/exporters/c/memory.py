"""Assign places in one array to values that live from one group of operations to another."""

from dataclasses import dataclass

ALIGNMENT = 4
"""Values begin at multiples of this many elements, which fills vector registers of 16 bytes."""


@dataclass(frozen=True)
class _Block:
    begin: int
    end: int
    last: int


class Memory:
    """Gives each value the first free place; values must be added in the order in which they are computed."""

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self.size = 0

    def add(self, size: int, first: int, last: int) -> int:
        """Return the place of a value that is computed in group ``first`` and last read in group ``last``."""
        begin = 0
        for block in sorted((b for b in self._blocks if b.last >= first), key=lambda b: b.begin):
            if block.begin - begin >= size:
                break
            begin = max(begin, block.end)
        return self.put(begin, size, last)

    def put(self, begin: int, size: int, last: int) -> int:
        """Use a known place, which is that of a value read for the last time as this one is computed."""
        end = begin + -(-size // ALIGNMENT) * ALIGNMENT
        self._blocks.append(_Block(begin, end, last))
        self.size = max(self.size, end)
        return begin
