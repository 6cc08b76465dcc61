"""Plot of a piece as a piano roll: keys over steps."""

from pathlib import Path

import numpy as np

from unrolled.data.midi import Piece
from unrolled.data.piano import LOWEST, piano_roll
from unrolled.extras import extra
from unrolled.storage.folder import make_inner_folder
from unrolled.storage.picture import save_figure

OCTAVE = 12
MIDDLE_C = 60


def plot_piece(piece: Piece, folder: Path) -> Path:
    """Plot a piece as a piano roll; return the path of the PNG."""
    with extra("plots", "a picture"):
        from matplotlib.figure import Figure

    make_inner_folder(folder)
    roll = piano_roll(piece).T
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    axes.imshow(roll, origin="lower", aspect="auto", cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
    octaves = range(MIDDLE_C - 2 * OCTAVE - LOWEST, len(roll), OCTAVE)
    axes.set_yticks(list(octaves), [f"C{(k + LOWEST) // OCTAVE - 1}" for k in octaves])
    sounding = np.flatnonzero(roll.any(axis=1))
    if len(sounding):
        axes.set_ylim(sounding[0] - 2, sounding[-1] + 2)
    axes.grid(axis="y", alpha=0.3)
    axes.set_xlabel("step")
    axes.set_title("a piece that the model wrote", fontsize=10)
    return save_figure(figure, folder / "piece.png")
