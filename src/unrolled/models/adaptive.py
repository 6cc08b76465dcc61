"""The adaptive softmax: an output layer in which rare tokens cost less than frequent ones."""

from torch import Tensor, nn

from unrolled.backends import Precision
from unrolled.config import require
from unrolled.layers.output import flat_rows
from unrolled.models.steps.adaptive import TAIL_DIVISOR
from unrolled.wording import counted


class AdaptiveOutput(nn.Module):
    """Adaptive softmax over groups of tokens from frequent to rare (Grave et al. 2017), based on torch's.

    The first softmax covers the most frequent tokens and one entry for each other group. Each of these groups
    has another softmax over its tokens, with fewer features. So a target only costs the first softmax and
    that of its group. Tokens must be numbered from frequent to rare.

    Args:
        features: size of h.
        vocabulary: number of tokens.
        cutoffs: first token of each group after the first, in increasing order.

    Raises:
        ConfigError: if the groups do not fit the vocabulary, or a group would have no features.
    """

    tied = False

    def __init__(self, features: int, vocabulary: int, cutoffs: tuple[int, ...]) -> None:
        super().__init__()
        is_increasing = list(cutoffs) == sorted({*cutoffs})
        require(
            is_increasing and cutoffs[0] > 0 and cutoffs[-1] < vocabulary,
            f"adaptive_softmax={cutoffs}: must rise and lie in 1..{vocabulary - 1}, because there are "
            f"{counted(vocabulary, 'token')}",
        )
        require(
            features >= TAIL_DIVISOR ** len(cutoffs),
            f"adaptive_softmax={cutoffs}: the last group would have {features} / "
            f"{TAIL_DIVISOR}^{len(cutoffs)} features, less than 1; give fewer groups or a wider network",
        )
        self.features, self.vocabulary, self.cutoffs = features, vocabulary, cutoffs
        self.softmax = nn.AdaptiveLogSoftmaxWithLoss(
            features, vocabulary, cutoffs, div_value=TAIL_DIVISOR, head_bias=True
        )

    def forward(self, h: Tensor, table: Tensor | None = None) -> Tensor:
        """Return ln p (…, vocabulary) of h (…, features); they are also logits, since their softmax is p."""
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
            ConfigError: for label_smoothing, which needs the ln p of all tokens, or for bfloat16, which
                torch's adaptive softmax does not support.
        """
        require(precision != "bfloat16", "precision='bfloat16' does not go with adaptive_softmax")
        require(not label_smoothing, "label_smoothing does not go with adaptive_softmax")
        rows, flat_targets, weights = flat_rows(h, targets, row_weights)
        used = (flat_targets != ignore).nonzero().squeeze(1)
        losses = -self.softmax(rows[used], flat_targets[used]).output
        loss = (losses if weights is None else losses * weights[used]).sum()
        nats = rows.new_zeros(len(rows)).index_copy_(0, used, losses.detach())
        return loss, nats.view(targets.shape)
