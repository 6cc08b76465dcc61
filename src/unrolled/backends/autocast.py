"""Autocast, for every device: torch's own question raises for devices that have none, such as meta."""

import torch


def autocast_enabled(device: str) -> bool:
    """Whether autocast is on for this type of device."""
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
