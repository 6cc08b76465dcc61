"""The recurrent language model as a tool: fit, evaluate, generate, save, load."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from unrolled.baselines import count_baselines
from unrolled.config import with_options
from unrolled.data import open_documents
from unrolled.decoding import Hypothesis, SamplingConfig
from unrolled.errors import ConfigError, DataError, RunError
from unrolled.models import RecurrentLanguageModel
from unrolled.tasks import folder as run_folder
from unrolled.tasks.corpus import Corpus, Tokens, all_ids, check_known, make_corpus, tokenize
from unrolled.tasks.language_config import LanguageModelConfig
from unrolled.tasks.language_folder import read_description, read_weights, write_description
from unrolled.tasks.language_job import LanguageJob, LanguageScore, score_documents
from unrolled.tasks.plots import plot_curves
from unrolled.tasks.writer import Writer
from unrolled.text import EOS_ID, UNK_ID, Tokenizer, train_tokenizer
from unrolled.text.vectors import read_vectors
from unrolled.threads import ThreadChoice, choose_threads
from unrolled.training import LOG, MODEL, Trainer, Watcher
from unrolled.training.bar import ProgressBar
from unrolled.training.files import read_json, write_json, write_tensors
from unrolled.training.log import read_log
from unrolled.training.seeding import seeded, with_threads
from unrolled.training.waiting import counting_bar, spinner

SCORING_ROWS = 32
UNTRAINED = "this language model has not been trained: call fit first"
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
        corpus_config = self.config.corpus.with_sources(data, valid)
        self.config = dataclasses.replace(self.config, corpus=corpus_config)
        if not self.config.corpus.data:
            raise ConfigError("no training text: give data (a file, a folder, or @stdlib)")
        folder = Path(out) if out is not None else None
        if folder is not None:
            run_folder.check_free(folder, overwrite=overwrite)
        with spinner(f"reading {self.config.corpus.data}", shown=bool(progress)):
            documents = open_documents(self.config.corpus.data)
            tokenizer = train_tokenizer(self.config.text, [d.text for d in documents])
            corpus = make_corpus(self.config.corpus, documents, tokenizer)
        training, threads = with_threads(self.config.training)
        self.config = dataclasses.replace(self.config, training=training)
        with seeded(self.config.training):
            self._tokenizer, self.facts = tokenizer, corpus.facts
            self._check_test()
            self._model = self._new_model(self._given_vectors())
            trainer = self._trainer(corpus, folder, progress, threads)
            if folder is not None:
                run_folder.prepare(folder, overwrite=overwrite)
                write_description(folder, self.config, self.facts, self.tokenizer)
            trainer.run()
            self._conclude(trainer, corpus, folder, shown=bool(progress))
        return self

    def _check_test(self) -> None:
        """Find out before training, not after it, that the test text cannot be scored."""
        test = self.config.corpus.test
        if test:
            unknown = self.facts["unknown"]
            check_known(open_documents(test), self.tokenizer, unknown, test)

    @classmethod
    def resume(cls, run: str | Path, *, progress: bool | Watcher = True) -> "LanguageModel":
        """Go on with a run that was stopped; it ends with the bits of one that never was.

        Raises:
            RunError: if the folder is not a run, or is damaged.
            DataError: if the training text is gone or is no longer the same.
        """
        folder = Path(run)
        lm = cls._described(folder)
        with spinner(f"reading {lm.config.corpus.data}", shown=bool(progress)):
            documents = open_documents(lm.config.corpus.data)
            corpus = make_corpus(lm.config.corpus, documents, lm.tokenizer)
        sources = {"sha256": lm.config.corpus.data, "held_out_sha256": lm.config.corpus.valid}
        for key, source in sources.items():
            if corpus.facts[key] != lm.facts[key]:
                raise DataError(
                    f"{source or lm.config.corpus.data}: has changed since {folder} began to learn from "
                    "it; put the old text back, or train anew"
                )
        with seeded(lm.config.training):
            trainer = lm._trainer(corpus, folder, progress, choose_threads(lm.config.training.threads))
            trainer.restore()
            trainer.run()
            lm._conclude(trainer, corpus, folder, shown=bool(progress))
        return lm

    def _trainer(
        self, corpus: Corpus, folder: Path | None, progress: bool | Watcher, threads: ThreadChoice
    ) -> Trainer[Any]:
        unit = UNITS[self.config.text.tokenizer]
        bar = ProgressBar(unit, opening=str(threads)) if progress else None
        watcher = progress if isinstance(progress, Watcher) else bar
        return Trainer(
            LanguageJob(self.model, corpus, self.config),
            self.config.optimizer,
            self.config.training,
            folder,
            watcher,
        )

    def _conclude(self, trainer: Trainer[Any], corpus: Corpus, folder: Path | None, *, shown: bool) -> None:
        """Score the held-out text in one pass, and the test text, and write what a reader wants."""
        self.model.precision = "full"
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
            self.result["valid"] = self._score(corpus.valid, shown=shown).to_json()
            held_out, size = all_ids(corpus.valid), self.tokenizer.size
            counted = count_baselines(all_ids(corpus.train), held_out, size)
            self.result["baselines"] = dataclasses.asdict(counted)
        if self.config.corpus.test:
            self.result["test"] = self.evaluate(self.config.corpus.test, progress=shown).to_json()
        if folder is not None:
            write_json(folder / run_folder.RESULT, self.result)
            self._plot(folder)

    def evaluate(self, data: str | Path, *, progress: bool = False) -> LanguageScore:
        """Score a text, read in one pass with the state carried (or sentence by sentence).

        Args:
            data: a file, a folder, or a data set such as ``"@ptb/test"``.
            progress: show a bar.

        Raises:
            DataError: if the text cannot be read, or its tokens are unknown to the model.
        """
        tokenizer = self.tokenizer
        documents = open_documents(data)
        check_known(documents, tokenizer, self.facts.get("unknown", 0), str(data))
        tokens = tokenize(documents, tokenizer, self.config.corpus.mode)
        if tokens.predictions < 1:
            raise DataError(f"{data}: holds no tokens to predict")
        return self._score(tokens, shown=progress)

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
        if not 0 <= seed < 2**63:
            raise ConfigError(f"seed={seed}: must lie in 0..2**63 − 1")
        ids = self._writer(prompt).draw(prompt, length, options or SamplingConfig(), seed)
        yield from self.tokenizer.pieces(ids)

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
        found = self._writer(prompt).search(
            prompt, length, beams, normalisation, EOS_ID if stop_at_eos else None
        )
        return [(self.tokenizer.decode(h.tokens), h) for h in found]

    def next(self, prompt: str = "", top: int = 10) -> list[tuple[str, float]]:
        """Return the ``top`` most probable next tokens after a prompt, with their probabilities."""
        if top < 1:
            raise ConfigError(f"top={top}: must be at least 1")
        p = self._writer(prompt).next_distribution(prompt)
        best = p.topk(min(top, len(p)))
        tokenizer = self.tokenizer
        shown = [
            tokenizer.tokens[i] if i in (EOS_ID, UNK_ID) else tokenizer.decode([i])
            for i in best.indices.tolist()
        ]
        return list(zip(shown, best.values.tolist(), strict=True))

    def _writer(self, prompt: str) -> Writer:
        """Return what continues a prompt, once the prompt is known to be usable."""
        tokenizer = self.tokenizer
        missing = tokenizer.unknown(prompt)
        if missing and not self.facts.get("unknown", 0):
            shown = ", ".join(repr(t) for t in missing[:5])
            raise DataError(f"the prompt holds what the model has never seen ({shown}); leave it out")
        return Writer(self.model, tokenizer, separate=self.config.corpus.mode == "sentence")

    def _score(self, tokens: Tokens, *, shown: bool) -> LanguageScore:
        ids = all_ids(tokens)[1:]
        with counting_bar("scoring", len(ids), shown=shown) as report:
            nats, predictions = score_documents(self.model, tokens, SCORING_ROWS, report)
        assert predictions == len(ids), (predictions, len(ids))
        return LanguageScore(
            nats=nats,
            tokens=predictions,
            characters=len(self.tokenizer.decode(ids.tolist())),
            eos=int((ids == EOS_ID).sum()),
            unknown=int((ids == UNK_ID).sum()),
            vocabulary=self.tokenizer.size,
        )

    def save(self, run: str | Path, *, overwrite: bool = False) -> None:
        """Write the trained model as a folder that :meth:`load` and the command line read.

        Raises:
            RunError: if the folder holds a run and ``overwrite`` is not set, or cannot be written.
        """
        folder = Path(run)
        model = self.model
        run_folder.prepare(folder, overwrite=overwrite)
        write_description(folder, self.config, self.facts, self.tokenizer)
        write_tensors(folder / MODEL, model.state_dict(), {})
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
        read_weights(folder, lm.model)
        lm.history = read_log(folder / LOG)
        if (folder / run_folder.RESULT).exists():
            lm.result = read_json(folder / run_folder.RESULT)
        return lm

    @classmethod
    def _described(cls, folder: Path) -> "LanguageModel":
        """Build the model that a folder describes, without its trained weights."""
        described = read_description(folder)
        lm = cls(described.config)
        lm.facts, lm._tokenizer = described.facts, described.tokenizer
        with seeded(lm.config.training):
            size = lm.facts.get("vector_size")
            lm._model = lm._new_model(torch.zeros(lm.tokenizer.size, size) if size else None)
        return lm

    def _plot(self, folder: Path) -> None:
        if any(r["kind"] == "train" for r in self.history):
            plot_curves(self.history, folder / "plots", UNITS[self.config.text.tokenizer])

    def _given_vectors(self) -> Tensor | None:
        """Read the word vectors that the config names, if it does."""
        if self.config.network.input != "vectors":
            return None
        matrix, found = read_vectors(self.config.network.vectors, self.tokenizer.tokens)
        self.facts |= {"tokens_with_vectors": found, "vector_size": matrix.shape[1]}
        return torch.from_numpy(matrix)

    def _new_model(self, vectors: Tensor | None) -> RecurrentLanguageModel:
        c = self.config
        return RecurrentLanguageModel(self.tokenizer.size, c.cell, c.network, c.dropout, vectors)

    @property
    def model(self) -> RecurrentLanguageModel:
        """The torch module inside; RunError before training."""
        if self._model is None:
            raise RunError(UNTRAINED)
        return self._model

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokeniser inside; RunError before training."""
        if self._tokenizer is None:
            raise RunError(UNTRAINED)
        return self._tokenizer
