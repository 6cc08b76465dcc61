"""Use of a trained translator, with torch or in the native runtime: outputs, their scores, attention."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from unrolled.config import with_options
from unrolled.data import Sources, build_sources, read_sources, strip_text
from unrolled.errors import ConfigError, DataError
from unrolled.storage.output import parse_output_path
from unrolled.tasks.base.predictions import Predictions
from unrolled.tasks.base.show_notes import show_notes
from unrolled.tasks.translate.attention_plot import plot_attention
from unrolled.tasks.translate.config import TranslationSearchConfig, TranslatorConfig
from unrolled.tasks.translate.data import truncation_notes, unknown_notes
from unrolled.tasks.translate.generator import AttentionMap, Output, TranslationGenerator, TranslationModel
from unrolled.tasks.translate.outputs import SourcesWithOutputs, output_table
from unrolled.tasks.translate.score import cut_notes
from unrolled.training.progress_display import counting_bar

if TYPE_CHECKING:
    from unrolled.tasks.translate.artifacts import TranslatorArtifacts
    from unrolled.text import PairTokenizer


class Translating(ABC):
    """The methods of a translator that use a trained model."""

    config: TranslatorConfig

    if TYPE_CHECKING:

        @property
        def artifacts(self) -> TranslatorArtifacts:
            """The vocabularies."""

    @abstractmethod
    def _translation_model(self) -> TranslationModel:
        """Return the trained model."""

    def translate(self, texts: Any, *, progress: bool = False, **options: Any) -> Any:
        """Return the best output for each text; "" for a blank text.

        Args:
            texts: one source text, a sequence of them, or the ``Path`` of a file of them.
            progress: show a progress bar.
            options: options of :class:`TranslationSearchConfig`, such as beams, that override the
                configuration.

        Returns:
            One text for one source text, else a list.

        Raises:
            ConfigError: for an unknown option or a wrong value.
            DataError: if most tokens are unknown to the model.
        """
        outputs = self.translate_n_best(texts, progress=progress, **options)
        return outputs[0].text if isinstance(texts, str) else [best.text for best, *_ in outputs]

    def translate_n_best(self, texts: Any, *, n_best: int = 1, progress: bool = False, **options: Any) -> Any:
        """Return the ``n_best`` best outputs for each text with their scores; see :meth:`translate`.

        If beams is not given, it is raised to ``n_best`` if needed.

        Returns:
            A list for one text, else a list of lists.

        Raises:
            ConfigError: if n_best is less than 1 or more than the beams.
        """
        is_single = isinstance(texts, str)
        sources = [texts] if is_single else texts
        translated = self.translate_sources(sources, n_best=n_best, progress=progress, **options)
        show_notes(translated.notes)
        return translated.outputs[0] if is_single else translated.outputs

    def _generate(
        self, texts: Sequence[str], n_best: int, options: dict[str, Any], *, shown: bool
    ) -> list[list[Output]]:
        search = self.search_config(options, n_best)
        with counting_bar("writing", len(texts), shown=shown) as report:
            outputs = self.generator(search).generate(texts, report)
        return [ranked[:n_best] for ranked in outputs]

    def translate_sources(
        self, data: Any, *, n_best: int = 1, progress: bool = False, **options: Any
    ) -> SourcesWithOutputs:
        """Return the outputs for sources, and notes on them; see :meth:`translate_n_best`.

        Raises:
            ConfigError: for an unknown option or a wrong value.
            DataError: if the file cannot be read, or most tokens are unknown to the model.
        """
        sources = self._read_sources(data)
        texts = [strip_text(text) for text in sources.texts]
        notes = [*sources.notes, *self.source_notes(texts)]
        outputs = self._generate(texts, n_best, options, shown=progress)
        cut = sum(best.cut for best, *_ in outputs)
        return SourcesWithOutputs(sources, outputs, (*notes, *cut_notes(cut, len(outputs))))

    def _read_sources(self, data: Any) -> Sources:
        if isinstance(data, Path):
            return read_sources(data, self.config.form)
        return build_sources(data, self.config.form)

    def source_notes(self, texts: Sequence[str]) -> list[str]:
        """Return notes on unknown tokens and on sources that are not read to the end.

        Raises:
            DataError: if most tokens are unknown to the model.
        """
        artifacts, limit = self.artifacts, self.config.corpus.read_at_most
        return [
            *unknown_notes(texts, artifacts.tokenizer.source, artifacts.unknown.source),
            *truncation_notes(texts, artifacts.tokenizer, limit),
        ]

    def predict(self, texts: Any, *, progress: bool = False) -> Any:
        """Same as :meth:`translate`."""
        return self.translate(texts, progress=progress)

    def predict_table(self, data: str, *, top: int = 0) -> Predictions | None:
        """Return the rows of a table with an output column; None for a file of lines.

        Raises:
            ConfigError: if ``top`` is given.
            DataError: see :meth:`predict_file`.
        """
        if read_sources(data, self.config.form).table is None:
            return None
        if top:
            raise ConfigError(f"--top {top}: is for classifiers; use unrolled translate --n-best {top}")
        return output_table(self.translate_sources(Path(data), progress=True))

    def predict_file(self, data: str | Path, out: TextIO) -> None:
        """Write the output for each source of a file, one per line.

        The sources are a column of a table, or the lines of a text file.

        Raises:
            DataError: if the file cannot be read, or most tokens are unknown to the model.
        """
        translated = self.translate_sources(Path(data), progress=True)
        show_notes(translated.notes)
        for best, *_ in translated.outputs:
            out.write(best.text + "\n")

    def attention(self, text: str, **options: Any) -> AttentionMap:
        """Return the attention weights over the tokens of a text for each token of the best output.

        Raises:
            ConfigError: if the model has no attention, or for an unknown option.
            DataError: if the text is blank, or most of its tokens are unknown to the model.
        """
        kind = self.config.network.attention
        if not self.has_attention:
            raise ConfigError(f"this model has no attention to show (attention={kind!r})")
        text = strip_text(text)
        if not text:
            raise DataError("the text is blank: there is nothing to attend to")
        show_notes(self.source_notes([text]))
        return self.generator(self.search_config(options)).attention(text)

    @property
    def has_attention(self) -> bool:
        """Whether the decoder looks at other parts of the source at every step."""
        return self.config.network.attention not in ("none", "fixed")

    def plot_attention(self, text: str, path: str | Path, **options: Any) -> Path:
        """Plot the result of :meth:`attention` as a PNG; return its path.

        Raises:
            RunError: if the file cannot be written; see :meth:`attention` for other errors.
        """
        attention = self.attention(text, **options)
        return plot_attention(attention.weights, attention.source, attention.target, parse_output_path(path))

    def search_config(self, options: dict[str, Any], n_best: int = 1) -> TranslationSearchConfig:
        """Return the options of a search for the ``n_best`` best outputs, some of them changed.

        Raises:
            ConfigError: for an unknown option, a wrong value, an option that is not of the search, or n_best
                outside the beams.
        """
        search = self._changed_search(options)
        if "beams" not in options and n_best > search.beams:
            search = self._changed_search(options | {"beams": n_best})
        if not 1 <= n_best <= search.beams:
            raise ConfigError(f"n_best={n_best}: must lie in 1..{search.beams} (beams)")
        return search

    def _changed_search(self, options: dict[str, Any]) -> TranslationSearchConfig:
        search = with_options(self.config, options, type(self).__name__).search
        if {n for n in options if not hasattr(search, n)}:
            names = ", ".join(f.name for f in dataclasses.fields(search))
            raise ConfigError(f"only options of the search can be changed after training: {names}")
        return search

    def generator(self, search: TranslationSearchConfig) -> TranslationGenerator:
        """Return the generator of outputs for these options of the search."""
        limit = self.config.corpus.read_at_most
        return TranslationGenerator(self._translation_model(), self.artifacts, search, limit)

    def _best_outputs(self, texts: Sequence[str], search: TranslationSearchConfig) -> list[str]:
        return [best.text for best, *_ in self.generator(search).generate(texts)]

    @property
    def tokenizer(self) -> "PairTokenizer":
        """The tokenizers of sources and targets; RunError before training."""
        return self.artifacts.tokenizer
