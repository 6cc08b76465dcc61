"""On a GPU, layers run on torch's kernels if they exist, and otherwise on the reference."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

import unrolled as ur
from numerics import (
    CASES,
    TORCH_CASES,
    Case,
    as_hidden,
    as_tuple,
    case_named,
    layer_state,
    make_layer,
    uniform,
    weighted_sum,
)
from parity import assert_near
from unrolled import RecurrentDrop
from unrolled.errors import BackendError
from unrolled.layers import Recurrent

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"),
    # cuDNN copies weights that are not in its layout, and warns at every call
    pytest.mark.filterwarnings(
        "ignore:RNN module weights are not part of single contiguous chunk:UserWarning"
    ),
]

STEPS, BATCH = 6, 5
LENGTHS = [4, 6, 1, 3, 6]
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "stack": {"num_layers": 2, "bidirectional": True},
    "skip": {"num_layers": 2, "skip": 2, "residual": True},
}


@pytest.fixture(autouse=True)
def _cudnn_in_full_precision() -> Iterator[None]:
    torch.use_deterministic_algorithms(False)
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        yield
    torch.use_deterministic_algorithms(True)


def run(layer: Recurrent, device: str, lengths: list[int] | None) -> list[torch.Tensor]:
    layer = layer.to(device)
    x = uniform(STEPS, BATCH, 2, seed=1).to(device).requires_grad_()
    states = tuple(s.to(device).requires_grad_() for s in layer_state(layer, BATCH))
    y, final = layer(x, as_hidden(states), lengths=lengths)
    outputs = [y, *as_tuple(final)]
    total = sum((out * uniform(*out.shape, seed=77 + i).to(device)).sum() for i, out in enumerate(outputs))
    gradients = torch.autograd.grad(total, [x, *states, *layer.parameters()])  # type: ignore[arg-type]
    return [t.detach().cpu() for t in (*outputs, *gradients)]


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=["full", "ragged"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_cell_equals_the_cpu(case: Case, options: dict[str, Any], lengths: list[int] | None) -> None:
    layer = make_layer(case, **options)
    expected = run(layer, "cpu", lengths)
    ours = run(layer, "cuda", lengths)
    path = "aten" if case in TORCH_CASES and not layer.skip else "reference"
    assert layer.explain().paths == [path] * layer.num_layers
    assert "not on cuda" in str(layer.explain()) or "extension is absent" in str(layer.explain())
    assert_near(ours, expected, within=1e-9)


@pytest.mark.parametrize("backend", ["auto", "reference"])
@pytest.mark.parametrize("case", TORCH_CASES, ids=str)
def test_both_paths_agree_in_float32(case: Case, backend: str) -> None:
    results = []
    for device, layer_backend in (("cpu", "reference"), ("cuda", backend)):
        layer = make_layer(case, dtype=torch.float32, num_layers=2, backend=layer_backend).to(device)
        x = uniform(STEPS, BATCH, 2, seed=1, dtype=torch.float32).to(device)
        y, final = layer(x)
        results.append([t.detach().cpu() for t in (y, *as_tuple(final))])
    assert_near(*results, within=1e-4)


@pytest.mark.parametrize("name", ["elman-tanh", "lstm", "gru-before"])
def test_masks_are_drawn_on_the_gpu(name: str) -> None:
    layer = make_layer(case_named(name), drop=RecurrentDrop(zoneout=0.3, candidate=0.2)).to("cuda")
    x = uniform(STEPS, BATCH, 2, seed=1).to("cuda").requires_grad_()
    y, _ = layer(x)
    weighted_sum([y.cpu()]).backward()
    assert layer.explain().paths == ["reference"]
    assert x.grad is not None
    assert x.grad.isfinite().all()


def test_the_compiled_loop_is_refused_on_the_gpu() -> None:
    x = torch.zeros(3, 1, 2, device="cuda")
    with pytest.raises(BackendError, match="'compiled': "):
        ur.LSTM(2, 3, device="cuda", backend="compiled")(x)
    with pytest.raises(BackendError, match="checkpoint_every needs the compiled loop"):
        ur.LSTM(2, 3, device="cuda", checkpoint_every="auto")(x)
    with pytest.raises(BackendError, match=r"or torch\.autocast"):
        ur.LSTM(2, 3, device="cuda", precision="bfloat16")(x)
    layer = ur.LSTM(2, 3, device="cuda", precision="auto")
    layer(x)
    assert layer.explain().paths == ["aten"]


def test_a_single_step_runs_on_the_gpu() -> None:
    step = ur.LSTMCell(2, 3, device="cuda")
    h, c = step(torch.zeros(4, 2, device="cuda"))
    assert h.device.type == c.device.type == "cuda"
    assert step.explain().path == "aten"
