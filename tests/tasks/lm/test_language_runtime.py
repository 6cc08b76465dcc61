"""The language model without torch gives the numbers of the model under torch."""

import numpy as np
import pytest
import torch

from unrolled.errors import ConfigError, RunError, ShapeError, StreamError
from unrolled.tasks.lm.runtime import LanguageRuntime
from unrolled.text import EOS_ID, UNK_ID

PROMPTS = ["", "the miller ", "q", "a heron\nmends"]


@pytest.fixture(scope="module")
def tiny_adaptive(english_file, tiny_options):
    from unrolled import LanguageModel

    options = tiny_options | {"tokenizer": "word", "adaptive_softmax": (20, 30), "hidden": 16, "epochs": 1}
    return LanguageModel(**options).fit(english_file, progress=False)


@pytest.fixture(scope="module", params=["tiny_lm", "tiny_words", "tiny_adaptive"])
def any_lm(request):
    return request.getfixturevalue(request.param)


def runtime_of(lm, precision="float32") -> LanguageRuntime:
    return lm.runtime(precision)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_the_next_tokens_are_those_of_the_torch_model(any_lm, prompt):
    ours, theirs = runtime_of(any_lm).next(prompt, 8), any_lm.next(prompt, 8)
    assert [p for _, p in ours] == pytest.approx([p for _, p in theirs], abs=1e-6)
    assert dict(ours).keys() == dict(theirs).keys()


def test_pushed_tokens_give_the_logits_of_the_torch_model(any_lm):
    tokens = torch.from_numpy(any_lm.tokenizer.encode("every boat follows the river"))
    expected, _ = any_lm.model(tokens[:, None])
    stream = runtime_of(any_lm).stream()
    for step, token in enumerate(tokens.tolist()):
        logits = stream.push(token)
        np.testing.assert_allclose(logits, expected[step].detach().numpy(), atol=2e-5)
    stream.reset()
    np.testing.assert_allclose(stream.push(tokens.numpy()), expected[-1].detach().numpy(), atol=2e-5)


def test_greedy_text_is_that_of_the_torch_model(any_lm):
    from unrolled.decoding import SamplingConfig

    options = SamplingConfig(temperature=0.0)
    ours = "".join(runtime_of(any_lm).stream_text("the ", 70, options))
    assert ours == any_lm.generate("the ", 70, temperature=0.0)


def test_a_seed_gives_one_text_in_any_pieces(any_lm):
    runtime = runtime_of(any_lm)
    first, again, other = ("".join(runtime.stream_text("the ", 50, seed=s)) for s in (1, 1, 2))
    assert first == again != other
    ids = runtime.read("the ").generate(50, seed=1, banned=(UNK_ID,))[:, 0]
    assert any_lm.tokenizer.decode(ids) == first


def test_sampled_tokens_follow_the_distribution(tiny_lm):
    stream = runtime_of(tiny_lm).stream(4000)
    logits = stream.push(np.full((1, 4000), EOS_ID))[0].astype(np.float64)
    p = np.exp(logits - logits.max())
    p[UNK_ID] = 0.0
    p /= p.sum()
    ids = stream.generate(1, seed=3, banned=(UNK_ID,))[0]
    frequency = np.bincount(ids, minlength=len(p)) / len(ids)
    assert np.abs(frequency - p).max() < 4 * np.sqrt(0.25 / len(ids))
    assert frequency[UNK_ID] == 0.0


@pytest.mark.parametrize("limit", [{"top_k": 1}, {"temperature": 0.0}, {"top_p": 1e-9}])
def test_limits_leave_the_most_probable_token(tiny_lm, limit):
    stream = runtime_of(tiny_lm).read("the ")
    best = int(stream.logits[0].argmax())
    assert stream.generate(1, seed=0, **limit)[0, 0] == best


def test_a_saved_state_continues_as_the_stream_does(tiny_lm):
    stream = runtime_of(tiny_lm).read("the miller ")
    saved = stream.state()
    expected = stream.generate(20, temperature=0.0)
    other = runtime_of(tiny_lm).stream()
    other.restore(saved)
    assert np.array_equal(other.generate(20, temperature=0.0), expected)
    assert (
        all(np.array_equal(a, b) for a, b in zip(saved.values(), other.state().values(), strict=True))
        is False
    )


def test_rows_of_a_batch_do_not_depend_on_each_other(tiny_lm):
    runtime = runtime_of(tiny_lm)
    texts = ["the miller", "a heron wa", "every boat"]
    ids = np.stack([tiny_lm.tokenizer.encode(text) for text in texts], axis=1)
    together = runtime.stream(3).push(ids)
    for row, text in enumerate(texts):
        alone = runtime.stream().push(tiny_lm.tokenizer.encode(text))
        np.testing.assert_allclose(together[row], alone[0], atol=2e-6)
    one_each = runtime.stream(3)
    for step in ids:
        logits = one_each.push(step)
    np.testing.assert_allclose(logits, together, atol=2e-6)


@pytest.mark.parametrize("precision", ["bfloat16", "int8"])
def test_lower_precisions_stay_close(any_lm, precision):
    text = "every boat follows the river"
    exact, rounded = (dict(runtime_of(any_lm, p).next(text, 1000)) for p in ("float32", precision))
    assert sum(abs(exact[token] - rounded[token]) for token in exact) < 0.05


def test_sentences_begin_anew_after_eos(english_file, tiny_options):
    from unrolled import LanguageModel
    from unrolled.decoding import SamplingConfig

    lm = LanguageModel(**tiny_options | {"tokenizer": "word", "mode": "sentence"}).fit(
        english_file, progress=False
    )
    options = SamplingConfig(temperature=0.0)
    assert "".join(runtime_of(lm).stream_text("", 40, options)) == lm.generate("", 40, temperature=0.0)


@pytest.mark.parametrize("ids", [-1, 10**6, [[0, 0]], np.zeros((2, 3), int)])
def test_wrong_tokens_are_errors(tiny_lm, ids):
    with pytest.raises(ShapeError):
        runtime_of(tiny_lm).stream().push(ids)


def test_an_unknown_precision_is_an_error(tiny_lm):
    with pytest.raises(ConfigError, match="precision='int4' is not one of float32, bfloat16, int8"):
        runtime_of(tiny_lm, "int4")


def test_weights_that_do_not_fit_are_an_error_that_names_them(tiny_lm):
    weights = {name: t.numpy() for name, t in tiny_lm.model.state_dict().items()}
    weights["output.bias"] = weights["output.bias"][:-1]
    with pytest.raises(RunError, match=r"the weights do not fit the configuration: output\.bias"):
        LanguageRuntime(tiny_lm.config, tiny_lm.artifacts, weights)


def test_texts_of_one_batch_may_have_different_options(tiny_lm):
    runtime = runtime_of(tiny_lm)
    prompts, n = ["the ", "a heron", "every boat"], [30, 0, 12]
    options = {"temperature": [0.0, 1.0, 0.7], "top_k": [0, 5, 9], "top_p": [1.0, 0.9, 0.8]}
    alone = [runtime.read(prompt) for prompt in prompts]
    batch = runtime.stream(3)
    states = [stream.state() for stream in alone]
    batch.restore({name: np.concatenate([state[name] for state in states]) for name in states[0]})
    ids = batch.generate(n, seed=[4, 5, 6], banned=(UNK_ID,), **options)
    assert ids.shape == (30, 3)
    assert batch.generated.tolist() == n
    for row, stream in enumerate(alone):
        mine = {name: values[row] for name, values in options.items()}
        expected = stream.generate(n[row], seed=4 + row, banned=(UNK_ID,), **mine)
        assert np.array_equal(ids[: n[row], row], expected[:, 0])
        assert (ids[n[row] :, row] == -1).all()


def test_texts_move_between_streams(tiny_lm):
    runtime = runtime_of(tiny_lm)
    first, second = runtime.read("the "), runtime.read("a heron")
    expected = [stream.copy().generate(20, seed=1)[:, 0] for stream in (first, second)]
    first.generate(0, seed=[1])
    second.generate(0, seed=[1])
    first.extend(second)
    chosen = first.select([1, 0, 1])
    assert chosen.logits.shape[0] == 3
    ids = chosen.generate(20)
    for row, text in enumerate((1, 0, 1)):
        assert np.array_equal(ids[:, row], expected[text])
    assert np.array_equal(first.generate(20), np.stack(expected, axis=1))
    with pytest.raises(StreamError, match="runs on another engine"):
        first.extend(runtime_of(tiny_lm, "int8").read("the "))
