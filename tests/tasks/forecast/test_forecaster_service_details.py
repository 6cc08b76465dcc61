"""The details of a forecaster hold what its page needs, also if the training data are gone."""

import msgspec
import numpy as np
import pandas as pd
import pytest

from forecast_models import COVARIATES, TINY, VARIANTS, waves, with_covariates
from unrolled import Forecaster
from unrolled.engine.core import is_built
from unrolled.runtime import load
from unrolled.tasks.base.service import Limits
from unrolled.tasks.forecast.service import ForecasterService
from unrolled.tasks.forecast.service.messages import ForecastRequest

pytestmark = pytest.mark.skipif(not is_built(), reason="needs the compiled extension")


def train(path, frame, **options):
    """Return the service of a model that was trained on a file."""
    frame.rename_axis("time").to_csv(path)
    run = path.with_suffix("")
    Forecaster(**TINY | {"time": "time"} | options).fit(path, out=run, progress=False)
    return ForecasterService(load(run), Limits())


def ask_with(service, entry):
    """Return the forecast of the values in the details of a series."""
    horizon = service.details()["horizon"]
    count = len(entry["values"]) + horizon
    known = {name: (values * 2)[:count] for name, values in entry["known"].items()}
    start = entry["times"][0] if "times" in entry and entry["time"] != "none" else ""
    return service.forecast(
        [
            ForecastRequest(
                values=entry["values"], series=entry["name"], start=start, known=known, past=entry["past"]
            )
        ]
    )[0]


def test_a_file_that_is_still_there(tmp_path):
    service = train(tmp_path / "y.csv", waves(300), **VARIANTS["quantiles"])
    details = service.details()
    assert msgspec.json.decode(msgspec.json.encode(details)) == details
    assert details["note"] == ""
    assert details["levels"] == ["0.1", "0.25", "0.5", "0.75", "0.9"]
    assert (details["horizon"], details["largest_horizon"], details["paths"]) == (4, 4, False)
    [entry] = details["series"]
    assert entry["values"] == waves(300)["y"].tolist()[100:]
    assert (entry["times"][0], entry["times"][-1], entry["last"]) == (
        "2008-05-01",
        "2024-12-01",
        "2024-12-01",
    )
    assert (entry["step"], entry["time"], entry["read"]) == ("month", "dates", 14)
    np.testing.assert_allclose(
        ask_with(service, entry).point, service.runtime.predict()["prediction"], rtol=1e-5
    )


@pytest.mark.parametrize("change", ["removed", "longer", "not a table"])
@pytest.mark.parametrize("variant", ["recursive distribution", "stream", "direct distribution"])
def test_a_file_that_is_gone_or_changed(tmp_path, change, variant):
    path = tmp_path / "y.csv"
    service = train(path, waves(), **VARIANTS[variant])
    match change:
        case "removed":
            path.unlink()
        case "longer":
            waves(140).rename_axis("time").to_csv(path)
        case _:
            path.write_text("nothing")
    details = service.details()
    assert "not shown" in details["note"]
    assert str(tmp_path) not in details["note"]
    [entry] = details["series"]
    assert "times" not in entry
    example = entry | entry["example"]
    assert example["times"][0] == "2000-01-01"
    assert len(example["times"]) == 200
    assert len(example["values"]) == 200
    assert np.isfinite(ask_with(service, example).point).all()


def test_covariates(tmp_path):
    options = COVARIATES["known, direct"]
    service = train(tmp_path / "y.csv", with_covariates(), **options)
    [entry] = service.details()["series"]
    assert entry["known"] == {"price": with_covariates()["price"].tolist()}
    assert entry["past"].keys() == {"rain"}
    assert len(ask_with(service, entry).point) == 4
    (tmp_path / "y.csv").unlink()
    fresh = ForecasterService(service.runtime, Limits())
    [entry] = fresh.details()["series"]
    assert len(ask_with(fresh, entry | entry["example"]).point) == 4


def test_many_series_rows_and_numbers(tmp_path):
    table = pd.DataFrame({f"s{i}": waves(60, seed=i)["y"] for i in range(10)})
    service = train(tmp_path / "many.csv", table)
    details = service.details()
    assert [entry["name"] for entry in details["series"]] == [f"s{i}" for i in range(8)]
    assert details["names"] == [f"s{i}" for i in range(10)]
    by_row = train(tmp_path / "rows.csv", waves(), frequency="rows")
    [entry] = by_row.details()["series"]
    assert (entry["time"], entry["times"][-1]) == ("none", "2009-12-01")
    assert ask_with(by_row, entry).times == ["1", "2", "3", "4"]
    numbered = train(tmp_path / "steps.csv", waves().reset_index(drop=True), time="", frequency="rows")
    [entry] = numbered.details()["series"]
    assert (entry["time"], entry["step"]) == ("numbers", "step")
    assert ask_with(numbered, entry).times == [str(int(entry["last"]) + i) for i in (1, 2, 3, 4)]
