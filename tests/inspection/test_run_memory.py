"""Measured memory of a language model, on a model whose memory is known."""

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


def test_a_model_without_memory_has_a_context_of_one(lm: LanguageModel, tmp_path: Path) -> None:
    with torch.no_grad():
        for name, p in lm.model.recurrent.named_parameters():
            if name.startswith("weight_hh"):
                p.zero_()
        forget = lm.model.recurrent.hidden_size
        lm.model.recurrent.bias_ih_l0[forget : 2 * forget] = -100.0
    memory = measure_memory(lm, None, 20)
    assert memory is not None
    assert memory.context.effective() == 1
    assert abs(memory.context.excess).max() < 1e-5
    assert memory.replacement.reach() <= 1
    assert abs(memory.replacement.increase[1:]).max() < 1e-5
    section, verdict = memory_section(memory), memory_verdict(memory)
    assert [p.name for p in section.parts if isinstance(p, Chart)] == [
        "loss-by-context",
        "loss-by-replaced-token",
    ]
    assert verdict.title == "Effective context: 1 character"


def test_next_gives_the_last_logits(lm: LanguageModel) -> None:
    """``next`` gives the logits after the last token of a text read from the start."""
    text = torch.randint(2, lm.tokenizer.size, (12, 3))
    logits, _ = lm.model(text)
    torch.testing.assert_close(lm.model.next(text), logits[-1])


def test_memory_is_measured_only_on_running_text(tmp_path: Path) -> None:
    data = CASES["lm"].write(tmp_path)
    sentences = LanguageModel(**(OPTIONS | {"steps": 64}), mode="sentence").fit(data, progress=False)
    assert measure_memory(sentences, None, 20) is None
    assert measure_memory(CASES["classify"].kind(), None, 20) is None
