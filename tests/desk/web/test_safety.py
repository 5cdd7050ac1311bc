"""What the desk refuses, and the headers of everything it answers."""

import pytest
from starlette.testclient import TestClient

from kachisuji.desk.cli import main
from kachisuji.desk.web.app import make_app
from kachisuji.desk.web.safety import Guard, is_loopback, local, same_origin
from tests.desk.web.conftest import ADDRESS, Visitor


@pytest.mark.parametrize("path", ["/", "/jobs", "/no-such-page", "/api/no-such", "/r/none"])
def test_every_answer_has_the_headers_of_safety(reader, path):
    headers = reader.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert "server" not in headers


def test_pages_hold_no_script_or_style_of_their_own(reader):
    page = reader.get("/").text
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert page.count("<script") == page.count("<script src=") == 1


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.evil"])
def test_other_names_are_not_answered(reader, host):
    assert reader.client.get("/jobs", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"referer": "http://evil.example/x"},
        {"sec-fetch-site": "cross-site"},
        {"origin": "http://127.0.0.1:9999"},
    ],
)
def test_changes_from_other_sites_are_refused(visitor, headers):
    given = {"csrf": visitor.token, "case": "template"}
    answer = visitor.client.post("/jobs/run", data=given, headers=headers)
    assert answer.status_code == 403
    assert not visitor.client.app.state.desk.jobs.all()


def test_every_route_that_changes_something_asks_for_the_token(visitor):
    description = visitor.client.get("/openapi.json").json()
    changing = [
        (method, path)
        for path, methods in description["paths"].items()
        for method in methods
        if method not in ("get", "head")
    ]
    assert changing
    for method, path in changing:
        for token in ("", "x.y", visitor.token[:-1] + "!"):
            answer = visitor.client.request(
                method, path, headers={"origin": ADDRESS, "x-csrf-token": token}
            )
            assert answer.status_code in (403, 422), (method, path, answer.status_code)


def test_a_token_is_good_for_its_session_only(desk):
    guard = Guard(desk.secret)
    token = guard.token("a" * 43)
    assert guard.good("a" * 43, token)
    assert guard.token("a" * 43) != token
    assert not guard.good("b" * 43, token)
    assert not guard.good("", guard.token(""))
    assert not guard.good("a" * 43, "x" + token)


def test_too_much_is_refused_told_or_not(visitor):
    large = b"x" * (9 * 2**20)
    headers = {"origin": ADDRESS, "content-type": "application/x-www-form-urlencoded"}
    assert visitor.client.post("/jobs/run", content=large, headers=headers).status_code == 413

    def parts():
        yield from (large[: 2**20] for _ in range(9))

    assert visitor.client.post("/jobs/run", content=parts(), headers=headers).status_code == 413


def test_an_open_address_asks_for_its_token(desk):
    guard = Guard(desk.secret, host="0.0.0.0", key="correct horse battery")
    there = Visitor(TestClient(make_app(desk, guard), base_url="http://192.0.2.7:8765"))
    assert there.get("/jobs").status_code == 401
    assert there.get("/jobs?token=wrong").status_code == 401
    answer = there.client.get("/jobs?token=correct+horse+battery&lang=ja", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/jobs?lang=ja"
    assert there.get("/jobs").status_code == 200
    assert there.client.get("/jobs", headers={"host": "evil.example"}).status_code == 421


def test_a_port_in_use_is_told(capsys, tmp_path):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with pytest.raises(SystemExit) as caught:
            main(["serve", "template", "--port", port, "--data", str(tmp_path)])
    assert caught.value.code == 2
    assert port in capsys.readouterr().err


@pytest.mark.parametrize(
    "path", ["//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "x"]
)
def test_no_way_leads_to_another_site(path):
    assert local(path) == "/"
    assert local("/jobs") == "/jobs"


def test_hosts_and_origins():
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert is_loopback("localhost")
    assert not is_loopback("0.0.0.0")
    assert not is_loopback("example.org")
    assert same_origin({"host": "a:1", "origin": "http://a:1"})
    assert same_origin({"host": "a:1"})
    assert not same_origin({"host": "a:1", "origin": "http://a:1.evil"})


@pytest.mark.parametrize(
    "path",
    [
        "/r/..%2f..%2fetc", "/r/%2e%2e", "/jobs/..%2f..%2fetc", "/static/x/..%2f..%2fapp.py",
        "/static/../../app.py", "/r/%00", "/jobs/run-20260101-000000-abcdef%0a",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_desk(reader, path):
    assert reader.get(path).status_code == 404


def test_no_websocket_is_taken(reader):
    from starlette.websockets import WebSocketDisconnect

    with (
        pytest.raises(WebSocketDisconnect) as caught,
        reader.client.websocket_connect("/jobs", headers={"host": "127.0.0.1:8765"}),
    ):
        pass
    assert caught.value.code == 1008
