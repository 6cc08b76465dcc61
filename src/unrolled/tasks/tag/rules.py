"""The tag sequences that the scheme of a tagger allows."""

from collections.abc import Sequence

from unrolled.data.tagged.schemes import SCHEMES, get_rules
from unrolled.decoding.viterbi import Moves, make_forbidding_scores


def tag_rules(scheme: str, tags: Sequence[str]) -> Moves | None:
    """Return the transition scores that forbid tag sequences outside a scheme; None without a scheme."""
    return make_forbidding_scores(*get_rules(scheme, tags)) if scheme in SCHEMES else None
