"""Diagnostics of gradients and states through time, with verdicts, for any module with recurrent layers.

:func:`diagnose` computes everything. To compute single parts, :func:`record` a pass and give it to
:func:`gradients`, :func:`contributions`, :func:`jacobians`, :func:`spectra`, :func:`products`,
:func:`lyapunov`, :func:`slopes`, :func:`saturation`, :func:`gate_trajectories`, :func:`state_trajectories`.
Nothing here draws plots; :func:`unrolled.write_report` writes a :class:`Diagnosis` as a page.
"""

from unrolled.diagnostics.activation_saturation import saturation
from unrolled.diagnostics.activation_trajectories import gate_trajectories, state_trajectories, time_constants
from unrolled.diagnostics.activations import activations, slopes
from unrolled.diagnostics.contributions import contributions
from unrolled.diagnostics.diagnosis import Diagnosis, diagnose
from unrolled.diagnostics.findings.verdict import Remedy, Verdict
from unrolled.diagnostics.gradients import gradients
from unrolled.diagnostics.jacobian import jacobians, sample_places, spectra
from unrolled.diagnostics.lyapunov import lyapunov
from unrolled.diagnostics.passes import Pass, Recording
from unrolled.diagnostics.products import products
from unrolled.diagnostics.recording import record
from unrolled.diagnostics.weights import weight_norms
from unrolled.renamed import renamed_names

__all__ = [
    "Diagnosis",
    "Pass",
    "Recording",
    "Remedy",
    "Verdict",
    "activations",
    "contributions",
    "diagnose",
    "gate_trajectories",
    "gradients",
    "jacobians",
    "lyapunov",
    "products",
    "record",
    "sample_places",
    "saturation",
    "slopes",
    "spectra",
    "state_trajectories",
    "time_constants",
    "weight_norms",
]

__getattr__ = renamed_names(
    __name__, {"gate_courses": "gate_trajectories", "state_courses": "state_trajectories"}
)


def __dir__() -> list[str]:
    return sorted(__all__)
