"""Look inside a model that this toolkit did not build: where its gradients vanish, and what would help."""

import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

import unrolled as ur


class Reader(nn.Module):
    """Symbols in, a class out at the end of the sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(10, 16)
        self.rnn = nn.RNN(16, 32, batch_first=True)
        self.head = nn.Linear(32, 4)

    def forward(self, symbols: torch.Tensor) -> torch.Tensor:
        """Return the logits (B, 4) of symbols (B, T)."""
        return self.head(self.rnn(self.table(symbols))[0][:, -1])


torch.manual_seed(0)
model = Reader()
symbols = torch.randint(0, 10, (8, 60))
labels = symbols[:, 0] % 4  # the answer lies at the beginning

found = ur.diagnostics.diagnose(model, lambda: F.cross_entropy(model(symbols), labels, reduction="none"))
for verdict in found.verdicts:
    print(f"{verdict.level}: {verdict.title} ({verdict.where})")
    for remedy in verdict.remedies:
        print(f"    {remedy.what}: {remedy.flag}")
(curve,) = found.gradients.curves()
print("share of the gradient left, by distance:")
for distance in (0, 1, 5, 20, 59):
    print(f"    {distance:>3}  {curve.median[distance] / curve.median[0]:.1e}")
print(ur.write_report(found, Path(tempfile.mkdtemp()) / "inside.html"))
