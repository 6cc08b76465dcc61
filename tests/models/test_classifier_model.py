"""The classifier's network."""

import pytest
import torch

from unrolled.errors import ConfigError
from unrolled.models import CellConfig, DropoutConfig, EncoderConfig, NetworkConfig, RecurrentLanguageModel
from unrolled.models.adopt import adopt
from unrolled.models.classifier import RecurrentClassifier
from unrolled.models.reader import TokenReader
from unrolled.models.series_reader import SeriesReader
from unrolled.models.summary import summarise

V, CLASSES = 9, 3


def token_reader(cell="lstm", bidirectional=True, **network):
    config = EncoderConfig(**{"hidden": 4, "embedding": 3, "layers": 2} | network)
    return TokenReader(V, CellConfig(cell=cell), config, DropoutConfig(), bidirectional=bidirectional)


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman", "jordan"])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_a_row_does_not_depend_on_its_neighbours(cell, bidirectional, pooling):
    torch.manual_seed(2)
    model = RecurrentClassifier(token_reader(cell, bidirectional), CLASSES, pooling, 0.0).double().eval()
    tokens, lengths = torch.randint(V, (6, 4)), torch.tensor([6, 2, 1, 4])
    together = model(tokens, lengths)
    assert together.shape == (4, CLASSES)
    for b, n in enumerate(lengths.tolist()):
        alone = model(tokens[:n, b : b + 1], lengths[b : b + 1])
        torch.testing.assert_close(together[b], alone[0])


def test_the_last_pooling_reads_each_direction_to_its_end():
    torch.manual_seed(3)
    reader = token_reader()
    model = RecurrentClassifier(reader, CLASSES, "last", 0.0).eval()
    tokens, lengths = torch.randint(V, (5, 2)), torch.tensor([5, 3])
    _, (h, _) = reader.recurrent(reader.input(tokens), lengths=lengths)
    expected = model.output(torch.cat([h[-2], h[-1]], -1))
    torch.testing.assert_close(model(tokens, lengths), expected)


def test_vectors_are_standardised():
    torch.manual_seed(4)
    config = EncoderConfig(hidden=4)
    reader = SeriesReader(2, CellConfig(cell="gru"), config, DropoutConfig())
    values, lengths = torch.randn(5, 3, 2), torch.tensor([5, 4, 5])
    before, _ = reader.read(values, lengths=lengths)
    mean, deviation = torch.tensor([3.0, -1.0]), torch.tensor([10.0, 0.0])
    reader.standardise(mean, deviation)
    after, _ = reader.read(values * torch.tensor([10.0, 1.0]) + mean, lengths=lengths)
    torch.testing.assert_close(after, before)


def test_dropout_is_on_the_pooled_vector():
    model = RecurrentClassifier(token_reader(), CLASSES, "max", 0.9)
    tokens, lengths = torch.randint(V, (5, 2)), torch.tensor([5, 3])
    assert not torch.equal(model(tokens, lengths), model(tokens, lengths))
    model.eval()
    assert torch.equal(model(tokens, lengths), model(tokens, lengths))


def test_it_can_be_drawn():
    drawn = summarise(RecurrentClassifier(token_reader(), CLASSES, "max", 0.0))
    for part in ("softmax(V p + c)   8 → 3", "p = max over t", "in both directions", "◀──", "9 → 3"):
        assert part in drawn
    assert "deviation" in summarise(
        RecurrentClassifier(SeriesReader(2, CellConfig(), EncoderConfig(), DropoutConfig()), 2, "mean", 0.0)
    )


# -- starting from a language model ----------------------------------------------------------------


def language_model(**network):
    config = NetworkConfig(**{"hidden": 4, "embedding": 3, "layers": 2} | network)
    return RecurrentLanguageModel(V, CellConfig(), config, DropoutConfig())


def test_one_direction_reads_as_the_language_model_does():
    lm, reader = language_model(), token_reader(bidirectional=False)
    adopt(reader, lm)
    tokens = torch.randint(V, (5, 2))
    assert torch.equal(reader.read(tokens)[0], lm.read(tokens)[0])


def test_of_two_directions_the_forward_one_starts_from_it():
    lm, reader = language_model(layers=1), token_reader(layers=1)
    adopt(reader, lm)
    tokens = torch.randint(V, (5, 2))
    torch.testing.assert_close(reader.read(tokens)[0][..., :4], lm.read(tokens)[0])


def test_columns_for_the_backward_direction_keep_their_start():
    lm, reader = language_model(), token_reader()
    before = reader.recurrent.get_parameter("weight_ih_l1").clone()
    adopt(reader, lm)
    after = reader.recurrent.get_parameter("weight_ih_l1")
    assert torch.equal(after[:, :4], lm.recurrent.get_parameter("weight_ih_l1"))
    assert torch.equal(after[:, 4:], before[:, 4:])


def test_other_sizes_are_refused():
    with pytest.raises(ConfigError, match=r"weight_ih_l0 is \(20, 3\) here and \(16, 3\) in the model"):
        adopt(token_reader(hidden=5), language_model())
