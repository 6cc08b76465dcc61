"""Forecast a series in a DataFrame: handling of bad rows, a rolling backtest, intervals, sample paths."""

import numpy as np
import pandas as pd

import unrolled as ur

# Eleven years of monthly sales with seasonality and growth. One month is missing, one is repeated.
months = pd.date_range("2012-01-01", periods=132, freq="MS")
rng = np.random.default_rng(0)
growth, season = 0.01 * np.arange(132), 0.3 * np.sin(2 * np.pi * np.arange(132) / 12)
sales = pd.DataFrame({"sales": np.exp(4 + growth + season + 0.03 * rng.normal(size=132))}, index=months)
sales = pd.concat([sales.drop(months[40]), sales.loc[[months[70]]]])

forecaster = ur.Forecaster(
    horizon=6,
    transform="log",
    difference=1,
    calendar=("month",),
    output="gaussian",
    hidden=20,
    window=24,
    epochs=40,
    lr=0.01,
    test_start="2021-01-01",
    duplicates="mean",
    missing="interpolate",
)
forecaster.fit(sales, progress=False)
for note in forecaster.data_info["series"]["sales"]["notes"]:
    print(note)

backtest = forecaster.backtest()  # from 2021 on, without retraining
print(backtest)
print(backtest.table.head(6)[["origin", "step", "time", "actual", "prediction", "q0.1", "q0.9"]])

print(forecaster.predict(3).round(1))
print(forecaster.predict(3, samples=2).round(1))
