"""Translation scores, checked against the libraries and by hand."""

import json

import pytest
import sacrebleu

from unrolled.tasks.translate.score import (
    TranslationScore,
    compute_overlap,
    corpus_bleu,
    lead_outputs,
    score_by_length,
    signatures,
)

OUTPUTS = ["a man sits on a bench .", "two dogs run", "The cat"]
REFERENCES = ["A man sits on the bench .", "two dogs are running", "The cat"]


def test_bleu_and_chrf_equal_sacrebleu():
    for lowercase in (False, True):
        scores = compute_overlap(OUTPUTS, REFERENCES, lowercase=lowercase)
        bleu = sacrebleu.corpus_bleu(OUTPUTS, [REFERENCES], lowercase=lowercase, force=True)
        assert scores.bleu == pytest.approx(bleu.score)
        assert corpus_bleu(OUTPUTS, REFERENCES, lowercase=lowercase) == scores.bleu
    chrf = sacrebleu.corpus_chrf(OUTPUTS, [REFERENCES])
    assert compute_overlap(OUTPUTS, REFERENCES, lowercase=False).chrf == pytest.approx(chrf.score)


def test_signatures_describe_the_metrics():
    bleu, chrf = signatures(OUTPUTS, REFERENCES, lowercase=True)
    assert "case:lc" in bleu
    assert "tok:13a" in bleu
    assert f"version:{sacrebleu.__version__}" in bleu
    assert "nc:6" in chrf
    assert "case:mixed" in signatures(OUTPUTS, REFERENCES, lowercase=False)[0]


def test_rouge_by_hand():
    scores = compute_overlap(["the cat sat"], ["the cat is on the mat"], lowercase=False)
    assert scores.rouge1 == pytest.approx(100 * 2 * (2 / 3) * (2 / 6) / (2 / 3 + 2 / 6))
    assert scores.rouge2 == pytest.approx(100 * 2 * (1 / 2) * (1 / 5) / (1 / 2 + 1 / 5))
    assert scores.rouge_l == pytest.approx(scores.rouge1)


def test_exact_match_follows_lowercasing():
    assert compute_overlap(["the cat"], ["The cat"], lowercase=False).exact_match == 0
    assert compute_overlap(["the cat"], ["The cat"], lowercase=True).exact_match == 100


def test_the_table_by_length_counts_every_pair_once():
    sources = ["w " * n for n in (1, 9, 10, 14, 15, 45)]
    rows = score_by_length(sources, ["x"] * 6, ["x"] * 3 + ["y"] * 3, lowercase=False)
    assert [(r.words, r.pairs) for r in rows] == [("1-9", 2), ("10-14", 2), ("15-19", 1), ("30+", 1)]
    assert [r.exact_match for r in rows] == [100, 50, 0, 0]


def test_lead_outputs():
    scores = lead_outputs(["One two. Three four.", "AP - U.S. stocks fell", "no end"], 3)
    assert scores == {
        "source, first 3 words": ["One two. Three", "AP - U.S.", "no end"],
        "source, first sentence": ["One two.", "AP - U.S. stocks fell", "no end"],
    }


def test_a_score_as_json_and_text():
    overlap = compute_overlap(OUTPUTS, REFERENCES, lowercase=False)
    rows = score_by_length(REFERENCES, OUTPUTS, REFERENCES, lowercase=False)
    score = TranslationScore(overlap, 6.0, 4, 3, "sig:b", "sig:c", 0.5, {"lead": overlap}, rows)
    values = json.loads(json.dumps(score.to_json()))
    assert values["bleu"] == overlap.bleu
    assert values["nats_per_token"] == 1.5
    assert values["by_length"][0]["pairs"] == 3
    assert values["baselines"]["lead"]["rouge1"] == overlap.rouge1
    assert "sig:b" in str(score)
    assert "1-9 words" in str(score)
