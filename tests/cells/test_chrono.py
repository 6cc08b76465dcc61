"""Chrono initialisation: the distribution of the gate biases, and that no other parameter changes."""

import pytest
import torch
from torch import Tensor

from unrolled.cells import GRU, LSTM, Cell
from unrolled.errors import ConfigError
from unrolled.models import CellConfig

HIDDEN = 2000
CELLS = [LSTM, GRU]


def initialise(cell: Cell, hidden: int = HIDDEN) -> dict[str, Tensor]:
    torch.manual_seed(3)
    p = {name: torch.empty(shape) for name, shape in cell.shapes(2, hidden).items()}
    cell.initialise(p)
    return p


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("longest", [3, 50, 1000])
def test_the_bias_of_the_retaining_gate_is_log_uniform(kind: type[Cell], longest: int) -> None:
    p = initialise(kind(chrono=longest))
    block = {LSTM: 1, GRU: 1}[kind]  # f of i f g o; z of r z n
    bias = p["bias_ih"].split(HIDDEN)[block]
    assert (p["bias_hh"].split(HIDDEN)[block] == 0).all()
    uniform_values = (bias.double().exp() - 1) / (longest - 2)  # uniform in [0, 1]
    assert uniform_values.min() > -1e-6
    assert uniform_values.max() < 1 + 1e-6
    ranks = torch.linspace(0, 1, HIDDEN, dtype=torch.float64)
    # Kolmogorov-Smirnov: 1.95/√n is exceeded by chance once in a thousand
    assert float((uniform_values.sort().values - ranks).abs().max()) < 1.95 / HIDDEN**0.5


def test_the_input_gate_bias_of_the_lstm_is_the_negative_forget_gate_bias() -> None:
    p = initialise(LSTM(chrono=200))
    into, keep, *_ = p["bias_ih"].split(HIDDEN)
    assert torch.equal(into, -keep)
    assert (p["bias_hh"][: 2 * HIDDEN] == 0).all()


def test_chrono_of_two_steps_gives_a_bias_of_zero() -> None:
    assert (initialise(GRU(chrono=2))["bias_ih"][HIDDEN : 2 * HIDDEN] == 0).all()


@pytest.mark.parametrize(("kind", "changed"), [(LSTM, slice(0, 10)), (GRU, slice(5, 10))])
def test_chrono_changes_only_the_gate_biases(kind: type[Cell], changed: slice) -> None:
    plain, chrono = initialise(kind(), 5), initialise(kind(chrono=40), 5)
    for name, value in plain.items():
        if name.startswith("bias"):
            assert not torch.equal(value[changed], chrono[name][changed])
            value[changed] = chrono[name][changed]
        assert torch.equal(value, chrono[name]), name


def test_memory_of_an_initialised_lstm_reaches_up_to_chrono_steps() -> None:
    """With h = 0 and no input, 1/e of c remains after about 1 + u steps, where u varies between units."""
    p = initialise(LSTM(chrono=1000))
    f = torch.sigmoid(p["bias_ih"][HIDDEN : 2 * HIDDEN].double())
    memory_steps = 1 / (1 - f)  # steps after which about 1/e remains
    assert memory_steps.min() < 10
    assert 980 < memory_steps.max() <= 1000
    assert float(memory_steps.mean()) == pytest.approx(501, rel=0.05)


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("longest", [-3, 1])
def test_an_invalid_number_of_steps_is_an_error(kind: type[Cell], longest: int) -> None:
    with pytest.raises(ConfigError, match=rf"chrono={longest} must be at least 2 steps, or 0"):
        kind(chrono=longest)


@pytest.mark.parametrize("kind", CELLS)
def test_chrono_without_bias_is_an_error(kind: type[Cell]) -> None:
    with pytest.raises(ConfigError, match=r"chrono needs bias=True"):
        kind(chrono=9).shapes(2, 3, bias=False)


def test_chrono_together_with_forget_bias_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"chrono and forget_bias both initialise the forget gate"):
        LSTM(chrono=9, forget_bias=1.0)


def test_cell_configs_pass_chrono_on_to_the_cells_that_have_it() -> None:
    assert CellConfig(cell="lstm", chrono=40).build() == LSTM(chrono=40)
    assert CellConfig(cell="gru", chrono=40).build() == GRU(chrono=40)
    with pytest.raises(ConfigError, match=r"chrono=40 is an option of lstm and gru, not of cell='elman'"):
        CellConfig(cell="elman", chrono=40)
