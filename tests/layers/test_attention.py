"""Attention, checked against loops over its equations; gradients, and independence of rows."""

import pytest
import torch
from torch import Tensor

from unrolled.errors import ConfigError, ShapeError
from unrolled.layers.attention import KINDS, Attention, AttentionMemory

H, M = 4, 4
SCORED = ("dot", "general", "additive")


def make_attention(kind: str, seed: int = 0) -> Attention:
    attention = KINDS[kind](H, M).double()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for p in attention.parameters():
            p.copy_(torch.randn(p.shape, generator=generator))
    return attention


def test_general_attention_is_initialised_as_a_dot_product() -> None:
    memory, lengths, query = make_problem((5, 2))
    contexts = [
        a(query, a.make_memory(memory, lengths))
        for a in (KINDS[k](H, M).double() for k in ("dot", "general"))
    ]
    torch.testing.assert_close(contexts[0], contexts[1])


def make_problem(lengths: tuple[int, ...], queries: int = 3) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    steps, rows = max(lengths), len(lengths)
    memory = torch.randn(steps, rows, M, dtype=torch.float64, generator=generator)
    query = torch.randn(rows, queries, H, dtype=torch.float64, generator=generator)
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
def test_attention_follows_the_published_equation(kind: str) -> None:
    attention = make_attention(kind)
    memory, lengths, query = make_problem((5, 2, 1))
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
    attention = make_attention(kind)
    memory, lengths, query = make_problem((3, 1), queries=2)

    def run(query: Tensor, memory: Tensor, *parameters: Tensor) -> tuple[Tensor, Tensor]:
        named = dict(zip(dict(attention.named_parameters()), parameters, strict=True))

        class WithMemory(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.inner = attention

            def forward(self, query: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
                return self.inner(query, self.inner.make_memory(memory, lengths))

        renamed = {f"inner.{name}": p for name, p in named.items()}
        return torch.func.functional_call(WithMemory(), renamed, (query, memory))

    inputs = [query, memory, *attention.parameters()]
    assert torch.autograd.gradcheck(run, [t.detach().clone().requires_grad_() for t in inputs])


@pytest.mark.parametrize("kind", SCORED)
def test_padding_and_other_rows_do_not_change_the_result(kind: str) -> None:
    attention = make_attention(kind)
    memory, lengths, query = make_problem((4, 2))
    context, weights = attention(query, attention.make_memory(memory, lengths))
    memory[2:, 1] = 1e6
    context_with_changed_padding, _ = attention(query, attention.make_memory(memory, lengths))
    assert torch.equal(context_with_changed_padding, context)
    single, single_weights = attention(query[1:], attention.make_memory(memory[:2, 1:], lengths[1:]))
    torch.testing.assert_close(single[0], context[1])
    torch.testing.assert_close(single_weights[0], weights[1, :, :2])


def test_a_memory_is_selected_by_rows() -> None:
    attention = make_attention("general")
    memory, lengths, query = make_problem((4, 2, 3))
    row_indices = torch.tensor([2, 0])
    full_memory: AttentionMemory = attention.make_memory(memory, lengths)
    context, _ = attention(query, full_memory)
    torch.testing.assert_close(
        attention(query[row_indices], full_memory.select(row_indices))[0], context[row_indices]
    )


def test_fixed_attention_ignores_the_query() -> None:
    attention = make_attention("fixed")
    memory, _, query = make_problem((1, 1))
    context, weights = attention(query, attention.make_memory(memory, torch.ones(2, dtype=torch.long)))
    assert torch.equal(context, memory[0][:, None].expand(-1, 3, -1))
    assert torch.equal(weights, torch.ones(2, 3, 1, dtype=torch.float64))


def test_mismatched_sizes_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"attention='dot' compares the decoder's 4 features .* 'general'"):
        KINDS["dot"](4, 6)
    attention = make_attention("general")
    memory, lengths, query = make_problem((2,))
    with pytest.raises(ShapeError, match=r"memory must be \(S, B, 4\), got \(2, 1, 3\)"):
        attention.make_memory(memory[..., :3], lengths)
    with pytest.raises(ShapeError, match=r"queries must be \(B, N, 4\)"):
        attention(query[..., :3], attention.make_memory(memory, lengths))
