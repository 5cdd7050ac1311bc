"""The commons: adding, fetching from a local server that misbehaves, checking, asking."""

import hashlib
import io
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import numpy as np
import pytest

from kachisuji.accounts import KINDS, commons, fetching, reference
from kachisuji.accounts.commons import Commons, Offer, catalogue
from kachisuji.accounts.readers.plain import write
from kachisuji.words import InputError, RunError
from tests.accounts.conftest import random_economy

BODY = np.random.default_rng(0).bytes(3_000_000)
SHA = hashlib.sha256(BODY).hexdigest()


class Server(BaseHTTPRequestHandler):
    """Serves BODY in several honest and dishonest ways; notes the ranges asked for."""

    ranges: ClassVar[list] = []
    tag = '"one"'
    page = b"<!DOCTYPE html><html><body>Please log in</body></html>"

    def log_message(self, *_):
        pass

    def do_GET(self):
        asked = self.headers.get("Range")
        Server.ranges.append(asked)
        if self.path == "/gone":
            return self.send_error(404)
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/login")
            return self.end_headers()
        if self.path in ("/login", "/sneaky"):
            kind = "text/html" if self.path == "/login" else "application/zip"
            return self.whole(self.page, kind)
        start = 0
        if asked and self.headers.get("If-Range") == Server.tag:
            start = int(asked.removeprefix("bytes=").split("-")[0])
        body = BODY[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", Server.tag)
        self.end_headers()
        if self.path == "/half" and len(Server.ranges) == 1:
            self.wfile.write(body[:1_000_000])
            self.close_connection = True
            return None
        self.wfile.write(body)

    def whole(self, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    Server.ranges, Server.tag = [], '"one"'
    server.daemon_threads = False  # so that closing the server waits for its answers
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def store(tmp_path, address="", sha256=""):
    offer = Offer("x", "csv", "X", "X", "P", "CC0", "https://example.org/x", "P (2020)", address)
    return Commons(tmp_path / "store", {"x": replace(offer, sha256=sha256, file="x.bin")})


def nothing_kept(commons_):
    assert commons_.holdings() == {}
    assert not (commons_.folder / "index.json").exists()
    objects = commons_.folder / "objects"
    assert not objects.exists() or not list(objects.rglob("*"))


def test_the_packages_catalogue():
    offers = catalogue()
    assert {"wiod13", "figaro", "mic-japan"} <= set(offers)
    for offer in offers.values():
        assert offer.licence
        assert offer.citation
        assert offer.page.startswith("https://")
        assert offer.address == "" or offer.address.startswith("https://")
        assert offer.title("ja") != offer.title("en")
        assert offer.kind in KINDS
        assert "{" not in "".join((offer.address, offer.file, offer.title_en, offer.title_ja))
    one = offers["exiobase3-ixi-2011"]
    assert one.file == "IOT_2011_ixi.zip"
    assert one.address.endswith("/5589597/files/IOT_2011_ixi.zip?download=1")
    by_node = offers["figaro-2025-prod-by-prod-2023"]
    assert "e213892a-afac-4d34-83e9-45e8a324e7e8/matrix_eu-ic-io_prod" in by_node.address
    assert len({o.address for o in offers.values() if o.address}) == 15 + 2 * 14 + 2 * 28


def test_a_kind_that_nobody_reads_is_refused(tmp_path):
    file = tmp_path / "t.csv"
    file.write_text("x")
    store = Commons(tmp_path / "store")
    with pytest.raises(InputError) as caught:
        store.add(file, "mine", licence="CC0", kind="wiod99")
    assert caught.value.key == "accounts.unknown_kind"
    assert store.holdings() == {}
    assert list((tmp_path / "store" / "parts").iterdir()) == []


def test_fetch(tmp_path, address):
    said = []
    here = store(tmp_path, address + "/file", SHA)
    holding = here.fetch("x", progress=lambda done, total: said.append((done, total)))
    assert here.path("x").read_bytes() == BODY
    assert (holding.size, holding.sha256, holding.licence) == (len(BODY), SHA, "CC0")
    assert said[-1] == (len(BODY), len(BODY))
    assert here.check() == {"x": "ok"}
    assert not list((here.folder / "parts").iterdir())


def test_a_broken_download_is_taken_up_again(tmp_path, address):
    here = store(tmp_path, address + "/half", SHA)
    with pytest.raises(RunError) as caught:
        here.fetch("x")
    assert caught.value.key == "accounts.broken_off"
    nothing_kept(here)
    here.fetch("x")
    assert Server.ranges[1] is not None
    assert int(Server.ranges[1].removeprefix("bytes=").rstrip("-")) > 0
    assert here.path("x").read_bytes() == BODY


def test_a_part_of_another_version_is_thrown_away(tmp_path, address):
    here = store(tmp_path, address + "/half", SHA)
    with pytest.raises(RunError):
        here.fetch("x")
    Server.tag = '"two"'
    here.fetch("x")
    assert here.path("x").read_bytes() == BODY


def test_interrupted_by_the_user(tmp_path, address):
    def stop(done, total):
        raise KeyboardInterrupt

    here = store(tmp_path, address + "/file", SHA)
    with pytest.raises(KeyboardInterrupt):
        here.fetch("x", progress=stop)
    nothing_kept(here)
    here.fetch("x")
    assert here.path("x").read_bytes() == BODY


@pytest.mark.parametrize(
    ("path", "sha256", "key"),
    [
        ("/file", "0" * 64, "accounts.checksum"),
        ("/moved", "", "accounts.page_instead"),
        ("/sneaky", "", "accounts.page_instead"),
        ("/gone", "", "accounts.refused"),
    ],
)
def test_what_is_not_the_file_is_not_kept(tmp_path, address, path, sha256, key):
    here = store(tmp_path, address + path, sha256)
    with pytest.raises(RunError) as caught:
        here.fetch("x")
    assert caught.value.key == key
    nothing_kept(here)
    assert not list((here.folder / "parts").iterdir())


def test_a_second_copy_must_be_the_first(tmp_path, address):
    here = store(tmp_path, address + "/file")
    here.fetch("x")
    index = (here.folder / "index.json").read_bytes()
    other = store(tmp_path, address + "/login")
    other.offers["x"] = replace(other.offers["x"], address=address + "/file")
    other.fetch("x")
    (here.folder / "index.json").write_bytes(index.replace(SHA.encode(), b"1" * 64))
    with pytest.raises(RunError, match="checksum"):
        other.fetch("x")


def test_no_server_no_scheme(tmp_path):
    with pytest.raises(RunError) as caught:
        store(tmp_path, "http://127.0.0.1:9/x").fetch("x", timeout=2)
    assert caught.value.key == "accounts.broken_off"
    with pytest.raises(RunError) as caught:
        store(tmp_path, "file:///etc/passwd").fetch("x")
    assert caught.value.key == "accounts.scheme"
    with pytest.raises(InputError) as caught:
        store(tmp_path).fetch("x")
    assert caught.value.key == "accounts.by_hand"
    with pytest.raises(InputError, match="nothing called 'y'"):
        store(tmp_path).fetch("y")


def test_a_full_disk(tmp_path, address, monkeypatch):
    class Full(io.FileIO):
        def write(self, _):
            raise OSError(28, "No space left on device")

    here = store(tmp_path, address + "/file", SHA)
    real = fetching.Path.open

    def full(self, mode="r", *args, **options):
        return Full(self, "w") if mode in ("wb", "ab") else real(self, mode, *args, **options)

    monkeypatch.setattr(fetching.Path, "open", full)
    with pytest.raises(RunError) as caught:
        here.fetch("x")
    monkeypatch.undo()
    assert caught.value.key == "accounts.cannot_write"
    assert "No space left" in str(caught.value)
    nothing_kept(here)
    here.fetch("x")


def test_a_store_where_a_file_stands(tmp_path):
    (tmp_path / "store").write_text("in the way")
    with pytest.raises(RunError) as caught:
        store(tmp_path).add(__import__("pathlib").Path(__file__), "x")
    assert caught.value.key == "accounts.cannot_write"
    assert (tmp_path / "store").read_text() == "in the way"


def test_add_read_and_ask(tmp_path):
    table = random_economy(3)
    write(table, tmp_path / "t.csv")
    here = Commons(tmp_path / "store", {})
    with pytest.raises(InputError, match="no licence"):
        here.add(tmp_path / "t.csv", "mine", kind="csv")
    nothing_kept(here)
    here.add(tmp_path / "t.csv", "mine", kind="csv", licence="CC BY 4.0", citation="me (2020)")
    (tmp_path / "t.csv").unlink()
    again = here.table("mine", year=table.year)
    np.testing.assert_array_equal(again.Z, table.Z)
    assert again.licence == "CC BY 4.0"
    here.register("mine", again)
    here.register("world", reference())
    total = here.query("SELECT dataset, sum(value) AS v FROM flows GROUP BY dataset ORDER BY 1")
    assert total["v"].tolist() == [table.x.sum(), reference().x.sum()]
    cars = here.query(
        "SELECT sum(value) AS v FROM flows WHERE dataset = 'world' AND seller_region = 'JPN' "
        "AND seller_sector = 'c15' AND buyer_region = 'USA'"
    )
    row, world = reference().row("JPN", "c15"), reference()
    assert cars["v"][0] == world.exports[row, world.region_number("USA")]
    with pytest.raises(InputError, match="query failed"):
        here.query("SELECT * FROM read_csv('/etc/passwd')")
    with pytest.raises(InputError, match="query failed"):
        here.query("SELECT nothing")


@pytest.mark.parametrize(
    ("content", "key"), [(Server.page, "accounts.page_added"), (b"", "accounts.empty_file")]
)
def test_what_was_saved_in_place_of_a_file_is_not_taken(tmp_path, content, key):
    (tmp_path / "wiot.zip").write_bytes(content)
    here = Commons(tmp_path / "store")
    with pytest.raises(InputError) as caught:
        here.add(tmp_path / "wiot.zip", "wiod13")
    assert caught.value.key == key
    nothing_kept(here)


def test_changed_and_missing_files_are_found(tmp_path):
    here = Commons(tmp_path / "store", {})
    for name in ("a", "b", "c"):
        (tmp_path / name).write_text(name)
        here.add(tmp_path / name, name, licence="CC0", kind="csv")
    here.path("a").write_text("other")
    here.path("b").unlink()
    assert here.check() == {"a": "changed", "b": "missing", "c": "ok"}
    with pytest.raises(RunError, match="checksum"):
        here.table("a")
    (here.folder / "index.json").write_text("{")
    with pytest.raises(RunError, match="JSON"):
        here.holdings()


@pytest.mark.parametrize("name", ["../x", "", "A", "x/y", ".hidden", "a" * 101])
def test_names_that_could_leave_the_store(tmp_path, name):
    (tmp_path / "f").write_text("x")
    with pytest.raises(InputError) as caught:
        Commons(tmp_path / "store", {}).add(tmp_path / "f", name, licence="CC0")
    assert caught.value.key == "accounts.bad_name"


def test_nothing_there(tmp_path):
    here = Commons(tmp_path / "store", {})
    assert here.holdings() == here.check() == {}
    with pytest.raises(InputError, match="no table has been registered"):
        here.query("SELECT 1")
    with pytest.raises(InputError, match="holds nothing called"):
        here.info("x")
    with pytest.raises(InputError, match="no such file"):
        here.add(tmp_path / "nowhere", "x", licence="CC0")


def test_licences_travel(monkeypatch, tmp_path):
    lines = commons.used(reference(), reference(), random_economy(1))
    assert len(lines) == 2
    assert lines[0]["licence"] == "CC BY 4.0"
    assert "Timmer" in lines[0]["citation"]
    small = reference().aggregate(sectors="total")
    assert commons.used(small)[0]["licence"] == "CC BY 4.0"
    monkeypatch.setenv("KACHISUJI_STORE", str(tmp_path))
    assert Commons().folder == tmp_path
