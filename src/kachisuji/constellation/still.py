"""A whole constellation of which nothing runs: for many nodes and many repetitions in one process.

Nodes answer by their own code (policy, approval, ledger, contribution, shares, seals, signature),
and the three members check and unseal by theirs. Only the network and the members' protocol are
left out: their shares are added up here and put together again, which gives the same number.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kachisuji.constellation import certificates
from kachisuji.constellation.aggregation import Opened, modulus
from kachisuji.constellation.answers import Answer, answer
from kachisuji.constellation.member import CommitteeMember, protected
from kachisuji.constellation.node import Node, Refusal, Submission
from kachisuji.constellation.noise import draw
from kachisuji.words import InputError

if TYPE_CHECKING:
    from kachisuji.constellation.local import Local
    from kachisuji.constellation.questions import Question


class Still:
    """Asks the nodes of a :class:`Local` that was made and not started.

    Parameters
    ----------
    local
        Folders of coordinator, committee and nodes.
    """

    def __init__(self, local: Local) -> None:
        self.nodes = [Node(local.folder / n) for n in local.nodes]
        self.members = [CommitteeMember(local.folder / n) for n in local.members]
        self._certificates = {
            n.folder.name: (n.folder / certificates.CERTIFICATE).read_text() for n in self.nodes
        }
        self._asked = 0

    def ask(self, question: Question, asker: str = "ministry", *, quiet: bool = False) -> Answer:
        """Ask every node once; with ``quiet`` the members add no noise (tests of what is exact).

        Raises
        ------
        InputError
            When fewer nodes answer than question and owners ask for.
        """
        self._asked += 1
        key = f"still{self._asked}.1"
        sent = {}
        for node in self.nodes:
            try:
                sent[node.folder.name] = node.answer(key, question, asker)
            except Refusal:
                continue
            node.clear_outbox(key)
        held, fewest = [], 0
        for place, member in enumerate(self.members):
            job = {"shares": [self._share(n, s, place) for n, s in sent.items()]}
            shares, least = member._unsealed(job, key, question)
            held.append(shares)
            fewest = max(fewest, least)
        opened = self._opened(question, held, fewest, quiet)
        if opened is None:
            raise InputError("constellation.too_few", want=fewest)
        return answer(key, question, protected(question, opened), key)

    def _share(self, node: str, sent: Submission, place: int) -> dict[str, Any]:
        """Return what the coordinator hands to the member at ``place``."""
        return {
            "node": node, "certificate": self._certificates[node],
            "hashes": [hashlib.sha256(b).hexdigest() for b in sent.sealed],
            "sealed": base64.b64encode(sent.sealed[place]).decode(),
            "signature": base64.b64encode(sent.signature).decode(),
        }  # fmt: skip

    def _opened(
        self, question: Question, held: list[list[Any]], fewest: int, quiet: bool
    ) -> Opened | None:
        """Add up the sound nodes' shares and put them together: ``2·s₁ − s₂`` on a line."""
        prime = modulus()
        kept, total = [], 0
        for one, two, three in zip(*held, strict=True):
            sound = one is not None and two is not None and three is not None
            sound = sound and not np.any((one - 2 * two + three) % prime)
            kept.append(bool(sound))
            if sound:
                total = total + 2 * one - two
        if sum(kept) < fewest:
            return None
        numbers = np.asarray(total % prime, dtype=object)
        numbers = np.where(numbers > prime // 2, numbers - prime, numbers)
        if not quiet:
            numbers = numbers + self._noise(question)
        return Opened(numbers, tuple(kept))

    def _noise(self, question: Question) -> NDArray[np.object_]:
        return sum(draw(question).astype(object) for _ in self.members)  # type: ignore[return-value]
