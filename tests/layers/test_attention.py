"""Attention against loops over its equations, its gradients, and rows that do not see each other."""

import pytest
import torch
from torch import Tensor

from unrolled.errors import ConfigError, ShapeError
from unrolled.layers.attention import KINDS, Attention, Memory

H, M = 4, 4
SCORED = ("dot", "general", "additive")


def make(kind: str, seed: int = 0) -> Attention:
    attention = KINDS[kind](H, M).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in attention.parameters():
            p.copy_(torch.randn(p.shape, generator=generator))
    return attention


def test_general_attention_begins_as_a_dot_product() -> None:
    memory, lengths, query = problem((5, 2))
    found = [
        a(query, a.make_memory(memory, lengths))
        for a in (KINDS[k](H, M).double() for k in ("dot", "general"))
    ]
    torch.testing.assert_close(found[0], found[1])


def problem(lengths: tuple[int, ...], queries: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    source = torch.Generator().manual_seed(1)
    steps, rows = max(lengths), len(lengths)
    memory = torch.randn(steps, rows, M, dtype=torch.float64, generator=source)
    query = torch.randn(rows, queries, H, dtype=torch.float64, generator=source)
    return memory, torch.tensor(lengths), query


def score(attention: Attention, s: Tensor, h: Tensor) -> Tensor:
    """The published equation for one query and one source step."""
    p = dict(attention.named_parameters())
    match attention.kind:
        case "dot":
            return s @ h
        case "general":
            return s @ p["weight.weight"] @ h
        case _:
            inner = torch.tanh(p["query.weight"] @ s + p["key.weight"] @ h + p["key.bias"])
            return p["score.weight"][0] @ inner


@pytest.mark.parametrize("kind", SCORED)
def test_it_is_the_published_equation(kind: str) -> None:
    attention = make(kind)
    memory, lengths, query = problem((5, 2, 1))
    context, weights = attention(query, attention.make_memory(memory, lengths))
    for b, length in enumerate(lengths.tolist()):
        for n in range(query.shape[1]):
            scores = torch.stack([score(attention, query[b, n], memory[j, b]) for j in range(length)])
            expected = scores.softmax(0)
            torch.testing.assert_close(weights[b, n, :length], expected)
            assert not weights[b, n, length:].any()
            torch.testing.assert_close(context[b, n], expected @ memory[:length, b])


@pytest.mark.parametrize("kind", SCORED)
def test_gradients(kind: str) -> None:
    attention = make(kind)
    memory, lengths, query = problem((3, 1), queries=2)

    def run(query: Tensor, memory: Tensor, *parameters: Tensor) -> tuple[Tensor, Tensor]:
        named = dict(zip(dict(attention.named_parameters()), parameters, strict=True))

        class Whole(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.inner = attention

            def forward(self, query: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
                return self.inner(query, self.inner.make_memory(memory, lengths))

        renamed = {f"inner.{name}": p for name, p in named.items()}
        return torch.func.functional_call(Whole(), renamed, (query, memory))

    inputs = [query, memory, *attention.parameters()]
    assert torch.autograd.gradcheck(run, [t.detach().clone().requires_grad_() for t in inputs])


@pytest.mark.parametrize("kind", SCORED)
def test_padding_and_other_rows_do_not_change_the_result(kind: str) -> None:
    attention = make(kind)
    memory, lengths, query = problem((4, 2))
    context, weights = attention(query, attention.make_memory(memory, lengths))
    memory[2:, 1] = 1e6
    again, _ = attention(query, attention.make_memory(memory, lengths))
    assert torch.equal(again, context)
    alone, alone_weights = attention(query[1:], attention.make_memory(memory[:2, 1:], lengths[1:]))
    torch.testing.assert_close(alone[0], context[1])
    torch.testing.assert_close(alone_weights[0], weights[1, :, :2])


def test_a_memory_is_selected_by_rows() -> None:
    attention = make("general")
    memory, lengths, query = problem((4, 2, 3))
    kept = torch.tensor([2, 0])
    whole: Memory = attention.make_memory(memory, lengths)
    context, _ = attention(query, whole)
    torch.testing.assert_close(attention(query[kept], whole.select(kept))[0], context[kept])


def test_a_fixed_summary_is_read_whatever_is_asked() -> None:
    attention = make("fixed")
    memory, _, query = problem((1, 1))
    context, weights = attention(query, attention.make_memory(memory, torch.ones(2, dtype=torch.long)))
    assert torch.equal(context, memory[0][:, None].expand(-1, 3, -1))
    assert torch.equal(weights, torch.ones(2, 3, 1, dtype=torch.float64))


def test_sizes_that_do_not_fit() -> None:
    with pytest.raises(ConfigError, match=r"attention='dot' compares the decoder's 4 features .* 'general'"):
        KINDS["dot"](4, 6)
    attention = make("general")
    memory, lengths, query = problem((2,))
    with pytest.raises(ShapeError, match=r"memory must be \(S, B, 4\), got \(2, 1, 3\)"):
        attention.make_memory(memory[..., :3], lengths)
    with pytest.raises(ShapeError, match=r"queries must be \(B, N, 4\)"):
        attention(query[..., :3], attention.make_memory(memory, lengths))
