"""Softmax of logits in numpy equals torch's in double precision."""

import numpy as np
import torch

from unrolled.decoding.softmax import log_softmax, softmax


def test_it_equals_torch():
    logits = (50 * np.random.default_rng(0).standard_normal((3, 4, 7))).astype(np.float32)
    logits[0, 0] = [1e4, -1e4, 0, 0, 0, 0, 0]
    expected = torch.from_numpy(logits).double()
    np.testing.assert_allclose(softmax(logits), expected.softmax(-1).numpy(), rtol=1e-12)
    np.testing.assert_allclose(log_softmax(logits), expected.log_softmax(-1).numpy(), rtol=1e-12, atol=1e-12)
    assert softmax(logits).dtype == log_softmax(logits).dtype == np.float64
