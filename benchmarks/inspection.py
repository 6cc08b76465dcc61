"""Time of the diagnostics: the gradient matrix, spectra and products of a whole window.

Run: python benchmarks/inspection.py [--steps 200] [--hidden 256] [--rows 16] [--samples 64] [--layers 1]

The model is a torch.nn language model (embedding, recurrent layers, linear output over 100 tokens) with
random weights and a loss at every step. The matrix has the gradient of every loss with respect to every
state, for every row. Spectra are singular values and spectral radii at the samples; products go from each
sample back to the beginning of the window.
"""

import argparse
import itertools
import time

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.diagnostics import gradients, products, record, sample_places, spectra

VOCABULARY = 100


class Model(nn.Module):
    def __init__(self, kind: str, hidden: int, layers: int) -> None:
        super().__init__()
        self.table = nn.Embedding(VOCABULARY, 128)
        self.layer = getattr(nn, kind)(128, hidden, layers)
        self.output = nn.Linear(hidden, VOCABULARY)

    def losses(self, tokens: Tensor, targets: Tensor) -> Tensor:
        logits = self.output(self.layer(self.table(tokens))[0])
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view_as(targets)


def measure(kind: str, options: argparse.Namespace) -> list[float]:
    """Return the seconds for the matrix, the spectra and the products, with ``kind`` RNN, GRU or LSTM."""
    torch.manual_seed(0)
    model = Model(kind, options.hidden, options.layers)
    tokens, targets = torch.randint(0, VOCABULARY, (2, options.steps, options.rows)).unbind()
    times = [time.perf_counter()]
    recording = record(model, lambda: model.losses(tokens, targets))
    matrix = gradients(recording)
    assert matrix.states[0].norms.shape == (options.steps, options.steps, options.rows)
    times.append(time.perf_counter())
    samples = {p.name: sample_places(p, options.samples) for p in recording.passes}
    for p in recording.passes:
        spectra(p, samples[p.name])
    times.append(time.perf_counter())
    for p in recording.passes:
        products(p, samples[p.name])
    times.append(time.perf_counter())
    return [after - before for before, after in itertools.pairwise(times)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("steps", 200), ("hidden", 256), ("rows", 16), ("samples", 64), ("layers", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    print(f"{options}, {torch.get_num_threads()} threads")
    print(f"{'':5} {'matrix':>9} {'spectra':>9} {'products':>9} {'total':>9}  seconds")
    for kind in ("RNN", "GRU", "LSTM"):
        seconds = measure(kind, options)
        print(f"{kind:5} " + " ".join(f"{s:9.1f}" for s in (*seconds, sum(seconds))))


if __name__ == "__main__":
    main()
