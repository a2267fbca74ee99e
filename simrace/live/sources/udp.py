"""UDP, as the games send it."""

import socket
import threading
import time
from collections.abc import Callable

from ingestion.errors import ReadableError
from simrace.live.inbox import Message
from simrace.live.reader import Reader
from simrace.live.sources.address import Address, AddressError

RECEIVE_BYTES = 8 << 20  # of the system's buffer, for as long as a commit takes
PACKETS_AT_ONCE = 500
LONGEST = 65_535


class Udp:
    """`udp://[ADDRESS]:PORT`: a port to listen on; without an address on all of this machine's."""

    def __init__(self, address: Address) -> None:
        address.allow()
        if address.port is None or address.path:
            raise AddressError("udp:// needs a port to listen on: udp://:5300")
        self._place = (address.host or "0.0.0.0", address.port)  # noqa: S104 - consoles send from other machines
        self._source = f"udp:{address.port}"
        self.label = self._source
        self._count = 0
        self._is_stopped = threading.Event()

    def prepare(self, reader: Reader) -> None:
        """Listen.

        Raises:
            ReadableError: the port is taken.
        """
        self._count = reader.source(self._source).next_offset
        reader.resume(self._source)
        self._socket = socket.socket(socket.AF_INET6 if ":" in self._place[0] else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        try:
            self._socket.bind(self._place)
        except OSError as error:
            raise ReadableError(f"{self._place[0]}:{self._place[1]} cannot be listened on: {error.strerror}") from error

    def start(self, reader: Reader, say: Callable[[str], object]) -> None:
        """Begin to receive."""
        self._thread = threading.Thread(target=self._receive, args=(reader,), name=self._source, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop to receive."""
        self._is_stopped.set()
        self._thread.join(5)
        self._socket.close()

    def _receive(self, reader: Reader) -> None:
        while not self._is_stopped.is_set():
            self._socket.settimeout(0.2)
            messages: list[Message] = []
            try:
                messages.append(self._message(*self._socket.recvfrom(LONGEST)))
                self._socket.setblocking(False)
                while len(messages) < PACKETS_AT_ONCE:
                    messages.append(self._message(*self._socket.recvfrom(LONGEST)))
            except (TimeoutError, BlockingIOError):
                pass
            except OSError:  # an answer of a sender that is gone
                continue
            if messages and not reader.inbox.put(messages):
                return

    def _message(self, packet: bytes, sender: tuple[str, int]) -> Message:
        message = Message(self._source, self._count, sender[0], packet, time.time(), is_packet=True)
        self._count += 1
        return message
