"""The hidden states of the last tokens that a server's "next" returns."""

import numpy as np
import pytest

from unrolled.runtime import load
from unrolled.tasks.base.service import Limits
from unrolled.tasks.lm.service import LanguageService
from unrolled.tasks.lm.service.messages import Next


@pytest.fixture(scope="module")
def service(tiny_run):
    return LanguageService(load(tiny_run), Limits())


def test_the_history_ends_with_the_activations(service: LanguageService) -> None:
    answer, _ = service.next(Next(text="The miller", history=4, activations=True), None)
    (layer,), (last,) = answer.history, answer.activations
    assert layer.name == last.name
    assert len(layer.values) == 4
    assert layer.values[-1] == last.values
    for count, text in enumerate(("The mil", "The mill", "The mille"), start=-4):
        earlier, _ = service.next(Next(text=text, activations=True), None)
        np.testing.assert_allclose(layer.values[count], earlier.activations[0].values, atol=1e-4)


def test_the_history_changes_nothing_else(service: LanguageService) -> None:
    _, state = service.next(Next(text="The "), None)
    for text in ("", "m", "miller mends"):
        plain, after = service.next(Next(text=text, scores=True), state)
        detailed, same = service.next(Next(text=text, scores=True, history=256), state)
        assert (detailed.tokens, detailed.entropy) == (plain.tokens, plain.entropy)
        assert detailed.read == plain.read
        assert len(detailed.read) == len(text)
        assert sum(len(layer.values) for layer in detailed.history) == len(text)
        for name, values in after.items():
            np.testing.assert_array_equal(values, same[name])
