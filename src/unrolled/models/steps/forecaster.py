"""The step programs of a forecaster: recursive, or direct with a head for the steps of its horizon."""

from dataclasses import dataclass

from unrolled.models.config import CellConfig, DropoutConfig, StackConfig
from unrolled.models.steps.stack import add_linear, stack_spec
from unrolled.models.steps.vectors import OUTPUT, VECTOR, encoder_step
from unrolled.programs.builder import Builder
from unrolled.programs.layers import StackSpec, add_stack
from unrolled.programs.program import Program, Shape
from unrolled.programs.symbols import concat

STEP, KNOWN = "a", "known"
"""Names of the inputs of the head of a direct forecaster: A_k h_t, and the known features of step t + k."""


@dataclass(frozen=True, kw_only=True)
class ForecasterSpec:
    """Sizes and configuration of one network of a forecaster; see :mod:`unrolled.models.forecaster`."""

    past: int
    """Number of past covariates; 0 for a recursive forecaster."""
    known: int
    """K, number of features known ahead."""
    outputs: int
    """P, number of outputs for each forecast step."""
    horizon: int
    """H of a direct forecaster; 0: recursive."""
    cell: CellConfig
    network: StackConfig
    dropout: DropoutConfig
    """Dropout rates; zoneout acts in evaluation too."""
    prefix: str = ""
    """What the names of all parameters begin with, such as ``"members.0."``."""

    @property
    def inputs(self) -> int:
        """I, size of the vectors that the network reads."""
        return 1 + self.past + self.known

    @property
    def stack(self) -> StackSpec:
        """The recurrent layers."""
        return stack_spec(self.inputs, self.cell, self.network, self.dropout)

    def shapes(self) -> dict[str, Shape]:
        """Return the shape of every weight by its name in the module's state dict."""
        if not self.horizon:
            return dict(recursive_step(self).parameters)
        programs = (features_step(self), horizon_step(self), head_step(self))
        return {name: shape for program in programs for name, shape in program.parameters.items()}


def recursive_step(spec: ForecasterSpec) -> Program:
    """Return the program of a recursive forecaster: vector (1 + K,) → outputs (P,) for this step."""
    options = (spec.cell, spec.network, spec.dropout, spec.prefix)
    return encoder_step(spec.inputs, spec.outputs, "head", *options)


def features_step(spec: ForecasterSpec) -> Program:
    """Return the program of the layers of a direct forecaster: vector (I,) → h_t (F,)."""
    builder = Builder()
    x = builder.input(VECTOR, spec.inputs)
    return builder.finish(**{OUTPUT: add_stack(builder, x, spec.stack, f"{spec.prefix}recurrent.")})


def horizon_step(spec: ForecasterSpec) -> Program:
    """Return the program: h_t (F,) → A_k h_t for all steps k of the horizon, (H · hidden,)."""
    builder = Builder()
    h = builder.input(VECTOR, spec.stack.output_size)
    a = add_linear(builder, h, f"{spec.prefix}steps", spec.horizon * spec.network.hidden)
    return builder.finish(**{OUTPUT: a})


def head_step(spec: ForecasterSpec) -> Program:
    """Return the program: A_k h_t (hidden,) [, known features of step t + k (K,)] → outputs (P,)."""
    builder = Builder()
    a = builder.input(STEP, spec.network.hidden)
    if spec.known:
        known = builder.input(KNOWN, spec.known)
        a = a + add_linear(builder, known, f"{spec.prefix}ahead", spec.network.hidden, bias=False)
    return builder.finish(**{OUTPUT: add_linear(builder, a.tanh(), f"{spec.prefix}head", spec.outputs)})


def direct_step(spec: ForecasterSpec) -> Program:
    """Return the program of a whole direct forecaster, for exports.

    Vector (I,) [, known features of the horizon (H · K,)] → outputs of all steps of the horizon (H · P,).
    """
    builder, size = Builder(), spec.network.hidden
    h = add_stack(builder, builder.input(VECTOR, spec.inputs), spec.stack, f"{spec.prefix}recurrent.")
    a = add_linear(builder, h, f"{spec.prefix}steps", spec.horizon * size)
    known = builder.input(KNOWN, spec.horizon * spec.known) if spec.known else None
    outputs = []
    for k in range(spec.horizon):
        step = a.part(k * size, size)
        if known is not None:
            part = known.part(k * spec.known, spec.known)
            step = step + add_linear(builder, part, f"{spec.prefix}ahead", size, bias=False)
        outputs.append(add_linear(builder, step.tanh(), f"{spec.prefix}head", spec.outputs))
    return builder.finish(**{OUTPUT: concat(outputs)})
