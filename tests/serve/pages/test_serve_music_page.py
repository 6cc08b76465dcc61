"""The page of a music model: notes are written, played, continued by the model and downloaded."""

import json

import mido
import pytest

pytestmark = pytest.mark.browser

RULER, STEP, ROW, KEYBOARD = 26, 28, 12, 64
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder of an untrained model."""
    from unrolled import MusicModel

    folder = tmp_path_factory.mktemp("runs") / "chorales"
    pieces = [[[60 + n, 64 + n, 67 + n], [62 + n]] * 8 for n in range(6)]
    MusicModel(hidden=8, epochs=1, threads=1).fit(pieces, out=folder, progress=False)
    return folder


class Page:
    """The page, with all that it asks the server."""

    def __init__(self, tab, expect):
        self.tab, self.expect = tab, expect
        self.roll = tab.locator("#roll")
        self.scale = {"step": STEP, "row": ROW, "keyboard": KEYBOARD}
        self.asked = []
        tab.on("request", lambda request: self.asked.append(request) if request.method == "POST" else None)
        expect(tab.locator("#readout")).to_contain_text("steps to begin with")

    def bodies(self, operation):
        return [json.loads(r.post_data) for r in self.asked if r.url.endswith(f"/{operation}")]

    def steps(self):
        """Return the notes of the page, from the MIDI file that it would save."""
        before = len(self.bodies("midi"))
        with self.tab.expect_download():
            self.tab.locator("#download").click()
        return self.bodies("midi")[before]["steps"]

    def spot(self, step, key):
        """Return where a cell is in the roll."""
        left, top = self.tab.evaluate("[roll.scrollLeft, roll.scrollTop]")
        x = self.scale["keyboard"] + (step + 0.5) * self.scale["step"] - left
        return {"x": x, "y": RULER + (108 - key + 0.5) * self.scale["row"] - top}

    def click(self, step, key):
        self.roll.click(position=self.spot(step, key))

    def drag(self, begin, end):
        box = self.roll.bounding_box()
        mouse = self.tab.mouse
        for n, cell in enumerate((begin, end)):
            spot = self.spot(*cell)
            mouse.move(box["x"] + spot["x"], box["y"] + spot["y"], steps=4)
            if not n:
                mouse.down()
        mouse.up()

    def clear(self):
        self.tab.locator("#clear").click()
        self.expect(self.tab.locator("#clear")).to_be_disabled()

    def compose(self):
        self.tab.locator("#compose").click()
        self.expect(self.tab.locator("#compose")).to_have_text("Compose")  # it is "Stop" until then


@pytest.fixture
def page(serve_runs, open_page, expect, run):
    return Page(
        open_page(f"{serve_runs(run)}/models/chorales", viewport={"width": 1280, "height": 860}), expect
    )


def test_the_page_fits_phones_and_desktops_in_both_themes(serve_runs, check_views, expect, run):
    def ready(tab):
        expect(tab.locator("#readout")).to_contain_text("steps to begin with")
        tab.locator("#compose").click()
        expect(tab.locator("#readout")).to_contain_text("steps by the model")

    check_views(f"{serve_runs(run)}/models/chorales", ready)


def test_the_model_composes_after_the_opening_and_it_plays(page):
    opening = page.steps()
    page.tab.locator("#length").fill("8")
    page.tab.locator("#tempo").fill("240")
    page.compose()
    (body,) = page.bodies("compose")
    assert body["opening"] == opening
    assert body["stream"]
    steps = page.steps()
    assert steps[: len(opening)] == opening
    assert len(steps) == len(opening) + 8
    page.expect(page.tab.locator("#bar")).not_to_have_text("1")
    page.tab.keyboard.press("Space")
    page.expect(page.tab.locator("#play")).to_have_attribute("aria-label", "Play")
    page.tab.keyboard.press("Space")
    page.expect(page.tab.locator("#play")).to_have_attribute("aria-label", "Pause")
    play = page.tab.locator("#play")
    page.expect(play).to_have_attribute("aria-label", "Play", timeout=15_000)  # it ends by itself


def test_a_kept_seed_gives_the_same_piece_and_more_goes_on(page):
    page.compose()
    first = page.steps()
    page.compose()
    second = page.steps()
    page.tab.locator("#pin").click()
    page.compose()
    assert page.steps() == second != first
    page.tab.locator("#more").click()
    page.expect(page.tab.locator("#more")).to_be_enabled()
    longer = page.steps()
    assert longer[: len(second)] == second
    assert page.bodies("compose")[-1]["opening"] == second
    for expected in (second, second, first):
        page.tab.locator("#undo").click()
        assert page.steps() == expected
    page.tab.keyboard.press("Control+Shift+Z")
    assert page.steps() == second


def test_notes_are_written_moved_and_removed_with_the_mouse(page):
    page.clear()
    page.click(0, 60)
    page.drag((1, 64), (3, 67))
    assert page.steps() == [[60], [67], [67], [67]]
    page.drag((2, 67), (3, 65))
    assert page.steps() == [[60], [], [65], [65], [65]]
    page.click(3, 65)
    page.expect(page.tab.locator("#readout")).to_contain_text("F4 · bar 1, beat 4 · expected")
    assert page.steps() == [[60]]
    for expected in ([[60], [], [65], [65], [65]], [[60], [67], [67], [67]], [[60]]):
        page.tab.keyboard.press("Control+z")
        assert page.steps() == expected


def test_notes_are_written_with_the_keyboard(page):
    page.clear()
    page.roll.focus()
    page.tab.keyboard.press("Enter")
    page.tab.keyboard.press("Shift+ArrowRight")
    for key in ("ArrowRight", "ArrowUp", "PageDown", "Enter"):
        page.tab.keyboard.press(key)
    page.expect(page.tab.locator("#readout")).to_contain_text("C sharp 3 · bar 1, beat 3 · your note")
    assert page.steps() == [[60], [60], [49]]
    page.roll.focus()
    for key in ("Home", "PageUp", "ArrowDown", "Delete"):  # the note at the first step, over two steps
        page.tab.keyboard.press(key)
    assert page.steps() == [[], [], [49]]
    page.tab.locator("#compose").click()
    assert page.bodies("compose")[-1]["opening"] == [[], [], [49]]
    page.tab.locator("#undo").click()
    page.tab.keyboard.press("Home")
    page.tab.keyboard.press("m")
    page.tab.locator("#compose").click()
    assert page.bodies("compose")[-1]["opening"] == [[]]


def test_the_flag_says_where_the_model_begins(page):
    page.compose()
    before = page.steps()
    box, border = page.roll.bounding_box(), len(page.bodies("compose")[0]["opening"])
    x, y = box["x"] + KEYBOARD + border * STEP + 5, box["y"] + RULER / 2
    page.tab.mouse.move(x, y)
    page.tab.mouse.down()
    page.tab.mouse.move(x + 3 * STEP, y, steps=4)
    page.tab.mouse.up()
    page.compose()
    assert page.bodies("compose")[-1]["opening"] == before[: border + 3]


def test_fingers_tap_notes_and_draw_them(serve_runs, open_page, expect, run):
    page = Page(open_page(f"{serve_runs(run)}/models/chorales", **PHONE), expect)
    page.scale = {"step": 25, "row": 15, "keyboard": 44}
    page.clear()
    page.roll.tap(position=page.spot(1, 66))
    assert page.steps() == [[], [66]]
    page.roll.tap(position=page.spot(1, 66))
    page.expect(page.tab.locator("#clear")).to_be_disabled()
    page.tab.locator("#finger").tap()
    box, spots = page.roll.bounding_box(), [page.spot(1, 66), page.spot(2, 66), page.spot(3, 67)]
    points = [{"x": box["x"] + spot["x"], "y": box["y"] + spot["y"]} for spot in spots]
    touches = page.tab.context.new_cdp_session(page.tab)
    for kind, point in zip(
        ("touchStart", "touchMove", "touchMove", "touchEnd"), [*points, None], strict=True
    ):
        touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point] if point else []})
    assert page.steps() == [[], [67], [67], [67]]


def test_the_file_holds_the_piece_at_the_tempo_of_the_page(page, tmp_path):
    page.tab.locator("#tempo").fill("60")
    with page.tab.expect_download() as download:
        page.tab.locator("#download").click()
    download.value.save_as(tmp_path / "piece.mid")
    assert download.value.suggested_filename == "piece.mid"
    assert mido.MidiFile(tmp_path / "piece.mid").length == pytest.approx(len(page.steps()))


def test_an_error_of_the_server_is_shown_and_the_piece_stays(serve_runs, browser, expect, run):
    tab = browser.new_page()
    tab.goto(f"{serve_runs(run)}/models/chorales")
    page = Page(tab, expect)
    before = page.steps()
    answer = {"error": "the model is being replaced", "error_type": "RunError"}
    tab.route("**/compose", lambda route: route.fulfill(status=503, json=answer))
    tab.locator("#compose").click()
    expect(tab.get_by_role("alert")).to_contain_text("the model is being replaced")
    assert page.steps() == before
    tab.unroute("**/compose")
    page.compose()
    expect(tab.get_by_role("alert")).to_have_count(0)
    tab.close()


def test_any_edits_can_be_undone_and_redone(page):
    random_edits = """async () => {
      const {Piece} = await import("/static/music/piece.js");
      const piece = new Piece(), seen = [], show = () => JSON.stringify([piece.toJSON(), piece.border]);
      let state = 7;
      const random = (n) => { state = (state * 16807) % 2147483647; return state % n; };
      for (let n = 0; n < 150; n += 1) {
        seen.push(show());
        piece.remember();
        const step = random(20), key = 21 + random(6);
        const edits = [
          () => piece.put(step, step + 1 + random(4), key, random(3)), () => piece.append([[key], []]),
          () => piece.setBorder(step), () => piece.cut(), () => piece.replace([[key], [], [key + 1]]),
        ];
        edits[random(5)]();
        if (piece.border > piece.length) return "the border is behind the end";
      }
      const last = show();
      for (const text of seen.reverse()) {
        piece.undo();
        if (show() !== text) return `undone: ${show()}, not ${text}`;
      }
      while (piece.canRedo) piece.redo();
      return show() === last ? "" : "not redone";
    }"""
    assert page.tab.evaluate(random_edits) == ""
