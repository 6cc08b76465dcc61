"""Feature tracking: planted units are found with their feature, and noise tracks nothing."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from made_pass import make_pass
from scipy.signal import lfilter

from property_settings import examples
from unrolled.cells import GRU
from unrolled.diagnostics.tracking import Tracking, track, track_row
from unrolled.diagnostics.tracking_features import Feature, text_features
from unrolled.errors import ConfigError, ShapeError

WORDS = ["the", "miller", "heron", "seven", "sacks", "Letter", "weather", "shadow", "bell", "it's", "old"]


def make_prose(length: int, seed: int = 0) -> list[str]:
    """Characters of a random text with lines, quotes, brackets, capitals and digits."""
    rng = random.Random(seed)
    text = ""
    while len(text) < length:
        for mark in ("{} ", rng.choice(['"{}" ', "({}) ", "'{}'; ", "[7] ", "12 {} "]), "{}.\n"):
            text += mark.format(" ".join(rng.choices(WORDS, k=rng.randint(2, 5))))
    return list(text[:length])


def make_noise(steps: int, units: int, seed: int = 0, memory: float = 0.0) -> np.ndarray:
    """Autocorrelated noise; ``memory`` is the autocorrelation."""
    random = np.random.default_rng(seed).standard_normal((steps + 200, units))
    filtered = lfilter([np.sqrt(1 - memory**2)], [1, -memory], random, axis=0)
    return np.tanh(filtered[200:])


def feature_values(tokens: list[str], label: str) -> np.ndarray:
    return next(f.values for f in text_features(tokens) if f.label == label)


def feature_labels(tokens: list[str]) -> list[str]:
    return [f.label for f in text_features(tokens)]


def plant_units(tokens: list[str], units: dict[int, str], strength: float = 1.0) -> np.ndarray:
    """Noise in which some units follow a feature; units with an even number follow it negatively."""
    states = make_noise(len(tokens), 24)
    for unit, label in units.items():
        values = np.nan_to_num(feature_values(tokens, label))
        sign = 1 if unit % 2 else -1
        states[:, unit] = sign * strength * values / values.std() + 0.3 * states[:, unit]
    return states


def test_features_of_positions_lines_words_and_characters() -> None:
    tokens = list("ab c1.\nd E\n" * 5)
    steps = range(len(tokens))
    make_cycles = [1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 0]
    assert feature_values(tokens, "position in the text").tolist() == list(steps)
    assert feature_values(tokens, "position in the line")[11:22].tolist() == make_cycles
    assert feature_values(tokens, "position in the line")[:7].tolist() == make_cycles[:7]
    assert feature_values(tokens, "tokens left in the line").tolist()[:11] == [
        6,
        5,
        4,
        3,
        2,
        1,
        0,
        3,
        2,
        1,
        0,
    ]
    assert feature_values(tokens, "position in the word").tolist()[:11] == [1, 2, 0, 1, 2, 0, 0, 1, 0, 1, 0]
    assert feature_values(tokens, "is a letter").tolist()[:11] == [1, 1, 0, 1, 0, 0, 0, 1, 0, 1, 0]
    assert feature_values(tokens, "is a capital").tolist()[:11] == [0] * 9 + [1, 0]
    assert feature_values(tokens, "is a digit").tolist()[:11] == [0] * 4 + [1] + [0] * 6
    assert feature_values(tokens, "is punctuation").tolist()[:11] == [0] * 5 + [1] + [0] * 5
    assert feature_values(tokens, "is a blank").tolist()[:11] == [0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0]
    assert feature_values(tokens, "ends a line").tolist()[:11] == [0] * 6 + [1, 0, 0, 0, 1]


def test_unknown_feature_values_are_nan() -> None:
    tokens = list("ab c1.\nd E\n" * 8 + "fg")
    tokens_left = feature_values(tokens, "tokens left in the line")
    assert np.isnan(tokens_left[-2:]).all()
    assert not np.isnan(tokens_left[:-2]).any()
    tokens_since = feature_values(tokens, "tokens since a digit")
    assert np.isnan(tokens_since[:4]).all()
    assert tokens_since[4:9].tolist() == [0, 1, 2, 3, 4]


def test_features_of_word_tokens() -> None:
    sentence = ['"', "The", "'old'", "heron", '"', "is", "(", "not", ")", "42", "<unk>", ".", "<eos>"]
    tokens = sentence * 6
    assert feature_values(tokens, "position in the line")[13:26].tolist() == [*range(1, 13), 0]
    assert feature_values(tokens, "inside double quotes")[:13].tolist() == [1] * 4 + [0] * 9
    assert feature_values(tokens, "depth of brackets")[:13].tolist() == [0] * 6 + [1, 1] + [0] * 5
    assert feature_values(tokens, "begins with a capital")[:13].tolist() == [0, 1] + [0] * 11
    assert feature_values(tokens, "begins with a digit")[:13].tolist() == [0] * 9 + [1, 0, 0, 0]
    assert feature_values(tokens, "begins with punctuation")[:13].tolist() == [
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
    assert feature_values(tokens, "is <unk>")[:13].tolist() == [0] * 10 + [1, 0, 0]
    assert not {"position in the word", "indentation", "is a blank"} & set(feature_labels(tokens))


def test_features_of_bpe_tokens() -> None:
    tokens = ["The", " hero", "n", " said", ' "', "no", '"', " 7", ".", "\n"] * 6
    assert feature_values(tokens, "inside double quotes")[:10].tolist() == [0] * 4 + [1, 1] + [0] * 4
    assert feature_values(tokens, "begins with a digit")[:10].tolist() == [0] * 7 + [1, 0, 0]
    assert feature_values(tokens, "position in the word")[:10].tolist() == [3, 4, 5, 4, 0, 2, 0, 1, 0, 0]


def test_features_are_distinct_and_vary_in_the_text() -> None:
    tokens = list("ab (c)\n" * 6 + "[x] {y} 7")
    labels = feature_labels(tokens)
    assert "depth of brackets" in labels
    assert not {"depth of []", "depth of {}", "is a digit", "inside double quotes", "is <unk>"} & set(labels)
    tokens = list("ab (c)\n" * 6)
    assert "depth of ()" not in feature_labels(tokens)  # it would equal the depth of all brackets


def test_the_number_of_cycles_is_weighted_by_length() -> None:
    def make_cycles(*lengths: int) -> Feature:
        return Feature("x", np.concatenate([np.arange(n) for n in lengths]).astype(float))

    assert make_cycles(20, 20, 20, 20, 20).cycles == pytest.approx(5)
    assert make_cycles(200).cycles == 0
    assert 1 < make_cycles(2, 2, 2, 2, 200).cycles < 2
    assert Feature("x", -make_cycles(20, 20, 20).values).cycles == pytest.approx(3)


@pytest.mark.parametrize("tokens", [[], ["", ""]])
def test_an_empty_text_has_no_features(tokens: list[str]) -> None:
    assert text_features(tokens) == ()
    result = track(tokens, np.zeros((len(tokens), 3)))
    assert (result.best_features(), result.r.shape) == ((), (0, 3))


def test_only_planted_units_are_found() -> None:
    tokens = make_prose(1500)
    planted = {
        3: "position in the line",
        8: "inside double quotes",
        11: "depth of brackets",
        17: "is a blank",
        20: "position in the text",
        21: "tokens left in the line",
    }
    result = track(tokens, plant_units(tokens, planted))
    assert {t.unit: t.feature for t in result.best_features()} == planted
    for tracked in result.best_features():
        assert (tracked.r > 0.9) if tracked.unit % 2 else (tracked.r < -0.9)
    strengths = [abs(t.r) for t in result.best_features()]
    assert strengths == sorted(strengths, reverse=True)
    assert [t.unit for t in result.units_for_feature("is a blank")] == [17]
    assert result.units_for_feature("is a letter", count=0) == ()


def test_notes_are_short_and_give_the_sign() -> None:
    tokens = make_prose(1000)
    notes = track(
        tokens, plant_units(tokens, {4: "position in the line", 7: "is a blank"}, strength=9.0)
    ).notes()
    assert notes == {4: "position in the line, r = −1.00", 7: "is a blank, r = 1.00"}


def test_lines_of_equal_length_are_tracked() -> None:
    tokens = list(("abcdefghi" * 3 + "\n") * 30)
    result = track(tokens, plant_units(tokens, {5: "position in the line"}))
    assert [(t.unit, t.feature) for t in result.best_features()] == [(5, "position in the line")]


def test_delayed_units_do_not_hide_immediate_ones() -> None:
    tokens = make_prose(1500)
    states = plant_units(tokens, {3: "is a blank"}, strength=0.4)
    states[:, 9] = np.roll(feature_values(tokens, "is a blank"), 1)
    result = track(tokens, states)
    assert [t.unit for t in result.units_for_feature("is a blank")] == [3]


def test_r_is_pearson_and_chance_is_the_best_shifted_correlation() -> None:
    tokens = make_prose(300)
    states = make_noise(300, 5, memory=0.5)
    result = track(tokens, states)
    for row, feature in enumerate(text_features(tokens)):
        values, known_states = feature.values[feature.known_steps], states[feature.known_steps]
        expected = [np.corrcoef(values, unit)[0, 1] for unit in known_states.T]
        np.testing.assert_allclose(result.r[row], expected, atol=1e-12)
        best, other_shifts = 0.0, 0
        for shift in range(len(values)):
            shifted = np.roll(values, -shift)
            is_far_shift = len(values) / 10 <= shift <= 0.9 * len(values)
            if is_far_shift and abs(np.corrcoef(values, shifted)[0, 1]) <= 0.3:
                other_shifts += 1
                correlations = [abs(np.corrcoef(shifted, unit)[0, 1]) for unit in known_states.T]
                best = max(best, *correlations)
        assert result.chance[row] == pytest.approx(best if other_shifts >= 20 else np.inf)


@examples(12)
@given(seed=st.integers(0, 10**6), memory=st.sampled_from([0.0, 0.5, 0.9]))
def test_noise_tracks_nothing(seed: int, memory: float) -> None:
    result = track(make_prose(1200, seed), make_noise(1200, 40, seed, memory))
    assert result.best_features() == ()


def test_the_chance_level_protects_a_low_minimum() -> None:
    tracked_fractions = []
    for seed in range(10):
        result = track(make_prose(1200, seed), make_noise(1200, 40, seed, 0.9), minimum=0.0)
        assert (np.abs(result.r) > 0.05).any()
        tracked_fractions.append(result.tracks.any(1).mean())
    assert np.mean(tracked_fractions) < 0.03


def test_drifting_units_track_the_position_only_if_throughout() -> None:
    tokens = make_prose(1000)
    steps = np.linspace(0, 1, 1000)[:, None]
    states = np.concatenate([steps, -steps, np.minimum(steps, 0.5), np.sin(9 * steps) + 3 * steps], axis=1)
    states = states + 0.01 * make_noise(1000, 4)
    result = track(tokens, states)
    row = result.features.index("position in the text")
    assert (np.abs(result.r[row]) > 0.6).all()
    assert result.tracks[row].tolist() == [True, True, False, False]


def test_constant_and_nonfinite_units_track_nothing() -> None:
    tokens = make_prose(1000)
    states = plant_units(tokens, {3: "is a blank"})
    states[:, 0], states[:, 1], states[100:400, 2] = 0.7, 0.0, np.inf
    states[500, 4] = np.nan
    result = track(tokens, states)
    assert np.isnan(result.r[:, [0, 1, 2, 4]]).all()
    assert [t.unit for t in result.best_features()] == [3]


@pytest.mark.parametrize("lines", [1, 4])
def test_a_short_text_gives_no_result(lines: int) -> None:
    tokens = list("a b\n" * lines)
    result = track(tokens, plant_units(tokens, {3: "position in the text"}))
    assert np.isinf(result.chance).all()
    assert result.best_features() == ()


def make_rows(lengths: list[int], seed: int = 0) -> tuple[list[list[str]], torch.Tensor]:
    """Texts of several rows, and planted states (T, B, H) with arbitrary values in the padding."""
    texts = [make_prose(length, seed + row) for row, length in enumerate(lengths)]
    states = torch.full((max(lengths), len(lengths), 24), 1e3, dtype=torch.float64)
    for row, text in enumerate(texts):
        states[: len(text), row] = torch.tensor(plant_units(text, {3 + row: "is a blank"}))
    return texts, states


def test_a_row_of_a_pass_ends_at_its_padding() -> None:
    texts, states = make_rows([900, 700])
    p = make_pass(GRU(), states)
    p.live[700:, 1] = False
    for row in (0, 1):
        result: Tracking = track_row(p, texts[row], row=row)
        assert [t.unit for t in result.best_features()] == [3 + row]


def test_invalid_input_is_refused() -> None:
    texts, states = make_rows([60, 50])
    p = make_pass(GRU(), states)
    p.live[50:, 1] = False
    with pytest.raises(ShapeError, match=r"row 1 of l0 has 50 steps, but there are 60 tokens"):
        track_row(p, texts[0], row=1)
    with pytest.raises(ConfigError, match=r"l0 has no state 'c'; there are h"):
        track_row(p, texts[0], state="c")
    with pytest.raises(ShapeError, match=r"each of the 60 tokens, got \(50, 24\)"):
        track(texts[0], states[:50, 0].numpy())
    with pytest.raises(ConfigError, match=r"no feature 'is blank' .*did you mean 'is a blank'"):
        track_row(p, texts[0]).units_for_feature("is blank")
