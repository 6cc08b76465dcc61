"""The operations of a language model."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from unrolled.symbols import UNK_ID
from unrolled.tasks.base.service import (
    Limits,
    Operation,
    Service,
    State,
    StatefulOperation,
    WritingOperation,
)
from unrolled.tasks.base.service.checks import check_texts
from unrolled.tasks.lm.runtime import LanguageRuntime
from unrolled.tasks.lm.service.messages import (
    Activations,
    Generate,
    Generated,
    History,
    Next,
    NextTokens,
    ReadToken,
    Score,
    Scores,
    TextScore,
    Token,
    Written,
)
from unrolled.tasks.lm.service.reader import first_tokens, log_probabilities, read_with_history, score_texts
from unrolled.tasks.lm.service.writer import LanguageWriter


class LanguageService(Service[LanguageRuntime]):
    """The operations of a language model; see :class:`Service`."""

    def __init__(self, runtime: LanguageRuntime, limits: Limits) -> None:
        super().__init__(runtime, limits)
        self._stream = runtime.stream()

    @property
    def unit(self) -> str:
        """See :meth:`Service.unit`."""
        return f"{self.runtime.unit}s"

    def operations(self) -> Sequence[Any]:
        """See :meth:`Service.operations`."""
        return (
            WritingOperation(
                "generate",
                "Continue a text",
                Generate,
                Written,
                Generated,
                self._make_writer,
                example={"text": "The ", "length": 40, "seed": 1},
            ),
            StatefulOperation(
                "next",
                "The most probable next tokens",
                Next,
                NextTokens,
                self.next,
                example={"text": "The ", "top": 3},
            ),
            Operation(
                "score",
                "How probable texts are",
                Score,
                Scores,
                self.score,
                example={"texts": ["The end.", "The ned."]},
            ),
        )

    def details(self) -> dict[str, Any]:
        """See :meth:`Service.details`."""
        tokenizer, program = self.runtime.tokenizer, self.runtime.program
        data = str(self.runtime.config.corpus.data)
        return {
            "tokenizer": tokenizer.kind,
            "vocabulary": tokenizer.size,
            "lowercase": self.runtime.config.text.lowercase,
            "split_punctuation": self.runtime.config.text.split_punctuation,
            "separate_sentences": self.runtime.is_separate,
            "states": [{"name": s.name, "size": s.size} for s in program.states],
            "data": data if data.startswith("@") else "",
        }

    def next(self, request: Next, state: State | None) -> tuple[NextTokens, State]:
        """Read a text; return the most probable next tokens, and the state after it."""
        check_texts([request.text], self.limits, "text")
        runtime, stream = self.runtime, self._stream
        ids, anew = first_tokens(runtime, request.text, begins=state is None)
        stream.reset()
        before = None
        if state is not None and not anew:
            stream.restore(state)
            before = stream.logits.astype(np.float64)
        scores, states = read_with_history(stream, ids, before, request.history)
        p = np.exp(log_probabilities(stream.logits[0].astype(np.float64) / request.temperature))
        best = np.argsort(-p, kind="stable")[: request.top]
        read = [
            ReadToken(text=runtime.name(token), log_probability=score)
            for token, score in zip(ids.tolist(), scores.tolist(), strict=True)
            if request.scores and not np.isnan(score)
        ]
        after = stream.state()
        return NextTokens(
            tokens=[Token(token=int(i), text=runtime.name(int(i)), probability=float(p[i])) for i in best],
            entropy=float(-(p * np.log2(np.maximum(p, 1e-300))).sum()),
            unknown=int((ids == UNK_ID).sum()),
            read=read,
            activations=activations(after) if request.activations else [],
            history=history(states),
        ), after

    def score(self, requests: Sequence[Score]) -> list[Scores]:
        """Score the texts of requests in one batch."""
        for request in requests:
            check_texts(request.texts, self.limits)
        texts = [text for request in requests for text in request.texts]
        encoded = [self.runtime.tokenizer.encode(text) for text in texts]
        rows = iter(zip(encoded, score_texts(self.runtime, encoded), strict=True))
        return [
            Scores(scores=[self._text_score(*next(rows), request.tokens) for _ in request.texts])
            for request in requests
        ]

    def _make_writer(self) -> LanguageWriter:
        return LanguageWriter(self.runtime, self.limits)

    def _text_score(self, ids: Any, scores: Any, with_tokens: bool) -> TextScore:
        read = zip(ids.tolist(), scores.tolist(), strict=True)
        return TextScore(
            log_probability=float(scores.sum()),
            count=len(ids),
            unknown=int((ids == UNK_ID).sum()),
            perplexity=float(np.exp(min(-scores.mean(), 700.0))) if len(ids) else None,
            tokens=[ReadToken(text=self.runtime.name(i), log_probability=s) for i, s in read]
            if with_tokens
            else [],
        )


def activations(state: State) -> list[Activations]:
    """Return the hidden state h of each layer, without the cells c of an LSTM."""
    return [
        Activations(name=name, values=np.round(values[0].astype(np.float64), 4).tolist())
        for name, values in state.items()
        if name.rpartition(".")[2].startswith("h_l")
    ]


def history(states: Sequence[State]) -> list[History]:
    """Return the hidden states of each layer after some tokens."""
    steps = [activations(state) for state in states]
    return [
        History(name=layer[0].name, values=[a.values for a in layer]) for layer in zip(*steps, strict=True)
    ]
