"""``unrolled serve RUN …``: serve trained models over HTTP, with a page for each."""

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from unrolled.cli.arguments import parse
from unrolled.cli.plain import Positional
from unrolled.config import require
from unrolled.errors import ConfigError
from unrolled.extras import extra
from unrolled.serve.options import LimitOptions, ServeOptions, SessionOptions

if TYPE_CHECKING:
    from unrolled.serve.models import Models

TOKEN_VARIABLE = "UNROLLED_TOKEN"
SHORTEST_TOKEN = 8
JOIN_SECONDS = 2.0
"""Seconds that the threads of the models get to end. A turn of a model is much shorter."""


@dataclass(frozen=True)
class Arguments:
    """Serve trained models over HTTP: an API in JSON, and a page for each model."""

    runs: Annotated[tuple[str, ...], Positional("RUN")]
    """Run folders. A model has the name of its folder; NAME=RUN gives it another name."""

    server: ServeOptions = field(default_factory=ServeOptions)

    limits: LimitOptions = field(default_factory=LimitOptions)

    sessions: SessionOptions = field(default_factory=SessionOptions)


def run(argv: Sequence[str], prog: str) -> int:
    """Run the command."""
    args = parse(Arguments, argv, prog=prog)
    require(bool(args.runs), "serve: give the run folder of a trained model, or several")
    folders = _name_runs(args.runs)
    token = _read_token(args.server.token_file)
    with extra("serve", "the server"):
        from unrolled.serve.app import build_app
        from unrolled.serve.metrics import Metrics
        from unrolled.serve.models import Models, ServedModel
        from unrolled.serve.server import Server, listen, logged
    metrics = Metrics()
    # It listens before the models are read, which takes a while.
    with logged(), closing(listen(args.server.host, args.server.port)) as socket:
        parts = (args.server.precision, args.limits, args.sessions, metrics, token)
        models = Models([ServedModel(name, folder, *parts) for name, folder in folders.items()])
        app = build_app(models, metrics, args.server, args.limits, token)
        address = _address(args.server.host, socket.getsockname()[1])
        Server(app, models, args.server, args.limits, lambda: _announce(models, address, args, token)).run(
            sockets=[socket]
        )
    if not all(model.join(JOIN_SECONDS) for model in models):
        print("stopped in the middle of a long computation", file=sys.stderr, flush=True)
        sys.stdout.flush()
        os._exit(0)  # a thread that comes back from the engine while Python ends would abort the process
    print("stopped", file=sys.stderr)
    return 0


def _name_runs(runs: Sequence[str]) -> dict[str, Path]:
    """Return the folder of each name.

    Raises:
        ConfigError: if two have the same name.
    """
    folders: dict[str, Path] = {}
    for word in runs:
        given, equals, path = word.partition("=")
        if not equals or Path(word).exists():
            given, path = "", word
        name = given or Path(path).resolve().name
        require(bool(path) and bool(name) and "/" not in name, f"{word!r}: give RUN, or NAME=RUN")
        require(
            name.isprintable() and name not in (".", ".."),
            f"{word!r}: {name!r} cannot be part of an address; give another name, NAME={path}",
        )
        if name in folders:
            raise ConfigError(
                f"two models have the name {name!r}; give one of them another name: NAME={path}"
            )
        folders[name] = Path(path)
    return folders


def _read_token(path: str) -> str:
    """Return the token of a file, or else of the environment; "" for none.

    Raises:
        ConfigError: if the file cannot be read, or the token is too short.
    """
    source, token = TOKEN_VARIABLE, os.environ.get(TOKEN_VARIABLE, "")
    if path:
        source = path
        try:
            token = Path(path).read_text(encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"--token-file {path}: cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise ConfigError(
                f"--token-file {path}: is not UTF-8; a token has only ASCII characters"
            ) from None
    token = token.strip()
    if path or token:
        usable = len(token) >= SHORTEST_TOKEN and token.isascii() and token.isprintable() and " " not in token
        require(
            usable,
            f"{source}: the token needs at least {SHORTEST_TOKEN} ASCII characters, and no blanks",
        )
    return token


def _address(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def _announce(models: "Models", address: str, args: Arguments, token: str) -> None:
    """Print where the pages are."""
    print(f"serving {address}", flush=True)
    width = max(len(model.name) for model in models)
    for model in models:
        task = model.loaded.spec.verb
        print(f"  {model.name:<{width}}  {task:<9}  {address}/models/{quote(model.name)}", flush=True)
    if args.server.host not in ("127.0.0.1", "localhost", "::1") and not token:
        print(
            "note: other computers can use this server without a token; --token-file sets one",
            file=sys.stderr,
        )
