"""A changed byte in what a model is read from is noticed."""

import json
import random

import pytest
import torch
from safetensors.torch import load_file, save_file

from unrolled import LanguageModel
from unrolled.errors import RunError
from unrolled.training.files import read_tensors, write_tensors


def flip(path, place, bit=0):
    data = bytearray(path.read_bytes())
    data[place] ^= 1 << bit
    path.write_bytes(data)


def header_size(path):
    return 8 + int.from_bytes(path.read_bytes()[:8], "little")


def test_a_changed_weight_is_an_error(run_copy):
    for name, read in (
        ("model.safetensors", LanguageModel.load),
        ("checkpoint.safetensors", lambda run: LanguageModel.resume(run, progress=False)),
    ):
        path = run_copy / name
        whole = path.read_bytes()
        for place in (header_size(path), len(whole) // 2 + 1000, len(whole) - 1):
            flip(path, place)
            with pytest.raises(RunError, match=rf"{name}: damaged \(its checksum is wrong\); restore it"):
                read(run_copy)
            path.write_bytes(whole)
        read(run_copy)


def test_any_changed_bit_gives_an_error_or_the_same_tensors(tmp_path):
    path = tmp_path / "t"
    tensors = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(True), "c": torch.zeros(0)}
    write_tensors(path, tensors, {"step": 3, "best": float("inf")})
    whole = path.read_bytes()
    rng = random.Random(0)
    for place in range(len(whole)):
        flip(path, place, rng.randrange(8))
        try:
            again, _ = read_tensors(path)
        except RunError:
            pass
        else:  # a space of the header, or the name of the checksum itself
            assert place < header_size(path)
            assert again.keys() == tensors.keys()
            assert all(torch.equal(again[n], t) and again[n].dtype == t.dtype for n, t in tensors.items())
        path.write_bytes(whole)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64, torch.int64, torch.bool])
def test_every_type_has_a_checksum(tmp_path, dtype):
    write_tensors(tmp_path / "t", {"a": torch.ones(3, 2).to(dtype), "b": torch.ones(()).to(dtype)}, {})
    again, meta = read_tensors(tmp_path / "t")
    assert (again["a"].dtype, again["a"].shape, meta) == (dtype, (3, 2), {})


def test_swapped_tensors_are_noticed(tmp_path):
    write_tensors(tmp_path / "t", {"a": torch.zeros(2), "b": torch.ones(2)}, {})
    data = (tmp_path / "t").read_bytes()
    (tmp_path / "t").write_bytes(
        data.replace(b'"a":', b'"x":').replace(b'"b":', b'"a":').replace(b'"x":', b'"b":')
    )
    with pytest.raises(RunError, match="checksum is wrong"):
        read_tensors(tmp_path / "t")


def rename(path, old, new):
    """Damage a key of the header, as one flipped bit can."""
    data = path.read_bytes()
    assert old in data[: header_size(path)]
    path.write_bytes(data.replace(old, new, 1))


@pytest.mark.parametrize(("old", "new"), [(b"sha256", b"sha257"), (b'"unrolled"', b'"unrollee"')])
def test_a_marked_run_cannot_lose_its_checksums(run_copy, old, new):
    for name, read in (
        ("model.safetensors", LanguageModel.load),
        ("checkpoint.safetensors", lambda run: LanguageModel.resume(run, progress=False)),
        ("model.safetensors", lambda run: LanguageModel.resume(run, progress=False)),
    ):
        path = run_copy / name
        whole = path.read_bytes()
        rename(path, old, new)
        with pytest.raises(RunError, match=rf"{name}: damaged \(it has no checksum\); restore it"):
            read(run_copy)
        path.write_bytes(whole)
    config = run_copy / "config.json"
    config.write_text(config.read_text().replace('"sha256": {', '"sha257": {'))
    with pytest.raises(RunError, match=r"config\.json: damaged \(wrong checksums\)"):
        LanguageModel.load(run_copy)


def test_files_of_an_earlier_run_load_without_checksums(run_copy, tiny_lm):
    config = run_copy / "config.json"
    values = json.loads(config.read_text())
    config.write_text(json.dumps({k: v for k, v in values.items() if k not in ("unrolled", "sha256")}))
    checkpoint = run_copy / "checkpoint.safetensors"
    rename(checkpoint, b'\\"sha256\\": ', b'\\"sha257\\": ')
    path = run_copy / "model.safetensors"
    save_file(load_file(path), path)
    LanguageModel.resume(run_copy, progress=False)
    assert LanguageModel.load(run_copy).generate("The ", 9) == tiny_lm.generate("The ", 9)


def test_a_changed_vocabulary_is_an_error(run_copy):
    path = run_copy / "tokenizer.json"
    whole = path.read_text()
    path.write_text(whole.replace('"e"', '"E"'))
    with pytest.raises(
        RunError, match=r"tokenizer\.json: damaged \(its SHA-256 is not that in config\.json\)"
    ):
        LanguageModel.load(run_copy)
    path.write_text(whole)
    config = run_copy / "config.json"
    for wrong in (3, {"../../x": "0"}, {"config.json": "0"}):
        config.write_text(json.dumps(json.loads(config.read_text()) | {"sha256": wrong}))
        with pytest.raises(RunError, match=r"config\.json: damaged \(wrong checksums\)"):
            LanguageModel.load(run_copy)
