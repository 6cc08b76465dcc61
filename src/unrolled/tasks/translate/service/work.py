"""Limits on the work of one request."""

from collections.abc import Sequence

from unrolled.decoding.row_search import Limits as SearchLimits
from unrolled.errors import ConfigError
from unrolled.tasks.base.service import Limits
from unrolled.tasks.translate.service.source import Source

MOST_READ = 1 << 19
"""Maximum number of source tokens of a request, times beams: the attention scores of a step."""
MOST_PAIRS = 1 << 25
"""Maximum number of attention weights of a text: pairs of a source token and a target token."""
MOST_STEPS = 64
"""Maximum number of target tokens of a request in all beams, as a multiple of the limit on steps."""
MOST_SHOWN = 1 << 20
"""Maximum number of attention weights in an answer."""


def check_work(
    sources: Sequence[Source], search: SearchLimits, beams: int, limits: Limits, field: str = "texts"
) -> None:
    """Check how much a request may read and write.

    Args:
        sources: its texts.
        search: limits of the search for their translations.
        beams: number of hypotheses of each text.
        limits: limits on one request.
        field: name of the texts in the request.

    Raises:
        ConfigError: if it is too much.
    """
    read = beams * sum(len(source.ids) for source in sources)
    if read > MOST_READ:
        raise ConfigError(
            f"{field}: {read // beams:,} tokens with {beams:,} beams are too many; send at most "
            f"{MOST_READ // beams:,} in a request, or ask for fewer beams"
        )
    for source, longest in zip(sources, search.lengths, strict=True):
        if longest > limits.steps or longest * len(source.ids) > MOST_PAIRS:
            allowed = min(limits.steps, MOST_PAIRS // max(1, len(source.ids)))
            raise ConfigError(
                f"{field}: a translation may have up to {longest:,} tokens, but at most {allowed:,} are "
                f"allowed for {len(source.ids):,} source tokens; send a shorter text or lower length_ratio"
            )
    written = beams * sum(search.lengths)
    if written > MOST_STEPS * limits.steps:
        raise ConfigError(
            f"{field}: up to {written:,} tokens to write in all beams are too many; send fewer texts, or ask "
            "for fewer beams or a smaller length_ratio"
        )


def check_shown(source: int, target: int, field: str = "text") -> None:
    """Check the number of attention weights of an answer, for numbers of source and target tokens.

    Raises:
        ConfigError: if there are too many.
    """
    if source * target > MOST_SHOWN:
        raise ConfigError(
            f"{field}: the attention weights of {source:,} source tokens and up to {target:,} target tokens "
            "are too many to send; send a shorter text"
        )
