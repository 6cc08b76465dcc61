"""The recurrent model of piano rolls as a tool: fit, evaluate, compose, save, load."""

import dataclasses
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray

from unrolled.baselines import note_baselines
from unrolled.config import require
from unrolled.data.midi import Piece, make_midi
from unrolled.data.piano import notes_of, piano_roll
from unrolled.decoding.sampling import require_finite
from unrolled.devices import device_of, move
from unrolled.errors import ConfigError, DataError
from unrolled.models.piano_roll import PianoRollModel
from unrolled.storage.output import named_file, write_output
from unrolled.tasks.base.better import beside
from unrolled.tasks.base.sample import Sample, SampleSize
from unrolled.tasks.base.show_notes import show_notes
from unrolled.tasks.base.sources import is_path
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.base.task import Task
from unrolled.tasks.music.artifacts import PianoRollArtifacts
from unrolled.tasks.music.build import build_model
from unrolled.tasks.music.config import PianoRollConfig
from unrolled.tasks.music.data import Pieces, Roll, Source, divide, openings, read_source, windows
from unrolled.tasks.music.defaults import fill_defaults
from unrolled.tasks.music.input import rolls_of, source_of
from unrolled.tasks.music.job import MusicJob
from unrolled.tasks.music.plot import plot_piece
from unrolled.tasks.music.score import BASELINES, MusicScore, as_batch, score_pieces
from unrolled.tasks.music.spec import SPEC
from unrolled.training import Watcher

SHOWN_STEPS = 64
"""Steps of the piece that is drawn."""
TEMPO = 90
"""Quarter notes a minute where neither the pieces nor the user say."""


class PianoRoll(Task[PianoRollConfig, Pieces]):
    """A recurrent model of polyphonic music: which keys sound in the next step.

    ``PianoRoll(cell="lstm", hidden=200)`` takes any option of :class:`PianoRollConfig` by its own name.

    Raises:
        ConfigError: for an unknown option, a wrong type or value, or options that contradict each other.
    """

    spec: ClassVar[TaskSpec] = SPEC

    def __init__(self, config: PianoRollConfig | None = None, /, **options: Any) -> None:
        super().__init__(config, **options)
        self._memory: tuple[Source | None, Source | None] = (None, None)

    def fit(
        self,
        X: Any = None,
        y: None = None,
        *,
        valid: Any = None,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Watcher | None = None,
        watch: bool | int = False,
    ) -> Self:
        """Train on pieces and keep the weights that predict the held-out ones best.

        Args:
            X: pieces in memory (see :func:`unrolled.tasks.music.input.rolls_of`); or a MIDI file, a folder of
                MIDI files, a JSON file of note lists, or ``"@music/jsb-chorales"``; else the config's.
            y: not used: the next step is predicted.
            valid: held-out pieces in the same forms; else the config's, or a share of the pieces.
            out: run folder for checkpoints, log and plots; None keeps all in memory.
            overwrite: replace a run that ``out`` holds.
            progress: show a bar, or tell a watcher; None shows one unless the data come from memory.
            watch: look inside the training after every so many updates: how far back gradients reach, what
                is saturated, how far weights move (docs/training.md). True chooses how many.

        Raises:
            DataError: if the pieces cannot be used.
            RunError: if ``out`` cannot be used.
            NonFiniteError: if training diverges.
        """
        require(y is None, "y: pieces have no labels; give held-out pieces as valid=")
        named = X is None or is_path(X)
        valid_named = valid is None or is_path(valid)
        self._memory = (None if named else source_of(X), None if valid_named else source_of(valid))
        pieces = self._asked.pieces.with_sources(X if named else "", valid if valid_named else "")
        self.config = dataclasses.replace(self._asked, pieces=pieces)
        if named and not pieces.data:
            raise ConfigError(
                "no pieces: give arrays (steps, 88), lists of notes, MIDI files, a JSON file, or a data set "
                "(@music/jsb-chorales)"
            )
        self._fit(out, overwrite=overwrite, progress=named if progress is None else progress, watch=watch)
        self._memory = (None, None)
        return self

    @property
    def unit(self) -> str:
        """What is predicted."""
        return "step"

    def sources(self) -> tuple[str, str]:
        """See :meth:`TaskHooks.sources`."""
        return self.config.pieces.data, self.config.pieces.valid

    def _learn(self) -> Pieces:
        data = self._reread()
        self.config, notes = fill_defaults(self.config, data)
        source = data.source
        self._artifacts = PianoRollArtifacts(openings(data.train), source.tempo, source.metre)
        return dataclasses.replace(data, notes=(*data.notes, *notes))

    def _reread(self) -> Pieces:
        pieces = self.config.pieces
        given, given_valid = self._memory
        source = given or read_source(pieces.data, pieces)
        same_grid = dataclasses.replace(pieces, steps_per_beat=source.steps_per_beat)
        held_out = given_valid or (read_source(pieces.valid, same_grid) if pieces.valid else None)
        return divide(source, held_out, pieces)

    def _check_before_training(self, data: Pieces) -> None:
        if not data.train:
            raise DataError(f"{self.config.pieces.data}: holds no pieces to learn from")

    def _make_model(self, *, start: bool) -> PianoRollModel:
        return build_model(self.config)

    def _make_job(self, data: Pieces) -> MusicJob:
        train = windows(data.train, self.config.pieces.window)
        return MusicJob(self.model, train, data.valid, self.config.training)

    def _final_scores(self, data: Pieces, *, shown: bool) -> dict[str, Any]:
        scores: dict[str, Any] = {"baselines": {}}
        for name, pieces in (("valid", data.valid), ("test", data.test)):
            if pieces:
                scores[name] = score_pieces(self.model, pieces).to_json()
                counted = dataclasses.asdict(note_baselines(data.train, pieces))
                scores["baselines"][name] = counted
                named = {BASELINES[baseline]: nll for baseline, nll in counted.items()}
                scores |= beside("nats a step", scores[name]["nll"], named, higher=False)
        return scores

    def evaluate(self, X: Any, y: None = None, *, progress: bool = False) -> MusicScore:
        """Score pieces, in the forms of :meth:`fit`: the test part of data that have one, else all of them.

        Args:
            X: the pieces.
            y: not used.
            progress: say what was chosen or left out in reading files.

        Raises:
            DataError: if they cannot be used.
            RunError: before training.
        """
        return score_pieces(self.model, self._read(X, shown=progress))

    def score(self, X: Any, y: None = None) -> float:
        """Return the mean log-likelihood of a step in nats, −NLL: more is better."""
        return -self.evaluate(X, y).nll

    def predict(self, X: Any) -> NDArray[np.float32] | list[NDArray[np.float32]]:
        """Return after each step the probability of each key to sound in the next one, (steps, 88).

        Args:
            X: one piece, which gives one array; or a list of pieces, a file, a folder or a data set, which
                give a list of arrays.
        """
        rolls, one = (self._read(X), False) if is_path(X) else rolls_of(X, predicted=False)
        model, device = self.model, device_of(self.model)
        model.eval()
        with torch.no_grad():
            logits = [model(move(torch.from_numpy(roll)[:, None], device))[0][:, 0].cpu() for roll in rolls]
        found = [torch.sigmoid(row).numpy() for row in logits]
        return found[0] if one else found

    def _read(self, X: Any, *, shown: bool = False) -> list[Roll]:
        if not is_path(X):
            return rolls_of(X)[0]
        source = read_source(X, self.config.pieces)
        if shown:
            show_notes(source.notes)
        return source.scored

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[MusicJob, Sample]:
        pieces = self._read_again().valid if data is None else self._read(data)
        if not pieces:
            raise self._nothing_held_out() if data is None else DataError(f"{data}: holds no pieces")
        rows = [piece[: size.steps + 1] for piece in pieces[: size.rows]]
        job = MusicJob(self.model, rows, [], self.config.training)
        return job, Sample(as_batch(rows), None, self._held_out_source() if data is None else str(data))

    def compose(
        self, length: int = 64, *, opening: Any = None, temperature: float = 1.0, seed: int = 0
    ) -> Piece:
        """Write music: each key of each step is drawn by its probability.

        Args:
            length: steps to write, after the opening if one is given.
            opening: a piece to go on from, an array or lists of notes, which comes first in the result; None
                draws the first step from the first steps of the pieces learnt from.
            temperature: below 1 takes probable keys more often, σ(logit / temperature).
            seed: the same seed gives the same piece.

        Raises:
            ConfigError: if an option is out of its range.
            DataError: if the opening is no piece.
        """
        model, starts = self.model, self.artifacts.openings or [()]
        roll = [] if opening is None or not len(opening) else [*rolls_of(opening, predicted=False)[0][0]]
        least = 0 if roll else 1
        require(length >= least, f"length={length}: must be at least {least}")
        require(temperature > 0, f"temperature={temperature}: must be positive")
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            if not roll:
                roll = [*piano_roll([starts[int(torch.randint(len(starts), ()))]])]
                length -= 1
            state, device = None, device_of(model)
            x = torch.from_numpy(np.stack(roll))[:, None]
            for _ in range(length):
                logits, state = model(move(x, device), state)
                p = torch.sigmoid(logits[-1:].cpu() / temperature)  # drawn on the CPU, whatever the device
                require_finite(p)
                x = torch.bernoulli(p)
                roll.append(x[0, 0].numpy())
        return notes_of(np.stack(roll))

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
            path: the file.
            tempo: quarter notes a minute; None takes that of the pieces learnt from, or 90.
            metre: numerator and denominator of the time signature; None takes that of the pieces.

        Raises:
            ConfigError: if the tempo is out of range.
            RunError: if it cannot be written.
        """
        import io

        learnt, buffer = self.artifacts, io.BytesIO()
        file = make_midi(
            piece,
            steps_per_beat=self.config.pieces.steps_per_beat or 1,
            tempo=tempo or learnt.tempo or TEMPO,
            metre=metre or learnt.metre,
        )
        file.save(file=buffer)
        write_output(named_file(path), buffer.getvalue())

    def _plot(self, folder: Path) -> None:
        super()._plot(folder)
        plot_piece(self.compose(SHOWN_STEPS, seed=1), folder / "plots")

    @property
    def artifacts(self) -> PianoRollArtifacts:
        """The beginnings of the training pieces; RunError before training."""
        return self._learned(PianoRollArtifacts)

    @property
    def model(self) -> PianoRollModel:
        """The torch module inside; RunError before training."""
        return self._trained(PianoRollModel)
