"""Training on a synthetic problem: it learns, stops when solved, and reports the result."""

import math

import pytest
import torch

from unrolled.config import with_options
from unrolled.errors import ConfigError
from unrolled.models import CellConfig
from unrolled.synthetic.config import LearnConfig, PracticeConfig, SizeConfig, SolverConfig
from unrolled.synthetic.job import ProblemJob
from unrolled.synthetic.model import ProblemNetwork
from unrolled.synthetic.problems import Adding, Copy, Recall
from unrolled.synthetic.train import format_loss, learn, make_solver
from unrolled.training import Callback, Progress, Validation

TINY = {"hidden": 16, "batch": 32, "held_out": 250, "threads": 1, "lr": 0.01, "validate_every": 50}


def make_config(problem: str, distance: int, **options: object) -> LearnConfig:
    return with_options(LearnConfig(), {"problem": problem, "distance": distance} | TINY | options)


def test_adding_over_ten_steps_beats_always_guessing_the_mean() -> None:
    learned = learn(make_config("adding", 10, cell="gru", updates=200), progress=False)
    assert learned.loss < learned.baseline / 4
    assert learned.accuracy is None
    assert not learned.model.training


def test_training_stops_at_the_validation_that_solves_the_problem() -> None:
    validations: list[tuple[int, float]] = []

    class Recorder(Callback):
        ends = 0

        def on_validation_end(self, progress: Progress, found: Validation, improved: bool) -> None:
            validations.append((progress.step, found.score))

        def on_train_end(self, progress: Progress) -> None:
            self.ends += 1

    recorder = Recorder()
    learned = learn(
        make_config("recall", 5, kinds=3, cell="gru", updates=2000, target=0.1), progress=recorder
    )
    assert learned.solved
    assert learned.updates < 2000
    assert learned.updates == validations[-1][0]
    assert [score <= 0.1 for _, score in validations] == [False] * (len(validations) - 1) + [True]
    assert learned.accuracy == pytest.approx(1.0, abs=0.02)
    assert recorder.ends == 1
    assert "solved at update" in str(learned)
    assert "chance" in str(learned)


def test_a_network_without_memory_stays_at_the_baseline() -> None:
    learned = learn(make_config("recall", 8, cell="tdnn", context=3, updates=150), progress=False)
    assert not learned.solved
    assert learned.loss == pytest.approx(learned.baseline, rel=0.03)
    assert learned.accuracy == pytest.approx(1 / 8, abs=0.09)
    assert "not solved (target 0.0208) by update 150" in str(learned)


def test_target_zero_trains_to_the_end() -> None:
    learned = learn(make_config("recall", 2, kinds=2, cell="gru", updates=150, target=0.0), progress=False)
    assert learned.updates == 150
    assert not learned.solved


def test_the_best_model_is_kept() -> None:
    learned = learn(make_config("recall", 3, cell="gru", updates=100, lr=0.03), progress=False)
    held_out = {r["step"]: r["loss"] for r in learned.history if r["kind"] == "valid"}
    assert learned.loss == pytest.approx(min(held_out.values()), abs=0)
    assert held_out[learned.best_update] == learned.loss
    assert ProblemJob(learned.model, learned.config.practice).score().loss == learned.loss


def test_the_seed_determines_the_training() -> None:
    state = torch.get_rng_state()
    losses = [
        learn(make_config("adding", 6, cell="lstm", updates=20, seed=seed), progress=False).loss
        for seed in (1, 1, 2)
    ]
    assert losses[0] == losses[1] != losses[2]
    assert torch.equal(torch.get_rng_state(), state)


def test_make_solver_returns_the_initial_model() -> None:
    config = make_config("adding", 6, cell="lstm", updates=1, lr=1e-30)
    learned = learn(config, progress=False)
    for ours, trained in zip(make_solver(config).parameters(), learned.model.parameters(), strict=True):
        assert torch.equal(ours, trained)


def test_each_step_has_new_sequences_and_held_out_ones_are_fixed() -> None:
    problem = Recall(12, 4)
    model = ProblemNetwork(problem, CellConfig(), SolverConfig(hidden=3))
    job = ProblemJob(model, PracticeConfig(updates=6, batch=2, held_out=130))
    drawn = [batch.x for batch in job.batches(0)]
    assert len(drawn) == job.batch_count() == 6
    assert len({tuple(x.flatten().tolist()) for x in drawn}) == 6
    assert all(torch.equal(a, b.x) for a, b in zip(drawn, job.batches(0), strict=True))
    assert job.score() == job.score()
    other = ProblemJob(model, PracticeConfig(updates=6, batch=2, held_out=130, seed=9))
    assert other.score() == job.score()  # scores of different seeds use the same held-out sequences
    assert not torch.equal(next(other.batches(0)).x, drawn[0])
    first = PracticeConfig(updates=1, batch=100)  # as many rows as one scoring batch
    assert not torch.equal(next(ProblemJob(model, first).batches(0)).x, job._held_out[0].x)


def test_accuracy_counts_only_remembered_symbols() -> None:
    model = ProblemNetwork(Copy(50), CellConfig(), SolverConfig(hidden=3))
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.zero_()[Copy.BLANK] = 9.0
    assert (
        ProblemJob(model, PracticeConfig(held_out=20)).score().accuracy == 0.0
    )  # only the blanks are correct


def test_the_distance_grows_exponentially_over_three_quarters_of_the_steps() -> None:
    model = ProblemNetwork(Adding(160), CellConfig(), SolverConfig(hidden=3))
    job = ProblemJob(model, PracticeConfig(updates=16, batch=1, held_out=7, grow_from=10))
    steps = [batch.steps for batch in job.batches(0)]
    assert [steps[0], steps[3], steps[6], steps[9]] == [10, 20, 40, 80]
    assert steps[12:] == [160] * 4
    assert steps == sorted(steps)
    assert {b.steps for b in job._held_out} == {160}
    without_growth = ProblemJob(model, PracticeConfig(updates=16, batch=1, held_out=7))
    assert {batch.steps for batch in without_growth.batches(0)} == {160}


def test_scores_are_means_over_rows_not_batches() -> None:
    problem = Recall(4, 3)
    torch.manual_seed(1)
    model = ProblemNetwork(problem, CellConfig(), SolverConfig(hidden=3))
    job = ProblemJob(model, PracticeConfig(held_out=130))
    batches = job._held_out
    assert [b.x.shape[1] for b in batches] == [100, 30]
    losses = torch.cat([model.losses(b).detach() for b in batches], 1)
    correct = torch.cat([model(b.x, 1).argmax(-1) == b.target for b in batches], 1)
    score = job.score()
    assert score.loss == pytest.approx(float(losses.mean()), rel=1e-6)
    assert score.accuracy == pytest.approx(float(correct.float().mean()), rel=1e-6)


def test_json_has_the_results() -> None:
    learned = learn(make_config("recall", 2, cell="gru", updates=10, target=3.0), progress=False)
    values = learned.to_json()
    assert values["loss"] == learned.loss
    assert values["baseline"] == pytest.approx(math.log(8))
    assert values["target"] == 3.0
    assert values["solved"] is True
    assert values["config"]["practice"]["threads"] == 1
    assert with_options(LearnConfig(), {}).target() == pytest.approx(math.log(8) / 100)


@pytest.mark.parametrize(
    ("loss", "shown"), [(0.16667, "0.1667"), (0.0012, "0.0012"), (0.00032, "0.00032"), (0.0, "0.0000")]
)
def test_losses_are_shown_with_enough_digits(loss: float, shown: str) -> None:
    assert format_loss(loss) == shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"problem": "adding", "kinds": 3}, r"kinds=3 is an option of recall, not of adding"),
        ({"problem": "copy", "distractors": 3}, r"distractors=3 is an option of recall, not of copy"),
        ({"problem": "adding", "distance": 1}, r"distance=1: must be at least 2"),
        ({"distance": 0}, r"distance=0: must be at least 1"),
        ({"updates": 0}, r"updates=0: must be at least 1"),
        ({"target": -1.0}, r"target=-1.0: must be at least 0"),
        ({"target": float("nan")}, r"target=nan: must be"),
        ({"batch": 0}, r"batch=0: must be at least 1"),
        ({"grow_from": -1}, r"grow_from=-1: must be at least 0"),
        ({"grow_from": 201}, r"grow_from=201: must be at most distance=200"),
        ({"problem": "adding", "grow_from": 1}, r"distance=1: must be at least 2"),
        ({"cell": "tdnn", "start_std": 0.1}, r"start_std=0.1 needs a recurrent cell"),
        ({"truncation": -1}, r"truncation=-1: must be at least 0"),
        ({"cell": "gru", "chrono": 1}, r"chrono=1 must be at least 2"),
        ({"problem": "ading"}, r"did you mean 'adding'"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        with_options(LearnConfig(), options)


def test_sizes_are_checked_by_the_configuration() -> None:
    with pytest.raises(ConfigError, match=r"kinds=1"):
        LearnConfig(size=SizeConfig(kinds=1))


def test_the_first_rows_of_a_batch_keep_their_losses() -> None:
    problem = Adding(9)
    job = ProblemJob(
        ProblemNetwork(problem, CellConfig(), SolverConfig(hidden=4)), PracticeConfig(held_out=2)
    )
    batch = problem.draw(3, 1)
    first_losses = job.step_losses(job.first_rows(batch, 2), None).losses
    torch.testing.assert_close(first_losses, job.step_losses(batch, None).losses[:, :2])
