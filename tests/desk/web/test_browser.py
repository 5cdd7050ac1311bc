"""Every page in a real browser: errors, failed requests, overflow, accessibility, a few errands."""

import shutil
import threading
import time
from pathlib import Path

import pytest
import uvicorn

from kachisuji.constellation.local import hold_port
from kachisuji.desk.web import working
from kachisuji.desk.web.app import make_app
from kachisuji.desk.web.jobs import Jobs
from kachisuji.desk.web.place import Desk

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
WIDTHS = (360, 1280, 1920)


@pytest.fixture(scope="module")
def desk(small_run, rich_run, tmp_path_factory):
    """Return a desk with a case of its own, two runs, and what was found ahead of one of them."""
    folder = tmp_path_factory.mktemp("desk")
    desk = Desk(folder, [small_run, rich_run], "template")
    desk.patience = 60.0
    desk.cases.from_shipped("mine", "template", "test", "")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Jobs, "_spawn", lambda self, job: None)  # done here, one after another
        for kind, asked in found_ahead(desk.show("run")).items():
            made = desk.jobs.start(kind, asked)
            assert working.work(made.folder) == 0, (kind, desk.jobs.get(made.name).error)
    return desk


def found_ahead(shown):
    """Return what is asked ahead of a run: a goal, its pathways, one observation, a what-if."""
    run = shown.run
    segment = next(s for s in run.lines["segment"].iloc[run.choice["lines"]] if s)
    last = run.case.settings.last_year
    goal = f"{segment}.share >= 8% by {last} with p >= 0.3"
    own = {"name": shown.name, "run": str(run.folder)}
    shares = run.baseline.query("segment == @segment and measure == 'share'")
    year, share = int(shares["year"].iloc[1]), float(shares["p50"].iloc[1])
    seen = {"observable": f"{segment}.share", "year": str(year), "value": repr(share), "unit": "",
            "error": repr(share / 10)}  # fmt: skip
    return {
        "backcast": {**own, "title": goal, "goal": goal, "case": str(run.folder / "case"),
                     "seed": run.manifest.seed},
        "pathways": {**own, "hold": None, "odds": 0.5, "when": None},
        "watch": {**own, "rows": [seen], "record": False},
        "solve": {**own, "question": [["limit.money", "60"]], "gap": 1e-2},
    }  # fmt: skip


@pytest.fixture(scope="module")
def address(desk):
    """Open the desk on a free port."""
    port, keeper = hold_port()
    config = uvicorn.Config(make_app(desk, lang="en"), port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(60)
    keeper.close()


@pytest.fixture(scope="module")
def browser():
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


class Tab:
    """A page of the browser that remembers what went wrong."""

    def __init__(self, browser, address, lang, theme="light"):
        self.context = browser.new_context(
            locale="ja-JP" if lang == "ja" else "en-US", color_scheme=theme
        )
        self.page, self.address, self.wrong = self.context.new_page(), address, []
        self.page.set_default_timeout(60_000)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda e: self.wrong.append(f"error: {e}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._response)

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text}")

    def _failed(self, request):
        if "ERR_ABORTED" not in (request.failure or ""):  # a question that a newer one replaced
            self.wrong.append(f"failed: {request.url} {request.failure}")

    def _response(self, response):
        if not response.url.startswith(self.address):
            self.wrong.append(f"from elsewhere: {response.url}")
        if response.status >= 400:
            self.wrong.append(f"{response.status}: {response.url}")

    def go(self, path):
        self.page.goto(self.address + path)  # until everything is loaded; pictures are drawn later
        self.page.wait_for_function("!document.querySelector('[aria-busy]')")
        return self.page


PAGES = [
    "/r/run", "/r/run?pick=1", "/r/run/fields", "/r/run/field/1", "/r/run/segment/@",
    "/r/run/what-if", "/r/run/futures", "/r/run/back-casting", "/r/run/pathways",
    "/r/run/watch", "/r/run/narrative", "/structure", "/cases", "/cases/mine",
    "/cases/mine/edit/segments.csv", "/cases/mine/edit/case.toml",
    "/cases/compare?a=template&b=mine", "/runs?a=small&b=run", "/jobs", "/jobs/@solve",
    "/r/small", "/r/small/futures",  # a run that chooses nothing
]  # fmt: skip
# axe looks at every page in both languages, both colours, and both kinds of layout
AXE_AT = {("en", "light"): 1280, ("en", "dark"): 360, ("ja", "light"): 360, ("ja", "dark"): 1280}


@pytest.mark.parametrize(("lang", "theme"), list(AXE_AT))
def test_every_page_is_whole_and_open_to_all(browser, address, desk, lang, theme):
    from axe_playwright_python.sync_playwright import Axe

    tab, axe = Tab(browser, address, lang, theme), Axe()
    shown = desk.show("run")
    places = {
        "@solve": next(j.name for j in desk.jobs.all() if j.kind == "solve"),
        "@": next(s for s in shown.run.lines["segment"].iloc[shown.run.choice["lines"]] if s),
    }
    found = []
    for path in PAGES:
        for mark, place in places.items():
            path = path.replace(mark, place)
        page = tab.go(path)
        assert page.get_attribute("html", "lang") == lang
        for width in (*(w for w in WIDTHS if w != AXE_AT[lang, theme]), AXE_AT[lang, theme]):
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{path} at {width}: {wide} wide")
        for violation in axe.run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                where = violation["nodes"][0]
                found.append(f"{path}: {violation['id']} {where['html'][:150]}")
        found += [f"{path}: {w}" for w in tab.wrong]
        tab.wrong.clear()
    tab.context.close()
    assert not found, "\n".join(found)


def test_a_slider_moves_the_answer_without_loading_the_page(browser, address):
    tab = Tab(browser, address, "en")
    page = tab.go("/r/small/what-if")
    page.evaluate("window.here = 1")
    slider = page.locator("#limit-money")
    slider.focus()
    slider.press("Home")
    page.wait_for_selector("#answer .notice.bad")
    assert "limit.money=0" in page.url
    slider.press("ArrowRight")
    assert page.locator("#lo-money").inner_text() == "5%"
    slider.press("Home")
    assert page.evaluate("window.here") == 1
    assert not tab.wrong
    tab.context.close()


def test_a_page_that_is_being_prepared_goes_on_by_itself(browser, address, desk, monkeypatch):
    monkeypatch.setattr(desk, "is_ready", lambda shown: False)
    tab = Tab(browser, address, "ja")
    page = tab.go("/r/small/what-if?limit.money=60")
    assert page.locator("#preparing [role=status]").inner_text().startswith("この実行結果")
    monkeypatch.undo()
    page.wait_for_selector("#answer")
    assert page.locator("#limit-money").input_value() == "60"
    assert not tab.wrong
    tab.context.close()


def test_futures_are_narrowed_by_keyboard(browser, address):
    tab = Tab(browser, address, "en")
    page = tab.go("/r/run/futures")
    axis = page.locator("button[data-axis='0']")
    axis.focus()
    axis.press("Enter")
    upper = page.locator("polyline.gone").count()
    axis.press("Enter")
    lower = page.locator("polyline.gone").count()
    every = page.locator("polyline").count()
    assert upper + lower == every  # each future is in one half
    assert 0 < upper < every
    axis.press("Enter")
    assert page.locator("polyline.gone").count() == 0
    assert not tab.wrong
    tab.context.close()


def test_a_portfolio_is_picked_by_keyboard_and_the_language_keeps_it(browser, address):
    tab = Tab(browser, address, "en")
    page = tab.go("/r/small")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    link = page.locator("#front-list tbody tr:nth-child(2) a")
    link.focus()
    link.press("Enter")
    page.wait_for_url("**pick=*")
    assert page.locator("#picked h3").first.inner_text().startswith("Portfolio no.")
    place = page.url
    page.click(".speak")
    page.wait_for_load_state("networkidle")
    assert page.get_attribute("html", "lang") == "ja"
    assert place.split("?")[1] in page.url
    assert not tab.wrong
    tab.context.close()


def test_what_is_typed_is_checked_and_is_there_after_reloading(browser, address):
    tab = Tab(browser, address, "en")
    page = tab.go("/cases/mine/edit/parameters.csv")
    field = page.locator('input[name="c.0.mode"]')
    kept = field.input_value()
    field.fill("abc")
    page.wait_for_selector('input[name="c.0.mode"][aria-invalid]')
    assert "parameters.csv" in page.inner_text("#problems")
    page.reload()
    page.wait_for_load_state("networkidle")
    assert field.input_value() == "abc"
    assert field.get_attribute("aria-invalid") == "true"
    field.fill(kept)
    page.wait_for_selector('input[name="c.0.mode"]:not([aria-invalid])')
    assert not tab.wrong
    tab.context.close()


def test_two_people_on_one_table_see_their_conflict_and_lose_nothing(browser, address, desk):
    from axe_playwright_python.sync_playwright import Axe

    desk.cases.from_shipped("shared", "template", "test", "")
    one, two = Tab(browser, address, "en"), Tab(browser, address, "en", "dark")
    asked = []
    one.page.on("dialog", lambda d: (asked.append(d.message), d.accept()))
    place = "/cases/shared/edit/segments.csv"
    first, second = one.go(place), two.go(place)
    second.fill('input[name="c.0.name_en"]', "Theirs")
    second.click('button[value="save"]')  # at once: what was typed goes with the form
    second.wait_for_url("**/cases/shared")
    first.fill('input[name="c.0.name_en"]', "Mine")
    first.fill('input[name="c.1.name_en"]', "Mine alone")
    first.wait_for_selector("#draft-state.notice.warn")  # told while typing, not only on saving
    first.click('button[value="save"]')
    row = first.locator("tr.clash")
    assert row.count() == 1
    assert "Theirs" in row.inner_text()
    assert "Mine" in row.inner_text()
    first.set_viewport_size({"width": 360, "height": 900})
    assert first.evaluate("document.documentElement.scrollWidth") == 360
    found = Axe().run(first).response["violations"]
    assert [v["id"] for v in found if v["impact"] in ("serious", "critical")] == []
    row.locator("input").check()
    first.click("form button.primary")
    first.wait_for_url("**/edit/segments.csv")
    first.reload()
    assert first.input_value('input[name="c.0.name_en"]') == "Mine"
    assert first.input_value('input[name="c.1.name_en"]') == "Mine alone"
    kept = first.input_value('input[name="c.0.name_ja"]')
    first.fill('input[name="c.0.name_ja"]', "A slip")
    first.click('button[value="undo"]')
    assert first.input_value('input[name="c.0.name_ja"]') == kept
    assert first.input_value('input[name="c.1.name_en"]') == "Mine alone"
    first.click('button[value="save"]')
    first.wait_for_url("**/cases/shared")
    assert [v.number for v in desk.cases.versions("shared")] == [1, 2, 3]
    assert asked == []
    assert [w for w in one.wrong if "409" not in w] == two.wrong == []
    one.context.close()
    two.context.close()


def test_pages_work_without_script(browser, address):
    context = browser.new_context(java_script_enabled=False, locale="en-US")
    page = context.new_page()
    page.goto(address + "/r/small/what-if")
    page.fill('input[name="power"]', "5")
    page.click("form.knobs button")
    assert "power=5" in page.url
    page.goto(address + "/cases/mine/edit/fields.csv")
    page.fill('input[name="c.0.name_en"]', "Changed without script")
    page.click('button[value="check"]')
    assert page.input_value('input[name="c.0.name_en"]') == "Changed without script"
    page.click('button[value="discard"]')
    assert page.input_value('input[name="c.0.name_en"]') != "Changed without script"
    context.close()
