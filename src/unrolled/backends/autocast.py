"""Query of autocast for any device; torch's own function raises for devices without it, such as meta."""

import torch


def autocast_enabled(device: str) -> bool:
    """Return whether autocast is enabled for this type of device."""
    return torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device)
