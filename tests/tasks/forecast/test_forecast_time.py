"""Time index of forecasts: it has the type, time zone and frequency of the data."""

import numpy as np
import pandas as pd
import pytest

import unrolled as ur
from unrolled import Forecaster
from unrolled.errors import ConfigError, DataError

TINY = {
    "hidden": 4,
    "window": 6,
    "horizon": 3,
    "epochs": 1,
    "threads": 1,
    "strategy": "direct",
    "linear": "none",
}
Y = 20 + np.arange(60) / 20 + 5 * np.sin(np.arange(60) * np.pi / 6)


def fit_forecaster(data, **options):
    return Forecaster(**TINY | options).fit(data, progress=False)


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(63),
        pd.RangeIndex(10, 136, 2),
        pd.period_range("2001-01", periods=63, freq="M"),
        pd.date_range("2001-01-31", periods=63, freq="ME"),
        pd.date_range("2021-03-01", periods=63, freq="D", tz="Europe/Berlin"),
        pd.DatetimeIndex([pd.Timestamp("2020-01-30") + pd.DateOffset(months=k) for k in range(63)]),
    ],
)
def test_forecasts_continue_the_index_of_the_data(index, tmp_path):
    f = fit_forecaster(pd.Series(Y, index=index[:60], name="load"), test_start=str(index[50]))
    forecast = f.predict()
    assert type(forecast.index) is type(index)
    assert list(forecast.index) == list(index[60:])
    table = f.backtest().table
    assert f.result["test"]["origins"] == table.origin.nunique() == 8
    f.save(tmp_path / "run")
    new_forecast = ur.load(tmp_path / "run").predict(data=pd.Series(Y[:40], index=index[:40], name="load"))
    assert list(new_forecast.index) == list(index[40:43])


@pytest.mark.parametrize("data", [Y, Y.tolist(), pd.Series(Y)])
def test_arrays_are_indexed_by_step(data):
    f = fit_forecaster(data)
    assert list(f.predict().index) == [60, 61, 62]
    np.testing.assert_allclose(f.predict(data=Y).prediction, f.predict().prediction)
    with pytest.raises(ConfigError, match="write it as 119"):
        f.backtest(data, start="2001-01-01")


def test_columns_of_an_array_are_separate_series():
    f = fit_forecaster(np.stack([Y, -Y], 1))
    assert f.predict().series.tolist() == ["1"] * 3 + ["2"] * 3


def test_data_of_another_frequency_are_refused():
    f = fit_forecaster(pd.Series(Y, index=pd.date_range("2001-01-01", periods=60, freq="MS"), name="y"))
    for freq in ("D", "QS"):
        later = pd.Series(Y, index=pd.date_range("2006-01-01", periods=60, freq=freq), name="y")
        with pytest.raises(
            DataError, match=rf"'MS'.*the series is at frequency '{freq}.*or is that of the trained model"
        ):
            f.predict(data=later)


def test_calendar_and_forecast_use_local_time():
    stamps = pd.date_range("2021-03-20", periods=400, freq="h", tz="Europe/Berlin")
    load = np.where(stamps.hour == 8, 10.0, 0.0) + np.arange(400) % 3
    f = fit_forecaster(pd.Series(load, index=stamps[:400]), calendar=("hour",), window=24, horizon=24)
    prepared = f._parts.splits[0].series
    assert (prepared.known.argmax(axis=1) == stamps.hour).all()
    assert f.predict().index[0] == stamps[-1] + pd.Timedelta("1h")
    assert str(f.predict().index.tz) == "Europe/Berlin"


def test_detected_columns_are_noted_and_kept_for_prediction(tmp_path):
    path = tmp_path / "sales.csv"
    stamps = pd.date_range("2001-01-01", periods=60, freq="MS")
    lines = "".join(
        f"{t:%d/%m/%Y};{s};{y:.2f}\n".replace(".", ",") for t, y in zip(stamps, Y, strict=True) for s in "ab"
    )
    path.write_text("Datum;Filiale;Umsatz\n" + lines)
    f = Forecaster(**TINY).fit(path, out=tmp_path / "run", progress=False)
    assert f.config.columns.target == ("Umsatz",)
    for note in (
        "cells are separated by semicolons (--separator)",
        "time is 'Datum' (--time)",
        "dates have the format '%d/%m/%Y', the first is 2001-01-01 (--time-format)",
        "2 series, named by 'Filiale' (--series)",
        "the frequency is MS (--frequency)",
    ):
        assert note in f.notes
    assert f.get_params()["time"] == ""
    path.write_text("Datum;Filiale;Umsatz\n" + "".join(lines.splitlines(keepends=True)[:20]))
    with pytest.raises(DataError, match="10 steps are too few: differences and lags of the model reach 12"):
        ur.load(tmp_path / "run").predict(data=path)
    path.write_text("Datum;Filiale;Umsatz\n" + "".join(lines.splitlines(keepends=True)[:60]))
    later = ur.load(tmp_path / "run").predict(data=path)
    assert later.series.tolist() == ["a"] * 3 + ["b"] * 3
    assert later.index[0] == pd.Timestamp("2003-07-01")
