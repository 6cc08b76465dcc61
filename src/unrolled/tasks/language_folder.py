"""A language model on disk: what describes it, and its weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from unrolled.config import from_dict, to_dict
from unrolled.errors import ConfigError, RunError
from unrolled.tasks import folder as run_folder
from unrolled.tasks.language_config import LanguageModelConfig
from unrolled.text import Tokenizer, tokenizer_from_json, tokenizer_to_json
from unrolled.training import CHECKPOINT, MODEL
from unrolled.training.files import read_json, read_tensors, write_json
from unrolled.version import __version__

TASK = "language-model"


@dataclass(frozen=True)
class Description:
    """Everything about a model but its weights."""

    config: LanguageModelConfig
    facts: dict[str, Any]
    tokenizer: Tokenizer


def write_description(
    folder: Path, config: LanguageModelConfig, facts: dict[str, Any], tokenizer: Tokenizer
) -> None:
    """Write ``config.json`` and ``tokenizer.json``."""
    run_folder.write_config(folder, TASK, __version__, config=to_dict(config), corpus=facts)
    write_json(folder / run_folder.TOKENIZER, tokenizer_to_json(tokenizer))


def read_description(folder: Path) -> Description:
    """Read what :func:`write_description` wrote.

    Raises:
        RunError: if the folder is not a run, is damaged, or of a newer format.
        ConfigError: if ``config.json`` holds a wrong key, type or value.
    """
    values = run_folder.read_config(folder, TASK)
    try:
        config = from_dict(LanguageModelConfig, values["config"], str(folder / run_folder.CONFIG))
        tokenizer = tokenizer_from_json(read_json(folder / run_folder.TOKENIZER))
        return Description(config, dict(values["corpus"]), tokenizer)
    except ConfigError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise RunError(f"{folder}: damaged ({error!r}); restore it from a copy") from error


def read_weights(folder: Path, model: nn.Module) -> None:
    """Load ``model.safetensors`` into a model and set it to evaluation.

    Raises:
        RunError: if the file is missing, damaged, or does not fit the model.
    """
    path = folder / MODEL
    if not path.exists() and (folder / CHECKPOINT).exists():
        raise RunError(
            f"{path}: missing; if training was stopped before its first validation, go on with: "
            f"unrolled resume {folder}"
        )
    weights, _ = read_tensors(path)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        detail = str(error).splitlines()[-1].strip()
        raise RunError(
            f"{path}: does not fit {run_folder.CONFIG} ({detail}); restore both from one copy"
        ) from None
    model.eval()
