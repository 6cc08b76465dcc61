"""The checksum that detects changed data."""

import numpy as np

from unrolled.data.fingerprint import fingerprint


def test_different_data_have_different_fingerprints():
    array = np.arange(4.0)
    fingerprints = [
        fingerprint(["a", "b"], [1]),
        fingerprint(["ab"], [1]),
        fingerprint(["a", "b"], ["1"]),
        fingerprint(["a"], ["b", 1]),
        fingerprint([array]),
        fingerprint([array + 1]),
        fingerprint([array[:2], array[2:]]),
        fingerprint([["\udc80"]]),
    ]
    assert len(set(fingerprints)) == len(fingerprints)
    assert fingerprint(["a", "b"], [1]) == fingerprints[0]
