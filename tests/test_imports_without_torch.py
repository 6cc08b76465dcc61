"""Modules that describe a trained model and read its inputs: they are imported without torch."""

import json

from imports import loaded, run

LISTED = """
    unrolled.cells unrolled.labels unrolled.unknown unrolled.arrays unrolled.config unrolled.version
    unrolled.reading unrolled.reading.toml unrolled.storage unrolled.storage.lock
    unrolled.storage.output unrolled.models unrolled.models.config
    unrolled.models.encoder_decoder_config unrolled.models.forecast_outputs unrolled.layers
    unrolled.layers.recurrent_drop unrolled.decoding unrolled.decoding.config
    unrolled.decoding.hypothesis unrolled.decoding.repeats unrolled.training unrolled.training.config
    unrolled.training.files unrolled.training.records unrolled.training.log unrolled.training.schedule
    unrolled.training.stopping unrolled.training.job unrolled.training.tensor_files
    unrolled.training.progress_display unrolled.text unrolled.text.bpe_file unrolled.text.build
    unrolled.text.neighbours unrolled.text.pairs unrolled.text.vector_files unrolled.text.vectors
    unrolled.data unrolled.data.buckets unrolled.data.calendar unrolled.data.catalogue.lookup
    unrolled.data.documents unrolled.data.files unrolled.data.labelled unrolled.data.midi
    unrolled.data.noise unrolled.data.pair_batches unrolled.data.pairs unrolled.data.piano
    unrolled.data.ragged unrolled.data.scaling unrolled.data.sentences unrolled.data.series
    unrolled.data.series_tables unrolled.data.stream unrolled.data.tables unrolled.data.tagged
    unrolled.tasks unrolled.tasks.registry unrolled.tasks.base.artifacts unrolled.tasks.base.description
    unrolled.tasks.base.folder unrolled.tasks.base.predictions unrolled.tasks.base.show_notes
    unrolled.tasks.base.unknown unrolled.decoding.viterbi unrolled.models.native.classifier
    unrolled.models.native.tagger unrolled.tasks.classify.runtime unrolled.tasks.music.runtime
    unrolled.tasks.tag.runtime unrolled.cli.predict unrolled.decoding.row_search
    unrolled.decoding.next_tokens unrolled.models.native.encoder_decoder unrolled.models.native.forecaster
    unrolled.tasks.translate.runtime unrolled.tasks.translate.translating unrolled.tasks.forecast.runtime
    unrolled.tasks.forecast.rolling unrolled.tasks.forecast.backtest unrolled.cli.translate
    unrolled.serve.app unrolled.serve.server unrolled.serve.worker unrolled.cli.serve
"""
TASKS = ("classify", "forecast", "lm", "music", "tag", "translate")
MODULES = LISTED.split()
MODULES += [
    f"unrolled.tasks.{task}.{name}" for task in TASKS for name in ("spec", "config", "artifacts", "service")
]

NAMES = {
    "unrolled.data": ["IGNORE", "EncodedPairs", "Labelled", "Pairs", "Sentences", "TokenStream", "read_text"],
    "unrolled.decoding": ["Hypothesis", "SamplingConfig", "SearchConfig"],
    "unrolled.layers": ["RecurrentDrop"],
    "unrolled.models": [
        "CellConfig",
        "DropoutConfig",
        "EncoderConfig",
        "EncoderDecoderConfig",
        "NetworkConfig",
    ],
    "unrolled.training": ["CHECKPOINT", "LOG", "MODEL", "OptimizerConfig", "TrainingConfig"],
}
"""Public names that do not load torch."""

IMPORT_WITHOUT_TORCH = """
import importlib, json, sys

sys.modules["torch"] = None  # importing it raises ImportError
failed = {}
for module in modules:
    try:
        importlib.import_module(module)
    except ImportError as error:
        failed[module] = repr(error)
for module, public in names.items():
    for name in public:
        try:
            getattr(importlib.import_module(module), name)
        except ImportError as error:
            failed[f"{module}.{name}"] = repr(error)
print(json.dumps(failed))
"""

DESCRIBE = """
import sys
from unrolled.tasks.registry import TASKS

for spec in TASKS:
    spec.config(), spec.artifacts
print(sorted(name for name in sys.modules if name.partition(".")[0] == "torch"))
"""


def test_modules_that_describe_a_model_are_imported_without_torch():
    done = run(f"modules, names = {MODULES}, {NAMES}\n{IMPORT_WITHOUT_TORCH}")
    assert json.loads(done.splitlines()[-1]) == {}


def test_the_configuration_and_artifacts_of_a_task_load_no_torch():
    assert run(DESCRIBE).splitlines()[-1] == "[]"


def test_a_package_loads_only_what_is_used_of_it():
    modules = loaded("from unrolled.models import CellConfig; from unrolled.decoding import SamplingConfig")
    assert not modules & {
        "torch",
        "unrolled.models.token_encoder",
        "unrolled.decoding.sampling",
        "rich",
        "tyro",
    }
