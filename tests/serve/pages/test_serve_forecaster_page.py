"""The page of a forecaster in a real Chromium: bending the series moves the forecast, as the model says."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast_models import TINY, VARIANTS, waves
from unrolled import Forecaster
from unrolled.runtime import load

pytestmark = pytest.mark.browser
MANY = {"time": "time", "max_steps": 40}


def train(folder: Path, name: str, frame: pd.DataFrame, **options: Any) -> Path:
    """Return the run folder of a forecaster that was trained on a file."""
    path = folder / f"{name}.csv"
    frame.rename_axis("time").to_csv(path)
    Forecaster(**TINY | MANY | options).fit(path, out=folder / name, progress=False)
    return folder / name


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Run folders of three small forecasters."""
    folder = tmp_path_factory.mktemp("runs")
    two = waves().assign(y2=waves(seed=5, level=60)["y"])
    season = {"season": 12}
    return {
        "paths": train(folder, "paths", waves(), **VARIANTS["recursive distribution"], **season),
        "linear": train(folder, "linear", waves(), **VARIANTS["linear"], **season),
        "two": train(folder, "two", two, **VARIANTS["quantiles"]),
    }


def first_row(tab: Any) -> list[str]:
    return tab.locator("#table tbody tr").first.locator("th, td").all_inner_texts()


def wait_for_forecast(tab: Any, expect: Any) -> None:
    expect(tab.locator("#table tbody tr")).to_have_count(4)
    expect(tab.locator("#influence-legend")).to_be_visible()


def open_forecaster(open_page: Callable, address: str, expect: Any, **options: Any) -> Any:
    tab = open_page(address, **options)
    wait_for_forecast(tab, expect)
    return tab


def drag(tab: Any, across: float, pixels: float, steps: int = 6) -> None:
    """Drag what lies at a fraction of the width of the chart."""
    box = tab.locator("#canvas").bounding_box()
    x, y = box["x"] + across * box["width"], box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x, y + pixels, steps=steps)
    tab.mouse.up()


def last_request(tab: Any) -> list[dict[str, Any]]:
    """Return a list to which the bodies of requests for forecasts are added."""
    bodies: list[dict[str, Any]] = []
    tab.on("request", lambda r: bodies.append(r.post_data_json) if r.url.endswith("/forecast") else None)
    return bodies


def shown_numbers(tab: Any) -> list[float]:
    rows = tab.locator("#table tbody tr td:nth-child(2)").all_inner_texts()
    return [float(text.replace("−", "-").replace(",", "")) for text in rows]


def test_dragging_a_point_moves_the_forecast(
    open_page: Callable, serve_runs: Callable, expect: Any, runs: dict[str, Path]
) -> None:
    tab = open_forecaster(open_page, f"{serve_runs(runs['linear'])}/models/linear", expect)
    before, bodies = first_row(tab), last_request(tab)
    drag(tab, 0.88, -80)
    expect(tab.locator("#table tbody tr td").first).not_to_have_text(before[1])
    expect(tab.locator("#reading")).to_contain_text("Your change")
    expect(tab.locator("#legend")).to_contain_text("as it was")
    values = bodies[-1]["values"]
    original = waves()["y"].to_numpy()
    moved = np.flatnonzero(np.abs(np.array(values) - original) > 1e-9)
    assert len(moved) in (4, 5), "a step and two neighbours on each side"
    bent = pd.DataFrame({"y": values}, index=waves().index)
    expected = load(runs["linear"]).predict(data=bent)["prediction"]
    np.testing.assert_allclose(shown_numbers(tab), expected, atol=0.006)

    tab.click("#undo")
    expect(tab.locator("#table tbody tr td").first).to_have_text(before[1])
    expect(tab.locator("#reset")).to_be_disabled()
    tab.check("#every")
    drag(tab, 0.88, -40)
    expect(tab.locator("#reset")).to_be_enabled()
    again = np.flatnonzero(np.abs(np.array(bodies[-1]["values"]) - original) > 1e-9)
    assert {int(n) % 12 for n in again} == {int(n) % 12 for n in moved}
    assert len(again) >= 9 * len(moved)
    tab.click("#reset")
    expect(tab.locator("#table tbody tr td").first).to_have_text(before[1])


def test_drawing_and_the_keyboard(
    open_page: Callable, serve_runs: Callable, expect: Any, runs: dict[str, Path]
) -> None:
    tab = open_forecaster(open_page, f"{serve_runs(runs['linear'])}/models/linear", expect)
    before, bodies = first_row(tab)[1], last_request(tab)
    tab.get_by_label("Draw").check(force=True)
    box = tab.locator("#canvas").bounding_box()
    y = box["y"] + 0.3 * box["height"]
    tab.mouse.move(box["x"] + 0.5 * box["width"], y)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 0.86 * box["width"], y, steps=3)
    tab.mouse.up()
    expect(tab.locator("#table tbody tr td").first).not_to_have_text(before)
    drawn = np.array(bodies[-1]["values"])
    level = [value for value in drawn if np.isclose(value, drawn[-5])]
    assert len(level) > 15, "a level line"
    tab.click("#reset")
    expect(tab.locator("#table tbody tr td").first).to_have_text(before)

    tab.get_by_label("Bend").check(force=True)
    tab.locator("#reach").fill("1")
    tab.locator("#canvas").focus()
    for key in ("End", "ArrowLeft", "ArrowUp", "ArrowUp", "PageUp"):
        tab.keyboard.press(key)
    expect(tab.locator("#table tbody tr td").first).not_to_have_text(before)
    changed = np.array(bodies[-1]["values"]) - waves()["y"].to_numpy()
    assert np.flatnonzero(changed).tolist() == [118]
    assert changed[118] > 0
    expect(tab.locator("#spoken")).to_contain_text("Nov 2009")
    tab.keyboard.press("Control+z")
    expect(tab.locator("#spoken")).to_contain_text("was")


def test_the_horizon_the_paths_and_the_table(
    open_page: Callable, serve_runs: Callable, expect: Any, runs: dict[str, Path]
) -> None:
    rights = ["clipboard-read", "clipboard-write"]
    address = f"{serve_runs(runs['paths'])}/models/paths"
    tab = open_forecaster(open_page, address, expect, permissions=rights)
    expected = load(runs["paths"]).predict(seed=1)
    assert first_row(tab)[0] == "Jan 2010"
    np.testing.assert_allclose(shown_numbers(tab), expected["prediction"], atol=0.006)
    tab.click("#copy")
    expect(tab.locator(".notice")).to_contain_text("Copied")
    lines = tab.evaluate("navigator.clipboard.readText()").strip().split("\n")
    assert lines[0].startswith("time,forecast,mean,q0.1,q0.25,q0.5,q0.75,q0.9,path 1,path 2")
    assert float(lines[4].split(",")[1]) == pytest.approx(expected["prediction"].iloc[3], rel=1e-5)
    tab.uncheck("#paths")
    expect(tab.locator("#legend")).not_to_contain_text("possible futures")
    tab.locator("#horizon").fill("9")
    expect(tab.locator("#table tbody tr")).to_have_count(9)
    expect(tab.locator("#horizon-value")).to_have_text("9 months")


def test_series_and_own_numbers(
    open_page: Callable, serve_runs: Callable, expect: Any, runs: dict[str, Path], tmp_path: Path
) -> None:
    tab = open_forecaster(open_page, f"{serve_runs(runs['two'])}/models/two", expect)
    first, bodies = first_row(tab)[1], last_request(tab)
    tab.select_option("#series", label="y2")
    expect(tab.locator("#table tbody tr td").first).not_to_have_text(first)
    wait_for_forecast(tab, expect)
    assert 50 < shown_numbers(tab)[0] < 80
    tab.fill("#numbers", "10\n20\n30\n40\n" * 8)
    expect(tab.locator("#start")).to_have_value("2007-05-01")
    tab.click("#use")
    expect(tab.locator("#past-value")).to_have_text("32 months")
    assert bodies[-1]["values"] == [10, 20, 30, 40] * 8
    assert (bodies[-1]["series"], bodies[-1]["start"]) == ("y2", "2007-05-01")
    table = tmp_path / "own.csv"
    table.write_text("day;a;b;note\n" + "".join(f"2021-{m:02}-01;{m};{m},5;x\n" for m in range(1, 13)) * 2)
    tab.set_input_files("#file", table)
    expect(tab.locator("#column")).to_be_visible()
    assert tab.locator("#column option").all_inner_texts() == ["a", "b"]
    tab.select_option("#column", label="b")
    expect(tab.locator("#past-value")).to_have_text("24 months")
    assert bodies[-1]["values"][:3] == [1.5, 2.5, 3.5]
    assert bodies[-1]["start"] == "2021-01-01"
    tab.fill("#numbers", "no numbers")
    tab.click("#use")
    expect(tab.locator(".notice.failed")).to_contain_text("No column holds numbers")


def test_the_training_data_are_gone(
    open_page: Callable, serve_runs: Callable, expect: Any, tmp_path: Path
) -> None:
    run = train(tmp_path, "gone", waves(), **VARIANTS["direct"])
    (tmp_path / "gone.csv").unlink()
    tab = open_forecaster(open_page, f"{serve_runs(run)}/models/gone", expect)
    expect(tab.locator("#note")).to_contain_text("not on this machine")
    expect(tab.locator("#note")).to_contain_text("invented")
    before = first_row(tab)[1]
    drag(tab, 0.9, -60)
    expect(tab.locator("#table tbody tr td").first).not_to_have_text(before)


def test_a_finger_bends_and_scrolls(
    open_page: Callable, serve_runs: Callable, expect: Any, runs: dict[str, Path]
) -> None:
    address = f"{serve_runs(runs['linear'])}/models/linear"
    tab = open_forecaster(
        open_page, address, expect, viewport={"width": 360, "height": 700}, has_touch=True, is_mobile=True
    )
    tab.locator("#canvas").scroll_into_view_if_needed()
    before, bodies = first_row(tab)[1], last_request(tab)
    send = tab.context.new_cdp_session(tab).send
    box = tab.locator("#canvas").bounding_box()

    def swipe(x: float, y: float, by: float) -> None:
        points = [{"x": x, "y": y + by * k / 6} for k in range(7)]
        send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
        for point in points[1:]:
            send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
        send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    place = tab.evaluate("scrollY")
    swipe(box["x"] + 0.78 * box["width"], box["y"] + box["height"] * 0.45, -60)
    expect(tab.locator("#table tbody tr td").first).not_to_have_text(before)
    assert tab.evaluate("scrollY") == place
    count = len(bodies)
    swipe(box["x"] + 0.9 * box["width"], box["y"] + 200, -80)  # on the forecast: the page scrolls
    tab.wait_for_function(f"scrollY > {place}")
    assert len(bodies) == count


def test_views(check_views: Callable, serve_runs: Callable, expect: Any, runs: dict[str, Path]) -> None:
    address = serve_runs(*runs.values())
    for name in ("paths", "two"):
        check_views(f"{address}/models/{name}", lambda tab: wait_for_forecast(tab, expect))
    assert re.match(r"http://127", address)
