"""Data sets of time series for forecasters."""

from unrolled.data.catalogue.dataset import SERIES, DataSet
from unrolled.data.remote import RemoteFile

_BROWNLEE = "https://raw.githubusercontent.com/jbrownlee/Datasets/d20fcb6402ae34e653d4513b00f39257bb37ed7f/"
_ENERGY = "https://raw.githubusercontent.com/KaniamLaes/EnergyConsumption/"
_VEGA = "https://raw.githubusercontent.com/vega/vega-datasets/"


SETS = (
    DataSet(
        name="timeseries",
        kind=SERIES,
        content="Passengers, sunspots, temperatures, hourly load, S&P 500",
        form="CSV with a column of time stamps and one of values",
        source="https://github.com/jbrownlee/Datasets",
        licence="BSD 3-Clause for sp500-2000; none stated for the others",
        parts={
            "airline-passengers": (
                RemoteFile(
                    "airline-passengers.csv",
                    _BROWNLEE + "airline-passengers.csv",
                    "8cb51be753a718d9be5d76d7e238cc224792754676adc21faa59e954b0201621",
                ),
            ),
            "monthly-sunspots": (
                RemoteFile(
                    "monthly-sunspots.csv",
                    _BROWNLEE + "monthly-sunspots.csv",
                    "c4ec8cc57d9f6fb6ecdb3e1f37f25b6f4badd5124c55931052b0cd2fc3bc71f3",
                ),
            ),
            "daily-min-temperatures": (
                RemoteFile(
                    "daily-min-temperatures.csv",
                    _BROWNLEE + "daily-min-temperatures.csv",
                    "8b9de63ed6789492bf497625e7f9beb96a63d367b4b0a21754006f749fa5e5da",
                ),
            ),
            "pjme-hourly": (
                RemoteFile(
                    "PJME_hourly.csv",
                    _ENERGY + "4f56ee88bb6b798c4e09f60a8cda881a88b23ece/PJME_hourly.csv",
                    "0fcd43c8b6f1576d7e9c98074a3f1e5d6169d2002c13551819e22e5e9688546f",
                ),
            ),
            "sp500-2000": (
                RemoteFile(
                    "sp500-2000.csv",
                    _VEGA + "cad85578e232704bb0453544742440038038c6a2/data/sp500-2000.csv",
                    "9409e9342d0657c747324e4cfabce8a8c7f663bc485b95a3378f36b0a160f8c8",
                ),
            ),
        },
    ),
)
