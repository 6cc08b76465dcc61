"""Word vectors of one's own text: Word2Vec, trained by gensim."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from unrolled.config import LARGEST_SIZE, require_at_least, require_at_most
from unrolled.errors import DataError


@dataclass(frozen=True)
class Word2VecConfig:
    """How vectors are trained (Mikolov et al. 2013)."""

    method: Literal["skip-gram", "cbow"] = "skip-gram"
    """skip-gram predicts the words around a word; cbow a word from the sum of those around it."""

    size: int = 100
    """Size of the vectors."""

    window: int = 5
    """Words on each side that count as around."""

    min_count: int = 5
    """Words that occur less often have no vector."""

    negative: int = 5
    """Random words that each prediction is told from."""

    passes: int = 5
    """Passes over the text."""

    seed: int = 0
    """Of the random start and of the random words."""

    def __post_init__(self) -> None:
        require_at_least(self, dict.fromkeys(("size", "window", "min_count", "negative", "passes"), 1))
        require_at_least(self, {"seed": 0})
        require_at_most(self, dict.fromkeys(("size", "window", "negative"), LARGEST_SIZE))


def train_word2vec(
    sentences: Iterable[list[str]], config: Word2VecConfig, report: Callable[[int], None] | None = None
) -> Any:
    """Return gensim's ``KeyedVectors``, words from frequent to rare; the same seed gives the same bits.

    Args:
        sentences: words of each sentence.
        config: how.
        report: is told after every pass.

    Raises:
        DataError: if gensim is not installed, or no word occurs often enough.
    """
    try:
        from gensim.models import Word2Vec
        from gensim.models.callbacks import CallbackAny2Vec
    except ImportError as error:
        raise DataError("word vectors need gensim: pip install 'unrolled[vectors]'") from error

    class Passes(CallbackAny2Vec):
        def on_epoch_end(self, model: Any) -> None:
            if report is not None:
                report(1)

    model = Word2Vec(
        vector_size=config.size,
        window=config.window,
        min_count=config.min_count,
        sg=config.method == "skip-gram",
        negative=config.negative,
        seed=config.seed + 1,  # gensim takes 0 for "no seed"
        workers=1,  # with more the order of updates, and so the result, is left to chance
    )
    corpus = list(sentences)
    model.build_vocab(corpus)
    if not len(model.wv):
        raise DataError(f"no word occurs {config.min_count} times; give more text or a smaller --min-count")
    model.train(corpus, total_examples=len(corpus), epochs=config.passes, callbacks=[Passes()])
    return model.wv
