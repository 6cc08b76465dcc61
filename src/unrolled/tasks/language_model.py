"""The recurrent language model as a tool: fit, evaluate, generate, save, load."""

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from unrolled.baselines import count_baselines
from unrolled.config import from_dict, to_dict, with_options
from unrolled.data import open_documents
from unrolled.decoding import Hypothesis, SamplingConfig, beam_search, draw
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.models import RecurrentLanguageModel
from unrolled.tasks import folder as run_folder
from unrolled.tasks.corpus import Corpus, Tokens, all_ids, check_known, make_corpus, tokenize
from unrolled.tasks.language_config import LanguageModelConfig
from unrolled.tasks.language_job import LanguageJob, LanguageScore, score_documents
from unrolled.tasks.plots import plot_curves
from unrolled.text import (
    EOS_ID,
    UNK_ID,
    Tokenizer,
    tokenizer_from_json,
    tokenizer_to_json,
    train_tokenizer,
)
from unrolled.text.vectors import read_vectors
from unrolled.training import Trainer, Watcher
from unrolled.training.bar import ProgressBar
from unrolled.training.files import read_tensors, write_json, write_tensors
from unrolled.training.log import read_log
from unrolled.version import __version__

TASK = "language-model"
SCORING_ROWS = 32
UNITS = {"char": "character", "word": "word", "bpe": "piece"}


class LanguageModel:
    """A recurrent language model over characters, words or byte-pair pieces.

    ``LanguageModel(cell="lstm", hidden=256, tokenizer="char")`` takes any option of
    :class:`LanguageModelConfig` by its own name.

    Raises:
        ConfigError: for an unknown option, a wrong type or value, or options that contradict each other.
    """

    def __init__(self, config: LanguageModelConfig | None = None, /, **options: Any) -> None:
        self.config = with_options(config or LanguageModelConfig(), options, "LanguageModel")
        self.history: list[dict[str, Any]] = []
        self.facts: dict[str, Any] = {}
        self.result: dict[str, Any] = {}
        self._tokenizer: Tokenizer | None = None
        self._model: RecurrentLanguageModel | None = None

    # -- training --------------------------------------------------------------------------------

    def fit(
        self,
        data: str | Path | None = None,
        *,
        valid: str | Path | None = None,
        out: str | Path | None = None,
        overwrite: bool = False,
        progress: bool | Watcher = True,
    ) -> "LanguageModel":
        """Train on a text and keep the weights that predict the held-out part best.

        Args:
            data: a file, a folder, or a data set such as ``"@stdlib"``; else the config's.
            valid: held-out text; else the config's, or the last part of the training text.
            out: run folder for checkpoints, log and plots; None keeps all in memory.
            overwrite: replace a run that ``out`` holds.
            progress: show a bar, or tell a watcher.

        Raises:
            DataError: if a text cannot be used.
            RunError: if ``out`` cannot be used.
            NonFiniteError: if training diverges.
        """
        self.config = _with_sources(self.config, data, valid)
        if not self.config.corpus.data:
            raise ConfigError("no training text: give data (a file, a folder, or @stdlib)")
        folder = Path(out) if out is not None else None
        if folder is not None:
            run_folder.check_free(folder, overwrite=overwrite)
        documents = open_documents(self.config.corpus.data)
        with _seeded(self.config):
            tokenizer = train_tokenizer(self.config.text, [d.text for d in documents])
            corpus = make_corpus(self.config.corpus, documents, tokenizer)
            self._tokenizer, self.facts = tokenizer, corpus.facts
            self._check_test()
            self._model = self._new_model()
            trainer = self._trainer(corpus, folder, progress)
            if folder is not None:
                run_folder.prepare(folder, overwrite=overwrite)
                self._write_description(folder)
            trainer.run()
        self._conclude(trainer, corpus, folder)
        return self

    def _check_test(self) -> None:
        """Find out before training, not after it, that the test text cannot be scored."""
        test = self.config.corpus.test
        if test:
            unknown = self.facts["unknown"]
            check_known(open_documents(test), self._trained_tokenizer(), unknown, test)

    @classmethod
    def resume(cls, run: str | Path, *, progress: bool | Watcher = True) -> "LanguageModel":
        """Go on with a run that was stopped; it ends with the bits of one that never was.

        Raises:
            RunError: if the folder is not a run, or is damaged.
            DataError: if the training text is gone or is no longer the same.
        """
        folder = Path(run)
        lm = cls._described(folder)
        assert lm._tokenizer is not None
        documents = open_documents(lm.config.corpus.data)
        corpus = make_corpus(lm.config.corpus, documents, lm._tokenizer)
        if corpus.facts["sha256"] != lm.facts["sha256"]:
            raise DataError(
                f"{lm.config.corpus.data}: has changed since {folder} began to learn from it; "
                "put the old text back, or train anew"
            )
        with _seeded(lm.config):
            trainer = lm._trainer(corpus, folder, progress)
            trainer.restore()
            trainer.run()
        lm._conclude(trainer, corpus, folder)
        return lm

    def _trainer(self, corpus: Corpus, folder: Path | None, progress: bool | Watcher) -> Trainer[Any]:
        unit = UNITS[self.config.text.tokenizer]
        watcher = progress if isinstance(progress, Watcher) else ProgressBar(unit) if progress else None
        return Trainer(
            LanguageJob(self._trained_model(), corpus, self.config),
            self.config.optimizer,
            self.config.training,
            folder,
            watcher,
        )

    def _conclude(self, trainer: Trainer[Any], corpus: Corpus, folder: Path | None) -> None:
        """Score the held-out text in one pass, and the test text, and write what a reader wants."""
        self.history = trainer.log.records
        done = trainer.progress
        self.result = {
            "steps": done.step,
            "epochs": round(done.step / max(trainer.job.batch_count(), 1), 2),
            "best_step": done.best_step,
            "training_seconds": round(done.seconds, 1),
            "tokens_per_second": round(done.tokens / max(done.seconds, 1e-9)),
            "threads": self.config.training.threads or torch.get_num_threads(),
        }
        if corpus.valid is not None:
            self.result["valid"] = self._score(corpus.valid).to_json()
            held_out, size = all_ids(corpus.valid), self._trained_tokenizer().size
            counted = count_baselines(all_ids(corpus.train), held_out, size)
            self.result["baselines"] = dataclasses.asdict(counted)
        if self.config.corpus.test:
            self.result["test"] = self.evaluate(self.config.corpus.test).to_json()
        if folder is not None:
            write_json(folder / run_folder.RESULT, self.result)
            self._plot(folder)

    # -- use -------------------------------------------------------------------------------------

    def evaluate(self, data: str | Path) -> LanguageScore:
        """Score a text, read in one pass with the state carried (or sentence by sentence).

        Raises:
            DataError: if the text cannot be read, or its tokens are unknown to the model.
        """
        tokenizer = self._trained_tokenizer()
        documents = open_documents(data)
        check_known(documents, tokenizer, self.facts.get("unknown", 0), str(data))
        tokens = tokenize(documents, tokenizer, self.config.corpus.mode)
        if tokens.predictions < 1:
            raise DataError(f"{data}: holds no tokens to predict")
        return self._score(tokens)

    def generate(
        self,
        prompt: str = "",
        length: int = 200,
        *,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        seed: int = 0,
    ) -> str:
        """Return ``length`` tokens that continue the prompt, as text (without the prompt)."""
        options = SamplingConfig(temperature, top_k, top_p)
        return "".join(self.stream(prompt, length, options, seed=seed))

    def stream(
        self, prompt: str, length: int, options: SamplingConfig | None = None, *, seed: int = 0
    ) -> Iterator[str]:
        """Yield the text of :meth:`generate` as it is made.

        ``<unk>`` is never drawn; the state is carried from the prompt through the whole text.

        Raises:
            DataError: if the prompt has tokens that the model cannot know.
        """
        if length < 0:
            raise ConfigError(f"length={length}: must not be negative")
        generator = torch.Generator().manual_seed(seed)
        ids = self._draw(prompt, length, options or SamplingConfig(), generator)
        yield from self._trained_tokenizer().pieces(ids)

    @torch.no_grad()
    def _draw(
        self, prompt: str, length: int, options: SamplingConfig, generator: torch.Generator
    ) -> Iterator[int]:
        logits, state = self._read(prompt)
        for _ in range(length):
            logits[:, UNK_ID] = -torch.inf
            token = draw(logits, options, generator)
            yield int(token)
            logits, state = self._step(token, state)

    def beam(
        self,
        prompt: str = "",
        length: int = 50,
        *,
        beams: int = 5,
        normalisation: float = 1.0,
        stop_at_eos: bool = True,
    ) -> list[tuple[str, Hypothesis]]:
        """Return the most probable continuations found, best first, with their scores.

        ``normalisation`` is α of score = log p / length^α. With ``stop_at_eos`` a hypothesis ends at
        ``<eos>`` (the end of a line for words).
        """
        logits, state = self._read(prompt)
        found = beam_search(
            self._step,
            logits,
            state,
            length=length,
            beams=beams,
            end=EOS_ID if stop_at_eos else None,
            normalisation=normalisation,
            banned=(UNK_ID,),
        )
        return [(self._trained_tokenizer().decode(h.tokens), h) for h in found]

    @torch.no_grad()
    def next(self, prompt: str = "", top: int = 10) -> list[tuple[str, float]]:
        """Return the ``top`` most probable next tokens after a prompt, with their probabilities."""
        if top < 1:
            raise ConfigError(f"top={top}: must be at least 1")
        logits, _ = self._read(prompt)
        p = logits[0].softmax(-1)
        best = p.topk(min(top, len(p)))
        tokenizer = self._trained_tokenizer()
        shown = [
            tokenizer.tokens[i] if i in (EOS_ID, UNK_ID) else tokenizer.decode([i])
            for i in best.indices.tolist()
        ]
        return list(zip(shown, best.values.tolist(), strict=True))

    @torch.no_grad()
    def _read(self, prompt: str) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the logits (1, V) of the first token after ``<eos>`` and the prompt, and the state."""
        tokenizer = self._trained_tokenizer()
        ids = tokenizer.encode(prompt)
        if (ids == UNK_ID).any() and not self.facts.get("unknown", 0):
            missing = ", ".join(repr(t) for t in tokenizer.unknown(prompt)[:5])
            raise DataError(f"the prompt holds what the model has never seen ({missing}); leave it out")
        model = self._trained_model().eval()
        tokens = torch.cat([torch.tensor([EOS_ID]), torch.from_numpy(ids)])
        logits, state = model(tokens[:, None])
        return logits[-1], state

    @torch.no_grad()
    def _step(self, tokens: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        logits, state = self._trained_model()(tokens[None], state)
        return logits[0], state

    def _score(self, tokens: Tokens) -> LanguageScore:
        ids = all_ids(tokens)[1:]
        nats, predictions = score_documents(self._trained_model(), tokens, SCORING_ROWS)
        assert predictions == len(ids), (predictions, len(ids))
        return LanguageScore(
            nats=nats,
            tokens=predictions,
            characters=len(self._trained_tokenizer().decode(ids.tolist())),
            eos=int((ids == EOS_ID).sum()),
            unknown=int((ids == UNK_ID).sum()),
            vocabulary=self._trained_tokenizer().size,
        )

    # -- to disk and back ------------------------------------------------------------------------

    def save(self, run: str | Path, *, overwrite: bool = False) -> None:
        """Write the trained model as a folder that :meth:`load` and the command line read.

        Raises:
            RunError: if the folder holds a run and ``overwrite`` is not set, or cannot be written.
        """
        folder = Path(run)
        model = self._trained_model()
        run_folder.prepare(folder, overwrite=overwrite)
        self._write_description(folder)
        write_tensors(folder / run_folder.MODEL, model.state_dict(), {})
        if self.result:
            write_json(folder / run_folder.RESULT, self.result)
        self._plot(folder)

    @classmethod
    def load(cls, run: str | Path) -> "LanguageModel":
        """Read a trained model.

        Raises:
            RunError: if the folder is not a run, is damaged, or of a newer format.
        """
        folder = Path(run)
        lm = cls._described(folder)
        weights, _ = read_tensors(folder / run_folder.MODEL)
        try:
            lm._trained_model().load_state_dict(weights)
        except RuntimeError as error:
            raise RunError(
                f"{folder / run_folder.MODEL}: does not fit {run_folder.CONFIG} "
                f"({str(error).splitlines()[-1].strip()}); restore both from one copy"
            ) from None
        lm._trained_model().eval()
        lm.history = read_log(folder / "metrics.jsonl")
        if (folder / run_folder.RESULT).exists():
            lm.result = run_folder.read_json(folder / run_folder.RESULT)
        return lm

    @classmethod
    def _described(cls, folder: Path) -> "LanguageModel":
        """Build the untrained model that a folder's config and tokeniser describe."""
        values = run_folder.read_config(folder, TASK)
        try:
            config = from_dict(LanguageModelConfig, values["config"], str(folder / run_folder.CONFIG))
            lm = cls(config)
            lm.facts = dict(values["corpus"])
            saved = run_folder.read_json(folder / run_folder.TOKENIZER)
            lm._tokenizer = tokenizer_from_json(saved)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, ConfigError):
                raise
            raise RunError(f"{folder}: damaged ({error!r}); restore it from a copy") from error
        with _seeded(config):
            lm._model = lm._new_model()
        return lm

    def _write_description(self, folder: Path) -> None:
        run_folder.write_config(folder, TASK, __version__, config=to_dict(self.config), corpus=self.facts)
        saved = tokenizer_to_json(self._trained_tokenizer())
        write_json(folder / run_folder.TOKENIZER, saved)

    def _plot(self, folder: Path) -> None:
        if any(r["kind"] == "train" for r in self.history):
            plot_curves(self.history, folder / "plots", UNITS[self.config.text.tokenizer])

    # -- parts -----------------------------------------------------------------------------------

    def _new_model(self) -> RecurrentLanguageModel:
        config, tokenizer = self.config, self._trained_tokenizer()
        vectors = None
        if config.network.input == "vectors":
            matrix, found = read_vectors(config.network.vectors, tokenizer.tokens)
            self.facts["tokens_with_vectors"] = found
            vectors = torch.from_numpy(matrix)
        return RecurrentLanguageModel(tokenizer.size, config.cell, config.network, config.dropout, vectors)

    @property
    def model(self) -> RecurrentLanguageModel:
        """The torch module inside."""
        return self._trained_model()

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokeniser inside."""
        return self._trained_tokenizer()

    def _trained_model(self) -> RecurrentLanguageModel:
        if self._model is None:
            raise RunError("this language model has not been trained: call fit first")
        return self._model

    def _trained_tokenizer(self) -> Tokenizer:
        if self._tokenizer is None:
            raise RunError("this language model has not been trained: call fit first")
        return self._tokenizer


def _with_sources(
    config: LanguageModelConfig, data: str | Path | None, valid: str | Path | None
) -> LanguageModelConfig:
    """Put the sources into the config, as absolute paths so that a run can be resumed from anywhere."""
    corpus = config.corpus
    absolute = dataclasses.replace(
        corpus,
        data=_absolute(corpus.data if data is None else data),
        valid=_absolute(corpus.valid if valid is None else valid),
        test=_absolute(corpus.test),
    )
    return dataclasses.replace(config, corpus=absolute)


def _absolute(source: str | Path) -> str:
    text = str(source)
    return text if not text or text.startswith("@") else str(Path(text).resolve())


@contextlib.contextmanager
def _seeded(config: LanguageModelConfig) -> Iterator[None]:
    """Seed torch and set its threads, and put both back afterwards."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.training.seed)
        if config.training.threads:
            torch.set_num_threads(config.training.threads)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
