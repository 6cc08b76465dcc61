"""The networks of a forecaster with torch."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from unrolled.data.series import Numbers
from unrolled.devices import get_device, move
from unrolled.models.forecast_ensemble import ForecastModel, Member, get_members
from unrolled.models.forecaster import DirectForecaster
from unrolled.models.token_encoder import State
from unrolled.tasks.forecast.config import ForecasterConfig
from unrolled.tasks.forecast.data import PreparedSeries
from unrolled.tasks.forecast.rolling import cut_windows_before, pad_horizon


class TorchNetwork:
    """Torch modules; see :class:`unrolled.tasks.forecast.rolling.ForecastNetwork`.

    Args:
        model: model in evaluation mode.
        config: configuration of the model.
    """

    def __init__(self, model: ForecastModel, config: ForecasterConfig) -> None:
        self._model, self._config = model, config

    @contextmanager
    def drawing(self, seed: int) -> Iterator[list["TorchMember"]]:
        """See :meth:`ForecastNetwork.drawing`."""
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            yield [TorchMember(member, self._config) for member in get_members(self._model)]


class TorchMember:
    """One torch module; see :class:`unrolled.tasks.forecast.rolling.ForecastMember`."""

    def __init__(self, model: Member, config: ForecasterConfig) -> None:
        self._model, self._config = model, config

    def forecast(
        self, prepared: PreparedSeries, origins: Sequence[int], future: Numbers, draws: int
    ) -> Numbers:
        """See :meth:`ForecastMember.forecast`."""
        model = self._model
        h, state = read_up_to(model, prepared, [prepared.end_of_input(o) for o in origins], self._config)
        if isinstance(model, DirectForecaster):
            known = to_model(model, pad_horizon(future, model.horizon))
            y = model.forecast_horizon(h, known)[:, : len(future)]
            if model.output.sampled:
                drawn = model.output.sample(y[..., None, :].expand(-1, -1, draws, -1))
                return to_numbers(torch.cat([model.output.centre(y)[..., None], drawn], -1))
            point = self._config.forecast.output == "point"
            return to_numbers(model.output.centre(y)[..., None] if point else y)
        known = to_model(model, np.repeat(future, draws, axis=1))
        y = model.head(h).repeat_interleave(draws, 0)
        state = tuple(s.repeat_interleave(draws, -2) for s in state)
        z = model.roll_out(y, state, known, draw=model.output.sampled)
        return to_numbers(z.unflatten(0, (len(origins), draws)).movedim(1, 2))


def read_up_to(
    model: Member, prepared: PreparedSeries, ends: Sequence[int], config: ForecasterConfig
) -> tuple[Tensor, State]:
    """Run the network over the rows before each end; return features (N, F) of the last row, and states.

    As in training, it reads a window of these rows, or all of them with ``mode="stream"``.
    """
    training = config.training
    if training.mode == "stream":
        reads = list(_read_along(model, prepared, ends))
        features, states = zip(*reads, strict=True)
        return torch.cat(features), tuple(torch.cat(s, -2) for s in zip(*states, strict=True))
    windows = cut_windows_before(prepared, ends, training.window)
    lengths = torch.from_numpy(windows.lengths)
    ragged = lengths if int(lengths.min()) < len(windows.x) else None
    h, state = model.read(to_model(model, windows.x), lengths=move(ragged, get_device(model)))
    return h[lengths - 1, torch.arange(len(ends))], state


def _read_along(
    model: Member, prepared: PreparedSeries, ends: Sequence[int]
) -> Iterator[tuple[Tensor, State]]:
    """Read the series once; yield features and state at each end. The ends must increase."""
    x = to_model(model, prepared.inputs)[:, None]
    state: State | None = None
    position = prepared.first
    for end in ends:
        h, state = model.read(x[position:end], state)
        position = end
        yield h[-1], state


def to_model(model: Member, values: Numbers) -> Tensor:
    """Return numbers as a float32 tensor on the device of the model."""
    return move(torch.from_numpy(values).float(), get_device(model))


def to_numbers(values: Tensor) -> Numbers:
    """Return a tensor as numbers."""
    return np.asarray(values.double().cpu().numpy())
