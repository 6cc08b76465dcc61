"""Nonlinearities that can be chosen as an option of a cell."""

from typing import Literal

from unrolled.cells.functions import relu, sigmoid, tanh

Nonlinearity = Literal["tanh", "relu", "sigmoid"]
NONLINEARITIES = {"tanh": tanh, "relu": relu, "sigmoid": sigmoid}
