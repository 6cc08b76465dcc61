"""The complete diagnosis of a plain torch module."""

import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import unrolled as ur
from unrolled.diagnostics.diagnosis import default_samples
from unrolled.errors import ConfigError


class TorchClassifier(nn.Module):
    """A text classifier in plain torch: embedding, bidirectional LSTM, mean over time."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(9, 5)
        self.lstm = nn.LSTM(5, 6, num_layers=2, bidirectional=True, batch_first=True)
        self.out = nn.Linear(12, 3)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.out(self.lstm(self.table(tokens))[0].mean(1))


@pytest.fixture(scope="module")
def torch_diagnosis() -> tuple[TorchClassifier, ur.diagnostics.Diagnosis]:
    torch.manual_seed(0)
    model, tokens, labels = TorchClassifier(), torch.randint(0, 9, (4, 15)), torch.tensor([0, 1, 2, 1])
    stages: list[str] = []
    diagnosis = ur.diagnostics.diagnose(
        model,
        lambda: F.cross_entropy(model(tokens), labels, reduction="none"),
        samples=8,
        stage=stages.append,
    )
    assert stages[:2] == ["forward pass", "gradients of every loss with respect to every state"]
    return model, diagnosis


def test_a_torch_model_is_diagnosed_and_unchanged(
    torch_diagnosis: tuple[TorchClassifier, ur.diagnostics.Diagnosis],
) -> None:
    model, diagnosis = torch_diagnosis
    assert type(model.lstm) is nn.LSTM
    assert "forward" not in model.lstm.__dict__
    names = [layer.layer.name for layer in diagnosis.layers]
    assert names == ["lstm.l0", "lstm.l0_reverse", "lstm.l1", "lstm.l1_reverse"]
    for layer in diagnosis.layers:
        assert layer.spectra.singular.shape == (len(layer.spectra.places), 12)
        assert layer.products is not None
        assert layer.lyapunov is not None
        assert {g.gate for g in layer.gates} == {"i", "f", "g", "o"}
        assert set(layer.contributions.norms) == {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}
    assert {w.name for w in diagnosis.weights} == {n for n, _ in model.named_parameters()}
    assert {v.where for v in diagnosis.verdicts} == set(names)


def test_contributions_are_consistent_with_autograd(
    torch_diagnosis: tuple[TorchClassifier, ur.diagnostics.Diagnosis],
) -> None:
    model, diagnosis = torch_diagnosis
    model.zero_grad()
    diagnosis.recording.losses.sum().backward()
    assert model.lstm.weight_hh_l1.grad is not None
    contribution_norms = diagnosis.layers[2].contributions.norms["weight_hh"]
    assert (
        contribution_norms.sum()
        >= float(model.lstm.weight_hh_l1.grad.norm())
        > contribution_norms.max() / 100
    )


def test_large_states_get_fewer_samples() -> None:
    assert [default_samples(n) for n in (8, 512, 1024, 4096)] == [64, 64, 8, 4]


def test_a_layer_with_skips_has_no_products() -> None:
    layer = ur.GRU(2, 4, skip=3)
    x = torch.randn(14, 2, 2)
    diagnosis = ur.diagnostics.diagnose(layer, lambda: layer(x)[0].square().sum(-1), samples=4)
    assert diagnosis.layers[0].products is None
    assert np.isfinite(diagnosis.layers[0].spectra.radius).all()


def test_a_short_window_has_no_exponents() -> None:
    layer = ur.RNN(2, 3)
    x = torch.randn(5, 2, 2)
    diagnosis = ur.diagnostics.diagnose(layer, lambda: layer(x)[0].square().sum(-1), samples=4)
    assert diagnosis.layers[0].lyapunov is None


def test_an_unknown_layer_is_refused() -> None:
    layer = ur.RNN(2, 3)
    x = torch.randn(5, 2, 2)
    with pytest.raises(ConfigError, match=r"no layer of 'decoder'; there are l0"):
        ur.diagnostics.diagnose(layer, lambda: layer(x)[0].sum(-1), layers="decoder")


@pytest.mark.slow
def test_diagnosis_imports_no_plotting_modules() -> None:
    script = """
import sys, torch, unrolled as ur
layer, x = torch.nn.GRU(2, 3), torch.randn(12, 2, 2)
found = ur.diagnostics.diagnose(layer, lambda: layer(x)[0].square().sum(-1), samples=2)
assert found.verdicts
drawing = {"matplotlib", "jinja2", "unrolled.pages", "unrolled.inspection", "unrolled.tasks"}
print(sorted(drawing & set(sys.modules)))
"""
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert (process.returncode, process.stdout) == (0, "[]\n"), process.stderr
