"""Token by token for one reader: a character model beside torch's loop and ONNX Runtime."""

import importlib
from collections.abc import Sequence
from functools import partial

import torch

from unrolled.bench.agreement import TOLERANCE, require_agreement
from unrolled.bench.ceiling import UNMEASURED, Rates
from unrolled.bench.flops import model_forward
from unrolled.bench.generators import Generator, OwnGenerator, PlainGenerator
from unrolled.bench.own import path_of
from unrolled.bench.peers import PEERS
from unrolled.bench.plan import Group, Task
from unrolled.bench.result import Result
from unrolled.bench.step_models import StepModel
from unrolled.bench.timing import PAIRS, alternate
from unrolled.models import RecurrentLanguageModel

WRITER = StepModel("char-lstm 1×512", "lstm", 96, 128, 512, 1, 1, 1, lr=1.0, clip=1.0, loss="token")
"""One layer over characters; how it would be trained does not matter here."""
TOKENS = 64
"""Tokens of one call."""
READ = 20
"""Tokens of a made-up text on which both must give the same logits."""
GENERATE_PEERS = ("torch", "onnx")


def generate_plan(model: StepModel, peers: Sequence[str], pairs: int = PAIRS) -> list[Group]:
    """Return the comparisons, one group a peer."""
    return [
        Group(
            f"token by token, one reader, beside {PEERS[peer].title}",
            peer,
            (Task(model.name, partial(compare_generation, model, peer, pairs)),),
        )
        for peer in peers
    ]


def compare_generation(model: StepModel, peer: str, pairs: int = PAIRS, rates: Rates = UNMEASURED) -> Result:
    """Let both write in turn, always taking the most probable token.

    Raises:
        DisagreementError: if the two give different logits for the same text.
    """
    config = model.config()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = RecurrentLanguageModel(model.vocabulary, config.cell, config.network, config.dropout)
    ours: Generator = OwnGenerator(network)
    theirs = _make_peer(peer, network, model)
    text = [7 * k % model.vocabulary for k in range(READ)]
    difference = require_agreement(
        {"logits": ours.read(text)},
        {"logits": theirs.read(text)},
        TOLERANCE["float32"],
        f"{model.name} beside {peer}",
    )
    sizes = {name: getattr(model, name) for name in ("embedding", "hidden", "layers", "vocabulary")}
    return Result(
        series="generation",
        case=model.name,
        peer=peer,
        pairs=alternate(
            partial(ours.write, TOKENS),
            partial(theirs.write, TOKENS),
            pairs,
            ceiling=rates.get("float32"),
        ),
        flops=model_forward(model.cell, TOKENS, **sizes),
        tokens=TOKENS,
        path=path_of(network.recurrent),
        difference=difference,
    )


def _make_peer(peer: str, network: RecurrentLanguageModel, model: StepModel) -> Generator:
    if peer == "onnx":
        generator: Generator = importlib.import_module("unrolled.bench.peers.onnx_generator").OnnxGenerator(
            network
        )
        return generator
    return PlainGenerator(network, model)
