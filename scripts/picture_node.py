"""Pictures of the node owner's screen for the docs: ``python scripts/picture_node.py [FOLDER]``.

A synthetic firm's node with two questions waiting, one approved for good and a joint model; PNG of
128 colours. Needs Chromium; Japanese is set in the font that the documents carry.
"""

import io
import json
import shutil
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

import uvicorn
from picture_workbench import FLAGS, HERE, with_fonts
from PIL import Image
from playwright.sync_api import sync_playwright

from kachisuji.constellation import ask
from kachisuji.constellation.evidence import exposure_question, learning_question
from kachisuji.constellation.joint import VAGUE
from kachisuji.constellation.node import Node, make_folder
from kachisuji.constellation.policy import Policy, write_policy
from kachisuji.constellation.serving import PENDING
from kachisuji.constellation.synthetic import firms
from kachisuji.desk.constellation.joining import COST, question
from kachisuji.desk.constellation.screen import screen

ORIGINS = ("CHN", "JPN", "USA", "EUR")


def make_node(place: Path) -> Node:
    """Make a node with tables, a log and two questions that wait."""
    folder = place / "acme"
    make_folder(folder, "acme")
    write_policy(folder, Policy(epsilon_most=2.0, budget={"ministry": 12.0, "institute": 2.0}))
    node = Node(folder)
    (made,) = firms(1, {"ndfeb_magnets": dict.fromkeys(ORIGINS, 0.25)},
                    {"permanent_magnets": 0.3},
                    {"permanent_magnets": {"c13": 0.5, "value_added": 0.5}}, seed=1)  # fmt: skip
    for table, frame in made.items():
        frame.to_csv(place / "t.csv", index=False)
        node.add(place / "t.csv", table)
    counted = ask(kind="count", table="production", epsilon=0.5,
                  groups={"process": ("permanent_magnets",)})  # fmt: skip
    node.log.debit("a.1", "ministry", 0.5, 12.0, question=counted.model_dump(mode="json"))
    node.log.append("sent", key="a.1", asker="ministry", state="kept")
    node.log.append("refused", key="b.1", asker="institute", reason="refused_epsilon")
    waiting = [
        {"id": "c", "attempt": 1, "asker": "ministry",
         "question": exposure_question(("ndfeb_magnets",), ORIGINS).model_dump(mode="json")},
        {"id": "d", "attempt": 1, "asker": "institute",
         "question": learning_question("permanent_magnets", 4.0).model_dump(mode="json")},
    ]  # fmt: skip
    (folder / PENDING).write_text(json.dumps(waiting))
    node.approvals.decide("a", counted, "ministry", "always")
    # what a round of a joint model leaves in the folder
    round_of = question("permanent_magnets", COST, VAGUE)
    node._keep_refinement(round_of, node.table(round_of.table))
    return node


def main(out: Path, every: bool) -> None:
    """Take the pictures: of the docs, or every width, theme and language."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        gate = screen(make_node(Path(place)), "en")
        server = uvicorn.Server(uvicorn.Config(gate, port=port, log_level="error"))
        threading.Thread(target=server.run, daemon=True).start()
        while not server.started:
            time.sleep(0.05)
        chromium = shutil.which("chromium") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(
            executable_path=chromium, args=FLAGS, env=with_fonts(place)
        )
        shown = [("node-ja", "ja", "light", 1280), ("node-en", "en", "dark", 1280)]
        if every:
            shown = [(f"{lang}-{theme}-{width}", lang, theme, width) for lang in ("en", "ja")
                     for theme in ("light", "dark") for width in (360, 1280)]  # fmt: skip
        for name, lang, theme, width in shown:
            page = browser.new_page(color_scheme=theme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
            page.goto(f"http://127.0.0.1:{port}/?lang={lang}")
            picture = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
            picture.quantize(128, dither=Image.Dither.NONE).save(out / f"{name}.png", optimize=True)
            page.close()
        browser.close()
        server.should_exit = True


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE, len(sys.argv) > 1)
