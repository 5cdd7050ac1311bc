"""Every address of evidence is whole: someone who wants to look it up can."""

from urllib.parse import urlsplit

import pytest

from kachisuji import cases
from kachisuji.cases.programme import load_programme, past_programmes

SHIPPED = ("japan17", "machines_de", "template")


def wrong(address):
    """Say what is wrong with an address; nothing when it is whole."""
    if any(c.isspace() for c in address):
        return "a space in it"
    if address.rstrip("/").endswith(("…", "...", "%E2%80%A6")):
        return "cut off"
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https"):
        return "neither http nor https"
    host = (parts.hostname or "").split(".")
    return "" if len(host) > 1 and all(host) else "no whole host"


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://studylib.net/doc/1/working-paper-...", "cut off"),
        ("https://example.org/a…", "cut off"),
        ("https://ideas.repec.org./p/1.html", "no whole host"),
        ("https:///p/1.html", "no whole host"),
        ("example.org/p", "neither http nor https"),
        ("https://example.org/a b", "a space in it"),
        ("https://example.org/p/", ""),
    ],
)
def test_what_makes_an_address_whole(address, found):
    assert wrong(address) == found


@pytest.mark.parametrize("name", [*SHIPPED, *past_programmes()])
def test_addresses_of_evidence_are_whole(name):
    case = cases.load(name) if name in SHIPPED else load_programme(name)[0]
    found = {e.id: (e.address, wrong(e.address)) for e in case.evidence.values() if e.address}
    assert not {k: v for k, v in found.items() if v[1]}
