"""Downloading a file: resumable, whole or not at all, and never a web page in its place."""

from __future__ import annotations

import hashlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kachisuji.words import RunError

_CHUNK = 2**18
_PAGE = (b"<!doctype html", b"<html", b"<head")


def is_page(start: bytes) -> bool:
    """Whether a file that begins so is a web page."""
    return start[:200].lstrip().lower().startswith(_PAGE)


def download(
    address: str,
    folder: Path,
    *,
    timeout: float = 60.0,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Return the downloaded file in ``folder``, whole.

    A part left by an earlier try is taken up again when the server still has the same version of
    the file (entity tag or date of change); otherwise it starts anew.

    Raises
    ------
    RunError
        For another scheme than http(s), a server's refusal, a broken line, or a web page.
    """
    if urlsplit(address).scheme not in ("http", "https"):
        raise RunError("accounts.scheme", file=address)
    folder.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(address.encode()).hexdigest()[:32]
    part, mark = folder / f"{key}.part", folder / f"{key}.json"
    have = part.stat().st_size if part.is_file() and mark.is_file() else 0
    version = _version(mark) if have else ""
    headers = {"User-Agent": "kachisuji", "Accept-Encoding": "identity"}
    if have and version:
        headers |= {"Range": f"bytes={have}-", "If-Range": version}
    try:
        request = urllib.request.Request(address, headers=headers)
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            _receive(answer, address, part, mark, have, progress)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the part is as long as the file, or longer: begin again
            part.unlink(missing_ok=True)
            mark.unlink(missing_ok=True)
        error.close()
        why = f"{error.code} {error.reason}"
        raise RunError("accounts.refused", file=address, why=why) from error
    except (
        urllib.error.URLError,
        ConnectionError,
        TimeoutError,
        http.client.HTTPException,
    ) as error:
        why = str(getattr(error, "reason", error))
        raise RunError("accounts.broken_off", file=address, why=why) from error
    mark.unlink(missing_ok=True)
    return part


def _version(mark: Path) -> str:
    try:
        return str(json.loads(mark.read_text("utf-8"))["version"])
    except (ValueError, KeyError):
        return ""


def _receive(
    answer: Any,
    address: str,
    part: Path,
    mark: Path,
    have: int,
    progress: Callable[[int, int], None] | None,
) -> None:
    resumed = answer.status == 206 and have > 0
    done = have if resumed else 0
    length = answer.headers.get("Content-Length")
    total = done + int(length) if length is not None else 0
    kind = (answer.headers.get_content_type() or "").lower()
    version = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
    mark.write_text(json.dumps({"address": address, "version": version}), encoding="utf-8")
    with part.open("ab" if resumed else "wb") as stream:
        first = not resumed
        while chunk := answer.read(_CHUNK):
            if first:
                if kind == "text/html" or is_page(chunk):
                    break
                first = False
            stream.write(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, total)
    if first and not resumed:
        part.unlink(missing_ok=True)
        mark.unlink(missing_ok=True)
        raise RunError("accounts.page_instead", file=answer.url)
    if total and done != total:
        why = f"{done} of {total} bytes"
        raise RunError("accounts.broken_off", file=address, why=why)
