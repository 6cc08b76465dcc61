"""The recurrent music model: fit, evaluate, compose, save, load."""

import dataclasses
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from unrolled.baselines import note_baselines
from unrolled.config import require
from unrolled.data.midi import Piece
from unrolled.data.piano import piano_roll, roll_to_piece
from unrolled.decoding.sampling import require_finite
from unrolled.devices import get_device, move
from unrolled.errors import ConfigError, DataError
from unrolled.models.music import RecurrentMusicModel
from unrolled.tasks.base.baseline_comparison import compare_with_baselines
from unrolled.tasks.base.sample import Sample, SampleSize
from unrolled.tasks.base.show_notes import show_notes
from unrolled.tasks.base.sources import is_path
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.base.task import Task
from unrolled.tasks.music.artifacts import MusicArtifacts
from unrolled.tasks.music.build import build_model
from unrolled.tasks.music.config import MusicModelConfig
from unrolled.tasks.music.data import (
    MusicData,
    MusicSource,
    Roll,
    cut_windows,
    find_openings,
    read_source,
    split_pieces,
)
from unrolled.tasks.music.defaults import fill_defaults
from unrolled.tasks.music.input import convert_rolls, convert_source
from unrolled.tasks.music.job import MusicJob
from unrolled.tasks.music.midi import write_piece
from unrolled.tasks.music.plot import plot_piece
from unrolled.tasks.music.score import BASELINES, MusicScore, as_batch, score_pieces
from unrolled.tasks.music.spec import SPEC
from unrolled.training import Callback

PLOT_STEPS = 64
"""Number of steps of the piece in the plot."""


class MusicModel(Task[MusicModelConfig, MusicData]):
    """A recurrent model of polyphonic music: predicts which piano keys sound in the next step.

    ``PianoRoll(cell="lstm", hidden=200)`` takes every option of :class:`MusicModelConfig` as a keyword
    argument.

    Raises:
        ConfigError: for an unknown option, a wrong type or value, or options that contradict each other.
    """

    spec: ClassVar[TaskSpec] = SPEC

    def __init__(self, config: MusicModelConfig | None = None, /, **options: Any) -> None:
        super().__init__(config, **options)
        self._in_memory: tuple[MusicSource | None, MusicSource | None] = (None, None)

    def fit(
        self,
        X: Any = None,
        y: None = None,
        *,
        valid: Any = None,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Callback | None = None,
        watch: bool | int = False,
    ) -> Self:
        """Train on pieces and keep the weights that predict the held-out ones best.

        Args:
            X: pieces in memory (see :func:`unrolled.tasks.music.input.convert_rolls`); or a MIDI file, a
                folder of MIDI files, a JSON file of note lists, or ``"@music/jsb-chorales"``. None uses the
                data of the configuration.
            y: must be None: the targets are the next steps.
            valid: held-out pieces in the same forms. None uses those of the configuration, the part "valid"
                of the data, or a fraction of the pieces.
            out: run folder for checkpoints, log and plots; None keeps everything in memory.
            overwrite: replace an existing run in ``out``.
            progress: show a progress bar, or call this callback; None shows a bar unless the data come from
                memory.
            watch: interval, in optimizer steps, of diagnostics during training: how far back gradients reach,
                saturated units, weight changes (docs/training.md). True chooses the interval.

        Raises:
            DataError: if the pieces cannot be used.
            RunError: if ``out`` cannot be used.
            NonFiniteError: if training diverges.
        """
        require(y is None, "y: pieces have no labels; give held-out pieces as valid=")
        from_file = X is None or is_path(X)
        valid_from_file = valid is None or is_path(valid)
        self._in_memory = (
            None if from_file else convert_source(X),
            None if valid_from_file else convert_source(valid),
        )
        pieces = self._user_config.pieces.with_sources(
            X if from_file else "", valid if valid_from_file else ""
        )
        self.config = dataclasses.replace(self._user_config, pieces=pieces)
        if from_file and not pieces.data:
            raise ConfigError(
                "no pieces: give arrays (steps, 88), lists of notes, MIDI files, a JSON file, or a data set "
                "(@music/jsb-chorales)"
            )
        show = from_file if progress is None else progress
        self._fit(out, overwrite=overwrite, progress=show, watch=watch)
        self._in_memory = (None, None)
        return self

    @property
    def unit(self) -> str:
        """Noun for one prediction."""
        return "step"

    def sources(self) -> tuple[str, str]:
        """See :meth:`TaskHooks.sources`."""
        return self.config.pieces.data, self.config.pieces.valid

    def _prepare_data(self) -> MusicData:
        data = self._reload_data()
        self.config, notes = fill_defaults(self.config, data)
        source = data.source
        self._artifacts = MusicArtifacts(find_openings(data.train), source.tempo, source.metre)
        return dataclasses.replace(data, notes=(*data.notes, *notes))

    def _reload_data(self) -> MusicData:
        pieces = self.config.pieces
        train, valid = self._in_memory
        source = train or read_source(pieces.data, pieces)
        same_grid = dataclasses.replace(pieces, steps_per_beat=source.steps_per_beat)
        held_out = valid or (read_source(pieces.valid, same_grid) if pieces.valid else None)
        return split_pieces(source, held_out, pieces)

    def _check_before_training(self, data: MusicData) -> None:
        if not data.train:
            raise DataError(f"{self.config.pieces.data}: contains no pieces to train on")

    def _make_model(self, *, start: bool) -> RecurrentMusicModel:
        return build_model(self.config)

    def _make_job(self, data: MusicData) -> MusicJob:
        train = cut_windows(data.train, self.config.pieces.window)
        return MusicJob(self.model, train, data.valid, self.config.training)

    def _final_scores(self, data: MusicData, *, shown: bool) -> dict[str, Any]:
        scores: dict[str, Any] = {"baselines": {}}
        for name, pieces in (("valid", data.valid), ("test", data.test)):
            if pieces:
                scores[name] = score_pieces(self.model, pieces).to_json()
                baselines = dataclasses.asdict(note_baselines(data.train, pieces))
                scores["baselines"][name] = baselines
                nll_by_baseline = {BASELINES[field]: nll for field, nll in baselines.items()}
                scores |= compare_with_baselines(
                    "nats per step", scores[name]["nll"], nll_by_baseline, higher=False
                )
        return scores

    def evaluate(self, X: Any, y: None = None, *, progress: bool = False) -> MusicScore:
        """Score pieces: the part "test" of data that have one, else all pieces.

        Args:
            X: pieces, in the forms of :meth:`fit`.
            y: not used.
            progress: print notes on how files were read.

        Raises:
            DataError: if the pieces cannot be used.
            RunError: before training.
        """
        return score_pieces(self.model, self._read(X, shown=progress))

    def score(self, X: Any, y: None = None) -> float:
        """Return the mean log-likelihood per step in nats, −NLL: higher is better."""
        return -self.evaluate(X, y).nll

    def predict(self, X: Any) -> NDArray[np.float32] | list[NDArray[np.float32]]:
        """Return for each step the probability of each key to sound in the next step, (steps, 88).

        Args:
            X: one piece, which gives one array; or a list of pieces, a file, a folder or a data set, which
                give a list of arrays.
        """
        rolls, single = (self._read(X), False) if is_path(X) else convert_rolls(X, check_lengths=False)
        model, device = self.model, get_device(self.model)
        model.eval()
        with torch.no_grad():
            logits = [model(move(torch.from_numpy(roll)[:, None], device))[0][:, 0].cpu() for roll in rolls]
        probabilities = [torch.sigmoid(row).numpy() for row in logits]
        return probabilities[0] if single else probabilities

    def _read(self, X: Any, *, shown: bool = False) -> list[Roll]:
        if not is_path(X):
            return convert_rolls(X)[0]
        source = read_source(X, self.config.pieces)
        if shown:
            show_notes(source.notes)
        return source.test_or_all

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[MusicJob, Sample]:
        pieces = self._reload_training_data().valid if data is None else self._read(data)
        if not pieces:
            raise self._no_held_out_error() if data is None else DataError(f"{data}: contains no pieces")
        rows = [piece[: size.steps + 1] for piece in pieces[: size.rows]]
        job = MusicJob(self.model, rows, [], self.config.training)
        return job, Sample(as_batch(rows), None, self._held_out_source() if data is None else str(data))

    def compose(
        self, length: int = 64, *, opening: Any = None, temperature: float = 1.0, seed: int = 0
    ) -> Piece:
        """Compose a piece: sample each key of each step with its probability.

        Args:
            length: number of steps to sample, after the opening if one is given.
            opening: a piece to continue, an array or lists of notes, which is the start of the result; None
                samples the first step from the openings of the training pieces.
            temperature: probabilities are σ(logit / temperature); values below 1 favour probable keys.
            seed: random seed; the same seed gives the same piece.

        Raises:
            ConfigError: if an option is out of range.
            DataError: if the opening is not a piece.
        """
        model, openings = self.model, self.artifacts.openings or [()]
        has_opening = opening is not None and len(opening)
        roll = [*convert_rolls(opening, check_lengths=False)[0][0]] if has_opening else []
        min_length = 0 if roll else 1
        require(length >= min_length, f"length={length}: must be at least {min_length}")
        require(temperature > 0, f"temperature={temperature}: must be positive")
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            if not roll:
                roll = [*piano_roll([openings[int(torch.randint(len(openings), ()))]])]
                length -= 1
            state, device = None, get_device(model)
            x = torch.from_numpy(np.stack(roll))[:, None]
            for _ in range(length):
                logits, state = model(move(x, device), state)
                p = torch.sigmoid(logits[-1:].cpu() / temperature)  # sampled on the CPU for every device
                require_finite(p)
                x = torch.bernoulli(p)
                roll.append(x[0, 0].numpy())
        return roll_to_piece(np.stack(roll))

    def write_midi(
        self,
        piece: Piece,
        path: str | Path,
        *,
        tempo: float | None = None,
        metre: tuple[int, int] | None = None,
    ) -> None:
        """Write a piece as a MIDI file.

        Args:
            piece: notes of each step.
            path: path of the file.
            tempo: quarter notes per minute; None uses the tempo of the training pieces, or 90.
            metre: numerator and denominator of the time signature; None uses that of the training pieces.

        Raises:
            ConfigError: if the tempo is out of range.
            RunError: if the file cannot be written.
        """
        write_piece(piece, path, self.config, self.artifacts, tempo=tempo, metre=metre)

    def _plot(self, folder: Path) -> None:
        super()._plot(folder)
        plot_piece(self.compose(PLOT_STEPS, seed=1), folder / "plots")

    @property
    def artifacts(self) -> MusicArtifacts:
        """The openings, tempo and metre of the training pieces; RunError before training."""
        return self._require_artifacts(MusicArtifacts)

    @property
    def model(self) -> RecurrentMusicModel:
        """The trained ``nn.Module``; RunError before training."""
        return self._require_model(RecurrentMusicModel)
