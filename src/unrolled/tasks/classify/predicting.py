"""Label probabilities of a trained classifier, and their scores."""

import numpy as np
import torch
from numpy.typing import NDArray

from unrolled.devices import get_device, move
from unrolled.models.classifier import RecurrentClassifier
from unrolled.tasks.classify.batches import make_batches
from unrolled.tasks.classify.data import Examples
from unrolled.tasks.classify.score import ClassifierScore
from unrolled.training.progress_display import ProgressCallback, ignore_progress

BATCH_SIZE = 128


@torch.no_grad()
def log_probabilities(
    model: RecurrentClassifier, examples: Examples, report: ProgressCallback = ignore_progress
) -> NDArray[np.float64]:
    """Return ln p of every label for each example, (N, classes)."""
    model.eval()
    result = np.empty((len(examples), model.output.out_features))
    for rows, cpu_batch in make_batches(examples, BATCH_SIZE):
        batch = move(cpu_batch, get_device(model))
        logits = model(batch.sequences, batch.lengths)
        result[rows] = logits.double().log_softmax(-1).cpu().numpy()
        report(len(rows))
    return result


def score_examples(
    model: RecurrentClassifier,
    examples: Examples,
    classes: list[str],
    report: ProgressCallback = ignore_progress,
) -> ClassifierScore:
    """Return the scores of a model on labelled examples."""
    log_p = log_probabilities(model, examples, report)
    known_rows = np.flatnonzero(examples.labels >= 0)
    nats = -float(log_p[known_rows, examples.labels[known_rows]].mean())
    return ClassifierScore(classes, examples.labels, log_p.argmax(1), nats)
