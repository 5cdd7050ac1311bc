"""The client of the transport: calls a coordinator, and says every failure in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kachisuji.constellation import certificates
from kachisuji.constellation.needs import need
from kachisuji.constellation.questions import PROTOCOL
from kachisuji.words import InputError, KachisujiError, RunError

HEADER = "x-kachisuji-protocol"
CLOCK = 300.0
"""Seconds that a participant's clock may differ from the coordinator's."""

LONGEST_WAIT = 25.0
"""Seconds that a call may wait at the coordinator for something to happen."""


def need_address(url: str) -> None:
    """Refuse what cannot be a coordinator's address.

    Raises
    ------
    InputError
        When it is not ``https://HOST:PORT`` (443 where no port is given).
    """
    try:
        parts = urlsplit(url)
        sound = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:  # no port, or one beyond 65535
        sound = False
    if not sound:
        raise InputError("constellation.not_https", got=url[:200])


class Client:
    """Calls a coordinator with the certificate of a folder; every failure is a sentence.

    Parameters
    ----------
    folder
        Of the participant.
    url
        Of the coordinator, without it the one of the invitation.
    version
        Of the protocol (tests speak another).
    """

    def __init__(self, folder: Path, url: str, version: int = PROTOCOL) -> None:
        httpx = need("httpx")
        self._httpx = httpx
        self.url = url.rstrip("/")
        need_address(self.url)
        self.folder, self._version = folder, version
        self._installed = self._certificate()
        self._client = self._connected()

    def _connected(self) -> Any:
        return self._httpx.Client(
            verify=certificates.client_context(self.folder), headers={HEADER: str(self._version)},
            timeout=self._httpx.Timeout(10.0, read=LONGEST_WAIT + 10.0), trust_env=False,
        )  # fmt: skip

    def _certificate(self) -> tuple[int, int]:
        """Tell one installed certificate from the next; each is written as a new file."""
        try:
            found = (self.folder / certificates.CERTIFICATE).stat()
        except OSError:  # the folder is being made anew
            return 0, 0
        return found.st_ino, found.st_mtime_ns

    def _renew(self) -> None:
        """Show the new certificate when the folder holds one: renewing needs no restart."""
        now = self._certificate()
        if now not in (self._installed, (0, 0)):
            fresh = self._connected()
            self._client.close()
            self._client, self._installed = fresh, now

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, method: str, path: str, content: Any = None, **query: Any) -> Any:
        """Call an endpoint and return what it says.

        Raises
        ------
        InputError
            When the coordinator refuses, or what answers is none.
        RunError
            When nothing answers.
        """
        self._renew()
        try:
            got = self._client.request(method, self.url + path, json=content, params=query)
            status, version = got.status_code, got.headers.get(HEADER)
            said = got.json() if version else None
        except self._httpx.InvalidURL as error:
            raise InputError("constellation.not_coordinator", got=self.url) from error
        except self._httpx.TransportError as error:
            raise _unreached(self.url, str(error)) from error
        except ValueError as error:
            raise InputError("constellation.not_coordinator", got=self.url) from error
        if version is None or said is None:
            raise InputError("constellation.not_coordinator", got=self.url)
        if status >= 400:
            raise InputError(_known(said.get("key", "")), **said.get("values", {}))
        return said


def _known(key: str) -> str:
    from kachisuji.words import entries

    if "remedy_en" not in entries().get(key, {}):
        return "constellation.garbage_back"
    return key


def _reason(why: str) -> str:
    """Return what OpenSSL names as the reason, without its own head and place."""
    return why.rpartition("verify failed: ")[2].partition(" (_ssl")[0][-80:]


def _unreached(url: str, why: str) -> KachisujiError:
    small = why.lower()
    if "mismatch" in small or "not valid for" in small:
        return InputError("constellation.other_host", got=url)
    if "certificate verify failed" in small:
        return InputError("constellation.foreign_server", got=url, why=_reason(why))
    if "alert" in small or "tlsv1" in small:
        return InputError("constellation.foreign_client", got=url, why=why[-80:])
    if "wrong version number" in small or "record layer" in small or "eof occurred" in small:
        return InputError("constellation.not_coordinator", got=url)
    return RunError("constellation.unreachable", got=url, why=why[-80:])
