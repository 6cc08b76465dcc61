"""Time zones: days and hours follow the zone in which the stamps are even, and forecasts keep it."""

import numpy as np
import pandas as pd
import pytest

from unrolled.data.calendar import calendar_features
from unrolled.data.series import ColumnsConfig, TimeRulesConfig
from unrolled.data.series_tables import read_series
from unrolled.errors import ConfigError, DataError


def frame(index):
    return pd.DataFrame({"y": np.arange(len(index)) ** 1.5}, index=index)


def read(source, **rules):
    return read_series(source, ColumnsConfig(), TimeRulesConfig(**rules))


def write(tmp_path, stamps):
    path = tmp_path / "t.csv"
    path.write_text("time,y\n" + "".join(f"{stamp},{n * n}\n" for n, stamp in enumerate(stamps)))
    return path


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Tokyo", "America/New_York", "Asia/Kathmandu", "UTC"])
@pytest.mark.parametrize("freq", ["h", "15min", "D", "7D", "MS", "ME", "B", "QS-JAN", "YS-JAN"])
def test_days_and_hours_are_those_of_the_zone(zone, freq):
    count = 9000 if freq == "h" else 800
    stamps = pd.date_range("2020-03-01", periods=count + 5, freq=freq, tz=zone)
    data = read(frame(stamps[:count]))
    [s] = data.series
    assert (data.rules.frequency, data.rules.timezone) == (freq, zone)
    assert s.notes.gaps == 0
    assert s.future(5).equals(stamps[count:].rename("time"))
    assert (
        calendar_features(s.index, ["weekday"]).argmax(axis=1).tolist() == stamps[:count].day_of_week.tolist()
    )


def test_local_hours_across_the_change_of_clocks(tmp_path):
    stamps = pd.date_range("2021-03-20", "2021-11-10", freq="h", tz="Europe/Berlin")
    path = write(tmp_path, stamps.strftime("%Y-%m-%d %H:%M"))
    s = read(path, timezone="Europe/Berlin").series[0]
    assert s.index.equals(stamps)
    assert (s.notes.gaps, s.notes.duplicates) == (0, 0)
    days = pd.Series(1, index=s.index).groupby(s.index.date).sum()
    assert sorted(set(days)) == [1, 23, 24, 25]
    naive = read(path).series[0]  # without a zone the hour that clocks skip is missing, the other one twice
    assert (naive.notes.gaps, naive.notes.duplicates) == (1, 1)


def test_a_local_time_that_clocks_skip_is_refused(tmp_path):
    stamps = pd.date_range("2021-03-28", periods=5, freq="h").astype(str)
    with pytest.raises(DataError, match="2021-03-28 02:00:00 does not exist in Europe/Berlin"):
        read(write(tmp_path, stamps), timezone="Europe/Berlin")


@pytest.mark.parametrize("freq", ["h", "D", "MS"])
def test_changing_offsets_determine_the_zone(tmp_path, freq):
    stamps = pd.date_range(
        "2021-01-01",
        periods=15 if freq == "MS" else 200 if freq == "D" else 5000,
        freq=freq,
        tz="Europe/Berlin",
    )
    data = read(write(tmp_path, [t.isoformat() for t in stamps]))
    assert data.series[0].index.equals(stamps)
    assert "time zone Europe/Berlin, from the offsets (--timezone)" in data.notes


def test_local_midnights_in_utc_determine_the_zone(tmp_path):
    stamps = pd.date_range("2021-01-01", periods=200, freq="D", tz="Europe/Berlin")
    data = read(write(tmp_path, stamps.tz_convert("UTC").strftime("%Y-%m-%dT%H:%M:%SZ")))
    assert data.series[0].index.equals(stamps)
    assert "time zone Europe/Berlin, in which the time stamps are even (--timezone)" in data.notes
    assert read(frame(stamps.tz_convert("UTC"))).series[0].index.equals(stamps)


def test_one_offset_is_kept(tmp_path):
    stamps = pd.date_range("2021-01-01", periods=50, freq="D", tz="+05:30")
    data = read(write(tmp_path, [t.isoformat() for t in stamps]))
    assert data.rules.timezone == "UTC+05:30"
    assert [t.isoformat() for t in data.series[0].future(1)] == ["2021-02-20T00:00:00+05:30"]


def test_a_given_zone_converts_stamps(tmp_path):
    stamps = pd.date_range("2021-01-01", periods=50, freq="h", tz="UTC")
    [s] = read(frame(stamps), timezone="Asia/Tokyo").series
    assert s.index[0].hour == 9
    with pytest.raises(ConfigError, match="timezone='Berlin': is not a time zone"):
        read(frame(stamps.tz_localize(None)), timezone="Berlin")


def test_steps_before_a_stamp_are_counted_in_the_zone():
    [s] = read(frame(pd.date_range("2021-03-27", periods=5, freq="D", tz="Europe/Berlin"))).series
    assert s.steps_before("2021-03-29") == 2
    assert s.steps_before(pd.Timestamp("2021-03-28 23:00", tz="UTC")) == 3
    assert s.steps_up_to("2021-03-29") == 3
