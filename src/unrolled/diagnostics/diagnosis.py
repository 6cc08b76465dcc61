"""All diagnostics of one module on one batch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from torch import Tensor, nn

from unrolled.diagnostics.activation_saturation import Saturation, saturation
from unrolled.diagnostics.activation_trajectories import (
    GateTrajectory,
    StateTrajectory,
    TimeConstants,
    gate_trajectories,
    state_trajectories,
    time_constants,
)
from unrolled.diagnostics.activations import SlopeDistribution, slopes
from unrolled.diagnostics.contributions import Contributions, contributions
from unrolled.diagnostics.findings.activity import activity_verdicts
from unrolled.diagnostics.findings.dynamics import dynamics_verdict
from unrolled.diagnostics.findings.merged import merge
from unrolled.diagnostics.findings.reach import reach_verdicts
from unrolled.diagnostics.findings.verdict import Verdict
from unrolled.diagnostics.gradients import GradientMatrices, gradients, is_in_module
from unrolled.diagnostics.jacobian import Spectra, sample_places, spectra
from unrolled.diagnostics.lyapunov import MIN_STEPS, Lyapunov, lyapunov
from unrolled.diagnostics.passes import Pass, Recording
from unrolled.diagnostics.products import Products, products
from unrolled.diagnostics.recording import Run, check_finite, record
from unrolled.diagnostics.weights import WeightNorms, weight_norms
from unrolled.short_repr import short_repr

Stage = Callable[[str], None]
"""Callback that receives the name of each stage when it starts."""
DEFAULT_SAMPLES, MIN_SAMPLES, LARGE_STATE = 64, 4, 512
"""Number of sampled Jacobians: default and minimum; and the largest state size that gets the default."""


@short_repr
@dataclass(frozen=True, eq=False)
class LayerDiagnosis:
    """All diagnostics of one layer and direction."""

    layer: Pass
    spectra: Spectra
    products: Products | None
    """None if a connection skips steps: the product of step Jacobians is then not the full Jacobian."""
    lyapunov: Lyapunov | None
    """None if no row is long enough."""
    slopes: tuple[SlopeDistribution, ...]
    saturation: tuple[Saturation, ...]
    gates: tuple[GateTrajectory, ...]
    states: tuple[StateTrajectory, ...]
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
    """All diagnostics of a module on a batch, with verdicts."""

    recording: Recording
    gradients: GradientMatrices
    layers: tuple[LayerDiagnosis, ...]
    weights: tuple[WeightNorms, ...]

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """All verdicts with remedies, the worst first; gradients come first within a level."""
        verdicts = list(reach_verdicts(self.recording, self.gradients))
        for layer in self.layers:
            verdicts += layer.verdicts()
        return merge(verdicts)


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
        run: function that runs the module on a batch and returns the losses, (N, B), (B,) or a scalar; see
            :func:`unrolled.diagnostics.record`.
        times: step that each loss belongs to; see :func:`unrolled.diagnostics.gradients`.
        layers: name of the submodule to analyse, whose steps ``times`` counts; "" is the whole module.
        samples: number of (step, row) pairs at which Jacobians are computed; None uses 64, and fewer for
            states of more than 512 numbers (an LSTM of 256 units), because the cost is cubic in the size.
        together: number of losses differentiated in one pass; see :func:`unrolled.diagnostics.gradients`.
        stage: called with the name of each stage when it starts, for a progress bar.

    Raises:
        ConfigError, ShapeError: see :func:`unrolled.diagnostics.record` and
            :func:`unrolled.diagnostics.gradients`.
        NonFiniteError: if a weight, a state or a loss is infinite or NaN.
    """
    report_stage = stage or (lambda name: None)
    report_stage("forward pass")
    recording = record(model, run)
    check_finite(model, recording)
    report_stage("gradients of every loss with respect to every state")
    matrices = gradients(recording, times=times, layers=layers, together=together)
    report_stage("gradient contributions of each step")
    contributions_of = {c.layer: c for c in contributions(recording)}
    rows = recording.losses.shape[1]
    passes = [p for p in recording.passes if is_in_module(p.name, layers) or p.live.shape[1] == rows]
    layer_diagnoses = tuple(
        _diagnose_layer(p, contributions_of[p.name], samples, report_stage) for p in passes
    )
    return Diagnosis(recording, matrices, layer_diagnoses, weight_norms(model))


def replace_lyapunov(diagnosis: Diagnosis, exponents: Sequence[Lyapunov]) -> Diagnosis:
    """Return the diagnosis with Lyapunov exponents from another, longer pass, matched by layer."""
    by_layer = {result.layer: result for result in exponents}
    layers = tuple(
        replace(layer, lyapunov=by_layer.get(layer.layer.name, layer.lyapunov)) for layer in diagnosis.layers
    )
    return replace(diagnosis, layers=layers)


def default_samples(state_size: int) -> int:
    """Return the number of Jacobians of this size that take as long as 64 of size 512, between 4 and 64."""
    return max(MIN_SAMPLES, min(DEFAULT_SAMPLES, round(DEFAULT_SAMPLES * (LARGE_STATE / state_size) ** 3)))


def _diagnose_layer(
    p: Pass, contributions: Contributions, samples: int | None, report_stage: Stage
) -> LayerDiagnosis:
    places = sample_places(p, default_samples(p.state_size) if samples is None else samples)
    report_stage(f"spectra of the Jacobians of {p.name}")
    layer_spectra = spectra(p, places)
    report_stage(f"products of the Jacobians of {p.name}")
    layer_products = None if p.skip else products(p, places)
    report_stage(f"Lyapunov exponents of {p.name}")
    lengths = p.live.sum(0)
    longest = int(lengths.argmax())
    exponents = lyapunov(p, longest) if int(lengths[longest]) >= MIN_STEPS else None
    report_stage(f"activations of {p.name}")
    return LayerDiagnosis(
        layer=p,
        spectra=layer_spectra,
        products=layer_products,
        lyapunov=exponents,
        slopes=slopes(p),
        saturation=saturation(p),
        gates=gate_trajectories(p),
        states=state_trajectories(p),
        time_constants=time_constants(p),
        contributions=contributions,
    )
