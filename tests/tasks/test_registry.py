"""Only the registry lists the tasks: a task added there trains, resumes and loads like the others."""

import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import msgspec
import pytest
import torch
from torch import Tensor, nn

from unrolled.config import with_options
from unrolled.errors import ConfigError, RunError
from unrolled.recipes import load_recipe
from unrolled.tasks import Task, load, registry, run_type, spec_of, task_type
from unrolled.tasks.base.artifacts import Artifacts, Stored, parse_artifact_values
from unrolled.tasks.base.sample import Sample, SampleSize
from unrolled.tasks.base.sources import make_absolute
from unrolled.tasks.base.spec import TaskParts, TaskSpec
from unrolled.training import Callback, OptimizerConfig, StepLoss, StepLosses, TrainingConfig, Validation
from unrolled.training.tensor_files import read_json


@dataclass(frozen=True)
class NumbersConfig:
    data: str = ""
    """A file with one number per line."""


@dataclass(frozen=True)
class DriftConfig:
    numbers: NumbersConfig = field(default_factory=NumbersConfig)
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)


class _Values(msgspec.Struct):
    width: float


@dataclass(frozen=True)
class DriftArtifacts(Artifacts):
    width: float
    centre: float

    def write(self) -> Stored:
        return Stored({"width": self.width}, {"drift.json": {"centre": self.centre}})

    @classmethod
    def read(cls, values: dict[str, Any], folder: Path) -> Self:
        return cls(parse_artifact_values(values, _Values).width, read_json(folder / "drift.json")["centre"])


@dataclass(frozen=True)
class Numbers:
    z: Tensor
    data_info: dict[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DriftScore:
    error: float

    def to_json(self) -> dict[str, Any]:
        return {"error": self.error}

    def __str__(self) -> str:
        return f"error {self.error:.4f}"


@dataclass(frozen=True)
class DriftJob:
    """Predicts the next number from the current one."""

    model: nn.Module
    z: Tensor

    def batches(self, epoch: int) -> Iterator[Tensor]:
        return iter(self.z.unfold(0, 5, 4))

    def batch_count(self) -> int:
        return len(self.z.unfold(0, 5, 4))

    def loss(self, batch: Tensor, state: Any) -> StepLoss:
        losses = self.step_losses(batch, state).losses
        return StepLoss(losses.mean(), losses.detach().sum(), losses.numel(), None)

    def step_losses(self, batch: Tensor, state: Any) -> StepLosses:
        losses = (self.model(batch[:-1, None]) - batch[1:, None]).square()
        return StepLosses(losses, torch.arange(len(losses)))

    def validate(self) -> Validation | None:
        return None


class Drift(Task[DriftConfig, Numbers]):
    spec: ClassVar[TaskSpec]

    @property
    def unit(self) -> str:
        return "number"

    @property
    def artifacts(self) -> DriftArtifacts:
        return self._require_artifacts(DriftArtifacts)

    @property
    def model(self) -> nn.Module:
        return self._require_model(nn.Module)

    def fit(self, data: str | Path | None = None, **options: Any) -> Self:
        numbers = replace(self.config.numbers, data=make_absolute(data or self.config.numbers.data))
        self.config = replace(self.config, numbers=numbers)
        self._fit(
            options.get("out"),
            overwrite=options.get("overwrite", False),
            progress=options.get("progress", False),
            watch=options.get("watch", False),
        )
        return self

    @torch.no_grad()
    def evaluate(self, data: Any, *, progress: bool = False) -> DriftScore:
        job = DriftJob(self.model, self._scaled(Path(data)))
        return DriftScore(float(job.step_losses(job.z, None).losses.mean()))

    def sources(self) -> tuple[str, str]:
        return self.config.numbers.data, ""

    def _scaled(self, path: Path) -> Tensor:
        return (_numbers(path) - self.artifacts.centre) / self.artifacts.width

    def _prepare_data(self) -> Numbers:
        values = _numbers(Path(self.sources()[0]))
        self._artifacts = DriftArtifacts(float(values.std()), float(values.mean()))
        return self._reload_data()

    def _reload_data(self) -> Numbers:
        path = Path(self.sources()[0])
        return Numbers(self._scaled(path), {"sha256": path.read_text(), "held_out_sha256": ""})

    def _check_before_training(self, data: Numbers) -> None:
        pass

    def _make_model(self, *, start: bool) -> nn.Module:
        return nn.Linear(1, 1)

    def _make_job(self, data: Numbers) -> DriftJob:
        return DriftJob(self.model, data.z)

    def _final_scores(self, data: Numbers, *, shown: bool) -> dict[str, Any]:
        return {"valid": self.evaluate(self.sources()[0]).to_json()}

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[DriftJob, Sample]:
        job = DriftJob(self.model, self._reload_training_data().z)
        return job, Sample(next(job.batches(0)), None, self._held_out_source())

    def _plot(self, folder: Path) -> None:
        pass


def _numbers(path: Path) -> Tensor:
    return torch.tensor([float(line) for line in path.read_text().split()])


def _print_scores(task: Drift, console: Any) -> str:
    console.print(f"drift error {task.result['valid']['error']:.4f}")
    return "unrolled evaluate {run} --data FILE"


DRIFT = TaskSpec(
    verb="drift",
    summary="train a line through one number and the next",
    description="Train a line.",
    missing_data="no numbers: give --data FILE",
    metrics=("error",),
    import_config=lambda: DriftConfig,
    import_artifacts=lambda: DriftArtifacts,
    import_parts=lambda: TaskParts(Drift, _print_scores),
    files=("drift.json",),
    message_before_training=lambda config: f"numbers: {Path(config.numbers.data).name}",
)
Drift.spec = DRIFT
OPTIONS = {"epochs": 2, "lr": 0.1, "batch": 1, "checkpoint_steps": 3, "threads": 1, "seed": 4}


@pytest.fixture(autouse=True)
def _register_drift(monkeypatch):
    monkeypatch.setattr(registry, "TASKS", (*registry.TASKS, DRIFT))


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "numbers.txt"
    path.write_text("\n".join(str(i % 7 + 0.25 * i) for i in range(40)))
    return path


class StoppedError(Exception):
    pass


class StopAt(Callback):
    def on_step_end(self, progress, loss, lr):
        if progress.step == 8:
            raise StoppedError


def test_a_new_task_trains_and_loads(tmp_path, source):
    task = Drift(**OPTIONS).fit(source, out=tmp_path / "run")
    assert (tmp_path / "run" / "drift.json").exists()
    assert json.loads((tmp_path / "run" / "config.json").read_text())["task"] == "drift"
    loaded = load(tmp_path / "run")
    assert type(loaded) is Drift
    assert (loaded.artifacts, loaded.result, loaded.data_info) == (
        task.artifacts,
        task.result,
        task.data_info,
    )
    assert loaded.evaluate(source) == task.evaluate(source)
    assert loaded.sample()[1].batch.equal(task.sample()[1].batch)


def test_a_new_task_resumes_to_the_same_bytes(tmp_path, source):
    Drift(**OPTIONS).fit(source, out=tmp_path / "whole")
    with pytest.raises(StoppedError):
        Drift(**OPTIONS).fit(source, out=tmp_path / "stopped", progress=StopAt())
    run_type(tmp_path / "stopped").resume(tmp_path / "stopped", progress=False)
    uninterrupted, resumed = (tmp_path / name / "model.safetensors" for name in ("whole", "stopped"))
    assert resumed.read_bytes() == uninterrupted.read_bytes()


def test_damaged_artifacts_are_refused(tmp_path, source):
    Drift(**OPTIONS).fit(source, out=tmp_path / "run")
    path = tmp_path / "run" / "config.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps(values | {"artifacts": {"width": "wide"}}))
    with pytest.raises(RunError, match=r"damaged \(artifacts: .*expected float, got str at width"):
        load(tmp_path / "run")
    path.write_text(json.dumps(values))
    (tmp_path / "run" / "drift.json").write_text("{}")
    with pytest.raises(RunError, match=r"drift\.json: damaged \(its SHA-256"):
        load(tmp_path / "run")


def test_overwriting_with_another_task_removes_its_files(tmp_path, source, english_file, tiny_options):
    Drift(**OPTIONS).fit(source, out=tmp_path / "run")
    lm = task_type("lm")(**tiny_options | {"max_steps": 2})
    lm.fit(english_file, out=tmp_path / "run", overwrite=True, progress=False)
    assert not (tmp_path / "run" / "drift.json").exists()


def test_a_new_task_is_in_the_command_line(command, tmp_path, source):
    assert "train drift" in command("--help").out
    assert DRIFT.summary in command("train", "--help").out
    assert "Train a line." in command("train", "drift", "--help").out
    flags = [word for name, v in OPTIONS.items() for word in ("--" + name.replace("_", "-"), v)]
    assert DRIFT.missing_data in command("train", "drift", "--out", tmp_path / "run").error
    trained = command("train", "drift", "--data", source, "--out", tmp_path / "run", *flags)
    assert trained.status == 0, trained.err
    assert "numbers: numbers.txt" in trained.err
    assert "drift error" in trained.out
    assert f"next:       unrolled evaluate {tmp_path / 'run'} --data FILE" in trained.out
    assert "drift error" in command("resume", tmp_path / "run").out
    assert "error" in command("evaluate", tmp_path / "run", "--data", source, "--json").out


def test_a_recipe_trains_a_new_task(command, tmp_path, source):
    path = tmp_path / "mine.toml"
    text = f'description = "d"\ntask = "drift"\n[config.numbers]\ndata = "{source}"\n[target]\nat_most = 9\n'
    path.write_text(text + 'metric = "accuracy"\n')
    with pytest.raises(ConfigError, match="metric='accuracy' is not one of error"):
        load_recipe(str(path))
    path.write_text(text + 'metric = "error"\n')
    recipe = load_recipe(str(path))
    assert recipe.config == with_options(DriftConfig(), {"data": str(source)})
    arguments = ("train", "drift", "--recipe", path, "--out", tmp_path / "run", "--max-steps", 2)
    assert "; target ≤ 9 reached" in command(*arguments).out


def test_tasks_are_found_by_their_verb():
    for spec in registry.TASKS:
        assert spec_of(spec.verb) is spec
        assert spec.task_class is task_type(spec.verb)
        assert spec.task_class.spec is spec
        assert issubclass(spec.artifacts, Artifacts)
    with pytest.raises(ConfigError, match=r"no task 'drif' \(did you mean 'drift'\?\); there are lm, "):
        spec_of("drif")


@pytest.mark.parametrize("spec", registry.TASKS, ids=lambda spec: spec.verb)
def test_task_packages_have_the_same_files(spec):
    package = Path(inspect.getfile(spec.task_class)).parent
    names = ("artifacts", "build", "config", "data", "job", "report", "score", "spec", "task")
    assert package.name == spec.verb
    assert {f"{name}.py" for name in names} <= {path.name for path in package.iterdir()}


def test_a_run_of_an_unknown_task_is_refused(tmp_path, source, monkeypatch):
    Drift(**OPTIONS).fit(source, out=tmp_path / "run")
    monkeypatch.setattr(registry, "TASKS", registry.TASKS[:-1])
    with pytest.raises(
        RunError, match="holds a run of task 'drift', which this version of unrolled does not know"
    ):
        load(tmp_path / "run")
