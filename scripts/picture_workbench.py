"""Pictures of the workbench for the docs, from a run: ``python scripts/picture_workbench.py RUN``.

They go to ``docs/pictures`` as PNG of 128 colours. Needs Chromium. Back-casts, pathways and
watches are pictured as the desk in ``--data`` holds them; without any, their pages are empty:
leave them out (``--only``).
"""

import argparse
import io
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path

import uvicorn
from PIL import Image
from playwright.sync_api import sync_playwright

from kachisuji.desk.web.app import make_app
from kachisuji.desk.web.place import Desk

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
    "compare": ("/cases/compare?a=template&b=mine", 1280, 900),
    "runs": ("/runs?a={run}&b={run}", 1280, 900),
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


def main() -> None:
    """Take every picture in both languages."""
    asked = argparse.ArgumentParser()
    asked.add_argument("run", type=Path)
    asked.add_argument("--data", type=Path)
    asked.add_argument("--only", nargs="*", default=list(SHOWN))
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as hold:
        desk = Desk(given.data or Path(hold), [given.run], "japan17")
        if "mine" not in desk.cases.names():
            desk.cases.from_shipped("mine", "template", "docs", "")
        run = desk.default_run()
        lines = desk.show(run).run.lines
        chosen = desk.show(run).run.choice["lines"] or [4]
        segment = lines["segment"].iloc[chosen[0]]
        address, server = address_of(desk)
        chromium = shutil.which("chromium") or "/usr/bin/chromium"
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            for lang, locale in (("en", "en-US"), ("ja", "ja-JP")):
                for name in given.only:
                    path, width, height = SHOWN[name]
                    theme = "dark" if (name, lang) in DARK else "light"
                    page = browser.new_page(
                        locale=locale,
                        color_scheme=theme,
                        viewport={"width": width, "height": height},
                    )
                    page.goto(address + path.format(run=run, segment=segment))
                    page.wait_for_load_state("networkidle")
                    page.wait_for_timeout(400)
                    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
                    picture = picture.quantize(128, dither=Image.Dither.NONE)
                    picture.save(HERE / f"{name}-{lang}.png", optimize=True)
                    page.close()
            browser.close()
        server.should_exit = True


if __name__ == "__main__":
    main()
