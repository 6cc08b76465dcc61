"""The adaptive softmax: an output layer whose rare tokens cost less than the frequent ones."""

from torch import Tensor, nn

from unrolled.backends import Precision
from unrolled.config import require
from unrolled.layers.output import flat_rows

TAIL_DIVISOR = 4
"""Each group of tokens is read from so many times fewer features than the one before."""


class AdaptiveOutput(nn.Module):
    """Softmax in groups of tokens from frequent to rare (Grave et al. 2017), as torch has it.

    The most frequent tokens and one entry for each other group share one softmax; the tokens of a group
    have one of their own, read from fewer features. A target then costs its group alone. Tokens must be
    numbered from frequent to rare.

    Args:
        features: size of h.
        vocabulary: number of tokens.
        cutoffs: first token of each group after the first, rising.

    Raises:
        ConfigError: if the groups do not fit the vocabulary, or a group would have no features left.
    """

    tied = False

    def __init__(self, features: int, vocabulary: int, cutoffs: tuple[int, ...]) -> None:
        super().__init__()
        rising = list(cutoffs) == sorted({*cutoffs})
        require(
            rising and cutoffs[0] > 0 and cutoffs[-1] < vocabulary,
            f"adaptive_softmax={cutoffs}: must rise and lie in 1..{vocabulary - 1}, for there are "
            f"{vocabulary} tokens",
        )
        require(
            features >= TAIL_DIVISOR ** len(cutoffs),
            f"adaptive_softmax={cutoffs}: the last group is read from {features} / "
            f"{TAIL_DIVISOR}^{len(cutoffs)} features, which is none; give fewer groups or a wider network",
        )
        self.features, self.vocabulary, self.cutoffs = features, vocabulary, cutoffs
        self.softmax = nn.AdaptiveLogSoftmaxWithLoss(
            features, vocabulary, cutoffs, div_value=TAIL_DIVISOR, head_bias=True
        )

    def forward(self, h: Tensor, table: Tensor | None = None) -> Tensor:
        """Return ln p (…, vocabulary) of h (…, features), which are logits too: their softmax is p."""
        log_p: Tensor = self.softmax.log_prob(h.flatten(0, -2))
        return log_p.view(*h.shape[:-1], self.vocabulary)

    def loss(
        self,
        h: Tensor,
        targets: Tensor,
        table: Tensor | None = None,
        *,
        row_weights: Tensor | None = None,
        ignore: int = -100,
        label_smoothing: float = 0.0,
        precision: Precision = "full",
    ) -> tuple[Tensor, Tensor]:
        """See :meth:`SoftmaxOutput.loss`.

        Raises:
            ConfigError: if there is label_smoothing, which needs every ln p, or bfloat16 is asked for, which
                torch's softmax does not offer.
        """
        require(precision != "bfloat16", "precision='bfloat16' does not go with adaptive_softmax")
        require(not label_smoothing, "label_smoothing does not go with adaptive_softmax")
        rows, marks, weights = flat_rows(h, targets, row_weights)
        kept = (marks != ignore).nonzero().squeeze(1)
        counted = -self.softmax(rows[kept], marks[kept]).output
        loss = (counted if weights is None else counted * weights[kept]).sum()
        nats = rows.new_zeros(len(rows)).index_copy_(0, kept, counted.detach())
        return loss, nats.view(targets.shape)
