"""Pictures of the workbench for the docs, from a run: ``python scripts/picture_workbench.py RUN``.

They go to ``docs/pictures`` as PNG of 128 colours. Needs Chromium; Japanese is set in the font that
the documents of this package carry, whatever the machine has. The back-cast, the pathways and the
watch are made first (minutes), unless the desk in ``--data`` has them.
"""

import argparse
import io
import os
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
import uvicorn
from PIL import Image
from playwright.sync_api import sync_playwright

from kachisuji.desk.documents.fonts import font_folder
from kachisuji.desk.web import working
from kachisuji.desk.web.app import make_app
from kachisuji.desk.web.jobs import Job, Jobs
from kachisuji.desk.web.place import Desk, Shown

HERE = Path(__file__).parents[1] / "docs" / "pictures"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update"]  # fmt: skip
# name: address, width, height
SHOWN = {
    "overview": ("/r/{run}", 1280, 1500),
    "fields": ("/r/{run}/fields", 1280, 1000),
    "segment": ("/r/{run}/segment/{segment}", 1280, 1500),
    "what-if": ("/r/{run}/what-if", 1280, 1200),
    "futures": ("/r/{run}/futures", 1280, 1300),
    "back-casting": ("/r/{run}/back-casting", 1280, 1000),
    "pathways": ("/r/{run}/pathways", 1280, 1000),
    "watch": ("/r/{run}/watch", 1280, 1000),
    "narrative": ("/r/{run}/narrative", 1280, 1200),
    "structure": ("/structure", 1280, 1300),
    "cases": ("/cases", 1280, 900),
    "edit": ("/cases/mine/edit/segments.csv", 1280, 900),
    "compare": ("/cases/compare?a=mine@1&b=mine@2", 1280, 900),
    "runs": ("/runs?a={run}&b={other}", 1280, 900),
    "jobs": ("/jobs", 1280, 700),
    "phone": ("/r/{run}", 390, 844),
}
DARK = {("overview", "en"), ("what-if", "ja"), ("futures", "en"), ("phone", "en")}


def address_of(desk: Desk) -> tuple[str, uvicorn.Server]:
    """Open the desk on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(make_app(desk), port=port, log_level="error"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return f"http://127.0.0.1:{port}", server


FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>
<include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{fonts}</dir>
<cachedir>{hold}</cachedir></fontconfig>"""


def with_fonts(hold: str) -> dict[str, str | float | bool]:
    """Return an environment in which the browser finds the font with Japanese."""
    path = Path(hold) / "fonts.conf"
    path.write_text(FONTS.format(fonts=font_folder(), hold=hold), encoding="utf-8")
    return {**os.environ, "FONTCONFIG_FILE": str(path)}


def ahead_of(shown: Shown) -> dict[str, dict[str, Any]]:
    """Return what is asked ahead of a run: a goal, its pathways, a year's share below its path."""
    run, settings = shown.run, shown.run.case.settings
    chosen = [s for s in run.lines["segment"].iloc[run.choice["lines"]] if s]
    segment = (chosen or [s for s in run.lines["segment"] if s])[0]
    base = run.baseline.query("segment == @segment and measure == 'share'")
    year, share = int(base["year"].iloc[1]), float(base["p10"].iloc[1]) * 0.9
    goal = f"{segment}.share >= {max(1, round(150 * share))}% by {settings.last_year} with p >= 0.5"
    seen = {"observable": f"{segment}.share", "year": str(year), "value": repr(share), "unit": "",
            "error": repr(share / 20)}  # fmt: skip
    own = {"name": shown.name, "run": str(run.folder)}
    return {
        "backcast": {**own, "title": goal, "goal": goal, "case": str(run.folder / "case"),
                     "seed": run.manifest.seed},
        "pathways": {**own, "hold": None, "odds": 0.5, "when": None},
        "watch": {**own, "rows": [seen], "record": False},
    }  # fmt: skip


def more_money(case: Path) -> dict[str, bytes]:
    """Return a change to a case: the limits of money doubled."""
    table = pd.read_csv(case / "limits.csv", dtype=str)
    money = table["kind"] == "money"
    for column in ("low", "mode", "high"):
        table.loc[money, column] = [f"{2 * float(v):g}" for v in table.loc[money, column]]
    return {"limits.csv": table.to_csv(index=False, lineterminator="\n").encode()}


def _left_to_us(jobs: Jobs, job: Job) -> None:
    """Start no process: the work is done here, one job after another."""


def look_ahead(desk: Desk, run: str) -> None:
    """Do what is asked ahead, unless the desk has it."""
    setattr(Jobs, "_spawn", _left_to_us)  # noqa: B010
    done = {j.kind for j in desk.jobs.all() if j.status == "done" and j.asked["name"] == run}
    for kind, asked in ahead_of(desk.show(run)).items():
        if kind not in done:
            working.work(desk.jobs.start(kind, asked).folder)


def main() -> None:
    """Take every picture in both languages."""
    asked = argparse.ArgumentParser()
    asked.add_argument("run", type=Path)
    asked.add_argument("--data", type=Path)
    asked.add_argument("--beside", type=Path, help="another run, for the page of two runs")
    asked.add_argument("--only", nargs="*", default=list(SHOWN))
    given = asked.parse_args()
    beside = [given.beside] if given.beside else []
    with tempfile.TemporaryDirectory() as hold:
        desk = Desk(given.data or Path(hold), [given.run, *beside], "japan17")
        if "mine" not in desk.cases.names():
            made = desk.cases.from_shipped("mine", "template", "docs", "")
            desk.cases.save("mine", made.number, more_money(made.folder), "docs", "")
        names = {path: name for name, path in desk.runs().items()}
        run, other = names[given.run.resolve()], names[(given.beside or given.run).resolve()]
        look_ahead(desk, run)
        lines = desk.show(run).run.lines
        chosen = desk.show(run).run.choice["lines"] or [4]
        segment = lines["segment"].iloc[chosen[0]]
        address, server = address_of(desk)
        chromium = shutil.which("chromium") or "/usr/bin/chromium"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=FLAGS, env=with_fonts(hold)
            )
            for lang, locale in (("en", "en-US"), ("ja", "ja-JP")):
                for name in given.only:
                    path, width, height = SHOWN[name]
                    theme = "dark" if (name, lang) in DARK else "light"
                    page = browser.new_page(
                        locale=locale,
                        color_scheme=theme,
                        viewport={"width": width, "height": height},
                    )
                    page.set_default_timeout(120_000)
                    page.goto(address + path.format(run=run, other=other, segment=segment))
                    page.wait_for_function("!document.querySelector('[aria-busy]')")
                    # a page that is being prepared goes on by itself
                    page.wait_for_selector("#preparing", state="detached", timeout=120_000)
                    page.wait_for_timeout(200)
                    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                    picture = picture.quantize(128, dither=Image.Dither.NONE)
                    picture.save(HERE / f"{name}-{lang}.png", optimize=True)
                    page.close()
            browser.close()
        server.should_exit = True


if __name__ == "__main__":
    main()
