"""Random numbers of the sampler: the same in the native runtime and under torch, on every device."""

_MASK = 2**64 - 1


class RandomNumbers:
    """xoshiro256++ (Blackman & Vigna 2021), its state filled by splitmix64 (Steele et al. 2014).

    The native runtime has the same generator, so that a seed samples the same text there.

    Args:
        seed: a whole number, taken modulo 2^64.
        row: number of the row of a batch; rows have independent numbers.
    """

    def __init__(self, seed: int, row: int = 0) -> None:
        _, mixed = _split_mix(seed & _MASK)
        x = mixed ^ (row * 0xD1342543DE82EF95 & _MASK)
        self._state = []
        for _ in range(4):
            x, word = _split_mix(x)
            self._state.append(word)

    def uniform(self) -> float:
        """Return a number in [0, 1), a multiple of 2⁻⁵³."""
        return (self._next() >> 11) * 2.0**-53

    def _next(self) -> int:
        a, b, c, d = self._state
        result = (_rotate(a + d & _MASK, 23) + a) & _MASK
        c, d = c ^ a, d ^ b
        b, a = b ^ c, a ^ d
        self._state = [a, b, c ^ (self._state[1] << 17 & _MASK), _rotate(d, 45)]
        return result


def _split_mix(x: int) -> tuple[int, int]:
    """Return the next state, and a number."""
    x = (x + 0x9E3779B97F4A7C15) & _MASK
    z = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
    return x, z ^ z >> 31


def _rotate(x: int, bits: int) -> int:
    return (x << bits | x >> (64 - bits)) & _MASK
