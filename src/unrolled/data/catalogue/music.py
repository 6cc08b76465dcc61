"""Data sets of polyphonic music."""

from unrolled.data.catalogue.dataset import MUSIC, DataSet
from unrolled.data.remote import RemoteFile

_JSB = "https://raw.githubusercontent.com/czhuang/JSB-Chorales-dataset/"


SETS = (
    DataSet(
        name="music",
        kind=MUSIC,
        content="229 / 76 / 77 chorales of Bach, in quarter notes",
        form="JSON: for each part a list of pieces, each a list of steps, each a list of MIDI notes",
        source="https://github.com/czhuang/JSB-Chorales-dataset",
        licence="none stated: research, cite Boulanger-Lewandowski et al. 2012",
        parts={
            "jsb-chorales": (
                RemoteFile(
                    "jsb-chorales-quarter.json",
                    _JSB + "9a7f733ddb4ed91f48da64ac7f0f621c34aadd4d/jsb-chorales-quarter.json",
                    "2db9329f1881a1d3f49703ec556bf1d6f84b4f6c1d702c156536e93cf31e1c91",
                    (
                        (
                            "JSB_Chorales.json",
                            "d40ed9b0a64a04c70e79d3695bd85823ac41c9ea6284a479d9aff849155ed73e",
                        ),
                    ),
                ),
            ),
        },
    ),
)
