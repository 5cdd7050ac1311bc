"""One link between two members, checked against the certificate that the committee's list names."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kachisuji.constellation.needs import need

if TYPE_CHECKING:
    from kachisuji.constellation.aggregation import Seat


def exchanger(runtime: Any, peer: int | None, seats: Sequence[Seat]) -> Any:
    """Return MPyC's message protocol with the peer's certificate checked.

    A peer that shows another certificate than the committee's list names is cut off before it
    can send a number; a link that breaks ends the opening instead of leaving it waiting.
    """
    base: Any = need("mpyc.asyncoro").MessageExchanger

    class Link(base):  # type: ignore[misc, unused-ignore]
        transport: Any
        peer_pid: Any
        buffers: Any

        def _foreign(self, claimed: int) -> bool:
            """Whether the certificate shown is not that of the member ``claimed``."""
            secured = self.transport.get_extra_info("ssl_object")
            if secured is None:
                return False
            shown = hashlib.sha256(secured.getpeercert(True) or b"").hexdigest()
            return bool(shown != seats[claimed].fingerprint)

        def connection_made(self, transport: Any) -> None:
            self.transport = transport
            if self.peer_pid is not None and self._foreign(self.peer_pid):
                transport.abort()
                return
            super().connection_made(transport)

        def data_received(self, data: bytes) -> None:
            if self.peer_pid is None:
                # the first two bytes say who calls, however they were cut up on the way
                first = [*self.bytes[:2], *data][:2]
                claimed = int.from_bytes(first, "little")
                known = len(first) < 2 or claimed < len(seats)
                if not known or (len(first) == 2 and self._foreign(claimed)):
                    self.transport.abort()
                    return
            super().data_received(data)

        def connection_lost(self, exc: Exception | None) -> None:
            del exc
            for waiting in self.buffers.values():
                if hasattr(waiting, "set_exception") and not waiting.done():
                    waiting.set_exception(ConnectionResetError("a member of the committee left"))

    return Link(runtime, peer)
