"""Vocabulary of a corpus that is already split into words or characters."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import numpy as np

from unrolled.arrays import Ids
from unrolled.reading import convert
from unrolled.text.tokenizer import EOS, UNK, UNK_ID


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    items: list[str]
    lowercase: bool


class Vocabulary:
    """Maps words or characters to ids; 0 is ``<eos>`` (and padding), 1 is ``<unk>``.

    Args:
        items: items in the order of their ids, without ``<eos>`` and ``<unk>``.
        lowercase: convert items to lower case before the lookup.
    """

    def __init__(self, items: Sequence[str], *, lowercase: bool = False) -> None:
        if len({*items, EOS, UNK}) != len(items) + 2 or not all(isinstance(i, str) for i in items):
            raise ValueError("a vocabulary must have distinct items, without <eos> and <unk>")
        self.items, self.lowercase = [EOS, UNK, *items], lowercase
        self._ids = {item: i for i, item in enumerate(self.items)}

    def __repr__(self) -> str:
        return f"Vocabulary({len(self.items):,} items)"

    @classmethod
    def learn(
        cls, items: Iterable[str], *, min_frequency: int = 1, size: int = 0, lowercase: bool = False
    ) -> "Vocabulary":
        """Build a vocabulary of items that occur at least ``min_frequency`` times, at most ``size`` − 2.

        ``size`` 0 means no limit.
        """
        counts = Counter(item.lower() if lowercase else item for item in items)
        frequent = [(i, n) for i, n in counts.items() if n >= min_frequency and i not in (EOS, UNK)]
        frequent.sort(key=lambda pair: (-pair[1], pair[0]))
        names = [item for item, _ in frequent]
        return cls(names[: size - 2] if size else names, lowercase=lowercase)

    def __len__(self) -> int:
        return len(self.items)

    def numbers(self, items: Iterable[str]) -> Ids:
        """Return the id of each item; unknown items become ``<unk>``."""
        lookup = self._ids.get
        ids = [lookup(i.lower() if self.lowercase else i, UNK_ID) for i in items]
        return np.array(ids, dtype=np.int64)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON data that :meth:`from_json` reads."""
        return {"items": self.items[2:], "lowercase": self.lowercase}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Vocabulary":
        """Rebuild from the data of :meth:`to_json`; raise ValueError if they are damaged."""
        stored = convert(values, _Stored)
        return cls(stored.items, lowercase=stored.lowercase)
