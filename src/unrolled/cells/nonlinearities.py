"""Nonlinearities that can be chosen as an option of a cell."""

from typing import Literal

import torch

Nonlinearity = Literal["tanh", "relu", "sigmoid"]
NONLINEARITIES = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}
