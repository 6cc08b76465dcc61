"""A few damaged files for every reader of data; failures are detected, kept and printed."""

import random

import fuzz_mutations as mutate
import fuzz_targets
import pytest

import fuzz
from unrolled.errors import DataError

pytestmark = pytest.mark.filterwarnings("ignore")


def test_damaged_files_are_read_or_refused(tmp_path):
    data, kept = tmp_path / "data", tmp_path / "kept"
    data.mkdir()
    kept.mkdir()
    targets = [*fuzz_targets.file_targets(data), *fuzz_targets.folder_targets(data)]
    for target in targets:
        counts = fuzz.fuzz(target, 1, 60, 12, kept)
        assert counts.total() == 12
        assert not counts["failed"], list(kept.iterdir())
        target.read()  # the valid file is restored


def test_a_failure_is_kept_and_printed(tmp_path, capsys):
    path = tmp_path / "a.txt"
    path.write_bytes(b"good")

    def read() -> None:
        if path.read_bytes() != b"good":
            raise KeyError("not the package's own error")

    target = fuzz_targets.Target("a reader", path, (mutate.blind,), read)
    counts = fuzz.fuzz(target, 1, 60, 20, tmp_path)
    assert counts["failed"] > 10
    kept = next(tmp_path.glob("a-reader-*.txt"))
    assert kept.read_bytes() != b"good"
    assert "KeyError at test_fuzz.py:" in capsys.readouterr().out


def test_the_seed_determines_the_damage(tmp_path):
    path = tmp_path / "a.txt"
    inputs_by_seed: list[list[bytes]] = [[], [], []]
    for seed, inputs in zip((1, 1, 2), inputs_by_seed, strict=True):
        path.write_bytes(b"one two 3\nfour 5.5 six\n" * 9)

        def read(inputs: list[bytes] = inputs) -> None:
            inputs.append(path.read_bytes())
            raise DataError("refused")

        fuzz.fuzz(fuzz_targets.Target("x", path, fuzz_targets.TEXT, read), seed, 60, 10, tmp_path)
    assert inputs_by_seed[0] == inputs_by_seed[1] != inputs_by_seed[2]
    assert len({*inputs_by_seed[0]}) > 5


@pytest.mark.parametrize("name", ["text.txt.gz", "pieces.json", "labelled.jsonl", "outcome"])
def test_structured_mutations_change_the_file(tmp_path, name):
    targets = [*fuzz_targets.file_targets(tmp_path), *fuzz_targets.folder_targets(tmp_path)]
    target = next(t for t in targets if name in (t.path.name, t.name.split()[0]))
    good = target.path.read_bytes()
    damaged = {target.mutations[0](random.Random(n), good) for n in range(20)}
    assert len(damaged) > 10
