"""What a trained translator does with sources: outputs, their scores, attention."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from unrolled.data import Sources, read_sources, sources_of, tidy
from unrolled.errors import ConfigError, DataError
from unrolled.models import EncoderDecoder
from unrolled.storage.output import named_file
from unrolled.tasks.base.predictions import Predictions
from unrolled.tasks.base.show_notes import show_notes
from unrolled.tasks.base.task import Task
from unrolled.tasks.translate.artifacts import TranslatorArtifacts
from unrolled.tasks.translate.attention_plot import plot_attention
from unrolled.tasks.translate.config import TranslationSearchConfig, TranslatorConfig
from unrolled.tasks.translate.data import PairMaterial, read_notes, unknown_notes
from unrolled.tasks.translate.outputs import Translated, output_table
from unrolled.tasks.translate.score import cut_notes
from unrolled.tasks.translate.writer import AttentionMap, TranslationWriter, Written
from unrolled.text import PairTokenizer
from unrolled.training.waiting import counting_bar


class TranslatingTask(Task[TranslatorConfig, PairMaterial]):
    """The part of a translator that uses a trained model."""

    def translate(self, texts: Any, *, progress: bool = False, **options: Any) -> Any:
        """Return the best output for each text; "" for a blank one.

        Args:
            texts: sources: one text, a sequence of them, or a file of them as a ``Path``.
            progress: show a bar.
            options: of :class:`TranslationSearchConfig`, as beams, in the place of the configuration's.

        Returns:
            One text for one, else a list.

        Raises:
            ConfigError: for an unknown option or a wrong value.
            DataError: if most tokens are unknown to the model.
        """
        found = self.translate_n_best(texts, progress=progress, **options)
        return found[0].text if isinstance(texts, str) else [best.text for best, *_ in found]

    def translate_n_best(self, texts: Any, *, n_best: int = 1, progress: bool = False, **options: Any) -> Any:
        """Return the ``n_best`` best outputs for each text with their scores; see :meth:`translate`.

        As many hypotheses are kept as outputs are asked for, if beams is not given.

        Returns:
            A list for one text, else a list of lists.

        Raises:
            ConfigError: if n_best is more than the beams that are given.
        """
        one = isinstance(texts, str)
        found = self.translate_sources([texts] if one else texts, n_best=n_best, progress=progress, **options)
        show_notes(found.notes)
        return found.outputs[0] if one else found.outputs

    def _write(
        self, texts: Sequence[str], n_best: int, options: dict[str, Any], *, shown: bool
    ) -> list[list[Written]]:
        search = self._search_config(options)
        if "beams" not in options and n_best > search.beams:
            search = self._search_config(options | {"beams": n_best})
        if not 1 <= n_best <= search.beams:
            raise ConfigError(f"n_best={n_best}: must lie in 1..{search.beams} (beams)")
        with counting_bar("writing", len(texts), shown=shown) as report:
            found = self._writer(search).write(texts, report)
        return [each[:n_best] for each in found]

    def translate_sources(
        self, data: Any, *, n_best: int = 1, progress: bool = False, **options: Any
    ) -> Translated:
        """Return the outputs for sources, with notes; see :meth:`translate_n_best`.

        Raises:
            ConfigError: for an unknown option or a wrong value.
            DataError: if the file cannot be read, or most tokens are unknown to the model.
        """
        sources = self._sources_of(data)
        texts = [tidy(text) for text in sources.texts]
        notes = [*sources.notes, *self._source_notes(texts)]
        outputs = self._write(texts, n_best, options, shown=progress)
        cut = sum(best.cut for best, *_ in outputs)
        return Translated(sources, outputs, (*notes, *cut_notes(cut, len(outputs))))

    def _sources_of(self, data: Any) -> Sources:
        if isinstance(data, Path):
            return read_sources(data, self.config.form)
        return sources_of(data, self.config.form)

    def _source_notes(self, texts: Sequence[str]) -> list[str]:
        known, limit = self.artifacts, self.config.corpus.read_at_most
        return [
            *unknown_notes(texts, known.tokenizer.source, known.unknown.source),
            *read_notes(texts, known.tokenizer, limit),
        ]

    def predict(self, texts: Any, *, progress: bool = False) -> Any:
        """Return :meth:`translate` of texts."""
        return self.translate(texts, progress=progress)

    def predict_table(self, data: str, *, top: int = 0) -> Predictions | None:
        """Return the rows of a table with an output each; None for a file of lines.

        Raises:
            ConfigError: if ``top`` is given.
            DataError: see :meth:`predict_file`.
        """
        if read_sources(data, self.config.form).table is None:
            return None
        if top:
            raise ConfigError(f"--top {top}: is for classifiers; take unrolled translate --n-best {top}")
        return output_table(self.translate_sources(Path(data), progress=True))

    def predict_file(self, data: str | Path, out: TextIO) -> None:
        """Write the output for each source of a file, a line each: a column of a table, or every line.

        Raises:
            DataError: if the file cannot be read, or most tokens are unknown to the model.
        """
        translated = self.translate_sources(Path(data), progress=True)
        show_notes(translated.notes)
        for best, *_ in translated.outputs:
            out.write(best.text + "\n")

    def attention(self, text: str, **options: Any) -> AttentionMap:
        """Return to which tokens of a text the model attended when it wrote its best output.

        Raises:
            ConfigError: if the model has no attention, or for an unknown option.
            DataError: if the text is blank, or holds tokens that the model cannot know.
        """
        kind = self.config.network.attention
        if kind in ("none", "fixed"):
            raise ConfigError(f"this model has no attention to show (attention={kind!r})")
        text = tidy(text)
        if not text:
            raise DataError("the text is blank: there is nothing to attend to")
        show_notes(self._source_notes([text]))
        return self._writer(self._search_config(options)).attention(text)

    def plot_attention(self, text: str, path: str | Path, **options: Any) -> Path:
        """Draw :meth:`attention` as a PNG; return its path.

        Raises:
            RunError: if the file cannot be written; see :meth:`attention` for the others.
        """
        seen = self.attention(text, **options)
        return plot_attention(seen.weights, seen.source, seen.target, named_file(path))

    def _search_config(self, options: dict[str, Any]) -> TranslationSearchConfig:
        given = type(self)(self.config, **options).config
        if {n for n in options if not hasattr(given.search, n)}:
            names = ", ".join(f.name for f in dataclasses.fields(given.search))
            raise ConfigError(f"only options of the search can be changed now: {names}")
        return given.search

    def _writer(self, search: TranslationSearchConfig) -> TranslationWriter:
        return TranslationWriter(self.model, self.artifacts, search, self.config.corpus.read_at_most)

    def _best(self, texts: Sequence[str], search: TranslationSearchConfig) -> list[str]:
        return [best.text for best, *_ in self._writer(search).write(texts)]

    @property
    def model(self) -> EncoderDecoder:
        """The torch module inside; RunError before training."""
        return self._trained(EncoderDecoder)

    @property
    def artifacts(self) -> TranslatorArtifacts:
        """The vocabularies; RunError before training."""
        return self._learned(TranslatorArtifacts)

    @property
    def tokenizer(self) -> PairTokenizer:
        """The tokenisers inside; RunError before training."""
        return self.artifacts.tokenizer
