"""The network of the classifier."""

import pytest
import torch

from unrolled.errors import ConfigError
from unrolled.models import CellConfig, DropoutConfig, EncoderConfig, NetworkConfig, RecurrentLanguageModel
from unrolled.models.classifier import RecurrentClassifier
from unrolled.models.encoder_weights import load_encoder_weights
from unrolled.models.series_encoder import SeriesEncoder
from unrolled.models.summary import summarise
from unrolled.models.token_encoder import TokenEncoder

V, CLASSES = 9, 3


def make_reader(cell="lstm", bidirectional=True, **network):
    config = EncoderConfig(**{"hidden": 4, "embedding": 3, "layers": 2} | network)
    return TokenEncoder(V, CellConfig(cell=cell), config, DropoutConfig(), bidirectional=bidirectional)


@pytest.mark.parametrize("cell", ["lstm", "gru", "elman", "jordan"])
@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("pooling", ["last", "mean", "max", "attention"])
def test_rows_do_not_depend_on_the_batch(cell, bidirectional, pooling):
    torch.manual_seed(2)
    model = RecurrentClassifier(make_reader(cell, bidirectional), CLASSES, pooling, 0.0).double().eval()
    tokens, lengths = torch.randint(V, (6, 4)), torch.tensor([6, 2, 1, 4])
    batched = model(tokens, lengths)
    assert batched.shape == (4, CLASSES)
    for b, n in enumerate(lengths.tolist()):
        single = model(tokens[:n, b : b + 1], lengths[b : b + 1])
        torch.testing.assert_close(batched[b], single[0])


def test_last_pooling_takes_the_final_state_of_each_direction():
    torch.manual_seed(3)
    reader = make_reader()
    model = RecurrentClassifier(reader, CLASSES, "last", 0.0).eval()
    tokens, lengths = torch.randint(V, (5, 2)), torch.tensor([5, 3])
    _, (h, _) = reader.recurrent(reader.input(tokens), lengths=lengths)
    expected = model.output(torch.cat([h[-2], h[-1]], -1))
    torch.testing.assert_close(model(tokens, lengths), expected)


def test_vectors_are_standardised():
    torch.manual_seed(4)
    config = EncoderConfig(hidden=4)
    reader = SeriesEncoder(2, CellConfig(cell="gru"), config, DropoutConfig())
    values, lengths = torch.randn(5, 3, 2), torch.tensor([5, 4, 5])
    initial, _ = reader.read(values, lengths=lengths)
    mean, deviation = torch.tensor([3.0, -1.0]), torch.tensor([10.0, 0.0])
    reader.standardise(mean, deviation)
    after, _ = reader.read(values * torch.tensor([10.0, 1.0]) + mean, lengths=lengths)
    torch.testing.assert_close(after, initial)


def test_dropout_applies_to_the_pooled_vector():
    model = RecurrentClassifier(make_reader(), CLASSES, "max", 0.9)
    tokens, lengths = torch.randint(V, (5, 2)), torch.tensor([5, 3])
    assert not torch.equal(model(tokens, lengths), model(tokens, lengths))
    model.eval()
    assert torch.equal(model(tokens, lengths), model(tokens, lengths))


def test_the_summary_shows_the_network():
    summary = summarise(RecurrentClassifier(make_reader(), CLASSES, "max", 0.0))
    for part in ("softmax(V p + c)   8 → 3", "p = max over t", "in both directions", "◀──", "9 → 3"):
        assert part in summary
    assert "deviation" in summarise(
        RecurrentClassifier(SeriesEncoder(2, CellConfig(), EncoderConfig(), DropoutConfig()), 2, "mean", 0.0)
    )


# -- starting from a language model ----------------------------------------------------------------


def make_lm(**network):
    config = NetworkConfig(**{"hidden": 4, "embedding": 3, "layers": 2} | network)
    return RecurrentLanguageModel(V, CellConfig(), config, DropoutConfig())


def test_a_unidirectional_encoder_equals_the_language_model():
    lm, reader = make_lm(), make_reader(bidirectional=False)
    load_encoder_weights(reader, lm)
    tokens = torch.randint(V, (5, 2))
    assert torch.equal(reader.read(tokens)[0], lm.read(tokens)[0])


def test_the_forward_direction_gets_the_weights_of_the_language_model():
    lm, reader = make_lm(layers=1), make_reader(layers=1)
    load_encoder_weights(reader, lm)
    tokens = torch.randint(V, (5, 2))
    torch.testing.assert_close(reader.read(tokens)[0][..., :4], lm.read(tokens)[0])


def test_columns_for_the_backward_direction_keep_their_initialisation():
    lm, reader = make_lm(), make_reader()
    initial = reader.recurrent.get_parameter("weight_ih_l1").clone()
    load_encoder_weights(reader, lm)
    after = reader.recurrent.get_parameter("weight_ih_l1")
    assert torch.equal(after[:, :4], lm.recurrent.get_parameter("weight_ih_l1"))
    assert torch.equal(after[:, 4:], initial[:, 4:])


def test_other_sizes_are_refused():
    with pytest.raises(
        ConfigError, match=r"weight_ih_l0 is \(20, 3\) in this model and \(16, 3\) in the source"
    ):
        load_encoder_weights(make_reader(hidden=5), make_lm())
