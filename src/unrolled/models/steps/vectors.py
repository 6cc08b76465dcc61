"""The step programs of models that read vectors: tagger, forecasters and music."""

from unrolled.models.config import CellConfig, DropoutConfig, StackConfig
from unrolled.models.steps.stack import add_linear, stack_spec
from unrolled.programs.builder import Builder
from unrolled.programs.layers import add_stack
from unrolled.programs.program import Program

VECTOR, OUTPUT = "x", "y"
"""Names of the input and of the output."""


def encoder_step(
    inputs: int,
    outputs: int,
    head: str,
    cell: CellConfig,
    network: StackConfig,
    dropout: DropoutConfig,
    prefix: str = "",
) -> Program:
    """Return the program: vector (inputs,) → V h_t + c (outputs,).

    Args:
        inputs: size of the input vectors.
        outputs: size of the output.
        head: name of the output layer: "output" of a tagger, "head" of a forecaster, "steps" of a direct
            forecaster (a_{t,k} = A_k h_t for all steps k of the horizon).
        cell: configuration of the cell.
        network: sizes and connections.
        dropout: dropout rates; zoneout acts in evaluation too.
        prefix: what the names of all parameters begin with, such as ``"members.0."``.
    """
    builder = Builder()
    x = builder.input(VECTOR, inputs)
    h = add_stack(builder, x, stack_spec(inputs, cell, network, dropout), f"{prefix}recurrent.")
    return builder.finish(**{OUTPUT: add_linear(builder, h, f"{prefix}{head}", outputs)})
