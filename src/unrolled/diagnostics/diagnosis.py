"""All diagnostics of one module on one batch, at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

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
from unrolled.diagnostics.findings.merged import merge
from unrolled.diagnostics.findings.reach import reach_verdicts
from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.diagnostics.gradients import GradientMatrices, gradients, within
from unrolled.diagnostics.jacobian import Spectra, sample_places, spectra
from unrolled.diagnostics.lyapunov import WARM, Lyapunov, lyapunov
from unrolled.diagnostics.passes import Pass, Recording
from unrolled.diagnostics.products import Products, products
from unrolled.diagnostics.recording import Run, check_finite, record
from unrolled.diagnostics.weights import WeightNorms, weight_norms
from unrolled.short_repr import short_repr

Stage = Callable[[str], None]
"""Called with the name of each step as it begins."""
USUAL, FEWEST, LARGE = 64, 4, 512
"""Sampled Jacobians: as usual, at least, and the largest state size for which the usual number is taken."""


@short_repr
@dataclass(frozen=True, eq=False)
class LayerDiagnosis:
    """All numbers about one layer in one direction."""

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
        """Yield the verdicts on this layer."""
        if self.lyapunov is not None:
            yield dynamics_verdict(self.layer, self.lyapunov)
        yield from activity_verdicts(self.layer, self.saturation)


@short_repr
@dataclass(frozen=True, eq=False)
class Diagnosis:
    """All numbers about a module on a batch, and the verdicts on them."""

    recording: Recording
    gradients: GradientMatrices
    layers: tuple[LayerDiagnosis, ...]
    weights: tuple[WeightNorms, ...]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts, with remedies, as one list, the worst first; of one level gradients first."""
        found = list(reach_verdicts(self.recording, self.gradients))
        for layer in self.layers:
            found += layer.verdicts()
        return merge(found)


def diagnose(
    model: nn.Module,
    run: Run,
    *,
    times: Tensor | Sequence[int] | None = None,
    layers: str = "",
    samples: int | None = None,
    together: int | None = None,
    stage: Stage | None = None,
) -> Diagnosis:
    """Analyse gradients and states of a module through time.

    Args:
        model: any module with recurrent layers, of this toolkit or of torch.nn.
        run: a function that runs the module on a batch and returns the losses, (N, B), (B,) or a number; see
            :func:`unrolled.diagnostics.record`.
        times: the step that each loss belongs to; see :func:`unrolled.diagnostics.gradients`.
        layers: the part of the module to look at, by its name; "" is all of it. ``times`` counts its steps.
        samples: steps and rows at which Jacobians are computed; None takes 64, and fewer of states above 512
            numbers (an LSTM of 256 units), since their cost goes with the cube of the size.
        together: losses differentiated at once; see :func:`unrolled.diagnostics.gradients`.
        stage: called with the name of each step as it begins, for a progress bar.

    Raises:
        ConfigError, ShapeError: as of :func:`unrolled.diagnostics.record` and
            :func:`unrolled.diagnostics.gradients`.
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
    return Diagnosis(recording, matrices, found, weight_norms(model))


def replace_lyapunov(found: Diagnosis, exponents: Sequence[Lyapunov]) -> Diagnosis:
    """Return a diagnosis with the Lyapunov exponents of another, longer pass, matched by layer."""
    by_layer = {one.layer: one for one in exponents}
    layers = tuple(replace(f, lyapunov=by_layer.get(f.layer.name, f.lyapunov)) for f in found.layers)
    return replace(found, layers=layers)


def usual_samples(state_size: int) -> int:
    """Return how many Jacobians of this state size take about the time of 64 of size 512."""
    return max(FEWEST, min(USUAL, round(USUAL * (LARGE / state_size) ** 3)))


def _layer(p: Pass, added: Contributions, samples: int | None, tell: Stage) -> LayerDiagnosis:
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
    return LayerDiagnosis(
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
