"""Generation of one sequence, token by token: a character model compared with torch and ONNX Runtime."""

import importlib
from collections.abc import Sequence
from functools import partial

import torch

from unrolled.bench.agreement import TOLERANCE, require_agreement
from unrolled.bench.ceiling import NO_RATES, Rates
from unrolled.bench.flops import model_forward
from unrolled.bench.generators import PlainGenerator, TokenGenerator, UnrolledGenerator
from unrolled.bench.own import backends_used
from unrolled.bench.peers import PEERS
from unrolled.bench.plan import Group, Task
from unrolled.bench.result import Result
from unrolled.bench.step_models import StepModel
from unrolled.bench.timing import PAIRS, alternate
from unrolled.models import RecurrentLanguageModel

GENERATION_MODEL = StepModel("char-lstm 1×512", "lstm", 96, 128, 512, 1, 1, 1, lr=1.0, clip=1.0, loss="token")
"""A character model with one layer. Its training settings do not matter here."""
TOKENS = 64
"""Tokens generated in one call."""
COMPARED_TOKENS = 20
"""Tokens of a test text for which both sides must compute the same logits."""
GENERATE_PEERS = ("torch", "onnx")


def generate_plan(model: StepModel, peers: Sequence[str], pairs: int = PAIRS) -> list[Group]:
    """Return the comparisons, one group for each peer."""
    return [
        Group(
            f"token by token, one sequence, compared with {PEERS[peer].title}",
            peer,
            (Task(model.name, partial(compare_generation, model, peer, pairs)),),
        )
        for peer in peers
    ]


def compare_generation(model: StepModel, peer: str, pairs: int = PAIRS, rates: Rates = NO_RATES) -> Result:
    """Time both alternately, always generating the most probable token.

    Raises:
        DisagreementError: if the two compute different logits for the same text.
    """
    config = model.config()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = RecurrentLanguageModel(model.vocabulary, config.cell, config.network, config.dropout)
    ours: TokenGenerator = UnrolledGenerator(network)
    theirs = _make_peer(peer, network, model)
    text = [7 * k % model.vocabulary for k in range(COMPARED_TOKENS)]
    difference = require_agreement(
        {"logits": ours.compute_logits(text)},
        {"logits": theirs.compute_logits(text)},
        TOLERANCE["float32"],
        f"{model.name} compared with {peer}",
    )
    sizes = {name: getattr(model, name) for name in ("embedding", "hidden", "layers", "vocabulary")}
    return Result(
        series="generation",
        case=model.name,
        peer=peer,
        pairs=alternate(
            partial(ours.generate, TOKENS),
            partial(theirs.generate, TOKENS),
            pairs,
            ceiling=rates.get("float32"),
        ),
        flops=model_forward(model.cell, TOKENS, **sizes),
        tokens=TOKENS,
        path=backends_used(network.recurrent),
        difference=difference,
    )


def _make_peer(peer: str, network: RecurrentLanguageModel, model: StepModel) -> TokenGenerator:
    if peer == "onnx":
        generator: TokenGenerator = importlib.import_module(
            "unrolled.bench.peers.onnx_generator"
        ).OnnxGenerator(network)
        return generator
    return PlainGenerator(network, model)
