"""A desk over the small run, and a visitor with the token of a page."""

import re
from dataclasses import dataclass

import pytest
from starlette.testclient import TestClient

from kachisuji.desk.web.app import make_app
from kachisuji.desk.web.place import Desk

ADDRESS = "http://127.0.0.1:8765"


@dataclass
class Visitor:
    """A browser without script: keeps cookies, sends the token of the last page."""

    client: TestClient
    token: str = ""

    def get(self, path, **more):
        answer = self.client.get(path, **more)
        found = re.search(r'name="csrf" content="([^"]+)"', answer.text)
        if found:
            self.token = found[1]
        return answer

    def post(self, path, data=None, **more):
        given = {"csrf": self.token} | (data or {})
        headers = {"origin": ADDRESS} | more.pop("headers", {})
        return self.client.post(path, data=given, headers=headers, **more)

    def put(self, path, json):
        headers = {"origin": ADDRESS, "x-csrf-token": self.token}
        return self.client.put(path, json=json, headers=headers)


def visit(desk, **more) -> Visitor:
    desk.patience = 60.0  # wait until the what-if is ready; test_preparing does not
    client = TestClient(make_app(desk, **more), base_url=ADDRESS, raise_server_exceptions=False)
    visitor = Visitor(client)
    visitor.get("/jobs")
    return visitor


@pytest.fixture
def desk(small_run, tmp_path) -> Desk:
    return Desk(tmp_path / "desk", [small_run], "template")


@pytest.fixture
def visitor(desk) -> Visitor:
    return visit(desk, lang="en")


@pytest.fixture(scope="session")
def reader(small_run, tmp_path_factory) -> Visitor:
    """Return a visitor who changes nothing, shared by all."""
    return visit(Desk(tmp_path_factory.mktemp("desk"), [small_run], "template"), lang="en")
