"""Errors of layers: the messages name the sizes and what to do."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence

import unrolled as ur
from numerics import BACKENDS, case_named, default_path, needs_extension, uniform
from unrolled.cells import GRU, LSTM, Cell, Elman, Jordan
from unrolled.errors import BackendError, ConfigError, ShapeError, UnrolledError

KINDS = ("RNN", "LSTM", "GRU")
X = torch.zeros(4, 3, 2)
CELLS_WITHOUT_TORCH_KERNEL: list[tuple[str, Cell]] = [
    ("RNN", Elman(nonlinearity="sigmoid")),
    ("RNN", Elman(layer_norm=True)),
    ("RNN", Jordan()),
    ("LSTM", LSTM(peepholes=True)),
    ("LSTM", LSTM(layer_norm=True)),
    ("GRU", GRU(reset="before")),
    ("GRU", GRU(layer_norm=True)),
]


# Backends.


@pytest.mark.parametrize(("kind", "cell"), CELLS_WITHOUT_TORCH_KERNEL, ids=str)
def test_the_explanation_of_a_cell_without_torch_kernel(kind: str, cell: Cell, no_extension: None) -> None:
    layer = getattr(ur, kind)(2, 5, 2, cell=cell)
    reason = f"the compiled extension is absent; torch has no kernel for {cell}"
    expected = [f"l{i}: reference ({reason})" for i in (0, 1)]
    assert str(layer.explain()).splitlines() == expected
    layer(X)
    assert str(layer.explain()).splitlines() == expected
    assert layer.explain().paths == ["reference", "reference"]


@needs_extension
@pytest.mark.parametrize(("kind", "cell"), CELLS_WITHOUT_TORCH_KERNEL, ids=str)
def test_the_explanation_of_the_compiled_loop(kind: str, cell: Cell) -> None:
    layer = getattr(ur, kind)(2, 5, 2, cell=cell)
    reason = "a compiled loop exists for this cell and these options"
    expected = [f"l{i}: compiled ({reason})" for i in (0, 1)]
    assert str(layer.explain()).splitlines() == expected
    layer(X)
    assert str(layer.explain()).splitlines() == expected


@pytest.mark.parametrize(("kind", "cell"), CELLS_WITHOUT_TORCH_KERNEL, ids=str)
def test_backend_aten_needs_a_torch_kernel(kind: str, cell: Cell) -> None:
    layer = getattr(ur, kind)(2, 5, cell=cell, backend="aten")
    with pytest.raises(BackendError, match=r"'aten': torch has no kernel.*'auto' or 'reference'"):
        layer(X)
    with pytest.raises(BackendError, match="'aten'"):
        layer.explain()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"skip": 3}, r"skip=3"),
        ({"drop": ur.RecurrentDrop(zoneout=0.1)}, "masks"),
        ({"drop": ur.RecurrentDrop(candidate=0.1)}, "masks"),
    ],
)
def test_backend_aten_refuses_unsupported_options(options: dict[str, Any], message: str) -> None:
    layer = ur.LSTM(2, 5, backend="aten", **options)
    with pytest.raises(BackendError, match=message + ".*use backend='auto' or 'reference'"):
        layer(X)


@pytest.mark.parametrize("kind", KINDS)
def test_backend_compiled_needs_the_extension(kind: str, no_extension: None) -> None:
    with pytest.raises(BackendError, match=r"'compiled'.*use backend='auto', 'aten' or 'reference'"):
        getattr(ur, kind)(2, 5, backend="compiled")(X)


@needs_extension
@pytest.mark.parametrize("kind", KINDS)
def test_backend_compiled_refuses_unsupported_options(kind: str) -> None:
    layer = getattr(ur, kind)(2, 5, backend="compiled", skip=3)
    with pytest.raises(BackendError, match=r"'compiled'.*skip=3.*use backend='auto', 'aten' or 'reference'"):
        layer(X)
    layer = getattr(ur, kind)(2, 5, backend="compiled")
    with pytest.raises(BackendError, match=r"\(trace\)"):
        layer.trace(X)
    with pytest.raises(BackendError, match=r"takes float32 and float64, not torch\.float16"):
        layer.half()(X.half())
    with torch.autocast("cpu", torch.bfloat16), pytest.raises(BackendError, match="autocast chooses"):
        layer.float()(X)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_backend_is_refused(kind: str) -> None:
    with pytest.raises(BackendError, match="'fast' is not one of auto, compiled, aten, reference"):
        getattr(ur, kind)(2, 5, backend="fast")


def test_the_explanation_describes_the_last_pass() -> None:
    layer = ur.LSTM(2, 5)
    default = default_path(case_named("lstm"))
    assert layer.explain().paths == [default]
    layer.trace(X)
    assert layer.explain().paths == ["reference"]
    layer(X)
    assert layer.explain().paths == [default]


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_failed_pass_does_not_change_the_explanation(backend: str) -> None:
    layer = ur.LSTM(2, 5)
    layer.trace(X)
    layer.backend = backend
    with pytest.raises(ShapeError):
        layer(X, X)
    assert layer.explain().paths == ["reference"]


# Shapes.


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_another_number_of_features_is_refused(kind: str, backend: str) -> None:
    layer = getattr(ur, kind)(2, 5, backend=backend)
    for x in (torch.zeros(4, 3, 7), torch.zeros(4, 7), pack_padded_sequence(torch.zeros(4, 1, 7), [4])):
        with pytest.raises(ShapeError, match="7 features per step, but input_size is 2"):
            layer(x)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_sequence_without_steps_is_refused(kind: str, backend: str) -> None:
    layer = getattr(ur, kind)(2, 5, backend=backend)
    for x in (torch.zeros(0, 3, 2), torch.zeros(0, 2)):
        with pytest.raises(ShapeError, match="no time steps"):
            layer(x)


@pytest.mark.parametrize("shape", [(2,), (4, 3, 2, 1)])
@pytest.mark.parametrize("kind", KINDS)
def test_another_number_of_dimensions_is_refused(kind: str, shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=rf"{len(shape)} dimensions of shape \({shape[0]},.*\)"):
        getattr(ur, kind)(2, 5)(torch.zeros(shape))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("kind", "options", "hidden", "message"),
    [
        ("RNN", {}, torch.zeros(1, 2, 5), r"initial h must have shape \(1, 3, 5\), got \(1, 2, 5\)"),
        ("GRU", {}, torch.zeros(1, 3, 4), r"initial h must have shape \(1, 3, 5\), got \(1, 3, 4\)"),
        (
            "GRU",
            {"num_layers": 2, "bidirectional": True},
            torch.zeros(2, 3, 5),
            r"initial h must have shape \(4, 3, 5\), got \(2, 3, 5\)",
        ),
        (
            "LSTM",
            {},
            (torch.zeros(1, 3, 5), torch.zeros(1, 3, 4)),
            r"initial c must have shape \(1, 3, 5\), got \(1, 3, 4\)",
        ),
        (
            "LSTM",
            {"proj_size": 4},
            (torch.zeros(1, 3, 5), torch.zeros(1, 3, 5)),
            r"initial h must have shape \(1, 3, 4\), got \(1, 3, 5\)",
        ),
        ("LSTM", {}, torch.zeros(1, 3, 5), "hx must be h and c, got 1 tensor"),
        ("GRU", {}, (torch.zeros(1, 3, 5),) * 2, "hx must be h, got 2 tensors"),
        ("RNN", {}, torch.zeros(3, 5), r"initial h must have shape \(1, 3, 5\), got \(3, 5\)"),
    ],
)
def test_a_mismatched_initial_state_is_refused(
    kind: str,
    options: dict[str, Any],
    hidden: Tensor | tuple[Tensor, ...],
    message: str,
    backend: str,
) -> None:
    with pytest.raises(ShapeError, match=message):
        getattr(ur, kind)(2, 5, **options, backend=backend)(X, hidden)


def test_a_batched_state_for_an_unbatched_input_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(1, 1, 5\), got \(1, 3, 1, 5\) \(a batch axis was added\)"):
        ur.GRU(2, 5)(torch.zeros(4, 2), torch.zeros(1, 3, 5))


def test_a_mismatched_past_is_refused() -> None:
    layer = ur.GRU(2, 5, skip=3)
    h = torch.zeros(1, 3, 5)
    with pytest.raises(ShapeError, match=r"past must have shape \(1, 3, 3, 5\), got \(1, 2, 3, 5\)"):
        layer(X, (h, torch.zeros(1, 2, 3, 5)))
    with pytest.raises(ShapeError, match="got 3 tensors"):
        layer(X, (h, torch.zeros(1, 3, 3, 5), h))


def test_lengths_with_packed_or_unbatched_input_are_refused() -> None:
    layer = ur.GRU(2, 5)
    with pytest.raises(ShapeError, match="a PackedSequence carries its own lengths"):
        layer(pack_padded_sequence(X, [4, 2, 1]), lengths=[4, 2, 1])
    with pytest.raises(ShapeError, match="needs batched input"):
        layer(torch.zeros(4, 2), lengths=[4])


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_input_of_another_dtype_is_refused(kind: str, backend: str) -> None:
    layer = getattr(ur, kind)(2, 5, backend=backend)
    with pytest.raises(ShapeError, match=r"torch\.float64 and the weights are torch\.float32"):
        layer(X.double())


@pytest.mark.parametrize("state_index", [0, 1])
@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_state_of_another_dtype_is_refused(kind: str, backend: str, steps: int, state_index: int) -> None:
    layer = getattr(ur, kind)(2, 5, backend=backend)
    states: list[Tensor] = [torch.zeros(1, 3, 5), torch.zeros(1, 3, 5)]
    states[state_index] = states[state_index].double()
    hidden = tuple(states) if kind == "LSTM" else torch.zeros(1, 3, 5).double()
    with pytest.raises(ShapeError, match=r"torch\.float64 and the weights are torch\.float32"):
        layer(uniform(steps, 3, 2, seed=0, dtype=torch.float32), hidden)


# Arguments of the constructor.


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"input_size": 0}, ConfigError, "input_size must be greater than zero, got 0"),
        ({"hidden_size": -1}, ConfigError, "hidden_size must be greater than zero, got -1"),
        ({"num_layers": 0}, ConfigError, "num_layers must be greater than zero, got 0"),
        ({"hidden_size": 2.0}, TypeError, "hidden_size must be an int, got float"),
        ({"num_layers": True}, TypeError, "num_layers must be an int, got bool"),
        ({"bias": 1}, TypeError, "bias must be a bool, got int"),
        ({"batch_first": "yes"}, TypeError, "batch_first must be a bool, got str"),
        ({"bidirectional": None}, TypeError, "bidirectional must be a bool, got NoneType"),
        ({"dropout": 1.1}, ConfigError, r"dropout must be a number in \[0, 1\], got 1.1"),
        ({"dropout": -0.1}, ConfigError, "got -0.1"),
        ({"dropout": math.nan}, ConfigError, "got nan"),
        ({"dropout": True}, ConfigError, "got True"),
        ({"skip": 1}, ConfigError, r"skip=1: every step reads h_\(t-1\) already"),
        ({"skip": -2}, ConfigError, "skip=-2"),
    ],
)
def test_invalid_arguments_are_refused(
    kind: str, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    arguments = {"input_size": 2, "hidden_size": 5} | options
    with pytest.raises(error, match=message):
        getattr(ur, kind)(**arguments)


@pytest.mark.parametrize("proj_size", [-1, 5, 6])
def test_a_projection_must_be_smaller_than_the_hidden_size(proj_size: int) -> None:
    with pytest.raises(ConfigError, match=rf"hidden_size=5, got {proj_size}"):
        ur.LSTM(2, 5, proj_size=proj_size)


def test_a_cell_of_another_class_is_refused() -> None:
    with pytest.raises(ConfigError, match="RNN takes an Elman or Jordan cell, got LSTM"):
        ur.RNN(2, 5, cell=LSTM())  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"LSTM takes .* got GRU"):
        ur.LSTM(2, 5, cell=GRU())  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"GRU takes .* got Elman"):
        ur.GRU(2, 5, cell=Elman())  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"LSTM takes .* got GRU"):
        ur.LSTMCell(2, 5, cell=GRU())


def test_a_nonlinearity_that_contradicts_the_cell_is_refused() -> None:
    with pytest.raises(ConfigError, match="'relu' contradicts"):
        ur.RNN(2, 5, nonlinearity="relu", cell=Elman(nonlinearity="tanh"))
    assert ur.RNN(2, 5, nonlinearity="relu", cell=Elman(nonlinearity="relu")).nonlinearity == "relu"
    with pytest.raises(ConfigError, match="'swish' is not one of tanh, relu, sigmoid"):
        ur.RNN(2, 5, nonlinearity="swish")  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_dropout_with_one_layer_warns_at_the_caller(kind: str) -> None:
    with pytest.warns(UserWarning, match=r"dropout=0\.5 acts between layers") as warnings:
        getattr(ur, kind)(2, 5, dropout=0.5)
    assert warnings[0].filename == __file__


def test_errors_have_a_common_base_class() -> None:
    for error in (BackendError, ConfigError, ShapeError):
        assert issubclass(error, UnrolledError)
    assert issubclass(ShapeError, ValueError)
    assert issubclass(BackendError, RuntimeError)


def test_repr_shows_sizes_cell_and_changed_options() -> None:
    text = repr(ur.LSTM(2, 5, 3, bidirectional=True, cell=LSTM(peepholes=True), skip=2))
    assert text.startswith("LSTM(2, 5, LSTM(")
    for part in ("peepholes=True", "num_layers=3", "bidirectional=True", "skip=2"):
        assert part in text
    assert "batch_first" not in text
    assert "drop=" not in text
