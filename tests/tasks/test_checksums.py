"""Changed bytes in the files of a run are detected by checksums."""

import json
import random

import pytest
import torch
from safetensors.torch import load_file, save_file

from unrolled import LanguageModel
from unrolled.errors import RunError
from unrolled.training.tensor_files import read_tensors, write_tensors


def flip(path, offset, bit=0):
    data = bytearray(path.read_bytes())
    data[offset] ^= 1 << bit
    path.write_bytes(data)


def header_size(path):
    return 8 + int.from_bytes(path.read_bytes()[:8], "little")


def test_a_changed_weight_is_refused(run_copy):
    for name, read in (
        ("model.safetensors", LanguageModel.load),
        ("checkpoint.safetensors", lambda run: LanguageModel.resume(run, progress=False)),
    ):
        path = run_copy / name
        content = path.read_bytes()
        for offset in (header_size(path), len(content) // 2 + 1000, len(content) - 1):
            flip(path, offset)
            with pytest.raises(RunError, match=rf"{name}: damaged \(its checksum is wrong\); restore it"):
                read(run_copy)
            path.write_bytes(content)
        read(run_copy)


def test_a_flipped_bit_gives_an_error_or_the_same_tensors(tmp_path):
    path = tmp_path / "t"
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(True), "c": torch.zeros(0)}
    write_tensors(path, tensors, {"step": 3, "best": float("inf")})
    content = path.read_bytes()
    rng = random.Random(0)
    for offset in range(len(content)):
        flip(path, offset, rng.randrange(8))
        try:
            loaded, _ = read_tensors(path)
        except RunError:
            pass
        else:  # a space in the header, or the key of the checksum
            assert offset < header_size(path)
            assert loaded.keys() == tensors.keys()
            assert all(torch.equal(loaded[n], t) and loaded[n].dtype == t.dtype for n, t in tensors.items())
        path.write_bytes(content)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64, torch.int64, torch.bool])
def test_every_type_has_a_checksum(tmp_path, dtype):
    write_tensors(tmp_path / "t", {"a": torch.ones(3, 2).to(dtype), "b": torch.ones(()).to(dtype)}, {})
    loaded, meta = read_tensors(tmp_path / "t")
    assert (loaded["a"].dtype, loaded["a"].shape, meta) == (dtype, (3, 2), {})


def test_swapped_tensors_are_refused(tmp_path):
    write_tensors(tmp_path / "t", {"a": torch.zeros(2), "b": torch.ones(2)}, {})
    data = (tmp_path / "t").read_bytes()
    (tmp_path / "t").write_bytes(
        data.replace(b'"a":', b'"x":').replace(b'"b":', b'"a":').replace(b'"x":', b'"b":')
    )
    with pytest.raises(RunError, match="checksum is wrong"):
        read_tensors(tmp_path / "t")


def rename(path, old, new):
    """Change a key in the header, as one flipped bit could."""
    data = path.read_bytes()
    assert old in data[: header_size(path)]
    path.write_bytes(data.replace(old, new, 1))


@pytest.mark.parametrize(("old", "new"), [(b"sha256", b"sha257"), (b'"unrolled"', b'"unrollee"')])
def test_removed_checksums_are_refused(run_copy, old, new):
    for name, read in (
        ("model.safetensors", LanguageModel.load),
        ("checkpoint.safetensors", lambda run: LanguageModel.resume(run, progress=False)),
        ("model.safetensors", lambda run: LanguageModel.resume(run, progress=False)),
    ):
        path = run_copy / name
        content = path.read_bytes()
        rename(path, old, new)
        with pytest.raises(RunError, match=rf"{name}: damaged \(it has no checksum\); restore it"):
            read(run_copy)
        path.write_bytes(content)
    config = run_copy / "config.json"
    config.write_text(config.read_text().replace('"sha256": {', '"sha257": {'))
    with pytest.raises(RunError, match=r"config\.json: damaged \(wrong checksums\)"):
        LanguageModel.load(run_copy)


def test_runs_of_older_versions_load_without_checksums(run_copy, tiny_lm):
    config = run_copy / "config.json"
    values = json.loads(config.read_text())
    config.write_text(json.dumps({k: v for k, v in values.items() if k not in ("unrolled", "sha256")}))
    checkpoint = run_copy / "checkpoint.safetensors"
    rename(checkpoint, b'\\"sha256\\": ', b'\\"sha257\\": ')
    path = run_copy / "model.safetensors"
    save_file(load_file(path), path)
    LanguageModel.resume(run_copy, progress=False)
    assert LanguageModel.load(run_copy).generate("The ", 9) == tiny_lm.generate("The ", 9)


def test_a_changed_vocabulary_is_refused(run_copy):
    path = run_copy / "tokenizer.json"
    content = path.read_text()
    path.write_text(content.replace('"e"', '"E"'))
    with pytest.raises(
        RunError, match=r"tokenizer\.json: damaged \(its SHA-256 is not that in config\.json\)"
    ):
        LanguageModel.load(run_copy)
    path.write_text(content)
    config = run_copy / "config.json"
    for value in (3, {"../../x": "0"}, {"config.json": "0"}):
        config.write_text(json.dumps(json.loads(config.read_text()) | {"sha256": value}))
        with pytest.raises(RunError, match=r"config\.json: damaged \(wrong checksums\)"):
            LanguageModel.load(run_copy)
