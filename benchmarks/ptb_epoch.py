"""Time of an epoch of the `ptb-small` recipe, compared with the same model in plain PyTorch.

Run: python benchmarks/ptb_epoch.py [--chunks N] [--rounds R]

Both train the same 2 × 200 LSTM (batch 20, 20 steps, SGD 1.0, clip 5) on the same chunks with the same
initial weights. They take turns of N chunks, so that changes in the machine's speed affect both equally. The
result is the median over the turns. The losses are compared too, because equal work gives equal losses.
"""

import argparse
import dataclasses
import statistics
import time
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from unrolled.data import Chunk, TokenStream, open_documents
from unrolled.models import RecurrentLanguageModel
from unrolled.recipes import load_recipe
from unrolled.tasks.lm.data import Corpus, make_corpus
from unrolled.tasks.lm.job import LanguageJob
from unrolled.text import Tokenizer, train_tokenizer
from unrolled.training import Trainer


class PlainModel(nn.Module):
    """The recipe's model in plain PyTorch."""

    def __init__(self, vocabulary: int, hidden: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, hidden)
        self.lstm = nn.LSTM(hidden, hidden, 2)
        self.output = nn.Linear(hidden, vocabulary)

    def forward(self, x: Tensor, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        y, state = self.lstm(self.embedding(x), state)
        return self.output(y), state


def plain_trainer(
    model: PlainModel, stream: TokenStream, batch: int, steps: int
) -> Callable[[int], list[float]]:
    """Return a function that trains on the next n chunks and returns their losses in nats per token."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    criterion = nn.CrossEntropyLoss(reduction="sum")
    chunks: Iterator[Chunk] = stream.chunks(batch, steps)
    state: tuple[Tensor, Tensor] | None = None

    def train(count: int) -> list[float]:
        nonlocal state
        losses = []
        for _, chunk in zip(range(count), chunks, strict=False):
            if state is not None:
                state = (state[0].detach(), state[1].detach())
            logits, state = model(chunk.inputs, state)
            total = criterion(logits.flatten(0, 1), chunk.targets.flatten())
            optimizer.zero_grad()
            (total / batch).backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            losses.append(total.item() / chunk.targets.numel())
        return losses

    return train


class OwnTrainer:
    """Runs this package's trainer for a few updates at a time."""

    def __init__(self, trainer: Trainer[Chunk]) -> None:
        self.trainer = trainer
        self.batches = trainer.job.batches(0)

    def __call__(self, count: int) -> list[float]:
        """Train on the next chunks and return their losses in nats per token."""
        progress, losses = self.trainer.progress, []
        for _, chunk in zip(range(count), self.batches, strict=False):
            nats, tokens = progress.window_loss, progress.window_tokens
            self.trainer._update([chunk])
            losses.append((progress.window_loss - nats) / (progress.window_tokens - tokens))
        return losses


def prepare() -> tuple[Tokenizer, Corpus]:
    """Return the tokenizer, and the training text of the recipe without held-out data."""
    config = load_recipe("ptb-small").config
    documents = open_documents(config.corpus.data)
    tokenizer = train_tokenizer(config.text, [d.text for d in documents])
    corpus = make_corpus(
        dataclasses.replace(config.corpus, valid="", valid_fraction=0.0), documents, tokenizer
    )
    return tokenizer, corpus


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chunks", type=int, default=25, help="updates in one turn of a side")
    parser.add_argument("--rounds", type=int, default=0, help="turns of each side; 0: a whole epoch")
    args = parser.parse_args()
    config = load_recipe("ptb-small").config
    tokenizer, corpus = prepare()
    torch.manual_seed(config.training.seed)
    model = RecurrentLanguageModel(tokenizer.size, config.cell, config.network, config.dropout)
    plain = PlainModel(tokenizer.size, config.network.hidden)
    plain.load_state_dict(
        {
            "embedding.weight": model.input.weight,
            **{f"lstm.{name}": p for name, p in model.recurrent.named_parameters()},
            "output.weight": model.output.weight,
            "output.bias": model.output.bias,
        }
    )
    ours = OwnTrainer(Trainer(LanguageJob(model, corpus, config), config.optimizer, config.training))
    theirs = plain_trainer(plain, corpus.train, config.training.batch, config.training.steps)
    total = ours.trainer.job.batch_count()
    rounds = args.rounds or -(-total // args.chunks)
    seconds: dict[str, list[float]] = {"unrolled": [], "plain PyTorch": []}
    losses: dict[str, list[float]] = {"unrolled": [], "plain PyTorch": []}
    for turn in range(rounds):
        sides = [("unrolled", ours), ("plain PyTorch", theirs)]
        for name, train in sides if turn % 2 == 0 else reversed(sides):
            start = time.perf_counter()
            losses[name] += train(args.chunks)
            seconds[name].append(time.perf_counter() - start)
        if turn % 5 == 4 or turn == rounds - 1:
            print(
                f"turn {turn + 1}/{rounds}: " + ", ".join(f"{n} {sum(s):.1f} s" for n, s in seconds.items())
            )
    updates = len(losses["unrolled"])
    largest_difference = max(abs(a - b) for a, b in zip(*losses.values(), strict=True))
    print(f"{updates} of {total} updates of an epoch, {torch.get_num_threads()} threads")
    medians = {name: statistics.median(turns) for name, turns in seconds.items()}
    for name, turn_seconds in medians.items():
        epoch = turn_seconds * total / args.chunks
        rate = corpus.train.predictions / epoch
        print(f"{name}: {epoch:.1f} s per epoch, {rate:,.0f} tokens/s, last loss {losses[name][-1]:.4f}")
    ratio = medians["plain PyTorch"] / medians["unrolled"]
    print(
        f"plain PyTorch / unrolled: {ratio:.3f}; largest difference of a loss {largest_difference:.2e} nats"
    )


if __name__ == "__main__":
    main()
