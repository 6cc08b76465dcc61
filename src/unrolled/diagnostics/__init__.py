"""Gradients and states through time, as numbers, plots and a verdict, for any module that recurs.

``inspect(model, run)`` does everything at once; the parts can be had by themselves: :func:`record` a pass,
then
:func:`gradients`, :func:`contributions`, :func:`jacobians`, :func:`spectra`, :func:`products`,
:func:`lyapunov`,
:func:`slopes`, :func:`saturation`, :func:`gate_courses`, :func:`state_courses`.
"""

from unrolled.diagnostics.activation_courses import gate_courses, state_courses, time_constants
from unrolled.diagnostics.activation_saturation import saturation
from unrolled.diagnostics.activations import activations, slopes
from unrolled.diagnostics.contributions import contributions
from unrolled.diagnostics.gradients import gradients
from unrolled.diagnostics.inspection import Inspection, inspect
from unrolled.diagnostics.jacobian import jacobians, sample_places, spectra
from unrolled.diagnostics.lyapunov import lyapunov
from unrolled.diagnostics.products import products
from unrolled.diagnostics.recording import Pass, Recording, record
from unrolled.diagnostics.weights import weight_norms

__all__ = [
    "Inspection",
    "Pass",
    "Recording",
    "activations",
    "contributions",
    "gate_courses",
    "gradients",
    "inspect",
    "jacobians",
    "lyapunov",
    "products",
    "record",
    "sample_places",
    "saturation",
    "slopes",
    "spectra",
    "state_courses",
    "time_constants",
    "weight_norms",
]
