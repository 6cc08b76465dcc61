"""A forward pass chooses its backend once, and its outputs share no memory."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

import unrolled as ur
from numerics import BACKENDS, as_tuple, needs_extension, uniform
from unrolled import backends
from unrolled.backends import Choice
from unrolled.errors import ConfigError
from unrolled.layers import Recurrent
from unrolled.models.config import CellConfig, DropoutConfig, TokenNetworkConfig
from unrolled.models.token_encoder import TokenEncoder

TOKENS = torch.zeros(9, 5, dtype=torch.int64)
TABLE = torch.zeros(4, 2)


@pytest.fixture
def choices(monkeypatch: pytest.MonkeyPatch) -> list[Choice]:
    """List to which every backend choice of a pass is added."""
    choices_made: list[Choice] = []
    choose = backends.choose

    def recording_choose(*args: Any) -> Choice:
        choices_made.append(choose(*args))
        return choices_made[-1]

    monkeypatch.setattr("unrolled.layers.recurrent.choose", recording_choose)
    return choices_made


@pytest.mark.parametrize(
    "run",
    [
        lambda layer: layer(torch.zeros(9, 5, 2)),
        lambda layer: layer(torch.zeros(1, 5, 2)),
        lambda layer: layer(torch.zeros(9, 5, 2), lengths=[9, 1, 2, 3, 4]),
        lambda layer: layer.trace(torch.zeros(9, 5, 2)),
        lambda layer: layer.look_up(TOKENS, TABLE),
        lambda layer: layer.look_up(TOKENS[:1], TABLE),
    ],
    ids=["sequence", "one step", "ragged", "trace", "rows of a table", "one row of a table"],
)
def test_a_pass_chooses_its_backend_once(run: Callable[[Recurrent], Any], choices: list[Choice]) -> None:
    run(ur.LSTM(2, 3, 2, bidirectional=True))
    assert len(choices) == 1


@needs_extension
@pytest.mark.parametrize(("steps", "path"), [(20, "compiled"), (1, "aten")])
@pytest.mark.parametrize("kind", ["one-hot", "learned"])
def test_a_token_model_chooses_its_backend_once(
    kind: Any, steps: int, path: str, choices: list[Choice]
) -> None:
    network = TokenNetworkConfig(hidden=3, embedding=4, input=kind)
    reader = TokenEncoder(6, CellConfig(cell="lstm"), network, DropoutConfig())
    reader.read(torch.zeros(steps, 2, dtype=torch.int64))
    assert [c.path for c in choices] == [path]


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_output_and_states_share_no_memory(kind: str, backend: str, steps: int) -> None:
    layer = getattr(ur, kind)(2, 3, backend=backend)
    with torch.no_grad():
        y, final = layer(uniform(steps, 1, 2, seed=0, dtype=torch.float32))
    copies = [t.clone() for t in (y, *as_tuple(final))]
    for t in (y, *as_tuple(final)):
        t += 1.0
    for now, copy in zip((y, *as_tuple(final)), copies, strict=True):
        assert torch.equal(now, copy + 1.0)


def test_recurrent_needs_a_cell() -> None:
    with pytest.raises(ConfigError, match="Recurrent has no default cell: give cell="):
        Recurrent(2, 3)
