"""The table of predictions for the rows of a file."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data.labelled import LabelledForm, read_items
from unrolled.errors import ConfigError
from unrolled.tasks.base.predictions import Predictions, add_prediction_columns

Probabilities = NDArray[np.float64]


def predict_rows(
    data: str,
    form: LabelledForm,
    class_names: list[str],
    predict: Callable[[list[Any]], Probabilities],
    top: int,
) -> Predictions:
    """Return the rows of a file with their label and probabilities, which are None for rows without text.

    Args:
        data: path of the file.
        form: format of the training data.
        class_names: the labels as text.
        predict: returns the probability of every label, (N, classes), of N texts or sequences of vectors.
        top: number of most probable labels to return instead of the probability of every label.

    Raises:
        DataError: if the file cannot be read.
        ConfigError: if there is no file.
    """
    if not data:
        raise ConfigError("no texts to predict; give data=FILE, or data=- for standard input")
    unlabelled = read_items(data, form, class_names)
    items = unlabelled.items
    with_text = [i for i, item in enumerate(items) if item is not None]
    p: list[Probabilities | None] = [None] * len(items)
    predicted = predict([items[i] for i in with_text]) if with_text else ()
    for i, row in zip(with_text, predicted, strict=True):
        p[i] = row
    empty = len(items) - len(with_text)
    note = f"{empty:,} of {len(items):,} rows {'has' if empty == 1 else 'have'} no text and no prediction"
    notes = (*unlabelled.notes, *([note] if empty else []))
    return add_prediction_columns(unlabelled.names, unlabelled.rows, p, class_names, top, notes)
