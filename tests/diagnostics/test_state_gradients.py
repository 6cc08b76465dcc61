"""∂E_t/∂h_k, checked against one backward pass per row and loss, and against finite differences."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from brute import ROWS, STEPS, Problem, make_problem, walk
from numerics import CASES, Case, case_named, uniform
from unrolled.diagnostics import diagnose, spectra
from unrolled.diagnostics.gradients import StateGradients, gradients
from unrolled.diagnostics.recording import record
from unrolled.errors import ConfigError, NonFiniteError, ShapeError
from unrolled.layers import LSTM, RecurrentDrop


def norms_by_row(problem: Problem, layer: str, state: str) -> np.ndarray:
    """Return ‖∂E_t/∂s_k‖ (T, T, B), computed row by row from separate graphs."""
    norms = np.full((STEPS, STEPS, ROWS), np.nan)
    for row in range(ROWS):
        row_run = walk(problem, row)
        nodes = row_run.nodes[layer, state]
        norms[:, : len(nodes), row] = 0.0
        for t, loss in enumerate(row_run.losses):
            row_gradients = torch.autograd.grad(loss, nodes, retain_graph=True, materialize_grads=True)
            norms[t, : len(nodes), row] = [float(part.norm()) for part in row_gradients]
    return norms


def check_against_brute_force(problem: Problem) -> None:
    computed = gradients(problem.record())
    checked = set()
    for state_gradients in computed.states:
        layer = state_gradients.layer.removeprefix("stack.")
        np.testing.assert_allclose(
            state_gradients.norms, norms_by_row(problem, layer, state_gradients.state), rtol=1e-9, atol=1e-14
        )
        checked.add((layer, state_gradients.state))
    assert checked == set(walk(problem, 0).nodes)


@pytest.mark.thin(3)
@pytest.mark.parametrize("ragged", [False, True], ids=["full", "ragged"])
@pytest.mark.parametrize("bidirectional", [False, True], ids=["one", "both"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_equal_those_of_single_rows(case: Case, bidirectional: bool, ragged: bool) -> None:
    check_against_brute_force(make_problem(case, bidirectional=bidirectional, ragged=ragged))


@pytest.mark.parametrize(
    "options",
    [{"skip": 2}, {"residual": True}, {"drop": RecurrentDrop(zoneout=0.3, zoneout_cell=0.2)}],
    ids=["skip", "residual", "zoneout"],
)
@pytest.mark.parametrize("ragged", [False, True], ids=["full", "ragged"])
def test_gradients_equal_those_of_single_rows_with_shortcuts_and_zoneout(options: dict, ragged: bool) -> None:
    check_against_brute_force(make_problem(case_named("lstm"), ragged=ragged, bidirectional=True, **options))


@pytest.mark.parametrize("case", [case_named("lstm-everything"), case_named("gru-before")], ids=str)
def test_gradients_equal_finite_differences(case: Case) -> None:
    problem = make_problem(case, bidirectional=True, ragged=True)
    step = 1e-6
    for state_gradients in gradients(problem.record()).states:
        layer = state_gradients.layer.removeprefix("stack.")
        for k, row in ((0, 0), (1, 1), (3, 2)):
            size = walk(problem, row).nodes[layer, state_gradients.state][0].numel()
            slopes = []
            for unit in torch.eye(size, dtype=torch.float64):
                up, down = (
                    walk(problem, row, (layer, state_gradients.state, k, sign * step * unit))
                    for sign in (1, -1)
                )
                pairs = zip(up.losses, down.losses, strict=True)
                slopes.append([float((u - d).detach()) / (2 * step) for u, d in pairs])
            expected = np.linalg.norm(np.array(slopes), axis=0)
            np.testing.assert_allclose(
                state_gradients.norms[: len(expected), k, row], expected, rtol=1e-5, atol=1e-8
            )


def test_the_total_is_the_gradient_of_the_summed_loss() -> None:
    problem = make_problem(case_named("gru-after"))
    (state_gradients, *_) = gradients(problem.record()).states
    row_run = walk(problem, 1)
    row_gradients = torch.autograd.grad(torch.stack(row_run.losses).sum(), row_run.nodes["l0", "h"])
    np.testing.assert_allclose(
        state_gradients.total[:, 1], [float(p.norm()) for p in row_gradients], rtol=1e-9
    )
    assert (state_gradients.total[:, 1] < np.nansum(state_gradients.norms, 0)[:, 1] + 1e-12).all()


@pytest.mark.parametrize("batch_size", [1, 2, 5, None])
def test_the_batch_size_of_losses_changes_nothing(batch_size: int | None) -> None:
    recording = make_problem(case_named("lstm"), ragged=True).record()
    expected, result = gradients(recording, together=1), gradients(recording, together=batch_size)
    for a, b in zip(expected.states, result.states, strict=True):
        np.testing.assert_allclose(a.norms, b.norms, rtol=1e-12)


class TorchModel(nn.Module):
    """A plain torch model around a recurrent layer."""

    def __init__(self, layer: nn.Module, features: int) -> None:
        super().__init__()
        self.table, self.layer = nn.Embedding(7, 5), layer
        self.drop, self.out = nn.Dropout(0.5), nn.Linear(features, 7)

    def forward(self, tokens: torch.Tensor, lengths: torch.Tensor | None = None) -> torch.Tensor:
        x = self.drop(self.table(tokens))
        if lengths is None:
            y, _ = self.layer(x)
        else:
            packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            y, _ = pad_packed_sequence(self.layer(packed)[0], batch_first=True, total_length=x.shape[1])
        return self.out(y)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_a_torch_model_is_recorded_and_unchanged(kind: str, packed: bool) -> None:
    torch.manual_seed(0)
    options = {"proj_size": 3} if kind == "LSTM" else {}
    layer = getattr(nn, kind)(5, 4, 2, batch_first=True, bidirectional=True, dropout=0.3, **options)
    model = TorchModel(layer, 2 * (3 if options else 4)).double().train()
    tokens, targets = torch.randint(0, 7, (3, 8)), torch.randint(0, 7, (3, 8))
    lengths = torch.tensor([5, 8, 3]) if packed else None
    live = torch.arange(8).expand(3, 8) < (lengths[:, None] if packed else 8)

    def losses() -> torch.Tensor:
        logits = model(tokens, lengths)
        return (
            F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view(3, 8) * live
        ).T

    before = {n: p.clone() for n, p in model.state_dict().items()}
    rng_state = torch.get_rng_state()
    recording = record(model, losses)
    gradients(recording)
    assert torch.equal(torch.get_rng_state(), rng_state)
    assert [p.name for p in recording.passes] == [
        "layer.l0",
        "layer.l0_reverse",
        "layer.l1",
        "layer.l1_reverse",
    ]
    assert model.training
    assert layer.training
    assert "forward" not in layer.__dict__
    assert all(torch.equal(before[n], p) for n, p in model.state_dict().items())
    model.eval()
    torch.testing.assert_close(losses(), recording.losses)
    for p in recording.passes:
        assert torch.equal(p.live, live.T)
    # The last layer's state is the input of the head: autograd gives its gradient without our loop.
    outputs = []
    hook = layer.register_forward_hook(lambda m, args, out: outputs.append(out[0]))
    losses()
    hook.remove()
    if not packed:
        outputs[0].retain_grad()
        model.out(outputs[0]).square().sum().backward()
        output_recording = record(model, lambda: model(tokens).square().sum())
        all_states = gradients(output_recording).states
        width = layer.proj_size or layer.hidden_size
        by_name = {(s.layer, s.state): s.total for s in all_states}
        # The backward state at time 0 is read only by the head.
        head_gradient = outputs[0].grad[:, 0, width:].norm(dim=-1)
        np.testing.assert_allclose(
            by_name["layer.l1_reverse", "h"][0], head_gradient.detach().numpy(), rtol=1e-9
        )


def test_one_loss_per_row_belongs_to_its_last_step() -> None:
    problem = make_problem(case_named("gru-after"), ragged=True, layers=1)
    recording = record(problem.model, lambda: problem.model.losses(problem.x, problem.lengths).sum(0))
    result = gradients(recording)
    assert result.times is not None
    assert result.times.tolist() == [[5, 1, 3]]
    (curve,) = result.curves()
    assert curve.distance.tolist() == [0, 1, 2, 3, 4, 5]
    assert curve.count.tolist() == [3, 3, 2, 2, 1, 1]
    assert curve.mean[5] == pytest.approx(result.states[0].norms[0, 0, 0])


def test_the_last_step_of_a_backward_layer_is_step_zero() -> None:
    problem = make_problem(case_named("gru-after"), ragged=True, layers=1, bidirectional=True)
    recording = record(problem.model, lambda: problem.model.losses(problem.x, problem.lengths).sum(0))
    _, backward = gradients(recording).states
    curve = backward.over_distance(np.array([[5, 1, 3]]))
    assert curve.distance.tolist() == [0, 1, 2, 3, 4, 5]
    assert curve.count.tolist() == [3, 3, 2, 2, 1, 1]
    assert curve.mean[5] == pytest.approx(backward.norms[0, 5, 0])


def test_a_bfloat16_layer_is_recorded_in_full_precision() -> None:
    layer = LSTM(3, 4, precision="bfloat16")
    x = torch.randn(5, 2, 3)
    gradients(record(layer, lambda: layer(x)[0].square().sum(-1)))
    assert layer.precision == "bfloat16"


def make_curve(norms: np.ndarray, *, reverse: bool = False, times: list[int] | None = None):
    state_gradients = StateGradients("l0", "h", reverse, norms, norms[0])
    return state_gradients.over_distance(np.array(times or range(len(norms))))


def test_curves_collect_gradients_by_distance_in_the_direction_of_the_layer() -> None:
    norms = np.arange(1.0, 10.0).reshape(3, 3, 1)
    forward, backward = make_curve(norms), make_curve(norms, reverse=True)
    assert forward.distance.tolist() == backward.distance.tolist() == [0, 1, 2]
    assert forward.mean.tolist() == [5.0, 6.0, 7.0]  # means of (1, 5, 9), (4, 8), 7
    assert backward.mean.tolist() == [5.0, 4.0, 3.0]  # means of (1, 5, 9), (2, 6), 3
    assert forward.low[1] == pytest.approx(4.4)
    assert forward.high[1] == pytest.approx(7.6)
    assert make_curve(norms, times=[0, -1, 2]).mean.tolist() == [5.0, 8.0, 7.0]


def test_losses_of_padding_are_not_counted() -> None:
    norms = np.ones((2, 2, 2))
    norms[1, :, 1] = 0.0
    assert make_curve(norms).count.tolist() == [3, 1]
    assert StateGradients("l0", "h", False, norms, norms[0]).matrix().tolist() == [[1, 1], [1, 1]]


def test_calls_step_by_step_are_one_sequence() -> None:
    problem = make_problem(case_named("lstm"), layers=1)
    stack, model = problem.model.stack, problem.model

    def by_steps() -> torch.Tensor:
        state, outputs = None, []
        for x_t in problem.x:
            y, state = stack(x_t[None], state)
            outputs.append(y)
        return model.loss_of(torch.cat(outputs))

    full, stepwise = gradients(problem.record()), gradients(record(model, by_steps))
    for a, b in zip(full.states, stepwise.states, strict=True):
        np.testing.assert_allclose(a.norms, b.norms, rtol=1e-12)


def test_invalid_models_losses_and_times_are_refused() -> None:
    linear = nn.Linear(3, 2)
    with pytest.raises(ConfigError, match=r"Linear has no recurrent layer .* consists of Linear"):
        record(linear, lambda: linear(torch.ones(1, 3)))
    problem = make_problem(case_named("gru-after"))
    with pytest.raises(ConfigError, match=r"the recurrent layers stack were not called"):
        record(problem.model, lambda: problem.model.head(uniform(2, 4, seed=0)).sum())
    with pytest.raises(ShapeError, match=r"losses must be a tensor .*, got \(6, 3, 4\)"):
        record(problem.model, lambda: problem.model.stack(problem.x)[0])
    with pytest.raises(ConfigError, match=r"give a torch module, and a function .* got SmallModel and T"):
        record(problem.model, problem.model.losses(problem.x, None))
    with pytest.raises(ShapeError, match=r"no gradient"):
        record(problem.model, lambda: problem.model.losses(problem.x, None).detach())
    with pytest.raises(ShapeError, match=r"times must be \(6,\) or \(6, 3\), got \(2,\)"):
        gradients(problem.record(), times=[0, 1])
    with pytest.raises(ConfigError, match=r"no layer 'l9'; there are stack.l0, stack.l1"):
        problem.record().find("l9")


def test_calls_without_a_state_are_separate_sequences() -> None:
    """Two sequences read by one layer: no state of the first precedes a state of the second."""
    problem = make_problem(case_named("gru-after"), layers=1)
    stack, model = problem.model.stack, problem.model
    first, second = problem.x, problem.x[:4] * 0.5
    recording = record(model, lambda: model.loss_of(stack(first)[0][-1] + stack(second)[0][-1]))
    assert [(p.name, len(p.live)) for p in recording.passes] == [("stack.l0", 6), ("stack#2.l0", 4)]
    result = gradients(recording).states
    first_only = gradients(record(model, lambda: model.loss_of(stack(first)[0][-1])))
    assert result[0].norms.shape == first_only.states[0].norms.shape
    expected = torch.autograd.functional.jacobian(
        lambda x: model.loss_of(stack(first)[0][-1] + stack(x)[0][-1]).sum(), second
    )
    assert expected.shape == second.shape
    assert (result[1].norms[0] > 0).all()


def test_nonfinite_weights_and_states_are_refused() -> None:
    layer = LSTM(3, 4)
    x = torch.randn(5, 2, 3)

    def losses() -> torch.Tensor:
        return layer(x)[0].sum(-1)

    with torch.no_grad():
        layer.weight_hh_l0[0, 0] = torch.nan
    with pytest.raises(NonFiniteError, match=r"the weights of weight_hh_l0 have an infinite or NaN value"):
        diagnose(layer, losses)
    with pytest.raises(NonFiniteError, match=r"l0: a Jacobian has an infinite or NaN value"):
        spectra(record(layer, losses).passes[0], [(3, 0)])
    with torch.no_grad():
        layer.weight_hh_l0[0, 0] = 0.0
    x[3, 1, 0] = torch.nan
    with pytest.raises(NonFiniteError, match=r"l0: the state h is not finite at step 3"):
        diagnose(layer, losses)


def test_gradients_are_computed_under_no_grad() -> None:
    problem = make_problem(case_named("lstm"), layers=1)
    expected = gradients(problem.record())
    with torch.no_grad():
        result = gradients(problem.record())
    np.testing.assert_array_equal(result.states[0].norms, expected.states[0].norms)


def test_half_precision_has_spectra() -> None:
    layer = torch.nn.GRU(3, 4).bfloat16()
    x = torch.randn(14, 2, 3).bfloat16()
    (p,) = record(layer, lambda: layer(x)[0].float().sum(-1)).passes
    assert np.isfinite(spectra(p, [(3, 0), (5, 1)]).radius).all()


def test_an_error_in_the_model_leaves_it_unchanged() -> None:
    model = TorchModel(LSTM(5, 4), 4)
    with pytest.raises(IndexError):
        record(model, lambda: model(torch.tensor([[9]])))
    assert "forward" not in model.layer.__dict__
    assert model.training
