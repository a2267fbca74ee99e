"""A WebSocket that others serve: frames come as its messages."""

import os
import threading
import time
from collections.abc import Callable

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from simrace.live.inbox import Message
from simrace.live.json_frames import MESSAGE_BYTES
from simrace.live.reader import Reader
from simrace.live.sources.address import Address

TOKEN_VARIABLE = "SIMRACE_WEBSOCKET_TOKEN"  # noqa: S105 - its name, not the token
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 30.0


class WebSocket:
    """`ws://HOST[:PORT]/PATH`, `wss://` by TLS."""

    def __init__(self, address: Address) -> None:
        port = f":{address.port}" if address.port else ""
        asked = "&".join(f"{name}={value}" for name, value in address.options.items() if name != "name")
        self._url = f"{address.scheme}://{address.host}{port}/{address.path}" + (f"?{asked}" if asked else "")
        self._source = f"ws:{address.options.get('name') or f'{address.host}{port}/{address.path}'}"
        self.label = self._source
        self._count = 0
        self._is_stopped = threading.Event()
        self._connection: ClientConnection | None = None

    def prepare(self, reader: Reader) -> None:
        """Learn how many messages there were."""
        self._count = reader.source(self._source).next_offset
        reader.resume(self._source)

    def start(self, reader: Reader, say: Callable[[str], object]) -> None:
        """Begin to receive; a server that is not there is tried again."""
        self._thread = threading.Thread(target=self._receive, args=(reader, say), name=self._source, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop to receive."""
        self._is_stopped.set()
        if self._connection:
            self._connection.close()
        self._thread.join(5)

    def _receive(self, reader: Reader, say: Callable[[str], object]) -> None:
        token = os.environ.get(TOKEN_VARIABLE)
        headers = {"Authorization": f"Bearer {token}"} if token else None
        wait_s = FIRST_WAIT_S
        while not self._is_stopped.is_set():
            try:
                with connect(self._url, additional_headers=headers, max_size=4 * MESSAGE_BYTES, max_queue=16) as opened:
                    self._connection = opened
                    for received in opened:
                        wait_s = FIRST_WAIT_S
                        payload = received.encode("utf-8", "replace") if isinstance(received, str) else bytes(received)
                        message = Message(self._source, self._count, "", payload, time.time())
                        self._count += 1
                        if not reader.inbox.put([message]):
                            return
            except (OSError, WebSocketException) as error:
                if wait_s == FIRST_WAIT_S and not self._is_stopped.is_set():
                    say(f"{self._source}: no connection ({type(error).__name__}); tried again until it works.")
            self._is_stopped.wait(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
