"""What a language model remembers, measured on a model whose memory is known."""

from pathlib import Path

import pytest
import torch

from cases import CASES
from unrolled.inspection.memory import measure_memory
from unrolled.inspection.memory_section import memory_section, memory_verdict
from unrolled.pages.parts import Chart
from unrolled.tasks import LanguageModel

OPTIONS = {"hidden": 12, "embedding": 6, "epochs": 1, "batch": 4, "steps": 9, "seed": 3, "threads": 1}


@pytest.fixture(scope="module")
def lm(tmp_path_factory: pytest.TempPathFactory) -> LanguageModel:
    data = CASES["lm"].write(tmp_path_factory.mktemp("text"))
    return LanguageModel(**OPTIONS).fit(data, progress=False)


def test_a_model_cut_off_from_its_past_needs_one_token(lm: LanguageModel, tmp_path: Path) -> None:
    with torch.no_grad():
        for name, p in lm.model.recurrent.named_parameters():
            if name.startswith("weight_hh"):
                p.zero_()
        forget = lm.model.recurrent.hidden_size
        lm.model.recurrent.bias_ih_l0[forget : 2 * forget] = -100.0
    found = measure_memory(lm, None, 20)
    assert found is not None
    assert found.context.effective() == 1
    assert abs(found.context.excess).max() < 1e-5
    assert found.replacement.reach() <= 1
    assert abs(found.replacement.increase[1:]).max() < 1e-5
    section, verdict = memory_section(found), memory_verdict(found)
    assert [p.name for p in section.parts if isinstance(p, Chart)] == [
        "loss-by-context",
        "loss-by-replaced-token",
    ]
    assert verdict.title == "Effective context: 1 character"


def test_losses_are_those_of_the_model(lm: LanguageModel) -> None:
    """With all of a short text before it, the loss of the last token is that of reading from the start."""
    text = torch.randint(2, lm.tokenizer.size, (12, 3))
    logits, _ = lm.model(text)
    torch.testing.assert_close(lm.model.next(text), logits[-1])


def test_only_running_text_has_a_memory(tmp_path: Path) -> None:
    data = CASES["lm"].write(tmp_path)
    sentences = LanguageModel(**(OPTIONS | {"steps": 64}), mode="sentence").fit(data, progress=False)
    assert measure_memory(sentences, None, 20) is None
    assert measure_memory(CASES["classify"].kind(), None, 20) is None
