"""Everything that this package finds out about one module on one batch, at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor, nn

from unrolled.diagnostics.activation_courses import (
    GateCourse,
    StateCourse,
    TimeConstants,
    gate_courses,
    state_courses,
    time_constants,
)
from unrolled.diagnostics.activation_saturation import Saturation, saturation
from unrolled.diagnostics.activations import SlopeDistribution, slopes
from unrolled.diagnostics.contributions import Contributions, contributions
from unrolled.diagnostics.findings.activity import activity_verdicts
from unrolled.diagnostics.findings.dynamics import dynamics_verdict
from unrolled.diagnostics.findings.reach import reach_verdicts
from unrolled.diagnostics.gradients import GradientMatrices, gradients, within
from unrolled.diagnostics.jacobian import Spectra, sample_places, spectra
from unrolled.diagnostics.lyapunov import WARM, Lyapunov, lyapunov
from unrolled.diagnostics.products import Products, products
from unrolled.diagnostics.recording import Pass, Recording, Run, check_finite, record
from unrolled.diagnostics.weights import WeightNorms, weight_norms
from unrolled.pages.parts import Verdict
from unrolled.storage.output import named_file

Stage = Callable[[str], None]
"""Is told what begins."""
USUAL, FEWEST, LARGE = 64, 4, 512
"""Sampled Jacobians; at least; size of the state up to which it is the usual number."""


@dataclass(frozen=True, eq=False)
class LayerFindings:
    """What was found of one layer and direction."""

    layer: Pass
    spectra: Spectra
    products: Products | None
    """None where a connection skips steps: the product of one-step Jacobians is then not the whole."""
    lyapunov: Lyapunov | None
    """None where no row is long enough."""
    slopes: tuple[SlopeDistribution, ...]
    saturation: tuple[Saturation, ...]
    gates: tuple[GateCourse, ...]
    states: tuple[StateCourse, ...]
    time_constants: TimeConstants | None
    contributions: Contributions

    def verdicts(self) -> Iterator[Verdict]:
        """Yield what the numbers of this layer mean."""
        if self.lyapunov is not None:
            yield dynamics_verdict(self.layer, self.lyapunov)
        yield from activity_verdicts(self.layer, self.saturation)


@dataclass(frozen=True, eq=False)
class Inspection:
    """What was found of a module on a batch."""

    recording: Recording
    gradients: GradientMatrices
    layers: tuple[LayerFindings, ...]
    weights: tuple[WeightNorms, ...]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the numbers mean, with remedies: gradients first, then each layer."""
        found = list(reach_verdicts(self.recording, self.gradients))
        for layer in self.layers:
            found += layer.verdicts()
        return tuple(found)

    def report(self, path: str | Path, title: str = "Through time") -> Path:
        """Write everything as one page that opens in a browser; return its path.

        Raises:
            RunError: if it cannot be written.
        """
        from unrolled.inspection.sections import inspection_page  # draws: matplotlib and jinja2
        from unrolled.pages import write_page

        path = named_file(path)
        write_page(inspection_page(self, title), path)
        return path


def inspect(
    model: nn.Module,
    run: Run,
    *,
    times: Tensor | Sequence[int] | None = None,
    layers: str = "",
    samples: int | None = None,
    together: int | None = None,
    stage: Stage | None = None,
) -> Inspection:
    """Find out about gradients and states of a module through time.

    Args:
        model: any module with recurrent layers, of this toolkit or of torch.nn.
        run: runs it on a batch and returns the losses, (N, B), (B,) or a number; see
            :func:`unrolled.diagnostics.record`.
        times: the step that each loss belongs to; see :func:`unrolled.diagnostics.gradients`.
        layers: the part of the module to look at, by its name; "" is all of it. ``times`` counts its steps.
        samples: steps and rows at which Jacobians are computed; None takes 64, and fewer of states above 512
            numbers (an LSTM of 256 units), since their cost goes with the cube of the size.
        together: losses differentiated at once; see there.
        stage: is told what begins, for a progress bar.

    Raises:
        ConfigError, ShapeError: see there.
        NonFiniteError: if a weight, a state or a loss is infinite or not a number.
    """
    tell = stage or (lambda what: None)
    tell("forward pass, every step recorded")
    recording = record(model, run)
    check_finite(model, recording)
    tell("gradients of every loss by every state")
    matrices = gradients(recording, times=times, layers=layers, together=together)
    tell("what each step adds")
    added = {c.layer: c for c in contributions(recording)}
    rows = recording.losses.shape[1]
    looked_at = [p for p in recording.passes if within(p.name, layers) or p.live.shape[1] == rows]
    found = tuple(_layer(p, added[p.name], samples, tell) for p in looked_at)
    return Inspection(recording, matrices, found, weight_norms(model))


def replace_lyapunov(found: Inspection, exponents: Sequence[Lyapunov]) -> Inspection:
    """Return an inspection whose Lyapunov exponents are those of another, longer run, by layer."""
    by_layer = {one.layer: one for one in exponents}
    layers = tuple(replace(f, lyapunov=by_layer.get(f.layer.name, f.lyapunov)) for f in found.layers)
    return replace(found, layers=layers)


def usual_samples(state_size: int) -> int:
    """Return how many Jacobians of so large a state are looked at in about the time of 64 of size 512."""
    return max(FEWEST, min(USUAL, round(USUAL * (LARGE / state_size) ** 3)))


def _layer(p: Pass, added: Contributions, samples: int | None, tell: Stage) -> LayerFindings:
    places = sample_places(p, usual_samples(p.state_size) if samples is None else samples)
    tell(f"spectra of the Jacobians of {p.name}")
    seen = spectra(p, places)
    tell(f"products of the Jacobians of {p.name}")
    multiplied = None if p.skip else products(p, places)
    tell(f"Lyapunov exponents of {p.name}")
    lengths = p.live.sum(0)
    longest = int(lengths.argmax())
    exponents = lyapunov(p, longest) if int(lengths[longest]) >= WARM else None
    tell(f"activations of {p.name}")
    return LayerFindings(
        layer=p,
        spectra=seen,
        products=multiplied,
        lyapunov=exponents,
        slopes=slopes(p),
        saturation=saturation(p),
        gates=gate_courses(p),
        states=state_courses(p),
        time_constants=time_constants(p),
        contributions=added,
    )
