"""Models of series: forecasters and the model of piano rolls."""

from dataclasses import dataclass
from typing import Any, ClassVar

from unrolled.exporters.onnx.graph import Graph, State, Target, Value
from unrolled.exporters.onnx.heads import add_linear
from unrolled.exporters.onnx.stack import add_stack, declare_next_states, declare_states, stack_states
from unrolled.exporters.onnx.weights import Weights
from unrolled.programs.layers import StackSpec


@dataclass(frozen=True)
class StepModel:
    """Vectors and states in, a linear map of every step's output and the next states out.

    The recursive forecaster: x_t is the value before step t and the covariates of step t, y_t the parameters
    of the forecast of step t. The model of piano rolls: x_t are the keys of step t, y_t the logits of the
    keys of step t + 1.
    """

    task: str
    stack: StackSpec
    size: int
    """Size of y_t."""
    output: str
    """What y_t is: the name of a forecast's kind of output, or "keys"."""

    def details(self) -> dict[str, Any]:
        """See :class:`Description`."""
        return {"output": self.output}

    def graphs(self, weights: Weights, target: Target) -> dict[str, Graph]:
        """See :class:`Description`."""
        graph, h, states, finals = _read(self.stack, weights, target)
        name = "logits" if self.output == "keys" else "y"
        y = add_linear(graph, weights, h, "head")
        graph.output(Value(name, ("time", "batch", self.size), about=f"{self.output} of every step"), y)
        declare_next_states(graph, states, finals)
        return {"model": graph}


@dataclass(frozen=True)
class DirectForecaster:
    """Vectors, the covariates of the horizon and states in, all steps of the horizon out.

    y is the forecast from the last step of x, so a series can be read in pieces of any length.
    """

    task: ClassVar[str] = "forecast"
    stack: StackSpec
    known: int
    """Number of covariates that are known ahead."""
    horizon: int
    hidden: int
    """Size of the hidden layer of each step of the horizon."""
    size: int
    """Number of outputs for each step of the horizon."""
    output: str
    """Name of the kind of output."""

    def details(self) -> dict[str, Any]:
        """See :class:`Description`."""
        return {"output": self.output, "horizon": self.horizon}

    def graphs(self, weights: Weights, target: Target) -> dict[str, Graph]:
        """See :class:`Description`."""
        graph, h, states, finals = _read(self.stack, weights, target)
        last = graph.add("Gather", h, graph.constant(-1), axis=0)
        a = add_linear(graph, weights, last, "steps")
        a = graph.add("Reshape", a, graph.constant([0, self.horizon, self.hidden]))
        if self.known:
            about = "covariates of the steps of the horizon"
            known = graph.input(Value("known", (self.horizon, "batch", self.known), about=about))
            ahead = graph.add("Transpose", add_linear(graph, weights, known, "ahead"), perm=[1, 0, 2])
            a = graph.add("Add", a, ahead)
        y = add_linear(graph, weights, graph.add("Tanh", a), "head")
        about = f"{self.output} of every step of the horizon"
        graph.output(Value("y", ("batch", self.horizon, self.size), about=about), y)
        declare_next_states(graph, states, finals)
        return {"model": graph}


@dataclass(frozen=True)
class Ensemble:
    """Several forecasters that differ in their weights; each has a graph, since each reads its own values."""

    task: ClassVar[str] = "forecast"
    member: StepModel | DirectForecaster
    count: int

    def details(self) -> dict[str, Any]:
        """See :class:`Description`."""
        return {**self.member.details(), "members": self.count}

    def graphs(self, weights: Weights, target: Target) -> dict[str, Graph]:
        """See :class:`Description`."""
        return {
            f"model_{number}": self.member.graphs(weights.below(f"members.{number}."), target)["model"]
            for number in range(self.count)
        }


def _read(
    spec: StackSpec, weights: Weights, target: Target
) -> tuple[Graph, str, list[State], dict[str, str]]:
    """Return a graph, the output of its layers over the input x, their states and the final states."""
    graph = Graph(target)
    x = graph.input(Value("x", ("time", "batch", spec.input_size), about="input vectors"))
    states = stack_states(spec)
    first = declare_states(graph, states)
    h, finals = add_stack(graph, spec, weights.below("recurrent."), x, first)
    graph.streams = True
    return graph, h, states, finals
