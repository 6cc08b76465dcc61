"""Planted units are found by what they follow, and noise by nothing."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made_pass import pass_of
from scipy.signal import lfilter

from unrolled.cells import GRU
from unrolled.diagnostics.tracking import Tracking, track, track_row
from unrolled.diagnostics.tracking_features import Feature, text_features
from unrolled.errors import ConfigError, ShapeError

WORDS = ["the", "miller", "heron", "seven", "sacks", "Letter", "weather", "shadow", "bell", "it's", "old"]


def prose(length: int, seed: int = 0) -> list[str]:
    """Characters of a text with lines, quotes, brackets, capitals and digits in no order."""
    rng = random.Random(seed)
    text = ""
    while len(text) < length:
        for mark in ("{} ", rng.choice(['"{}" ', "({}) ", "'{}'; ", "[7] ", "12 {} "]), "{}.\n"):
            text += mark.format(" ".join(rng.choices(WORDS, k=rng.randint(2, 5))))
    return list(text[:length])


def noise(steps: int, units: int, seed: int = 0, memory: float = 0.0) -> np.ndarray:
    """Units that change as slowly as ``memory`` says and know nothing."""
    drawn = np.random.default_rng(seed).standard_normal((steps + 200, units))
    slow = lfilter([np.sqrt(1 - memory**2)], [1, -memory], drawn, axis=0)
    return np.tanh(slow[200:])


def value_of(tokens: list[str], label: str) -> np.ndarray:
    return next(f.values for f in text_features(tokens) if f.label == label)


def labels(tokens: list[str]) -> list[str]:
    return [f.label for f in text_features(tokens)]


def plant(tokens: list[str], units: dict[int, str], strength: float = 1.0) -> np.ndarray:
    """Noise in which some units follow a feature, those of even number the other way round."""
    states = noise(len(tokens), 24)
    for unit, label in units.items():
        values = np.nan_to_num(value_of(tokens, label))
        sign = 1 if unit % 2 else -1
        states[:, unit] = sign * strength * values / values.std() + 0.3 * states[:, unit]
    return states


def test_positions_lines_and_words_are_counted_as_a_person_would() -> None:
    tokens = list("ab c1.\nd E\n" * 5)
    steps = range(len(tokens))
    line = [1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 0]
    assert value_of(tokens, "position in the text").tolist() == list(steps)
    assert value_of(tokens, "position in the line")[11:22].tolist() == line
    assert value_of(tokens, "position in the line")[:7].tolist() == line[:7]
    assert value_of(tokens, "tokens left in the line").tolist()[:11] == [6, 5, 4, 3, 2, 1, 0, 3, 2, 1, 0]
    assert value_of(tokens, "position in the word").tolist()[:11] == [1, 2, 0, 1, 2, 0, 0, 1, 0, 1, 0]
    assert value_of(tokens, "is a letter").tolist()[:11] == [1, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0]
    assert value_of(tokens, "is a capital").tolist()[:11] == [0] * 9 + [1, 0]
    assert value_of(tokens, "is a digit").tolist()[:11] == [0] * 4 + [1] + [0] * 6
    assert value_of(tokens, "is punctuation").tolist()[:11] == [0] * 5 + [1] + [0] * 5
    assert value_of(tokens, "is a blank").tolist()[:11] == [0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0]
    assert value_of(tokens, "ends a line").tolist()[:11] == [0] * 6 + [1, 0, 0, 0, 1]


def test_what_is_not_known_is_not_a_number() -> None:
    tokens = list("ab c1.\nd E\n" * 8 + "fg")
    left = value_of(tokens, "tokens left in the line")
    assert np.isnan(left[-2:]).all()
    assert not np.isnan(left[:-2]).any()
    since = value_of(tokens, "tokens since a digit")
    assert np.isnan(since[:4]).all()
    assert since[4:9].tolist() == [0, 1, 2, 3, 4]


def test_words_stand_apart_and_lines_end_with_eos() -> None:
    sentence = ['"', "The", "'old'", "heron", '"', "is", "(", "not", ")", "42", "<unk>", ".", "<eos>"]
    tokens = sentence * 6
    assert value_of(tokens, "position in the line")[13:26].tolist() == [*range(1, 13), 0]
    assert value_of(tokens, "inside double quotes")[:13].tolist() == [1] * 4 + [0] * 9
    assert value_of(tokens, "depth of brackets")[:13].tolist() == [0] * 6 + [1, 1] + [0] * 5
    assert value_of(tokens, "begins with a capital")[:13].tolist() == [0, 1] + [0] * 11
    assert value_of(tokens, "begins with a digit")[:13].tolist() == [0] * 9 + [1, 0, 0, 0]
    assert value_of(tokens, "begins with punctuation")[:13].tolist() == [
        1,
        0,
        1,
        0,
        1,
        0,
        1,
        0,
        1,
        0,
        0,
        1,
        0,
    ]
    assert value_of(tokens, "is <unk>")[:13].tolist() == [0] * 10 + [1, 0, 0]
    assert not {"position in the word", "indentation", "is a blank"} & set(labels(tokens))


def test_pieces_of_words_bring_their_blanks() -> None:
    tokens = ["The", " hero", "n", " said", ' "', "no", '"', " 7", ".", "\n"] * 6
    assert value_of(tokens, "inside double quotes")[:10].tolist() == [0] * 4 + [1, 1] + [0] * 4
    assert value_of(tokens, "begins with a digit")[:10].tolist() == [0] * 7 + [1, 0, 0]
    assert value_of(tokens, "position in the word")[:10].tolist() == [3, 4, 5, 4, 0, 2, 0, 1, 0, 0]


def test_each_feature_stands_once_and_comes_and_goes() -> None:
    tokens = list("ab (c)\n" * 6 + "[x] {y} 7")
    found = labels(tokens)
    assert "depth of brackets" in found
    assert not {"depth of []", "depth of {}", "is a digit", "inside double quotes", "is <unk>"} & set(found)
    tokens = list("ab (c)\n" * 6)
    assert "depth of ()" not in labels(tokens)  # there are no others: it is the depth of brackets


def test_one_long_cycle_outweighs_the_short_ones() -> None:
    def line(*lengths: int) -> Feature:
        return Feature("x", np.concatenate([np.arange(n) for n in lengths]).astype(float))

    assert line(20, 20, 20, 20, 20).cycles == pytest.approx(5)
    assert line(200).cycles == 0
    assert 1 < line(2, 2, 2, 2, 200).cycles < 2
    assert Feature("x", -line(20, 20, 20).values).cycles == pytest.approx(3)


@pytest.mark.parametrize("tokens", [[], ["", ""]])
def test_a_text_of_nothing_has_no_features(tokens: list[str]) -> None:
    assert text_features(tokens) == ()
    found = track(tokens, np.zeros((len(tokens), 3)))
    assert (found.best_features(), found.r.shape) == ((), (0, 3))


def test_planted_units_are_found_and_no_others() -> None:
    tokens = prose(1500)
    planted = {
        3: "position in the line",
        8: "inside double quotes",
        11: "depth of brackets",
        17: "is a blank",
        20: "position in the text",
        21: "tokens left in the line",
    }
    found = track(tokens, plant(tokens, planted))
    assert {t.unit: t.feature for t in found.best_features()} == planted
    for tracked in found.best_features():
        assert (tracked.r > 0.9) if tracked.unit % 2 else (tracked.r < -0.9)
    strengths = [abs(t.r) for t in found.best_features()]
    assert strengths == sorted(strengths, reverse=True)
    assert [t.unit for t in found.units_for_feature("is a blank")] == [17]
    assert found.units_for_feature("is a letter", count=0) == ()


def test_notes_are_short_and_give_the_sign() -> None:
    tokens = prose(1000)
    notes = track(tokens, plant(tokens, {4: "position in the line", 7: "is a blank"}, strength=9.0)).notes()
    assert notes == {4: "position in the line, r = −1.00", 7: "is a blank, r = 1.00"}


def test_lines_of_one_length_are_no_obstacle() -> None:
    tokens = list(("abcdefghi" * 3 + "\n") * 30)
    found = track(tokens, plant(tokens, {5: "position in the line"}))
    assert [(t.unit, t.feature) for t in found.best_features()] == [(5, "position in the line")]


def test_units_that_follow_with_a_delay_do_not_hide_the_prompt_ones() -> None:
    tokens = prose(1500)
    states = plant(tokens, {3: "is a blank"}, strength=0.4)
    states[:, 9] = np.roll(value_of(tokens, "is a blank"), 1)
    found = track(tokens, states)
    assert [t.unit for t in found.units_for_feature("is a blank")] == [3]


def test_r_is_pearsons_and_chance_is_the_best_of_the_other_shifts() -> None:
    tokens = prose(300)
    states = noise(300, 5, memory=0.5)
    found = track(tokens, states)
    for row, feature in enumerate(text_features(tokens)):
        values, part = feature.values[feature.known_steps], states[feature.known_steps]
        expected = [np.corrcoef(values, unit)[0, 1] for unit in part.T]
        np.testing.assert_allclose(found.r[row], expected, atol=1e-12)
        strongest, others = 0.0, 0
        for shift in range(len(values)):
            shifted = np.roll(values, -shift)
            far = len(values) / 10 <= shift <= 0.9 * len(values)
            if far and abs(np.corrcoef(values, shifted)[0, 1]) <= 0.3:
                others += 1
                every = [abs(np.corrcoef(shifted, unit)[0, 1]) for unit in part.T]
                strongest = max(strongest, *every)
        assert found.chance[row] == pytest.approx(strongest if others >= 20 else np.inf)


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), memory=st.sampled_from([0.0, 0.5, 0.9]))
def test_noise_tracks_nothing(seed: int, memory: float) -> None:
    found = track(prose(1200, seed), noise(1200, 40, seed, memory))
    assert found.best_features() == ()


def test_chance_guards_where_the_minimum_is_low() -> None:
    excess = []
    for seed in range(10):
        found = track(prose(1200, seed), noise(1200, 40, seed, 0.9), minimum=0.0)
        assert (np.abs(found.r) > 0.05).any()
        excess.append(found.tracks.any(1).mean())
    assert np.mean(excess) < 0.03


def test_units_that_drift_follow_no_position_unless_they_do_so_throughout() -> None:
    tokens = prose(1000)
    steps = np.linspace(0, 1, 1000)[:, None]
    states = np.concatenate([steps, -steps, np.minimum(steps, 0.5), np.sin(9 * steps) + 3 * steps], axis=1)
    states = states + 0.01 * noise(1000, 4)
    found = track(tokens, states)
    row = found.features.index("position in the text")
    assert (np.abs(found.r[row]) > 0.6).all()
    assert found.tracks[row].tolist() == [True, True, False, False]


def test_units_that_never_change_or_overflow_follow_nothing() -> None:
    tokens = prose(1000)
    states = plant(tokens, {3: "is a blank"})
    states[:, 0], states[:, 1], states[100:400, 2] = 0.7, 0.0, np.inf
    states[500, 4] = np.nan
    found = track(tokens, states)
    assert np.isnan(found.r[:, [0, 1, 2, 4]]).all()
    assert [t.unit for t in found.best_features()] == [3]


@pytest.mark.parametrize("lines", [1, 4])
def test_too_little_text_says_nothing(lines: int) -> None:
    tokens = list("a b\n" * lines)
    found = track(tokens, plant(tokens, {3: "position in the text"}))
    assert np.isinf(found.chance).all()
    assert found.best_features() == ()


def rows(lengths: list[int], seed: int = 0) -> tuple[list[list[str]], torch.Tensor]:
    """Texts of several rows, and the planted states of all of them, (T, B, H), padded with rubbish."""
    texts = [prose(length, seed + row) for row, length in enumerate(lengths)]
    states = torch.full((max(lengths), len(lengths), 24), 1e3, dtype=torch.float64)
    for row, text in enumerate(texts):
        states[: len(text), row] = torch.tensor(plant(text, {3 + row: "is a blank"}))
    return texts, states


def test_a_row_of_a_pass_ends_where_its_padding_begins() -> None:
    texts, states = rows([900, 700])
    p = pass_of(GRU(), states)
    p.live[700:, 1] = False
    for row in (0, 1):
        found: Tracking = track_row(p, texts[row], row=row)
        assert [t.unit for t in found.best_features()] == [3 + row]


def test_wrong_input_is_named() -> None:
    texts, states = rows([60, 50])
    p = pass_of(GRU(), states)
    p.live[50:, 1] = False
    with pytest.raises(ShapeError, match=r"row 1 of l0 has 50 steps, but there are 60 tokens"):
        track_row(p, texts[0], row=1)
    with pytest.raises(ConfigError, match=r"l0 has no state 'c'; there are h"):
        track_row(p, texts[0], state="c")
    with pytest.raises(ShapeError, match=r"each of the 60 tokens, got \(50, 24\)"):
        track(texts[0], states[:50, 0].numpy())
    with pytest.raises(ConfigError, match=r"no feature 'is blank' .*did you mean 'is a blank'"):
        track_row(p, texts[0]).units_for_feature("is blank")
