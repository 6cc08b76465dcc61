"""Public names of version 0.1 still work, and warn."""

import importlib

import pytest
import torch

import unrolled as ur
from unrolled.training import Callback

OLD = {
    "unrolled": {"PianoRoll": "MusicModel", "PianoRollConfig": "MusicModelConfig"},
    "unrolled.tasks": {"PianoRoll": "MusicModel", "PianoRollConfig": "MusicModelConfig"},
    "unrolled.backends": {"Need": "Requirements"},
    "unrolled.data": {
        "pairs_of": "build_pairs",
        "sources_of": "build_sources",
        "text_lines": "split_lines",
        "tidy": "strip_text",
    },
    "unrolled.data.catalogue": {"find": "find_dataset"},
    "unrolled.data.labelled": {"labelled_parts": "find_labelled_parts", "labelled_rows": "build_labelled"},
    "unrolled.data.pairs": {"texts_of": "check_texts"},
    "unrolled.data.piano": {"notes_of": "roll_to_piece"},
    "unrolled.data.tagged": {"complete": "select_complete", "tagged_parts": "find_tagged_parts"},
    "unrolled.diagnostics": {"gate_courses": "gate_trajectories", "state_courses": "state_trajectories"},
    "unrolled.inspection": {"Extent": "InspectionConfig"},
    "unrolled.models": {"TokenReader": "TokenEncoder"},
    "unrolled.training": {"Update": "StepStats", "Watchers": "CallbackList"},
}


@pytest.mark.parametrize(
    ("package", "old", "new"), [(p, old, new) for p, names in OLD.items() for old, new in names.items()]
)
def test_an_old_name_gives_the_new_object(package, old, new):
    module = importlib.import_module(package)
    with pytest.warns(DeprecationWarning, match=rf"^{package}\.{old} is now {package}\.{new}; ") as record:
        value = getattr(module, old)
    assert value is getattr(module, new)
    assert record[0].filename == __file__
    assert old not in dir(module)
    with pytest.raises(AttributeError, match="no_such_name"):
        module.no_such_name  # noqa: B018


@pytest.mark.parametrize(("old", "new"), [("NewEnd", "NewLimits"), ("Length", "StoppingCriterion")])
def test_the_old_module_of_limits(old, new):
    from unrolled.training import length, stopping

    with pytest.warns(DeprecationWarning, match=rf"stopping\.{new}"):
        assert getattr(length, old) is getattr(stopping, new)
    with pytest.raises(AttributeError, match="no_such_name"):
        length.no_such_name  # noqa: B018


@pytest.mark.parametrize("layer", [ur.GRU(3, 4), ur.Window(3, 4, (2,))], ids=["gru", "window"])
def test_fresh_is_reset_mask(layer):
    x, mask = torch.randn(5, 2, 3), torch.tensor([[False, True]] * 5)
    expected, _ = layer(x, reset_mask=mask)
    with pytest.warns(DeprecationWarning, match="^fresh= is now reset_mask=; ") as record:
        y, _ = layer(x, fresh=mask)
    assert torch.equal(y, expected)
    assert not torch.equal(y, layer(x)[0])
    assert len(record) == 1
    with pytest.raises(TypeError, match="fresh= is the old name of reset_mask=: give one of them"):
        layer(x, reset_mask=mask, fresh=mask)


def test_fresh_in_the_other_methods():
    layer, tokens, table = ur.GRU(3, 4), torch.randint(6, (5, 2)), torch.randn(6, 3)
    mask = torch.tensor([[False, True]] * 5)
    with pytest.warns(DeprecationWarning, match="reset_mask"):
        y, _ = layer.look_up(tokens, table, fresh=mask)
    with pytest.warns(DeprecationWarning, match="reset_mask"):
        traced = layer.trace(table[tokens], fresh=mask)
    torch.testing.assert_close(traced.output, y)
    torch.testing.assert_close(y, layer(table[tokens], reset_mask=mask)[0])


def test_facts_are_data_info(tiny_lm):
    with pytest.warns(DeprecationWarning, match="^facts is now data_info; ") as record:
        assert tiny_lm.facts is tiny_lm.data_info
    assert record[0].filename == __file__


def test_a_watcher_is_called_by_its_old_method_names(english_file, tiny_options):
    with pytest.warns(DeprecationWarning, match=r"training\.Watcher is now unrolled\.training\.Callback"):

        class Recorder(ur.training.Watcher):
            def __init__(self):
                self.calls = []

            def started(self, progress, total_steps):
                self.calls.append(("started", total_steps))

            def updating(self, progress, update):
                self.calls.append(("updating", update.norm > 0))

            def stepped(self, progress, loss, lr):
                self.calls.append(("stepped", progress.step))

            def validating(self):
                self.calls.append(("validating",))

            def validated(self, progress, found, improved):
                self.calls.append(("validated", found.score > 0))

            def ended(self, progress):
                self.calls.append(("ended", progress.finished))

    recorder = Recorder()
    assert isinstance(recorder, Callback)
    options = tiny_options | {"epochs": 0, "max_steps": 2, "validate_every": 2}
    ur.LanguageModel(**options).fit(english_file, progress=recorder)
    assert recorder.calls == [
        ("started", 2),
        ("updating", True),
        ("stepped", 1),
        ("updating", True),
        ("stepped", 2),
        ("validating",),
        ("validated", True),
        ("ended", True),
    ]
