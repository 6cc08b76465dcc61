"""The recurrent model of piano rolls as a tool: fit, evaluate, compose, save, load."""

import dataclasses
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch

from unrolled.baselines import note_baselines
from unrolled.config import require
from unrolled.data.midi import Piece, make_midi
from unrolled.data.piano import notes_of, open_pieces, piano_roll
from unrolled.decoding.sampling import require_finite
from unrolled.devices import device_of, move
from unrolled.errors import ConfigError, DataError
from unrolled.models.piano_roll import PianoRollModel
from unrolled.storage.output import named_file, write_output
from unrolled.tasks.base.sample import Sample, SampleSize
from unrolled.tasks.base.spec import TaskSpec
from unrolled.tasks.base.task import Task
from unrolled.tasks.music.artifacts import PianoRollArtifacts
from unrolled.tasks.music.build import build_model
from unrolled.tasks.music.config import PianoRollConfig
from unrolled.tasks.music.data import Pieces, Roll, read_rolls
from unrolled.tasks.music.job import MusicJob
from unrolled.tasks.music.plot import plot_piece
from unrolled.tasks.music.score import MusicScore, as_batch, score_pieces
from unrolled.tasks.music.spec import SPEC
from unrolled.training import Watcher

SHOWN_STEPS = 64
"""Steps of the piece that is drawn."""


class PianoRoll(Task[PianoRollConfig, Pieces]):
    """A recurrent model of polyphonic music: which keys sound in the next step.

    ``PianoRoll(cell="lstm", hidden=200)`` takes any option of :class:`PianoRollConfig` by its own name.

    Raises:
        ConfigError: for an unknown option, a wrong type or value, or options that contradict each other.
    """

    spec: ClassVar[TaskSpec] = SPEC

    def fit(
        self,
        data: str | Path | None = None,
        *,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Watcher = True,
        watch: bool | int = False,
    ) -> Self:
        """Train on pieces and keep the weights that predict the held-out ones best.

        Args:
            data: a folder of MIDI files, a JSON file of note lists, or ``"@music/jsb-chorales"``; else the
                config's.
            out: run folder for checkpoints, log and plots; None keeps all in memory.
            overwrite: replace a run that ``out`` holds.
            progress: show a bar, or tell a watcher.
            watch: look inside the training after every so many updates: how far back gradients reach, what
                is saturated, how far weights move (docs/training.md). True chooses how many.

        Raises:
            DataError: if the pieces cannot be used.
            RunError: if ``out`` cannot be used.
            NonFiniteError: if training diverges.
        """
        self.config = dataclasses.replace(self._asked, pieces=self.config.pieces.with_source(data))
        if not self.config.pieces.data:
            raise ConfigError(
                "no pieces: give data (a folder of MIDI files, a JSON file, @music/jsb-chorales)"
            )
        self._fit(out, overwrite=overwrite, progress=progress, watch=watch)
        return self

    @property
    def unit(self) -> str:
        """What is predicted."""
        return "step"

    def sources(self) -> tuple[str, str]:
        """See :meth:`TaskHooks.sources`."""
        return self.config.pieces.data, ""

    def _learn(self) -> Pieces:
        data = read_rolls(self.config.pieces)
        self._artifacts = PianoRollArtifacts([notes_of(roll[:1])[0] for roll in data.train])
        return data

    def _reread(self) -> Pieces:
        return read_rolls(self.config.pieces)

    def _check_before_training(self, data: Pieces) -> None:
        if not data.train:
            raise DataError(f"{self.config.pieces.data}: holds no pieces to learn from")

    def _make_model(self, *, start: bool) -> PianoRollModel:
        return build_model(self.config)

    def _make_job(self, data: Pieces) -> MusicJob:
        return MusicJob(self.model, data.train, data.valid, self.config.training)

    def _final_scores(self, data: Pieces, *, shown: bool) -> dict[str, Any]:
        scores: dict[str, Any] = {"baselines": {}}
        for name, pieces in (("valid", data.valid), ("test", data.test)):
            if pieces:
                scores[name] = score_pieces(self.model, pieces).to_json()
                scores["baselines"][name] = dataclasses.asdict(note_baselines(data.train, pieces))
        return scores

    def evaluate(self, data: str | Path, *, progress: bool = False) -> MusicScore:
        """Score pieces: the test part of data that have one, else all of them."""
        return score_pieces(self.model, self._read(data))

    def _read(self, data: str | Path) -> list[Roll]:
        parts = open_pieces(data, self.config.pieces.steps_per_beat)
        return [piano_roll(p) for p in parts.get("test", parts["train"])]

    def _sample(self, data: str | Path | None, size: SampleSize) -> tuple[MusicJob, Sample]:
        pieces = self._read_again().valid if data is None else self._read(data)
        if not pieces:
            raise self._nothing_held_out() if data is None else DataError(f"{data}: holds no pieces")
        rows = [piece[: size.steps + 1] for piece in pieces[: size.rows]]
        job = MusicJob(self.model, rows, [], self.config.training)
        return job, Sample(as_batch(rows), None, self._held_out_source() if data is None else str(data))

    def compose(
        self, length: int = 64, *, opening: Piece | None = None, temperature: float = 1.0, seed: int = 0
    ) -> Piece:
        """Write music: each key of each step is drawn by its probability.

        Args:
            length: steps to write, after the opening if one is given.
            opening: steps to go on from, which come first in the result; None draws the first step from the
                first steps of the pieces learnt from.
            temperature: below 1 takes probable keys more often, σ(logit / temperature).
            seed: the same seed gives the same piece.

        Raises:
            ConfigError: if an option is out of its range.
        """
        model, openings = self.model, self.artifacts.openings or [()]
        least = 0 if opening else 1
        require(length >= least, f"length={length}: must be at least {least}")
        require(temperature > 0, f"temperature={temperature}: must be positive")
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            if not opening:
                opening = [openings[int(torch.randint(len(openings), ()))]]
                length -= 1
            roll, state, device = [*piano_roll(opening)], None, device_of(model)
            x = torch.from_numpy(np.stack(roll))[:, None]
            for _ in range(length):
                logits, state = model(move(x, device), state)
                p = torch.sigmoid(logits[-1:].cpu() / temperature)  # drawn on the CPU, whatever the device
                require_finite(p)
                x = torch.bernoulli(p)
                roll.append(x[0, 0].numpy())
        return notes_of(np.stack(roll))

    def write_midi(self, piece: Piece, path: str | Path, *, tempo: int = 90) -> None:
        """Write a piece as a MIDI file, ``tempo`` quarter notes a minute.

        Raises:
            RunError: if it cannot be written.
        """
        import io

        buffer = io.BytesIO()
        make_midi(piece, steps_per_beat=self.config.pieces.steps_per_beat, tempo=tempo).save(file=buffer)
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
