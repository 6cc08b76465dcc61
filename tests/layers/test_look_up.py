"""A layer over rows of a table equals the layer over the embedded rows, including gradients."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from numerics import (
    CASES,
    Case,
    as_hidden,
    as_tuple,
    case_named,
    layer_state,
    make_layer,
    needs_extension,
    uniform,
    weighted_sum,
)
from parity import assert_near
from unrolled.backends import lookup
from unrolled.errors import ShapeError
from unrolled.layers import Recurrent, RecurrentDrop

STEPS, BATCH, VOCABULARY = 9, 5, 4
LENGTHS = [4, 9, 1, 3, 9]
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "two layers": {"num_layers": 2},
    "both directions": {"num_layers": 2, "bidirectional": True},
    "batch first": {"batch_first": True},
    "residual": {"num_layers": 3, "residual": True},
    "checkpoints": {"checkpoint_every": 2},
    "zoneout and weight dropout": {"drop": RecurrentDrop(zoneout=0.3, weight=0.2)},
}


def random_tokens(layer: Recurrent, steps: int = STEPS, batch: int = BATCH) -> Tensor:
    generator = torch.Generator().manual_seed(7)
    # The last token never occurs: its gradient is zero.
    tokens = torch.randint(VOCABULARY - 1, (steps, batch), generator=generator)
    return tokens.T if layer.batch_first else tokens


def make_resets(layer: Recurrent) -> Tensor:
    reset_mask = torch.zeros(STEPS, BATCH, dtype=torch.bool)
    reset_mask[0, 2] = reset_mask[3, 1] = reset_mask[3, 4] = reset_mask[7, 0] = True
    return reset_mask.T if layer.batch_first else reset_mask


def run(layer: Recurrent, *, looked_up: bool, **call_options: Any) -> list[Tensor]:
    """Return output, final state and every gradient of one seeded pass."""
    torch.manual_seed(3)
    dtype = layer.weight_ih_l0.dtype
    assert isinstance(dtype, torch.dtype)
    tokens = random_tokens(layer)
    table = uniform(VOCABULARY, layer.input_size, seed=1, dtype=dtype).requires_grad_()
    states = [s.requires_grad_() for s in layer_state(layer, BATCH)]
    hx = as_hidden(tuple(states))
    if looked_up:
        y, final = layer.look_up(tokens, table, hx, **call_options)
    else:
        y, final = layer(F.embedding(tokens, table), hx, **call_options)
    outputs = [y, *as_tuple(final)]
    gradients = torch.autograd.grad(weighted_sum(outputs), [table, *states, *layer.parameters()])
    assert not gradients[0][-1].any()
    return [t.detach() for t in (*outputs, *gradients)]


def assert_alike(layer: Recurrent, within: float = 1e-11, **call_options: Any) -> None:
    assert_near(
        run(layer, looked_up=True, **call_options), run(layer, looked_up=False, **call_options), within=within
    )


@needs_extension
@pytest.mark.parametrize("ragged", [False, True], ids=["whole", "ragged"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_cell(case: Case, ragged: bool) -> None:
    layer = make_layer(case, hidden_size=5)
    assert layer.uses_table(VOCABULARY, random_tokens(layer))
    assert_alike(layer, lengths=LENGTHS if ragged else None)


@needs_extension
@pytest.mark.parametrize(
    ("option", "argument"),
    [
        (option, argument)
        for option in OPTIONS
        for argument in ("nothing", "lengths", "reset_mask")
        if (option, argument) != ("both directions", "reset_mask")  # resets need a unidirectional layer
    ],
)
@pytest.mark.parametrize("name", ["lstm", "gru-after", "elman-layer-norm"])
def test_every_option(name: str, option: str, argument: str) -> None:
    layer = make_layer(case_named(name), **OPTIONS[option])
    call_options = {
        "nothing": {},
        "lengths": {"lengths": LENGTHS},
        "reset_mask": {"reset_mask": make_resets(layer)},
    }[argument]
    assert_alike(layer, **call_options)


@needs_extension
@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_any_number_of_threads(threads: int) -> None:
    layer = make_layer(case_named("lstm"), hidden_size=70)  # large enough for threads to split its units
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert_alike(layer)
        tokens, table = random_tokens(layer, 30, 1), uniform(VOCABULARY, 2, seed=1).requires_grad_()
        ours, expected = layer.look_up(tokens, table)[0], layer(F.embedding(tokens, table))[0]
        assert isinstance(ours, Tensor)
        assert_near([ours.detach()], [expected.detach()], within=1e-12)
        slopes = [torch.autograd.grad(y.square().sum(), table)[0] for y in (ours, expected)]
        assert_near(slopes[:1], slopes[1:], within=1e-11)
    finally:
        torch.set_num_threads(before)


@needs_extension
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_without_gradients(dtype: torch.dtype) -> None:
    layer = make_layer(case_named("gru-before"), dtype=dtype, num_layers=2)
    tokens, table = random_tokens(layer), uniform(VOCABULARY, 2, seed=1, dtype=dtype)
    with torch.inference_mode():
        ours, expected = layer.look_up(tokens, table), layer(F.embedding(tokens, table))
    torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("options", [{"backend": "reference"}, {"backend": "aten"}, {}], ids=str)
def test_without_the_table_path_rows_are_embedded_first(
    options: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not options:
        monkeypatch.setattr(lookup, "MAX_TABLE_BYTES", 100)
    layer = make_layer(case_named("lstm"), **options)
    assert not layer.uses_table(VOCABULARY, random_tokens(layer))
    assert all(
        torch.equal(a, b)
        for a, b in zip(run(layer, looked_up=True), run(layer, looked_up=False), strict=True)
    )


@needs_extension
def test_a_table_is_only_used_for_long_sequences() -> None:
    layer = make_layer(case_named("lstm"))

    def tokens(*shape: int) -> Tensor:
        return torch.zeros(1, dtype=torch.int64).expand(shape)

    assert layer.uses_table(10, tokens(5, 2 * lookup.MIN_READS_PER_ROW))
    assert not layer.uses_table(11, tokens(5, 2 * lookup.MIN_READS_PER_ROW))
    row = 4 * layer.hidden_size * 8
    assert layer.uses_table(lookup.MAX_TABLE_BYTES // row, tokens(10**4, 10**4))
    assert not layer.uses_table(lookup.MAX_TABLE_BYTES // row + 1, tokens(10**4, 10**4))


@needs_extension
def test_trace_and_hooks_accept_lookups() -> None:
    layer, calls = make_layer(case_named("lstm")), []
    tokens, table = random_tokens(layer), uniform(VOCABULARY, 2, seed=1)
    layer.register_forward_hook(lambda _module, inputs, _output: calls.append(inputs[0]))
    y, _ = layer.look_up(tokens, table)
    [lookup_input] = calls
    assert lookup_input.table is table
    assert lookup_input.tokens is tokens
    traced = layer.trace(lookup_input)
    assert_near([traced.output.detach()], [y.detach()], within=1e-12)
    assert traced.layers["l0"]["i"].shape == (STEPS, BATCH, layer.hidden_size)


@needs_extension
def test_a_single_step_does_not_use_the_table_path() -> None:
    """A single step runs on torch's kernels, which read vectors."""
    layer = make_layer(case_named("lstm"))
    tokens, table = random_tokens(layer, 1, 100), uniform(VOCABULARY, 2, seed=1)
    assert not layer.uses_table(VOCABULARY, tokens)
    assert torch.equal(layer.look_up(tokens, table)[0], layer(F.embedding(tokens, table))[0])


@needs_extension
def test_a_table_without_rows_is_refused() -> None:
    layer = make_layer(case_named("lstm"))
    with pytest.raises(RuntimeError):
        layer.look_up(random_tokens(layer), torch.zeros(0, 2, dtype=torch.float64))


@needs_extension
@pytest.mark.parametrize("token", [-1, VOCABULARY])
def test_a_token_outside_the_table_is_refused(token: int) -> None:
    layer = make_layer(case_named("lstm"))
    tokens = random_tokens(layer)
    tokens[3, 2] = token
    with pytest.raises(ShapeError, match=rf"tokens must lie in 0\.\.{VOCABULARY - 1}"):
        layer.look_up(tokens, torch.zeros(VOCABULARY, 2, dtype=torch.float64))


@pytest.mark.parametrize(
    ("tokens", "table"),
    [
        (torch.zeros(STEPS, BATCH), torch.zeros(VOCABULARY, 2)),
        (torch.zeros(STEPS, dtype=torch.int64), torch.zeros(VOCABULARY, 2)),
        (torch.zeros(STEPS, BATCH, dtype=torch.int64), torch.zeros(2)),
    ],
    ids=["numbers", "one axis", "no table"],
)
def test_invalid_tokens_or_tables_are_refused(tokens: Tensor, table: Tensor) -> None:
    with pytest.raises(ShapeError, match=r"integer tokens \(T, B\) and a table \(V, I\)"):
        make_layer(case_named("lstm")).look_up(tokens, table)


@needs_extension
def test_a_table_of_another_width_or_dtype_is_refused() -> None:
    layer = make_layer(case_named("lstm"))
    tokens = random_tokens(layer)
    with pytest.raises(ShapeError, match="3 features per step"):
        layer.look_up(tokens, torch.zeros(VOCABULARY, 3, dtype=torch.float64))
    with pytest.raises(ShapeError, match="float32"):
        layer.look_up(tokens, torch.zeros(VOCABULARY, 2))


@needs_extension
@pytest.mark.parametrize("batch_first", [False, True])
def test_int32_tokens_are_accepted(batch_first: bool) -> None:
    layer = make_layer(case_named("lstm"), batch_first=batch_first)
    tokens, table = random_tokens(layer), uniform(VOCABULARY, 2, seed=1)
    assert torch.equal(layer.look_up(tokens.int(), table)[0], layer.look_up(tokens, table)[0])


@needs_extension
@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_look_up_compiles_without_graph_breaks() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = make_layer(case_named("lstm"))

        def forward(self, tokens: Tensor, table: Tensor) -> Tensor:
            y = self.layer.look_up(tokens, table)[0]
            assert isinstance(y, Tensor)
            return y

    model = Model()
    tokens, table = random_tokens(model.layer), uniform(VOCABULARY, 2, seed=1)
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(tokens, table), model(tokens, table))
