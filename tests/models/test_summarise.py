"""The summary of a model: its diagram matches the model, and its counts add up."""

import re

import pytest

from unrolled.models import CellConfig, DropoutConfig, NetworkConfig, RecurrentLanguageModel
from unrolled.models.summary import path_lines, summarise
from unrolled.models.token_encoder import TokenEncoder

MODELS = [
    (CellConfig(cell="lstm"), NetworkConfig(layers=2, hidden=40, embedding=30)),
    (CellConfig(cell="lstm", peepholes=True), NetworkConfig(hidden=40, projection=16, embedding=30)),
    (CellConfig(cell="gru"), NetworkConfig(layers=3, hidden=16, embedding=16, tie_weights=True)),
    (CellConfig(cell="elman"), NetworkConfig(hidden=16, input="one-hot", skip=3)),
    (CellConfig(cell="jordan"), NetworkConfig(layers=2, hidden=16, residual=True)),
    (CellConfig(cell="gru"), NetworkConfig(hidden=16, adaptive_softmax=(20, 100))),
    (CellConfig(cell="feed-forward", context=4), NetworkConfig(layers=2, hidden=16, embedding=10)),
    (CellConfig(cell="tdnn", context=3), NetworkConfig(layers=2, hidden=16, embedding=10, residual=True)),
]


def build(cell: CellConfig, network: NetworkConfig) -> RecurrentLanguageModel:
    return RecurrentLanguageModel(300, cell, network, DropoutConfig())


def parse_counts(text: str) -> dict[str, int]:
    """Return the parameter table of a summary as a mapping, including ``total``."""
    table = text.split("parameters\n")[1]
    rows = re.findall(r"^  (\S+).*?([\d,]+)(?: \(fixed\))?$", table, flags=re.MULTILINE)
    return {name: int(count.replace(",", "")) for name, count in rows}


@pytest.mark.parametrize(("cell", "network"), MODELS)
def test_every_parameter_is_listed_and_the_total_is_their_sum(
    cell: CellConfig, network: NetworkConfig
) -> None:
    model = build(cell, network)
    listed_counts = parse_counts(summarise(model))
    total = listed_counts.pop("total")
    assert listed_counts == {name: p.numel() for name, p in model.named_parameters()}
    assert total == sum(p.numel() for p in model.parameters()) == sum(listed_counts.values())


def test_shapes_are_shown() -> None:
    text = summarise(build(*MODELS[0]))
    assert re.search(r"recurrent\.weight_ih_l0 +160×30 +4,800$", text, flags=re.MULTILINE)
    assert re.search(r"input\.weight +300×30 +9,000$", text, flags=re.MULTILINE)


def test_frozen_parameters_are_marked() -> None:
    model = build(*MODELS[0])
    model.input.weight.requires_grad_(False)
    fixed = [line for line in summarise(model).splitlines() if "(fixed)" in line]
    assert len(fixed) == 1
    assert "input.weight" in fixed[0]


def test_the_folded_network_shows_the_feedback() -> None:
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


def unrolled_lines(text: str) -> list[str]:
    """Return the lines of the unrolled network without trailing spaces."""
    return [row.rstrip() for row in text.split("unrolled through time\n")[1].split("\n\n")[0].splitlines()]


def test_window_networks_show_what_each_step_reads() -> None:
    feed_forward = summarise(build(*MODELS[6]))
    assert "layer 0  tanh of 4 × 10 → 16 ← x_(t-3) … x_t\n" in feed_forward
    assert "layer 1  tanh of 1 × 16 → 16 ← h_t\n" in feed_forward
    rows = unrolled_lines(feed_forward)
    assert [row.count("↗") for row in rows] == [0, 0, 0, 0, 0, 3, 0, 0]
    assert [row.count("↑") for row in rows] == [0, 4, 0, 4, 0, 4, 0, 0]
    assert not any(mark in "".join(rows) for mark in "◀▶─")
    assert rows[-1].startswith("  (y_t depends on x_(t-3) … x_t alone; ")
    tdnn = summarise(build(*MODELS[7]))
    assert "layer 1  tanh of 3 × 16 → 16 ← h_(t-2) … h_t + its input\n" in tdnn
    assert [row.count("↗") for row in unrolled_lines(tdnn)] == [0, 0, 0, 3, 0, 3, 0, 0]
    assert "y_t depends on x_(t-4) … x_t alone" in tdnn
    assert "  l1: aten (each window of 3 steps" in tdnn


def test_bidirectional_window_networks_look_ahead() -> None:
    class SummarisedEncoder(TokenEncoder):
        def parts(self) -> list:
            return [self.recurrent, self.input_summary]

    model = SummarisedEncoder(30, *MODELS[7], DropoutConfig(), bidirectional=True)
    text = summarise(model)
    assert "layer 0  tanh of 3 × 10 → 32 in both directions ← x_(t-2) … x_(t+2)\n" in text
    assert "y_t depends on x_(t-4) … x_(t+4) alone" in text
    assert [row.count("↖") for row in unrolled_lines(text)] == [0, 0, 0, 3, 0, 3, 0, 0]
    assert len(path_lines(model)) == 2
