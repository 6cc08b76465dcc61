"""Train word vectors on a text: Word2Vec, by gensim."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from unrolled.config import LARGEST_SIZE, require_at_least, require_at_most
from unrolled.errors import DataError


@dataclass(frozen=True)
class Word2VecConfig:
    """Training options of Word2Vec (Mikolov et al. 2013)."""

    method: Literal["skip-gram", "cbow"] = "skip-gram"
    """skip-gram predicts the context words from a word; cbow predicts a word from the mean of its context."""

    size: int = 100
    """Size of the vectors."""

    window: int = 5
    """Context size: number of words on each side."""

    min_count: int = 5
    """Words that occur less often get no vector."""

    negative: int = 5
    """Negative samples: random words that each prediction is trained to reject."""

    passes: int = 5
    """Number of passes over the text (epochs)."""

    seed: int = 0
    """Seed of the initial weights and of the negative samples."""

    def __post_init__(self) -> None:
        require_at_least(self, dict.fromkeys(("size", "window", "min_count", "negative", "passes"), 1))
        require_at_least(self, {"seed": 0})
        require_at_most(self, dict.fromkeys(("size", "window", "negative"), LARGEST_SIZE))


def train_word2vec(
    sentences: Iterable[list[str]], config: Word2VecConfig, report: Callable[[int], None] | None = None
) -> Any:
    """Return gensim's ``KeyedVectors``, most frequent words first; the same seed gives the same bits.

    Args:
        sentences: words of each sentence.
        config: training options.
        report: called with 1 after every pass.

    Raises:
        DataError: if gensim is not installed, or no word occurs often enough.
    """
    try:
        from gensim.models import Word2Vec
        from gensim.models.callbacks import CallbackAny2Vec
    except ImportError as error:
        raise DataError("word vectors need gensim: pip install 'unrolled[vectors]'") from error

    class PassCallback(CallbackAny2Vec):
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
        workers=1,  # more workers would make the order of updates, and so the result, random
    )
    corpus = list(sentences)
    model.build_vocab(corpus)
    if not len(model.wv):
        raise DataError(f"no word occurs {config.min_count} times; give more text or a smaller --min-count")
    model.train(corpus, total_examples=len(corpus), epochs=config.passes, callbacks=[PassCallback()])
    return model.wv
