"""Training job of a forecaster: batches (windows or chunks of a stream), loss and validation."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.data.series import Numbers
from unrolled.errors import DataError
from unrolled.models.forecast_ensemble import ForecastModel, Member, get_members
from unrolled.models.forecaster import DirectForecaster
from unrolled.models.token_encoder import State
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.data import PreparedSeries
from unrolled.tasks.forecast.held_out import held_out_errors, relative_excess_error
from unrolled.tasks.forecast.metrics import paired_difference
from unrolled.tasks.forecast.split import Split
from unrolled.training import StepLoss, StepLosses, Validation
from unrolled.training.job import CarriedState

TARGET_ORIGIN_COUNT = 200
"""Number of held-out forecasts per series to aim for when the model is compared with its linear part (see
:meth:`ForecastJob.origins`)."""


@dataclass(frozen=True)
class ForecastBatch:
    """A batch of B pieces of series, T steps each."""

    inputs: Tensor
    """(T, B, I)"""
    targets: Tensor
    """(T, B) or (T, B, H); NaN if there is no target."""
    known: Tensor
    """Features known in advance. Direct forecasts: (T + H − 1, B, K), the steps 1 … T + H − 1 after the first
    input. Recursive forecasts: empty, (0, B, K), since ``inputs`` contains them."""

    def first_rows(self, rows: int) -> "ForecastBatch":
        """Return the first ``rows`` pieces of the batch."""
        return ForecastBatch(self.inputs[:, :rows], self.targets[:, :rows], self.known[:, :rows])


MemberBatches = tuple[ForecastBatch, ...]
"""The pieces for each member of an ensemble, or for the only network."""


class ForecastJob:
    """The batches and the loss of a forecaster."""

    def __init__(self, model: ForecastModel, splits: Sequence[Split], config: ForecasterConfig) -> None:
        self.model, self._splits, self._config = model, splits, config
        training = config.training
        self._horizon = 1 if config.forecast.strategy == "recursive" else config.forecast.horizon
        training_ends = [self._training_end(s) for s in splits]
        if training.mode == "windows":
            self._windows = [
                (s, begin)
                for s, training_end in zip(splits, training_ends, strict=True)
                for begin in self._window_starts(s, training_end, training.window, training.stride)
            ]
        else:
            self._stream_spans = list(_stream_pieces(splits, training_ends, training.batch))

    def _training_end(self, split: Split) -> int:
        """Return the first step with a target outside the training part."""
        return split.train_end - (0 if split.series.recursive else self._horizon)

    def _window_starts(self, split: Split, training_end: int, window: int, stride: int) -> range:
        starts = range(split.series.first, training_end - window + 1, stride)
        if not starts:
            steps_needed = split.series.first + window + split.train_end - training_end
            raise DataError(
                f"series {split.series.series.name!r}: {split.train_end} training steps are too few for "
                f"window={window}, which needs {steps_needed} (with difference, lags and horizon); choose a "
                "smaller window"
            )
        return starts

    def batches(self, epoch: int) -> Iterator[MemberBatches]:
        """See :meth:`Job.batches`; each member of an ensemble has its own order."""
        training, members = self._config.training, len(get_members(self.model))
        if training.mode == "windows":
            rng = np.random.default_rng(training.seed * 1_000_003 + epoch)
            orders = [rng.permutation(len(self._windows)) for _ in range(members)]
            for i in range(0, len(self._windows), training.batch):
                yield tuple(self._cut_windows(order[i : i + training.batch]) for order in orders)
            return
        longest = max(end - begin for _, begin, end in self._stream_spans)
        for offset in range(0, longest, training.window):
            steps = min(training.window, longest - offset)
            yield (self._cut([(s, b + offset, e) for s, b, e in self._stream_spans], steps),) * members

    def _cut_windows(self, indices: NDArray[np.int64]) -> ForecastBatch:
        """Return the windows at these indices as one batch."""
        window, windows = self._config.training.window, [self._windows[j] for j in indices]
        return self._cut([(s, b, b + window) for s, b in windows], window)

    def batch_count(self) -> int:
        """See :meth:`Job.batch_count`."""
        training = self._config.training
        if training.mode == "windows":
            return -(-len(self._windows) // training.batch)
        return -(-max(end - begin for _, begin, end in self._stream_spans) // training.window)

    def _cut(self, spans: list[tuple[Split, int, int]], steps: int) -> ForecastBatch:
        return cut_pieces([(split.series, begin, end) for split, begin, end in spans], steps, self._horizon)

    def loss(self, batch: MemberBatches, state: CarriedState) -> StepLoss:
        """See :meth:`Job.loss`."""
        members = get_members(self.model)
        tensors_per_member = len(state) // len(members) if state else 0
        losses, carried = [], list[Tensor]()
        for i, (member, pieces) in enumerate(zip(members, batch, strict=True)):
            member_state = state[i * tensors_per_member : (i + 1) * tensors_per_member] if state else None
            loss, final = _observed_losses(member, pieces, member_state)
            losses.append(loss)
            carried += [s.detach() for s in final]
        stream = self._config.training.mode == "stream"
        return StepLoss(
            torch.stack([member_loss.mean() for member_loss in losses]).mean(),
            torch.stack([member_loss.detach().sum() for member_loss in losses]).sum(),
            sum(member_loss.numel() for member_loss in losses),
            tuple(carried) if stream else None,
        )

    def step_losses(self, batch: MemberBatches, state: CarriedState) -> StepLosses:
        """See :meth:`Job.step_losses`; the loss of a step is summed over its horizon and over the members."""
        members = get_members(self.model)
        tensors_per_member = len(state) // len(members) if state else 0
        total = torch.zeros(())
        for i, (member, pieces) in enumerate(zip(members, batch, strict=True)):
            member_state = state[i * tensors_per_member : (i + 1) * tensors_per_member] if state else None
            losses, _ = _losses_with_zeros(member, pieces, member_state)
            total = total + losses.reshape(*losses.shape[:2], -1).sum(-1)
        times = torch.arange(len(total), device=total.device)
        return StepLosses(total, times, "recurrent" if len(members) == 1 else "members")

    def first_rows(self, batch: MemberBatches, rows: int) -> MemberBatches:
        """See :meth:`Job.first_rows`."""
        return tuple(pieces.first_rows(rows) for pieces in batch)

    def validate(self) -> Validation | None:
        """Score forecasts of the held-out part, in scaled units."""
        if not self._config.data.valid_fraction:
            return None
        self.model.eval()
        errors = [held_out_errors(self.model, s.series, self.origins(s), self._config) for s in self._splits]
        score, loss = (float(np.concatenate(part).mean()) for part in zip(*errors, strict=True))
        if self._config.forecast.selects_against_linear:
            return self._validate_against_linear(loss)
        return Validation(
            score, loss, {"scaled_mae": score} if self._config.forecast.output == "point" else {}
        )

    def _validate_against_linear(self, loss: float) -> Validation:
        """Return the relative error plus its standard error as the score.

        The relative error is the mean absolute error of the model divided by that of the linear part alone.
        With its initial weights the model forecasts the same as the linear part alone (score 1). Other
        weights replace them only if the improvement exceeds one standard error (the one-standard-error rule,
        Breiman et al. 1984).
        """
        origins = [self.origins(s) for s in self._splits]
        excess_errors = [
            relative_excess_error(self.model, s.series, o, self._config)
            for s, o in zip(self._splits, origins, strict=True)
        ]
        autocovariances = -(-self._config.forecast.horizon // origins[0].step) - 1
        mean, error = paired_difference(excess_errors, autocovariances)
        relative = 1.0 + mean
        return Validation(relative + (error if np.isfinite(error) else 0.0), loss, {"relative_mae": relative})

    def origins(self, split: Split) -> range:
        """Return the origins of the held-out forecasts.

        They are one horizon apart; if the model is compared with its linear part, they are closer and the
        forecasts overlap.
        """
        horizon = stride = self._config.forecast.horizon
        if self._config.forecast.selects_against_linear:  # a small gain shows only over many forecasts
            stride = max(1, min(horizon, (split.valid_end - split.train_end) // TARGET_ORIGIN_COUNT))
        origins = split.origins(split.train_end, split.valid_end, horizon, stride)
        if not origins:
            raise DataError(
                f"series {split.series.series.name!r}: valid_fraction holds out "
                f"{split.valid_end - split.train_end} steps, fewer than the horizon of {horizon}; hold "
                "out more, or nothing: valid_fraction=0"
            )
        return origins


def cut_pieces(spans: Sequence[tuple[PreparedSeries, int, int]], steps: int, horizon: int) -> ForecastBatch:
    """Cut pieces of ``steps`` steps.

    Args:
        spans: (series, begin, end) of each piece. Steps from ``end`` on are padding.
        steps: length of the pieces.
        horizon: number of steps that a direct forecast covers.
    """
    ahead = 0 if spans[0][0].recursive else steps + horizon - 1
    parts = []
    for p, begin, end in spans:
        steps_cut = slice(begin, min(begin + steps, end))
        parts.append(
            (
                _pad(p.inputs[steps_cut], steps, 0.0),
                _pad(p.targets[steps_cut], steps, np.nan),
                _pad(p.known[begin + 1 : begin + 1 + ahead], ahead, 0.0),
            )
        )
    inputs, targets, known = (
        torch.from_numpy(np.stack(part, axis=1)).float() for part in zip(*parts, strict=True)
    )
    return ForecastBatch(inputs, targets, known)


def _observed_losses(member: Member, pieces: ForecastBatch, state: CarriedState) -> tuple[Tensor, State]:
    """Return one loss per target that is not missing, and the state after the last step."""
    losses, final = _losses_with_zeros(member, pieces, state)
    return losses[~pieces.targets.isnan()], final


def _losses_with_zeros(member: Member, pieces: ForecastBatch, state: CarriedState) -> tuple[Tensor, State]:
    """Return losses in the shape of the targets, 0 for missing targets, and the state after the last step."""
    if isinstance(member, DirectForecaster):
        y, final = member(pieces.inputs, pieces.known, state)
    else:
        y, final = member(pieces.inputs, state)
    losses = member.output.loss(y, pieces.targets.nan_to_num())
    return losses.masked_fill(pieces.targets.isnan(), 0.0), final


def _stream_pieces(
    splits: Sequence[Split], training_ends: Sequence[int], batch: int
) -> Iterator[tuple[Split, int, int]]:
    """Cut every series into the same number of pieces, of equal length within a series.

    There are about ``batch`` pieces in total, and at least one per series.
    """
    pieces = max(1, batch // max(1, len(splits)))
    for split, training_end in zip(splits, training_ends, strict=True):
        edges = np.linspace(split.series.first, training_end, pieces + 1).astype(int)
        if training_end - split.series.first < pieces:
            raise DataError(
                f"series {split.series.series.name!r}: {split.train_end} training steps are too few for "
                f"{pieces} parallel pieces; choose a smaller batch"
            )
        yield from ((split, int(b), int(e)) for b, e in itertools.pairwise(edges))


def _pad(values: Numbers, steps: int, fill: float) -> Numbers:
    if len(values) == steps:
        return values
    padded = np.full((steps, *values.shape[1:]), fill)
    padded[: len(values)] = values
    return padded
