"""Untrained music models, under torch and in the runtime."""

import numpy as np
import torch

from unrolled.config import with_options
from unrolled.tasks.music.artifacts import MusicArtifacts
from unrolled.tasks.music.build import build_model
from unrolled.tasks.music.config import MusicModelConfig
from unrolled.tasks.music.runtime import MusicRuntime

KEYS = 88
OPENINGS = [(60, 64, 67), (62,)]


def make_roll(steps=9, batch=2, seed=0):
    return (np.random.default_rng(seed).random((steps, batch, KEYS)) < 0.05).astype(np.float32)


class Pair:
    """An untrained model, under torch and in the runtime."""

    def __init__(self, precision="float32", **options):
        torch.manual_seed(2)
        self.config = with_options(MusicModelConfig(), {"hidden": 16} | options)
        self.model = build_model(self.config).eval()
        with torch.no_grad():
            self.model.head.weight.mul_(8)
            self.model.head.bias.sub_(1)
        self.weights = {name: t.numpy() for name, t in self.model.state_dict().items()}
        self.runtime = MusicRuntime(self.config, MusicArtifacts(OPENINGS), self.weights, precision)

    @torch.no_grad()
    def expected(self, roll):
        return torch.sigmoid(self.model(torch.from_numpy(roll))[0]).numpy()
