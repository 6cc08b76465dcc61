"""The summary of a model: its drawing agrees with the model, and its counts add up."""

import re

import pytest

from unrolled.models import CellConfig, DropoutConfig, NetworkConfig, RecurrentLanguageModel
from unrolled.models.summary import summarise

MODELS = [
    (CellConfig(cell="lstm"), NetworkConfig(layers=2, hidden=40, embedding=30)),
    (CellConfig(cell="lstm", peepholes=True), NetworkConfig(hidden=40, projection=16, embedding=30)),
    (CellConfig(cell="gru"), NetworkConfig(layers=3, hidden=16, embedding=16, tie_weights=True)),
    (CellConfig(cell="elman"), NetworkConfig(hidden=16, input="one-hot", skip=3)),
    (CellConfig(cell="jordan"), NetworkConfig(layers=2, hidden=16, residual=True)),
    (CellConfig(cell="gru"), NetworkConfig(hidden=16, adaptive_softmax=(20, 100))),
]


def build(cell: CellConfig, network: NetworkConfig) -> RecurrentLanguageModel:
    return RecurrentLanguageModel(300, cell, network, DropoutConfig())


def counts(text: str) -> dict[str, int]:
    """Return the parameter table of a summary as a mapping, ``total`` included."""
    table = text.split("parameters\n")[1]
    rows = re.findall(r"^  (\S+).*?([\d,]+)(?: \(fixed\))?$", table, flags=re.MULTILINE)
    return {name: int(count.replace(",", "")) for name, count in rows}


@pytest.mark.parametrize(("cell", "network"), MODELS)
def test_every_parameter_is_listed_and_the_total_is_their_sum(
    cell: CellConfig, network: NetworkConfig
) -> None:
    model = build(cell, network)
    listed = counts(summarise(model))
    total = listed.pop("total")
    assert listed == {name: p.numel() for name, p in model.named_parameters()}
    assert total == sum(p.numel() for p in model.parameters()) == sum(listed.values())


def test_shapes_are_shown() -> None:
    text = summarise(build(*MODELS[0]))
    assert re.search(r"recurrent\.weight_ih_l0 +160×30 +4,800$", text, flags=re.MULTILINE)
    assert re.search(r"input\.weight +300×30 +9,000$", text, flags=re.MULTILINE)


def test_parameters_that_are_not_trained_are_marked() -> None:
    model = build(*MODELS[0])
    model.input.weight.requires_grad_(False)
    fixed = [line for line in summarise(model).splitlines() if "(fixed)" in line]
    assert len(fixed) == 1
    assert "input.weight" in fixed[0]


def test_the_folded_network_names_what_feeds_back() -> None:
    lstm = summarise(build(*MODELS[1]))
    assert "layer 0  LSTM 30 → 16 ⟲ h_(t-1), c_(t-1)" in lstm
    assert "16 → 300" in lstm
    assert "Embedding(token_t)   300 → 30" in lstm
    elman = summarise(build(*MODELS[3]))
    assert "layer 0  Elman 300 → 16 ⟲ h_(t-1), h_(t-3)" in elman
    assert "OneHot(token_t)   300 → 300" in elman
    jordan = summarise(build(*MODELS[4]))
    assert "layer 1  Jordan 16 → 16 ⟲ h_(t-1) + its input" in jordan
    assert "layer 0  Jordan 128 → 16 ⟲ h_(t-1)\n" in jordan


def test_the_output_layer_is_shown_by_its_formula() -> None:
    assert "y_t = softmax(V h_t + c)   40 → 300" in summarise(build(*MODELS[0]))
    assert "y_t = adaptive softmax of h_t, groups from 0, 20, 100   16 → 300" in summarise(build(*MODELS[5]))


def test_the_unrolled_network_has_every_layer_at_every_step() -> None:
    text = summarise(build(*MODELS[2])).split("unrolled through time\n")[1].split("\n\n")[0]
    for layer in range(3):
        (line,) = [row for row in text.splitlines() if f"[{layer}]" in row]
        assert line.count(f"[{layer}]") == 4
    lines = text.splitlines()
    order = [
        next(i for i, row in enumerate(lines) if mark in row) for mark in ("y_1", "[2]", "[1]", "[0]", "x_1")
    ]
    assert order == sorted(order)
