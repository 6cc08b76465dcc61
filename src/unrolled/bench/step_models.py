"""The models whose training step is measured, and random text to train them on."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from unrolled.bench.flops import TRAINING_PASSES, model_forward
from unrolled.config import with_options
from unrolled.data import Chunk, TokenStream
from unrolled.errors import ConfigError
from unrolled.models import CellConfig, NetworkConfig
from unrolled.tasks.lm.config import LanguageModelConfig, LanguageTrainingConfig
from unrolled.training import OptimizerConfig

CELLS: dict[str, Literal["lstm", "gru", "elman"]] = {"lstm": "lstm", "gru": "gru", "rnn": "elman"}
INIT_RANGE = 0.1
"""Initial weights are uniform in ±0.1, as in the ``ptb-small`` recipe. With larger weights, rounding alone
soon makes the losses of two equal trainings differ."""
CHUNKS = 40
"""Number of batches in the random text. They are repeated in a cycle."""


@dataclass(frozen=True)
class StepModel:
    """A language model and its training settings. ``cell`` is rnn, gru or lstm, as in torch."""

    name: str
    cell: str
    vocabulary: int
    embedding: int
    hidden: int
    layers: int
    batch: int
    steps: int
    lr: float
    clip: float
    loss: Literal["token", "steps"]
    """token: the mean loss over all tokens. steps: that mean times the number of steps in a chunk."""

    @property
    def tokens(self) -> int:
        """Tokens in one update, T·B."""
        return self.steps * self.batch

    @property
    def flops(self) -> int:
        """Number of operations in one update: recurrent layers and output layer, forward and backward."""
        return TRAINING_PASSES * model_forward(
            self.cell,
            self.tokens,
            embedding=self.embedding,
            hidden=self.hidden,
            layers=self.layers,
            vocabulary=self.vocabulary,
        )

    def config(self, precision: str = "float32") -> LanguageModelConfig:
        """Return the model's configuration in this package.

        Raises:
            ConfigError: if models support no other precision than float32.
        """
        config = LanguageModelConfig(
            cell=CellConfig(cell=CELLS[self.cell]),
            network=NetworkConfig(
                layers=self.layers, hidden=self.hidden, embedding=self.embedding, init_range=INIT_RANGE
            ),
            optimizer=OptimizerConfig(optimizer="sgd", lr=self.lr, clip_norm=self.clip, schedule="constant"),
            training=LanguageTrainingConfig(epochs=1, batch=self.batch, steps=self.steps, loss=self.loss),
        )
        if precision == "float32":
            return config
        try:
            return with_options(config, {"precision": precision})
        except ConfigError:
            raise ConfigError(
                f"precision={precision!r}: the models of this version compute in float32 only"
            ) from None


def _characters(cell: str) -> StepModel:
    return StepModel(f"char-{cell}", cell, 96, 256, 256, 2, 64, 100, lr=0.1, clip=5.0, loss="token")


MODELS = {
    model.name: model
    for model in (
        StepModel("ptb-small", "lstm", 10_000, 200, 200, 2, 20, 20, lr=1.0, clip=5.0, loss="steps"),
        *(_characters(cell) for cell in ("lstm", "gru", "rnn")),
    )
}
"""The word model of the ``ptb-small`` recipe, and a character model with each cell."""


def random_tokens(model: StepModel, seed: int = 0) -> TokenStream:
    """Return random tokens with Zipf frequencies: the k-th token type is 1/k as frequent as the first."""
    weights = 1.0 / np.arange(1, model.vocabulary + 1)
    count = (CHUNKS + 1) * model.tokens + 1
    ids = np.random.default_rng(seed).choice(model.vocabulary, size=count, p=weights / weights.sum())
    return TokenStream(ids.astype(np.int64), np.zeros(1, np.int64))


def random_chunks(model: StepModel, text: TokenStream) -> list[Chunk]:
    """Return the batches of the text except the first, where the document begins and states are reset."""
    return list(text.chunks(model.batch, model.steps))[1:]
