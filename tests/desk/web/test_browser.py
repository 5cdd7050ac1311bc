"""Every page in a real browser: errors, failed requests, overflow, accessibility, a few errands."""

import shutil
import socket
import threading
import time
from pathlib import Path

import pytest
import uvicorn

from kachisuji.desk.web.app import make_app
from kachisuji.desk.web.place import Desk

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip
WIDTHS = (360, 1280, 1920)


@pytest.fixture(scope="module")
def address(small_run, tmp_path_factory):
    """Open a desk on a free port, with a case of its own."""
    desk = Desk(tmp_path_factory.mktemp("desk"), [small_run], "template")
    desk.cases.from_shipped("mine", "template", "test", "")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = uvicorn.Config(make_app(desk, lang="en"), port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


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
        self.page.set_default_timeout(15_000)
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
        self.page.goto(self.address + path)
        self.page.wait_for_load_state("networkidle")
        return self.page


PAGES = [
    "/r/small", "/r/small?pick=1", "/r/small/fields", "/r/small/field/1", "/r/small/segment/@",
    "/r/small/what-if", "/r/small/futures", "/r/small/back-casting", "/r/small/pathways",
    "/r/small/watch", "/structure", "/cases", "/cases/mine", "/cases/mine/edit/segments.csv",
    "/cases/mine/edit/case.toml", "/r/small/narrative",
    "/cases/compare?a=template&b=mine", "/runs?a=small&b=small",
    "/jobs",
]  # fmt: skip


@pytest.mark.parametrize(("lang", "theme"), [("en", "light"), ("ja", "dark")])
def test_every_page_is_whole_and_open_to_all(browser, address, stored, lang, theme):
    from axe_playwright_python.sync_playwright import Axe

    tab, axe = Tab(browser, address, lang, theme), Axe()
    segment = stored.case.tables["segments"]["segment"].iloc[0]
    found = []
    for path in PAGES:
        page = tab.go(path.replace("@", segment))
        assert page.get_attribute("html", "lang") == lang
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found.append(f"{path} at {width}: {wide} wide")
        page.set_viewport_size({"width": 1280, "height": 900})
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
