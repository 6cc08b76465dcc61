"""The language model as a module: resets, inputs, tied weights, initialisation, dropout."""

from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from numerics import assert_all_close, needs_extension, scatter_parameters, uniform
from property_settings import examples
from unrolled.backends import lookup
from unrolled.cells import GRU, LSTM, Cell, Elman, Jordan
from unrolled.errors import ConfigError, ShapeError, UnrolledError
from unrolled.layers import Recurrent, token_losses
from unrolled.models import CellConfig, DropoutConfig, NetworkConfig, RecurrentLanguageModel

V = 7
NETWORKS: list[tuple[CellConfig, NetworkConfig]] = [
    (CellConfig(cell="elman"), NetworkConfig(hidden=4, embedding=3)),
    (CellConfig(cell="jordan"), NetworkConfig(layers=2, hidden=4, embedding=3, skip=2)),
    (CellConfig(cell="lstm"), NetworkConfig(layers=2, hidden=4, embedding=3)),
    (CellConfig(cell="lstm", peepholes=True), NetworkConfig(hidden=4, embedding=3, projection=2)),
    (CellConfig(cell="lstm"), NetworkConfig(layers=3, hidden=4, embedding=3, residual=True, skip=3)),
    (CellConfig(cell="gru"), NetworkConfig(layers=2, hidden=4, input="one-hot")),
    (CellConfig(cell="gru", reset="before"), NetworkConfig(hidden=4, embedding=4, tie_weights=True)),
]
IDS = [f"{cell.cell}-{i}" for i, (cell, _) in enumerate(NETWORKS)]


def make_model(
    cell: CellConfig, network: NetworkConfig, dropout: DropoutConfig | None = None, **options: Any
) -> RecurrentLanguageModel:
    """Return a model over V tokens with large random parameters."""
    model = RecurrentLanguageModel(V, cell, network, dropout or DropoutConfig(), **options)
    scatter_parameters(list(model.parameters()), 5)
    return model


def random_tokens(steps: int, batch: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(V, (steps, batch), generator=generator)


def run_piecewise(
    model: RecurrentLanguageModel, row: Tensor, reset_mask: Tensor, state: tuple[Tensor, ...] | None
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return logits and final state of one row (T, 1), calling the model once for each piece."""
    starts = [0, *(int(t) for t in reset_mask.nonzero().flatten() if t > 0)]
    logits = []
    for begin, end in zip(starts, [*starts[1:], len(row)], strict=True):
        if reset_mask[begin]:
            state = None
        piece, state = model(row[begin:end], state)
        logits.append(piece)
    assert state is not None
    return torch.cat(logits), state


def take_row(state: tuple[Tensor, ...], b: int) -> tuple[Tensor, ...]:
    """Return one row of a state, whose batch axis is the last but one."""
    return tuple(s[..., b : b + 1, :] for s in state)


def assert_close(actual: tuple[Tensor, ...], expected: tuple[Tensor, ...]) -> None:
    assert_all_close(actual, expected, rtol=1e-5, atol=1e-6)


# The first layer's input product, computed once per token of the vocabulary.


@pytest.mark.parametrize("row_sparse", [False, True])
@pytest.mark.parametrize(("cell", "network"), NETWORKS, ids=IDS)
def test_the_table_path_gives_the_same_losses_and_gradients(
    cell: CellConfig, network: NetworkConfig, row_sparse: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, token_ids = make_model(cell, network), random_tokens(20, 3)
    reset_mask = torch.zeros(20, 3, dtype=torch.bool)
    reset_mask[0] = reset_mask[11, 1] = True
    results = []
    for min_reads in (1, 10**9):
        monkeypatch.setattr(lookup, "MIN_READS_PER_ROW", min_reads)
        model.zero_grad(set_to_none=True)
        loss, nats, state = model.loss(
            token_ids, token_ids.roll(-1, 0), reset_mask=reset_mask, row_sparse=row_sparse
        )
        loss.backward()
        grads = [p.grad.to_dense() for p in model.parameters() if p.grad is not None]
        results.append((loss.detach(), nats, *(s.detach() for s in state), *grads))
    assert_close(*results)


@needs_extension
def test_input_dropout_disables_the_table_path(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    look_up = Recurrent.look_up

    def counting_look_up(self: Recurrent, *args: Any, **kwargs: Any) -> Any:
        calls.append(self.training)
        return look_up(self, *args, **kwargs)

    monkeypatch.setattr(Recurrent, "look_up", counting_look_up)
    model, token_ids = make_model(*NETWORKS[2], DropoutConfig(dropout_input=0.5)), random_tokens(20, 3)
    model(token_ids)
    assert not calls
    model.eval()(token_ids)
    assert calls == [False]


# Resets.


@pytest.mark.parametrize(("cell", "network"), NETWORKS, ids=IDS)
@examples(25)
@given(data=st.data())
def test_resets_equal_separate_runs_of_the_pieces(
    cell: CellConfig, network: NetworkConfig, data: st.DataObject
) -> None:
    model = make_model(cell, network)
    steps, batch = data.draw(st.integers(1, 7)), data.draw(st.integers(1, 3))
    flags = st.lists(st.booleans(), min_size=batch, max_size=batch)
    reset_mask = torch.tensor(data.draw(st.lists(flags, min_size=steps, max_size=steps)))
    inputs = random_tokens(steps, batch, seed=1)
    state = model(random_tokens(3, batch, seed=2))[1] if data.draw(st.booleans()) else None
    with torch.no_grad():
        logits, final = model(inputs, state, reset_mask=reset_mask)
        for b in range(batch):
            row_state = None if state is None else take_row(state, b)
            expected, expected_final = run_piecewise(model, inputs[:, b : b + 1], reset_mask[:, b], row_state)
            assert_close((logits[:, b : b + 1],), (expected,))
            assert_close(take_row(final, b), expected_final)


@pytest.mark.parametrize(("cell", "network"), NETWORKS, ids=IDS)
def test_no_gradient_crosses_a_reset(cell: CellConfig, network: NetworkConfig) -> None:
    """The gradient of the embedding shows which tokens were read."""
    model = make_model(cell, replace(network, tie_weights=False, input="embedding"))
    inputs = torch.tensor([[0], [1], [2], [3]])
    reset_mask = torch.tensor([[False], [False], [True], [False]])
    logits, _ = model(inputs, reset_mask=reset_mask)
    assert isinstance(model.input, nn.Embedding)
    (g,) = torch.autograd.grad(logits[-1].sum(), model.input.weight)
    assert [bool(row.any()) for row in g] == [False, False, True, True, False, False, False]


def test_a_mask_without_resets_changes_nothing() -> None:
    model = make_model(*NETWORKS[2])
    inputs = random_tokens(5, 2)
    logits, final = model(inputs, reset_mask=torch.zeros(5, 2, dtype=torch.bool))
    expected, expected_final = model(inputs)
    assert torch.equal(logits, expected)
    assert all(torch.equal(a, b) for a, b in zip(final, expected_final, strict=True))


def test_a_reset_removes_nonfinite_states() -> None:
    model = make_model(*NETWORKS[2])
    inputs = random_tokens(4, 1)
    damaged = tuple(torch.full_like(s, torch.inf) for s in model(inputs)[1])
    logits, _ = model(inputs, damaged, reset_mask=torch.tensor([[True], [False], [False], [False]]))
    assert_close((logits,), (model(inputs)[0],))


@pytest.mark.parametrize(("cell", "network"), NETWORKS, ids=IDS)
def test_lengths_end_each_row_at_its_own_step(cell: CellConfig, network: NetworkConfig) -> None:
    model = make_model(cell, network)
    inputs, lengths = random_tokens(6, 3), [4, 6, 1]
    logits, final = model(inputs, lengths=torch.tensor(lengths))
    for b, length in enumerate(lengths):
        expected, expected_final = model(inputs[:length, b : b + 1])
        assert_close((logits[:length, b : b + 1],), (expected,))
        assert_close(take_row(final, b), expected_final)


def test_lengths_together_with_resets_are_respected_or_refused() -> None:
    model = make_model(*NETWORKS[2])
    inputs, lengths = random_tokens(6, 2), [3, 6]
    reset_mask = torch.zeros(6, 2, dtype=torch.bool)
    reset_mask[2] = True
    try:
        logits, final = model(inputs, lengths=torch.tensor(lengths), reset_mask=reset_mask)
    except UnrolledError:
        return  # refusing is as good as computing it
    for b, length in enumerate(lengths):
        expected, expected_final = run_piecewise(
            model, inputs[:length, b : b + 1], reset_mask[:length, b], None
        )
        assert_close((logits[:length, b : b + 1],), (expected,))
        assert_close(take_row(final, b), expected_final)


@pytest.mark.parametrize(("cell", "network"), NETWORKS, ids=IDS)
def test_single_steps_equal_the_full_sequence(cell: CellConfig, network: NetworkConfig) -> None:
    model = make_model(cell, network).eval()
    inputs = random_tokens(5, 2)
    logits, final = model(inputs)
    state = None
    for t in range(5):
        step_logits, state = model(inputs[t : t + 1], state)
        assert_close((step_logits[0],), (logits[t],))
    assert state is not None
    assert_close(state, final)


# Input.


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("cell", ["elman", "jordan", "lstm", "gru"])
def test_one_hot_input_equals_an_identity_embedding(cell: str, tied: bool) -> None:
    """A fixed identity table may also be read as the tied output matrix: V h is then h itself."""
    one_hot = make_model(CellConfig(cell=cell), NetworkConfig(layers=2, hidden=V, input="one-hot"))
    network = NetworkConfig(layers=2, hidden=V, embedding=V, tie_weights=tied)
    embedded = make_model(CellConfig(cell=cell), network)
    weights = {name: p for name, p in one_hot.state_dict().items() if not (tied and name == "output.weight")}
    embedded.load_state_dict(weights | {"input.weight": torch.eye(V)}, strict=True)
    if tied:
        with torch.no_grad():
            one_hot.output.weight.copy_(torch.eye(V))
    inputs = random_tokens(5, 3)
    (logits, final), (expected, expected_final) = one_hot(inputs), embedded(inputs)
    assert_close((logits, *final), (expected, *expected_final))
    assert "input.weight" not in one_hot.state_dict()


def test_one_hot_vectors() -> None:
    model = make_model(CellConfig(), NetworkConfig(hidden=4, input="one-hot"))
    x = model.input(torch.tensor([[2, 0]]))
    assert x.tolist() == [[[0, 0, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0]]]
    assert x.dtype == torch.get_default_dtype()


def test_one_hot_vectors_follow_the_dtype_of_the_model() -> None:
    model = make_model(CellConfig(), NetworkConfig(hidden=4, input="one-hot"))
    expected, _ = model(random_tokens(3, 2))
    logits, _ = model.double()(random_tokens(3, 2))
    assert logits.dtype == torch.float64
    torch.testing.assert_close(logits.float(), expected)


@pytest.mark.parametrize("freeze", [False, True])
def test_given_vectors_are_the_embedding_and_may_be_frozen(freeze: bool) -> None:
    vectors = uniform(V, 5, seed=3, dtype=torch.float32)
    network = NetworkConfig(
        hidden=4, input="vectors", vectors="a.txt", freeze_vectors=freeze, init_range=0.01
    )
    model = RecurrentLanguageModel(V, CellConfig(), network, DropoutConfig(), vectors=vectors.clone())
    assert torch.equal(model.input.weight, vectors)
    assert model.recurrent.input_size == 5
    model(random_tokens(3, 2))[0].sum().backward()
    assert (model.input.weight.grad is None) == freeze
    assert model.input.weight.requires_grad != freeze


def test_missing_vectors_are_refused() -> None:
    network = NetworkConfig(hidden=4, input="vectors", vectors="a.txt")
    with pytest.raises(UnrolledError, match="vectors"):
        RecurrentLanguageModel(V, CellConfig(), network, DropoutConfig())


def test_vectors_of_another_vocabulary_are_refused() -> None:
    network = NetworkConfig(hidden=4, input="vectors", vectors="a.txt")
    with pytest.raises(UnrolledError, match=r"5.*7|7.*5"):
        RecurrentLanguageModel(V, CellConfig(), network, DropoutConfig(), vectors=torch.zeros(5, 3))


# Tied weights.


def test_tied_weights_are_one_parameter() -> None:
    model = make_model(CellConfig(), NetworkConfig(hidden=4, embedding=4, tie_weights=True))
    names = [name for name, _ in model.named_parameters()]
    assert "input.weight" in names
    assert "output.weight" not in names
    untied = make_model(CellConfig(), NetworkConfig(hidden=4, embedding=4))
    count = sum(p.numel() for p in model.parameters())
    assert count == sum(p.numel() for p in untied.parameters()) - V * 4
    with torch.no_grad():
        untied.load_state_dict(model.state_dict() | {"output.weight": model.input.weight})
    inputs = random_tokens(5, 2)
    logits, expected = model(inputs)[0], untied(inputs)[0]
    assert_close((logits,), (expected,))
    # its gradient is the sum of the gradients as input and as output
    (g,) = torch.autograd.grad(logits.square().sum(), model.input.weight)
    parts = torch.autograd.grad(expected.square().sum(), [untied.input.weight, untied.output.weight])
    torch.testing.assert_close(g, sum(parts), rtol=1e-4, atol=1e-5)


def test_tied_weights_fit_a_projection() -> None:
    network = NetworkConfig(hidden=5, projection=3, embedding=3, tie_weights=True)
    model = make_model(CellConfig(), network)
    assert model(random_tokens(2, 1))[0].shape == (2, 1, V)


@pytest.mark.parametrize(
    ("network", "features"),
    [
        (NetworkConfig(hidden=5, embedding=4, tie_weights=True), 5),
        (NetworkConfig(hidden=5, embedding=5, projection=3, tie_weights=True), 3),
    ],
)
def test_tied_weights_of_different_sizes_are_refused(network: NetworkConfig, features: int) -> None:
    message = rf"{network.embedding} features .* has {features}; .*--embedding {features}"
    with pytest.raises(ConfigError, match=message):
        make_model(CellConfig(), network)


# Loss.


def test_token_losses_are_cross_entropy() -> None:
    model = make_model(*NETWORKS[4])
    inputs, targets = random_tokens(5, 3), random_tokens(5, 3, seed=9)
    logits, _ = model(inputs)
    expected = F.cross_entropy(logits.view(-1, V), targets.view(-1))
    torch.testing.assert_close(token_losses(logits, targets, -1).mean(), expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("reset", ["reset_mask", "lengths"])
@pytest.mark.parametrize(("cell", "network"), NETWORKS, ids=IDS)
def test_the_fused_loss_equals_that_of_the_logits(
    cell: CellConfig, network: NetworkConfig, reset: str, smoothing: float
) -> None:
    model = make_model(cell, network)
    inputs, targets = random_tokens(5, 3), random_tokens(5, 3, seed=9)
    targets[4, 1] = -100
    state = tuple(s.detach() for s in model(random_tokens(2, 3, seed=4))[1])
    w = uniform(5, 3, seed=6, dtype=torch.float32)
    options: dict[str, Tensor] = (
        {"lengths": torch.tensor([5, 4, 2])}
        if reset == "lengths"
        else {"reset_mask": random_tokens(5, 3, seed=3) == 0}
    )
    logits, expected_final = model(inputs, state, **options)
    losses = F.cross_entropy(
        logits.flatten(0, 1), targets.flatten(), reduction="none", label_smoothing=smoothing
    )
    expected = (losses * w.flatten()).sum()
    loss, nats, final = model.loss(
        inputs, targets, state, row_weights=w, label_smoothing=smoothing, **options
    )
    assert_close((loss, *final), (expected, *expected_final))
    assert not nats.requires_grad
    assert_close((nats,), (token_losses(logits, targets, -100).detach(),))
    parameters = list(model.parameters())
    assert_close(torch.autograd.grad(loss, parameters), torch.autograd.grad(expected, parameters))


def test_the_default_loss_is_the_sum_over_all_targets() -> None:
    model = make_model(*NETWORKS[2])
    inputs, targets = random_tokens(5, 3), random_tokens(5, 3, seed=9)
    loss, nats, _ = model.loss(inputs, targets)
    torch.testing.assert_close(loss, nats.sum())
    with torch.no_grad():
        loss_without_grad, nats_without_grad, _ = model.loss(inputs, targets)
    assert not loss_without_grad.requires_grad
    assert torch.equal(nats_without_grad, nats)


@pytest.mark.parametrize("tied", [False, True])
def test_sparse_embedding_gradients_equal_the_dense_ones(tied: bool) -> None:
    network = NetworkConfig(hidden=4, embedding=4, tie_weights=tied)
    model = make_model(CellConfig(), network)
    inputs = torch.tensor([[1, 2], [5, 1], [1, 2]])
    assert isinstance(model.input, nn.Embedding)
    gradients = []
    for row_sparse in (True, False):
        model.zero_grad()
        model.loss(inputs, random_tokens(3, 2), row_sparse=row_sparse)[0].backward()
        gradient = model.input.weight.grad
        assert gradient is not None
        assert gradient.is_sparse == (row_sparse and not tied)
        if gradient.is_sparse:
            assert sorted(set(gradient.coalesce().indices()[0].tolist())) == [1, 2, 5]
            gradient = gradient.to_dense()
        gradients.append(gradient)
    torch.testing.assert_close(gradients[0], gradients[1])


def test_row_sparse_has_no_effect_without_an_embedding() -> None:
    model = make_model(CellConfig(), NetworkConfig(hidden=4, input="one-hot"))
    model.loss(random_tokens(3, 2), random_tokens(3, 2, seed=1), row_sparse=True)[0].backward()
    assert not any(p.grad.is_sparse for p in model.parameters() if p.grad is not None)


def test_logits_by_composition_of_the_parts() -> None:
    model = make_model(*NETWORKS[2])
    inputs = random_tokens(5, 3)
    h, state = model.recurrent(model.input.weight[inputs])
    logits, final = model(inputs)
    assert_close((logits, *final), (h @ model.output.weight.T + model.output.bias, *state))


# Options reach the layers.


@pytest.mark.parametrize(
    ("config", "cell"),
    [
        (CellConfig(cell="elman", nonlinearity="relu"), Elman(nonlinearity="relu")),
        (CellConfig(cell="elman", layer_norm=True), Elman(layer_norm=True)),
        (CellConfig(cell="jordan", nonlinearity="sigmoid"), Jordan(nonlinearity="sigmoid")),
        (
            CellConfig(cell="lstm", peepholes=True, forget_bias=1.0),
            LSTM(peepholes=True, forget_bias=1.0),
        ),
        (CellConfig(cell="lstm", layer_norm=True), LSTM(layer_norm=True)),
        (
            CellConfig(cell="gru", reset="before", recurrent_init="orthogonal"),
            GRU(reset="before", recurrent_init="orthogonal"),
        ),
    ],
)
def test_the_cell_gets_its_options(config: CellConfig, cell: Cell) -> None:
    assert config.build() == cell
    assert make_model(config, NetworkConfig(hidden=4)).recurrent.cell == cell


def test_size_and_connections_reach_the_layers() -> None:
    network = NetworkConfig(layers=3, hidden=6, embedding=5, projection=4, residual=True, skip=2)
    layer = make_model(CellConfig(), network).recurrent
    assert (layer.num_layers, layer.hidden_size, layer.input_size) == (3, 6, 5)
    assert (layer.proj_size, layer.residual, layer.skip) == (4, True, 2)


@pytest.mark.parametrize("locked", [False, True])
def test_dropout_applies_where_its_name_says(locked: bool) -> None:
    network = NetworkConfig(layers=2, hidden=40, embedding=30)
    dropout = DropoutConfig(dropout=0.1, dropout_input=0.3, dropout_output=0.6, locked=locked)
    model = make_model(CellConfig(), network, dropout)
    recorded: dict[str, Tensor] = {}
    model.input_dropout.register_forward_hook(lambda _, a, y: recorded.update({"x": a[0], "dropped_x": y}))
    model.output_dropout.register_forward_hook(lambda _, a, y: recorded.update({"h": a[0], "dropped_h": y}))
    model(random_tokens(8, 4))
    for full, dropped_key, rate in (("x", "dropped_x", 0.3), ("h", "dropped_h", 0.6)):
        mask = recorded[dropped_key] / recorded[full]
        zero = mask == 0
        torch.testing.assert_close(mask[~zero], torch.full_like(mask[~zero], 1 / (1 - rate)))
        assert float(zero.float().mean()) == pytest.approx(rate, abs=0.12)
        assert bool((zero == zero[:1]).all()) == locked
    assert model.recurrent.dropout == (0.0 if locked else 0.1)
    assert model.recurrent.drop.locked == (0.1 if locked else 0.0)
    model.eval()
    assert torch.equal(model(random_tokens(8, 4))[0], model(random_tokens(8, 4))[0])


def test_recurrent_dropout_rates_reach_the_layers() -> None:
    rates = DropoutConfig(dropout_weight=0.1, dropout_candidate=0.2, zoneout=0.3, zoneout_cell=0.4)
    drop = make_model(CellConfig(), NetworkConfig(hidden=4), rates).recurrent.drop
    assert (drop.weight, drop.candidate, drop.zoneout, drop.zoneout_cell) == (0.1, 0.2, 0.3, 0.4)
    assert drop.locked == 0


def test_locked_dropout_has_one_mask_per_chunk_despite_resets() -> None:
    """Locked dropout between layers drops the same units at all steps of a chunk."""
    network = NetworkConfig(layers=2, hidden=30, embedding=30)
    model = make_model(
        CellConfig(cell="elman", nonlinearity="relu"), network, DropoutConfig(dropout=0.5, locked=True)
    )
    with torch.no_grad():
        for name, p in model.recurrent.named_parameters():
            p.copy_(torch.eye(30) if "weight_ih" in name else torch.zeros_like(p))
        model.input.weight.fill_(1.0)
    recorded = []
    model.output_dropout.register_forward_hook(lambda _, a, y: recorded.append(a[0]))
    reset_mask = torch.zeros(6, 4, dtype=torch.bool)
    reset_mask[3, 1] = True
    model(random_tokens(6, 4), reset_mask=reset_mask)
    (mask,) = recorded
    assert torch.equal(mask, mask[:1].expand_as(mask))


def test_initialisation_is_as_documented() -> None:
    def make_initialised(**options: Any) -> RecurrentLanguageModel:
        torch.manual_seed(0)
        network = NetworkConfig(hidden=50, embedding=50, **options)
        return RecurrentLanguageModel(200, CellConfig(), network, DropoutConfig())

    narrow = make_initialised(init_range=0.02)
    for name, p in narrow.named_parameters():
        assert 0.015 < p.abs().max() <= 0.02, name
    tied = make_initialised(tie_weights=True).input.weight
    assert 0.095 < tied.abs().max() <= 0.1
    assert float(make_initialised().input.weight.detach().std()) == pytest.approx(1.0, abs=0.05)
    one_hot = make_initialised(input="one-hot").recurrent
    assert float(one_hot.weight_ih_l0.detach().std()) == pytest.approx(0.3, abs=0.01)
    assert one_hot.weight_hh_l0.abs().max() <= 1 / 50**0.5


# Errors.


@pytest.mark.parametrize("cell", ["gru", "elman", "jordan"])
def test_projection_needs_an_lstm(cell: str) -> None:
    with pytest.raises(ConfigError, match=f"projection is an option of lstm, not of cell='{cell}'"):
        make_model(CellConfig(cell=cell), NetworkConfig(hidden=4, projection=2))


@pytest.mark.parametrize("locked", [False, True])
def test_dropout_between_layers_needs_two_layers(locked: bool) -> None:
    with pytest.raises(ConfigError, match="dropout_input and dropout_output"):
        make_model(CellConfig(), NetworkConfig(hidden=4), DropoutConfig(dropout=0.5, locked=locked))


@pytest.mark.parametrize("cell", ["gru", "elman", "jordan"])
def test_zoneout_of_the_cell_state_needs_an_lstm(cell: str) -> None:
    with pytest.raises(ConfigError, match="zoneout_cell"):
        make_model(CellConfig(cell=cell), NetworkConfig(hidden=4), DropoutConfig(zoneout_cell=0.5))


def test_a_state_of_another_batch_size_is_refused() -> None:
    model = make_model(*NETWORKS[2])
    _, state = model(random_tokens(3, 2))
    with pytest.raises(ShapeError, match=r"\(2, 3, 4\), got \(2, 2, 4\)"):
        model(random_tokens(3, 3), state)
