"""Diagnose a plain PyTorch model: where its gradients vanish, and what would help."""

import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

import unrolled as ur


class SequenceClassifier(nn.Module):
    """Classifies a sequence of symbols by the last hidden state."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 16)
        self.rnn = nn.RNN(16, 32, batch_first=True)
        self.head = nn.Linear(32, 4)

    def forward(self, symbols: torch.Tensor) -> torch.Tensor:
        """Return the logits (B, 4) of symbols (B, T)."""
        return self.head(self.rnn(self.embedding(symbols))[0][:, -1])


torch.manual_seed(0)
model = SequenceClassifier()
symbols = torch.randint(0, 10, (8, 60))
labels = symbols[:, 0] % 4  # the answer depends on the first symbol

diagnosis = ur.diagnostics.diagnose(model, lambda: F.cross_entropy(model(symbols), labels, reduction="none"))
for verdict in diagnosis.verdicts:
    print(f"{verdict.level}: {verdict.title} ({verdict.where})")
    for remedy in verdict.remedies:
        print(f"    {remedy.what}: {remedy.flag}")
(curve,) = diagnosis.gradients.curves()
print("fraction of the gradient remaining, by distance:")
for distance in (0, 1, 5, 20, 59):
    print(f"    {distance:>3}  {curve.median[distance] / curve.median[0]:.1e}")
print(ur.write_report(diagnosis, Path(tempfile.mkdtemp()) / "inside.html"))
