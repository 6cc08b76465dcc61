"""The peers that layers are compared with, by name. Their packages are imported only when they are used."""

import importlib
import importlib.util
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.bench.sides import MODES, LayerCase, Mode, Side
from unrolled.errors import ConfigError, suggestion


@dataclass(frozen=True)
class Peer:
    """Another implementation of a layer."""

    title: str
    module: str
    """Module of this package with ``make(case)``."""
    packages: tuple[str, ...] = ()
    """Packages that it needs and that this package does not depend on."""
    modes: tuple[Mode, ...] = MODES
    compiles: bool = False
    """Whether it needs a C++ compiler."""


PEERS = {
    "torch": Peer("torch.nn", "plain"),
    "compile": Peer("torch.compile", "compiled", compiles=True),
    "jax": Peer("jax.lax.scan", "jax_scan", ("jax",)),
    "onnx": Peer("ONNX Runtime", "onnx_session", ("onnx", "onnxruntime"), ("inference",)),
}


def check_peers(
    names: Sequence[str], modes: Sequence[Mode], valid_names: Sequence[str] = tuple(PEERS)
) -> None:
    """Check that all named peers can be measured.

    Raises:
        ConfigError: if a peer is unknown, not installed, or supports none of the modes.
    """
    if not names:
        raise ConfigError(f"--peers: name at least one of {', '.join(valid_names)}")
    for name in names:
        if name not in valid_names:
            raise ConfigError(
                f"--peers {name}: is not one of {', '.join(valid_names)}{suggestion(name, valid_names)}"
            )
        peer = PEERS[name]
        if not set(peer.modes) & set(modes):
            raise ConfigError(f"--peers {name}: {peer.title} runs {' and '.join(peer.modes)} only")
        missing = [p for p in peer.packages if importlib.util.find_spec(p) is None]
        if missing:
            raise ConfigError(
                f"--peers {name}: needs {' and '.join(missing)}, not installed; "
                f"pip install {' '.join(missing)}, or leave {name} out"
            )
        if peer.compiles and not _has_compiler():
            raise ConfigError(f"--peers {name}: {peer.title} needs a C++ compiler, but none was found")


def make_peer(name: str, case: LayerCase) -> Side:
    """Return the peer's side of a comparison."""
    side: Side = importlib.import_module(f"{__name__}.{PEERS[name].module}").make(case)
    return side


def _has_compiler() -> bool:
    return any(shutil.which(c) for c in (os.environ.get("CXX", "c++"), "g++", "clang++", "cl"))
