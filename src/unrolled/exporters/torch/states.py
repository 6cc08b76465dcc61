"""The states of a stack of layers as named inputs and outputs of a program."""

from torch import Tensor

from unrolled.cells import State
from unrolled.exporters.torch.interface import ProgramInput, Tensors
from unrolled.layers import Stack, Window


def state_inputs(stack: Stack) -> dict[str, ProgramInput]:
    """Return the states of a stack by name; zeros of these shapes are its initial state."""
    if isinstance(stack, Window):
        return {
            f"inputs_l{layer}{suffix}": ProgramInput((n - 1, "batch", stack._size_below(layer)), stack.dtype)
            for layer, n in enumerate(stack.windows)
            for suffix in stack._suffixes
            if n > 1
        }
    count = stack.num_layers * stack.num_directions
    sizes = stack.cell.state_sizes(stack.hidden_size, stack.proj_size)
    states = {
        name: ProgramInput((count, "batch", size), stack.dtype)
        for name, size in zip(stack.cell.state_names, sizes, strict=True)
    }
    if stack.skip:
        states["past"] = ProgramInput((count, stack.skip, "batch", stack.output_size), stack.dtype)
    return states


def get_state(stack: Stack, inputs: Tensors) -> State:
    """Return the states of a stack among the inputs."""
    return tuple(inputs[name] for name in state_inputs(stack))


def name_state(stack: Stack, state: Tensor | State) -> Tensors:
    """Return the states of a stack by name."""
    states = state if isinstance(state, tuple) else (state,)
    return dict(zip(state_inputs(stack), states, strict=True))
