"""Nonlinearities that a cell takes as an option."""

from typing import Literal

import torch

Nonlinearity = Literal["tanh", "relu", "sigmoid"]
NONLINEARITIES = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid}
