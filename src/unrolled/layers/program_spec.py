"""Describe a layer for step programs: a layer of this package, or one of torch's."""

from torch import nn

from unrolled.cells import GRU, LSTM, Cell, Elman
from unrolled.errors import ProgramError
from unrolled.layers.recurrent import Recurrent
from unrolled.layers.window import Window
from unrolled.programs.builder import Builder
from unrolled.programs.layers import RecurrentSpec, StackSpec, WindowSpec, add_stack
from unrolled.programs.program import Program

INPUT, OUTPUT = "x", "y"
"""Names of the input and the output of a layer's program."""


def spec_of(layer: nn.Module) -> StackSpec:
    """Return the specification of a layer's stack.

    Raises:
        ProgramError: if the module is not a recurrent or window layer.
    """
    if isinstance(layer, Window):
        return WindowSpec(
            input_size=layer.input_size,
            hidden_size=layer.hidden_size,
            windows=layer.windows,
            nonlinearity=layer.nonlinearity,
            residual=layer.residual,
            bidirectional=layer.bidirectional,
        )
    if isinstance(layer, Recurrent):
        return RecurrentSpec(
            cell=layer.cell,
            input_size=layer.input_size,
            hidden_size=layer.hidden_size,
            num_layers=layer.num_layers,
            bias=layer.bias,
            proj_size=layer.proj_size,
            skip=layer.skip,
            residual=layer.residual,
            bidirectional=layer.bidirectional,
            masks=layer.drop.zoneout_rates,
        )
    if isinstance(layer, nn.RNNBase):
        return RecurrentSpec(
            cell=_cell_of_torch(layer),
            input_size=layer.input_size,
            hidden_size=layer.hidden_size,
            num_layers=layer.num_layers,
            bias=layer.bias,
            proj_size=layer.proj_size,
            bidirectional=layer.bidirectional,
        )
    raise ProgramError(
        f"{type(layer).__name__} is not a recurrent layer: give a layer of unrolled, or torch.nn's RNN, LSTM "
        "or GRU"
    )


def layer_program(spec: StackSpec) -> Program:
    """Return the step program of a stack with one direction: x (I,) → y (R,)."""
    builder = Builder()
    y = add_stack(builder, builder.input(INPUT, spec.input_size), spec)
    return builder.finish(**{OUTPUT: y})


def _cell_of_torch(layer: nn.RNNBase) -> Cell:
    match layer.mode:
        case "LSTM":
            return LSTM()
        case "GRU":
            return GRU()
        case "RNN_RELU":
            return Elman(nonlinearity="relu")
        case _:
            return Elman(nonlinearity="tanh")
