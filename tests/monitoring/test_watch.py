"""Watching a training: the same bits, and figures that are what they say."""

import json
import math
import sys

import numpy as np
import pytest
import torch

import unrolled as ur
from cases import CASES
from unrolled.errors import BackendError, ConfigError, NonFiniteError
from unrolled.monitoring import look as watch_look
from unrolled.monitoring.board import Board
from unrolled.monitoring.look import DISTANCES, look
from unrolled.monitoring.plot import plot_reach, reach_over_training
from unrolled.monitoring.rows import first_rows, first_states
from unrolled.monitoring.watch import Watch
from unrolled.training import Update, Watcher
from unrolled.training.log import read_log

CLOCKS = ("seconds", "training_seconds", "tokens_per_second")
TASKS = ["lm", "classify", "tag", "translate", "forecast", "music"]
SHORT = {"epochs": 3, "max_steps": 12, "validate_every": 5}


def essence(folder):
    """What watching must not change."""
    log = [r for r in read_log(folder / "metrics.jsonl") if r["kind"] != "watch"]
    result = json.loads((folder / "result.json").read_text())
    return without_clocks(log), without_clocks(result), (folder / "model.safetensors").read_bytes()


def without_clocks(values):
    if isinstance(values, dict):
        return {k: without_clocks(v) for k, v in values.items() if k not in CLOCKS}
    return [without_clocks(v) for v in values] if isinstance(values, list) else values


def looks(task):
    return [r for r in task.history if r["kind"] == "watch"]


class Grab(Watcher):
    """Keeps the updates, and the task's job."""

    def __init__(self):
        self.updates = []

    def updating(self, progress, update):
        self.updates.append(update)


@pytest.mark.parametrize("name", [*TASKS, "lm averaged", "lm tdnn"])
def test_a_watched_training_ends_with_the_bits_of_one_that_was_not(tmp_path, name: str) -> None:
    case = CASES[name]
    data = str(case.write(tmp_path))
    plain, watched = (
        case.kind(**case.options | SHORT).fit(data, progress=False, watch=watch) for watch in (False, 4)
    )
    others = [r for r in watched.history if r["kind"] != "watch"]
    assert without_clocks(others) == without_clocks(plain.history)
    ended = watched.model.state_dict()
    assert all(torch.equal(t, ended[n]) for n, t in plain.model.state_dict().items())
    assert [r["step"] for r in looks(watched)] == [1, 4, 8, 12]
    record = looks(watched)[0]
    assert bool(record["gradients"]["norm"]) == bool(record["saturation"]) == (name != "lm tdnn")


def test_a_watched_run_ends_with_the_same_files(tmp_path) -> None:
    case = CASES["lm"]
    data = case.write(tmp_path)
    for folder, watch in (("plain", False), ("watched", 4)):
        case.kind(**case.options | SHORT).fit(data, out=tmp_path / folder, progress=False, watch=watch)
    assert essence(tmp_path / "plain") == essence(tmp_path / "watched")
    assert (tmp_path / "watched" / "plots" / "gradients_by_distance.png").stat().st_size > 5000
    assert not (tmp_path / "plain" / "plots" / "gradients_by_distance.png").exists()
    assert not (tmp_path / "plain" / "tensorboard").exists()


@pytest.mark.parametrize("name", TASKS)
def test_a_look_leaves_everything_as_it_is(tmp_path, name: str) -> None:
    job, update = stopped(tmp_path, name)
    model = job.model.train()
    before = {n: t.clone() for n, t in model.state_dict().items()}
    gradients = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    state = torch.get_rng_state()
    look(job, update)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(t, before[n]) for n, t in model.state_dict().items())
    assert {n for n, p in model.named_parameters() if p.grad is not None} == set(gradients)
    assert all(torch.equal(model.get_parameter(n).grad, g) for n, g in gradients.items())
    assert all(m.training for m in model.modules())
    assert not any("forward" in vars(m) for m in model.modules())


def stopped(tmp_path, name, **options):
    """Return a job and an update of its training."""
    case, grab = CASES[name], Grab()
    found = []
    kind = case.kind

    class Caught(kind):
        def _make_job(self, data):
            found.append(super()._make_job(data))
            return found[-1]

    task = Caught(**case.options | SHORT | options)
    task.fit(case.write(tmp_path), progress=grab) if name != "classify" else task.fit(
        str(case.write(tmp_path)), progress=grab
    )
    return found[0], grab.updates[-1]


# -- the figures -----------------------------------------------------------------------------------


def test_gradients_are_those_of_the_last_loss_by_distance(tmp_path, monkeypatch) -> None:
    job, update = stopped(tmp_path, "lm", mode="sentence", tokenizer="word", min_frequency=2)
    monkeypatch.setattr(watch_look, "ROWS", 2)
    seen = look(job, update)
    batch = first_rows(update.batch, 2)
    model = job.model.eval()
    stack = model.recurrent
    traced = stack.trace(model.input(batch.inputs), lengths=batch.lengths, probe=True)
    logits = model.output(traced.output)
    steps = [int(n) - 1 for n in batch.lengths]
    total = sum(
        torch.nn.functional.cross_entropy(logits[t, b], batch.targets[t, b]) for b, t in enumerate(steps)
    )
    for layer in ("l0", "l1"):
        for state in ("h", "c"):
            probe = traced.probes[layer][state]
            (gradient,) = torch.autograd.grad(total, [probe], retain_graph=True)
            expected = {}
            for d in DISTANCES:
                there = [float(gradient[t - d, b].norm()) for b, t in enumerate(steps) if t >= d]
                if there:
                    expected[d] = np.mean(there)
            assert seen.norms[f"recurrent.{layer} {state}"] == pytest.approx(expected, rel=1e-4, abs=1e-12)
    assert len(set(steps)) > 1 or len(expected) > 3


def test_what_was_carried_is_where_a_look_begins(tmp_path) -> None:
    job, update = stopped(tmp_path, "lm")
    assert update.carried is not None
    seen = look(job, update)
    zeros = Update(update.batch, None, update.norm, update.factor)
    assert look(job, zeros).norms != seen.norms
    assert [s.shape[1] for s in first_states(update.carried, 3)] == [3, 3]


def test_backward_layers_count_from_the_first_step_on(tmp_path) -> None:
    job, update = stopped(tmp_path, "classify", pooling="last")
    norms = look(job, update).norms
    # The last step of the reverse direction is step 0: only it has a gradient from above at distance 0.
    top = {n: v for n, v in norms.items() if ".l1" in n and n.endswith("h")}
    assert sorted(top) == ["reader.recurrent.l1 h", "reader.recurrent.l1_reverse h"]
    assert all(v[0] == max(v.values()) and len(v) > 2 for v in top.values())
    job, update = stopped(tmp_path, "tag", output="softmax", characters=0)
    norms = look(job, update).norms
    assert norms["recurrent.l1_reverse h"][0] == max(norms["recurrent.l1_reverse h"].values())


def test_saturation_is_the_share_of_values_at_the_ends(tmp_path) -> None:
    job, update = stopped(tmp_path, "lm")
    with torch.no_grad():
        job.model.recurrent.bias_ih_l0[10:20] = 40.0  # the forget gate is open
        job.model.recurrent.bias_ih_l0[:10] = -40.0  # and the input gate is shut
    seen = look(job, update)
    assert seen.saturation["recurrent.l0 f"] == (0.0, 1.0)
    assert seen.saturation["recurrent.l0 i"] == (1.0, 0.0)
    assert seen.values["recurrent.l0 f"].min() > 0.9


def test_weights_gradients_and_clipping_are_those_of_the_update(tmp_path) -> None:
    case = CASES["lm"]
    options = case.options | SHORT | {"optimizer": "sgd", "lr": 0.5, "clip_norm": 0.3, "schedule": "constant"}
    weights, updates = [], []

    class Note(Watcher):
        def updating(self, progress, update):
            updates.append((update.norm, update.factor))
            weights.append({n: p.detach().clone() for n, p in lm.model.named_parameters()})
            self.gradients = {n: float(p.grad.norm()) for n, p in lm.model.named_parameters() if p.is_leaf}

    lm = case.kind(**options)
    lm.fit(case.write(tmp_path), progress=Note(), watch=4)
    record = looks(lm)[1]
    clipping = record["clipping"]
    assert (record["step"], clipping["updates"]) == (4, 3)
    since = updates[1:4]
    norms = [norm for norm, _ in since]
    assert clipping["norm_mean"] == pytest.approx(np.mean(norms), rel=1e-3)
    assert clipping["norm_max"] == pytest.approx(max(norms), rel=1e-3)
    assert clipping["share"] == pytest.approx(np.mean([norm > 0.3 for norm in norms]))
    assert clipping["share"] > 0
    assert clipping["clipped_norm_mean"] == pytest.approx(np.mean([min(n, 0.3) for n in norms]), rel=1e-3)
    for name, sizes in record["weights"].items():
        before, after = weights[3][name], weights[4][name]
        assert sizes["norm"] == pytest.approx(float(after.norm()), rel=1e-3)
        assert sizes["ratio"] == pytest.approx(float((after - before).norm() / before.norm()), rel=2e-3)
        # Of plain SGD a step is rate times factor times gradient.
        step = 0.5 * updates[3][1] * sizes["gradient"]
        assert sizes["ratio"] * float(before.norm()) == pytest.approx(step, rel=1e-2, abs=1e-7)


@pytest.mark.parametrize("name", TASKS)
def test_the_first_rows_of_a_batch_have_the_losses_that_they_have_in_it(tmp_path, name: str) -> None:
    job, update = stopped(tmp_path, name, sampling=0.0) if name == "translate" else stopped(tmp_path, name)
    job.model.eval()
    whole = job.step_losses(update.batch, update.carried).losses.detach()
    for rows in (1, 2, 99):
        part = job.step_losses(first_rows(update.batch, rows), first_states(update.carried, rows))
        expected = whole[: len(part.losses), :rows]
        torch.testing.assert_close(part.losses.detach(), expected)
        assert not whole[len(part.losses) :, :rows].any()


def test_products_in_bfloat16_are_looked_at_in_full_precision(tmp_path) -> None:
    case = CASES["lm"]
    data = case.write(tmp_path)
    options = case.options | SHORT | {"precision": "bfloat16"}
    try:
        case.kind(**options).fit(data, progress=False)
    except BackendError:
        pytest.skip("this processor has no AVX512_BF16")
    lm = case.kind(**options).fit(data, progress=False, watch=4)
    assert len(looks(lm)) == 4
    precisions = set()

    class Note(Watcher):
        def stepped(self, progress, loss, lr):
            precisions.add(lm.model.precision)

    lm = case.kind(**options)
    lm.fit(data, progress=Note())
    assert precisions == {"full"}


def test_batches_of_another_kind_are_refused() -> None:
    with pytest.raises(TypeError, match="no way is known to take rows of a dict"):
        first_rows({}, 2)


# -- how often -------------------------------------------------------------------------------------


def test_looks_that_would_take_too_much_time_wait(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("unrolled.monitoring.watch.EVERY", 3)
    case = CASES["lm"]
    data = case.write(tmp_path)
    free = case.kind(**case.options | SHORT)
    monkeypatch.setattr("unrolled.monitoring.watch.SHARE", 1e9)
    free.fit(data, progress=False, watch=True)
    assert [r["step"] for r in looks(free)] == [1, 3, 6, 9, 12]
    monkeypatch.setattr("unrolled.monitoring.watch.SHARE", 1e-9)
    dear = case.kind(**case.options | SHORT).fit(data, progress=False, watch=True)
    assert [r["step"] for r in looks(dear)] == [1]
    assert looks(case.kind(**case.options | SHORT).fit(data, progress=False, watch=12))[-1]["step"] == 12


@pytest.mark.parametrize("never", [False, 0])
def test_without_being_asked_nothing_is_watched(tmp_path, never) -> None:
    case = CASES["lm"]
    lm = case.kind(**case.options | SHORT)
    lm.fit(case.write(tmp_path), out=tmp_path / "run", progress=False, watch=never)
    assert not looks(lm)
    assert not (tmp_path / "run" / "tensorboard").exists()


def test_a_negative_number_of_updates_is_refused(tmp_path) -> None:
    case = CASES["lm"]
    with pytest.raises(ConfigError, match="watch=-3: must be at least 1"):
        case.kind(**case.options | SHORT).fit(case.write(tmp_path), progress=False, watch=-3)


# -- stopped, broken, overwritten ------------------------------------------------------------------


class KilledError(Exception):
    pass


class StopAt(Watcher):
    def __init__(self, step):
        self.step = step

    def stepped(self, progress, loss, lr):
        if progress.step == self.step:
            raise KilledError


def test_a_resumed_run_has_the_looks_of_a_whole_one(tmp_path) -> None:
    case = CASES["lm"]
    data = case.write(tmp_path)
    options = case.options | {"epochs": 1, "max_steps": 30, "checkpoint_steps": 10}
    case.kind(**options).fit(data, out=tmp_path / "whole", progress=False, watch=5)
    with pytest.raises(KilledError):
        case.kind(**options).fit(data, out=tmp_path / "killed", progress=StopAt(17), watch=5)
    case.kind.resume(tmp_path / "killed", progress=False, watch=5)
    whole, resumed = (
        without_clocks(read_log(tmp_path / folder / "metrics.jsonl")) for folder in ("whole", "killed")
    )
    assert whole == resumed
    assert essence(tmp_path / "whole") == essence(tmp_path / "killed")
    # What was done twice is shown once.
    steps = [e.step for e in events(tmp_path / "killed").Scalars("clipping/share")]
    assert steps == [1, 5, 10, 15, 20, 25, 30]


def test_where_training_broke_is_in_log_and_board(tmp_path) -> None:
    case = CASES["lm"]
    lm = case.kind(**case.options | SHORT)

    class Poison(Watcher):
        def stepped(self, progress, loss, lr):
            if progress.step == 6:
                lm.model.recurrent.weight_hh_l1.data[0, 0] = math.nan

    with pytest.raises(NonFiniteError):
        lm.fit(case.write(tmp_path), out=tmp_path / "run", progress=Poison(), watch=5)
    last = read_log(tmp_path / "run" / "metrics.jsonl")[-1]
    assert last["kind"] == "nonfinite"
    assert last["step"] == 7
    assert last["where"] == "the weights of recurrent.weight_hh_l1"
    texts = events(tmp_path / "run").Tensors("not finite/text_summary")
    assert (
        b"update 7: first seen in the weights of recurrent.weight_hh_l1"
        in (texts[0].tensor_proto.string_val[0])
    )


def test_numbers_that_are_not_finite_are_null(tmp_path) -> None:
    job, update = stopped(tmp_path, "lm")
    from unrolled.monitoring.watch import _brief

    assert _brief(math.nan) is None
    assert _brief(math.inf) is None
    assert _brief(0.123456) == 0.1235
    with torch.no_grad():
        job.model.output.weight.fill_(math.inf)
    assert look(job, update)


def test_overwriting_a_run_takes_its_events_away(tmp_path) -> None:
    case = CASES["lm"]
    data = case.write(tmp_path)
    case.kind(**case.options | SHORT).fit(data, out=tmp_path / "run", progress=False, watch=4)
    case.kind(**case.options | SHORT).fit(data, out=tmp_path / "run", progress=False, overwrite=True)
    assert not list((tmp_path / "run" / "tensorboard").iterdir())
    assert not (tmp_path / "run" / "plots" / "gradients_by_distance.png").exists()


# -- TensorBoard -----------------------------------------------------------------------------------


def events(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder / "tensorboard"), {"histograms": 0, "images": 0, "tensors": 0})
    return found.Reload()


def test_tensorboard_shows_what_the_log_holds(tmp_path) -> None:
    case = CASES["lm"]
    lm = case.kind(**case.options | SHORT)
    lm.fit(case.write(tmp_path), out=tmp_path / "run", progress=False, watch=4)
    found = events(tmp_path / "run")
    tags = found.Tags()
    record = looks(lm)[-1]
    share = found.Scalars("clipping/share")
    assert [e.step for e in share] == [1, 4, 8, 12]
    assert share[-1].value == pytest.approx(record["clipping"]["share"])
    by_distance = dict(
        zip(record["gradients"]["distance"], record["gradients"]["norm"]["recurrent.l1 h"], strict=True)
    )
    shown = found.Scalars("gradient by distance, recurrent.l1 h/00003")[-1].value
    assert shown == pytest.approx(by_distance[3], rel=1e-3)
    assert "saturation, recurrent.l0 f/upper end" in tags["scalars"]
    assert found.Scalars("weights, output.weight/ratio")
    assert [e.step for e in found.Scalars("loss/held out")] == [
        r["step"] for r in lm.history if r["kind"] == "valid"
    ]
    for tag in ("gates/recurrent.l0 f", "weights/output.weight", "gradients/output.weight"):
        assert found.Histograms(tag)[-1].histogram_value.num > 0
    (image,) = found.Images("gradient by distance over training")
    assert image.encoded_image_string.startswith(b"\x89PNG")
    assert image.width > 500


def test_without_tensorboard_it_says_what_to_install(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert not Board.installed()
    case = CASES["lm"]
    lm = case.kind(**case.options | SHORT)
    lm.fit(case.write(tmp_path), out=tmp_path / "run", progress=False, watch=4)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "pip install 'unrolled[watch]'" in said
    assert len(looks(lm)) == 4
    assert not (tmp_path / "run" / "tensorboard").exists()


def test_a_network_without_recurrent_layers_says_so(tmp_path, capsys) -> None:
    case = CASES["lm tdnn"]
    lm = case.kind(**case.options | SHORT).fit(case.write(tmp_path), progress=False, watch=4)
    assert "no recurrent layers" in capsys.readouterr().err
    assert looks(lm)[-1]["weights"]["output.weight"]["ratio"] > 0


# -- the picture -----------------------------------------------------------------------------------


def records(norms, distance=(0, 1, 2)):
    return [
        {"kind": "watch", "step": i, "gradients": {"distance": list(distance), "norm": {"l0 h": row}}}
        for i, row in enumerate(norms)
    ]


def test_the_picture_has_a_cell_for_each_look_and_distance(tmp_path) -> None:
    figure = reach_over_training([{"kind": "train"}, *records([[1.0, 0.1, None], [1.0, 0.0, 0.01]])])
    (image,) = figure.axes[0].images
    table = image.get_array()
    assert table.shape == (3, 2)
    assert table.mask.tolist() == [[False, False], [False, True], [True, False]]
    assert table[2, 1] == 0.01
    path = plot_reach(records([[1.0, 0.1, 0.01]]), tmp_path)
    assert path.read_bytes().startswith(b"\x89PNG")


def test_nothing_to_draw_is_no_picture(tmp_path) -> None:
    assert reach_over_training([]) is None
    assert plot_reach(records([[0.0, None, 0.0]]), tmp_path) is None


# -- the command line ------------------------------------------------------------------------------


def test_train_and_resume_take_watch(tmp_path, command) -> None:
    case = CASES["lm"]
    data, run = case.write(tmp_path), tmp_path / "run"
    flags = [*case.flags, "--data", data, "--out", run, "--max-steps", "12"]
    done = command("train", "lm", *flags, "--watch", "--watch-every", "6")
    assert done.status == 0
    assert [r["step"] for r in read_log(run / "metrics.jsonl") if r["kind"] == "watch"] == [1, 6, 12]
    assert command("resume", run, "--watch").status == 0
    assert ur.load(run).result["steps"] == 12
    refused = command("resume", run, "--watch-every", "6")
    assert refused.status == 1
    assert "--watch-every 6 goes with --watch" in refused.err
    refused = command("train", "lm", *flags, "--watch", "--watch-every", "-1")
    assert "--watch-every -1: must be at least 1" in refused.err


def test_a_watch_asks_for_a_positive_number() -> None:
    with pytest.raises(ConfigError, match="watch=-1"):
        Watch(None, None, every=-1)
