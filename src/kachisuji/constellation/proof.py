"""That an answer is the committee's: three signatures that anybody can check later, offline.

The members sign what they opened; the coordinator passes the signatures on. So it cannot alter a
sum, and whoever keeps an answer with its proof needs nobody to show where it comes from.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from kachisuji.constellation import certificates
from kachisuji.constellation.noise import MEMBERS
from kachisuji.constellation.questions import Question
from kachisuji.words import KachisujiError


def statement(question: Question, key: str, body: Mapping[str, Any]) -> bytes:
    """Return what a member signs: question, attempt, and the opened body in canonical form."""
    text = json.dumps(body, sort_keys=True)
    inside = hashlib.sha256(text.encode()).hexdigest()
    return f"kachisuji:answer:{question.digest()}:{key}:{inside}".encode()


def holds(
    question: Question, key: str, body: Mapping[str, Any], proof: Sequence[Mapping[str, str]],
    authority: bytes, committee: Sequence[str],
) -> bool:  # fmt: skip
    """Whether the three members of ``committee`` (fingerprints) signed ``body``.

    Certificates may have expired since: what counts is that ``authority`` issued them and that
    they are the ones which the asker compared. The authority's word alone is not enough, for it is
    the coordinator's, who could make three members of its own.
    """
    signed = statement(question, key, body)
    names = set()
    for one in proof:
        try:
            certificate = one["certificate"].encode()
            signature = base64.b64decode(one["signature"], validate=True)
            member = certificates.identity(certificate)
        except (KeyError, ValueError, TypeError, AttributeError, KachisujiError):
            return False
        sound = (
            member.role == "member"
            and member.fingerprint in committee
            and certificates.issued_by(certificate, authority)
            and certificates.signed_by(certificate, signature, signed)
        )
        if not sound:
            return False
        names.add(member.name)
    return len(names) == MEMBERS
