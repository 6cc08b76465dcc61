"""Text of tokens that arrive a few at a time is the text of all tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.text import TextConfig, train_tokenizer

TEXT = "the heron mends € 😀 naïve\nfjörd 日本 " * 20


@pytest.fixture(scope="module", params=["char", "word", "bpe"])
def tokenizer(request):
    if request.param == "bpe":
        pytest.importorskip("tokenizers")
    return train_tokenizer(TextConfig(tokenizer=request.param), [TEXT])


@given(data=st.data())
def test_pieces_join_to_the_text(tokenizer, data):
    odd = [i for i in range(tokenizer.size) if "\ufffd" in tokenizer.decode([i])]  # bytes, if there are
    tokens = data.draw(st.sampled_from([range(tokenizer.size), odd or range(2)]))
    ids = data.draw(st.lists(st.sampled_from(tokens), max_size=40))
    incremental, pieces = tokenizer.begin_text(), []
    while ids:
        count = data.draw(st.integers(1, len(ids)))
        pieces.append((ids[:count], incremental.push(ids[:count])))
        ids = ids[count:]
    text = "".join(piece for _, piece in pieces) + incremental.finish()
    assert text == tokenizer.decode([i for part, _ in pieces for i in part])


def test_a_character_is_held_back_until_it_is_complete():
    pytest.importorskip("tokenizers")
    tokenizer = train_tokenizer(TextConfig(tokenizer="bpe"), ["abc " * 20])
    incremental, ids = tokenizer.begin_text(), tokenizer.encode("😀!").tolist()
    assert len(ids) == 5
    assert [incremental.push([i]) for i in ids] == ["", "", "", "😀", "!"]
