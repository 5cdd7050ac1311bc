"""The owner's screen: what it shows, what it refuses, and a browser that uses it."""

import html
import json
import threading
import time

import pytest
from fastapi.testclient import TestClient

from kachisuji.constellation import ask
from kachisuji.constellation.node import Node, make_folder
from kachisuji.constellation.policy import Policy, write_policy
from kachisuji.constellation.serving import PENDING
from kachisuji.desk.constellation.screen import screen

QUESTION = ask(kind="shares", epsilon=4.0, groups={"product": ("A",), "origin": ("CHN", "JPN")})


@pytest.fixture
def node(tmp_path):
    folder = tmp_path / "acme"
    make_folder(folder, "acme")
    write_policy(folder, Policy(budget={"ministry": 4.0}))
    table = tmp_path / "skills.csv"
    table.write_text("craft,age,people,apprentices\nWELD,30s,12,3\n")
    node = Node(folder)
    node.add(table, "skills")
    node.log.debit("x", "ministry", 1.0, 4.0, question=ask(
        kind="count", table="skills", epsilon=1.0).model_dump(mode="json"))  # fmt: skip
    waiting = [{"id": "q1", "attempt": 1, "asker": "ministry",
                "question": QUESTION.model_dump(mode="json")}]  # fmt: skip
    (folder / PENDING).write_text(json.dumps(waiting))
    return node


@pytest.fixture
def browser(node):
    return TestClient(screen(node, "en"), base_url="http://127.0.0.1:8770")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_it_shows_budget_requests_log_and_what_others_learn(browser, lang):
    page = browser.get(f"/?lang={lang}")
    assert page.status_code == 200
    shown = html.unescape(page.text)
    assert QUESTION.explain(lang) in shown
    assert ask(kind="count", table="skills", epsilon=1.0).explain(lang) in shown
    assert "ministry" in page.text
    assert ("承認待ち" if lang == "ja" else "wait for you") in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert "http://" not in page.text
    assert "<script" not in page.text


def test_a_forged_form_and_a_foreign_host_are_refused(node, browser):
    form = {"ident": "q1", "how": "always"}
    assert browser.post("/decide", data=form).status_code == 403
    evil = {"origin": "http://evil.example"}
    assert browser.post("/decide", data=form, headers=evil).status_code == 403
    assert browser.get("/", headers={"host": "evil.example"}).status_code == 421
    assert node.approvals.state("q1", QUESTION, "ministry") == "waiting"


def token(page):
    return page.split('name="csrf" value="')[1].split('"')[0]


@pytest.mark.parametrize(("how", "state"), [("once", "approved"), ("never", "never")])
def test_the_owner_decides_and_the_log_says_so(node, browser, how, state):
    good = token(browser.get("/").text)
    form = {"ident": "q1", "how": how, "csrf": good}
    page = browser.post("/decide", data=form)
    assert page.status_code == 200
    assert node.approvals.state("q1", QUESTION, "ministry") == state
    assert node.log.entries()[-1].values == {"id": "q1", "how": how}
    again = browser.post("/decide", data=form)
    assert again.status_code == 400
    assert "How to mend it" in again.text


def test_an_altered_log_is_told(node, browser):
    text = node.log.file.read_text().replace("skills", "drills", 1)
    node.log.file.write_text(text)
    page = browser.get("/")
    assert page.status_code == 400
    assert "altered" in page.text


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_what_is_approved_for_good_is_shown_and_withdrawn(node, browser, lang):
    page = browser.get("/").text
    assert "/withdraw" not in page
    form = {"ident": "q1", "how": "always", "csrf": token(page), "spoken": lang}
    shown = html.unescape(browser.post("/decide", data=form).text)
    (stands,) = node.approvals.standing()
    assert ("Approved until withdrawn" if lang == "en" else "取り消すまで有効な承認") in shown
    assert QUESTION.explain(lang) in shown
    gone = {"ident": stands.ident, "spoken": lang}
    assert browser.post("/withdraw", data=gone).status_code == 403  # forged
    assert len(node.approvals.standing()) == 1
    shown = html.unescape(browser.post("/withdraw", data=gone | {"csrf": token(shown)}).text)
    assert node.approvals.standing() == ()
    assert ("approval withdrawn" if lang == "en" else "承認の取消し") in shown
    assert node.approvals.state("q1", QUESTION, "ministry") == "waiting"
    again = browser.post("/withdraw", data=gone | {"csrf": token(shown)})
    assert again.status_code == 400
    assert stands.ident in again.text


@pytest.mark.parametrize("path", ["/decide", "/withdraw"])
def test_a_form_without_its_fields_is_told_in_words(browser, path):
    page = browser.post(path, data={"csrf": token(browser.get("/").text)})
    assert page.status_code == 400
    assert "How to mend it" in page.text


@pytest.mark.slow
def test_in_a_browser(node):
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    from pathlib import Path

    chromium = Path("/usr/bin/chromium")
    if not chromium.exists():
        pytest.skip("there is no /usr/bin/chromium")
    import uvicorn

    from kachisuji.constellation.local import hold_port

    port, keeper = hold_port()
    server = uvicorn.Server(
        uvicorn.Config(screen(node, "ja"), host="127.0.0.1", port=port, log_level="warning")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update",
             "--disable-sync"]  # fmt: skip
    try:
        with playwright.sync_playwright() as p:
            opened = p.chromium.launch(executable_path=str(chromium), args=flags)
            from axe_playwright_python.sync_playwright import Axe

            asked = []
            for width, theme, lang in ((360, "dark", "en"), (360, "light", "ja"),
                                       (1280, "light", "en"), (1280, "dark", "ja")):  # fmt: skip
                page = opened.new_page(viewport={"width": width, "height": 900}, color_scheme=theme)
                page.on("request", lambda r: asked.append(r.url))
                page.goto(f"http://127.0.0.1:{port}/?lang={lang}")
                for closed in page.locator("details").all():
                    closed.locator("summary").click()
                found = Axe().run(page)
                assert found.violations_count == 0, found.generate_report()
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                script = "p => getComputedStyle(document.body)[p].match(/\\d+/g)"
                ink, ground = (sum(map(int, page.evaluate(script, p)))
                               for p in ("color", "backgroundColor"))  # fmt: skip
                assert (ink > ground) == (theme == "dark")
            page.get_by_role("button", name="今後も承認").click()
            page.wait_for_load_state()
            assert page.get_by_role("button", name="今後も承認").count() == 0
            assert Axe().run(page).violations_count == 0
            page.get_by_role("button", name="取り消す").click()
            page.wait_for_load_state()
            assert page.get_by_role("button", name="今後も承認").count() == 1
            page.get_by_role("button", name="今後も承認").click()
            page.wait_for_load_state()
            page.get_by_role("link", name="English").click()
            assert "Questions that wait" in page.content()
            assert all(u.startswith(f"http://127.0.0.1:{port}/") for u in asked)
            opened.close()
    finally:
        server.should_exit = True
        thread.join(60)
        keeper.close()
    assert node.approvals.state("q1", QUESTION, "ministry") == "approved"
