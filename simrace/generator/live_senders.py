"""Where simulated cars send to: Kafka, MQTT, HTTP, a WebSocket, UDP."""

import os
import socket
import time
from contextlib import ExitStack, suppress
from typing import Any
from urllib.parse import urlsplit

from simrace.generator.live import Sender
from simrace.live.sources import Address, AddressError

TOKEN_VARIABLE = "SIMRACE_API_TOKEN"  # noqa: S105 - its name, not the token
WAIT_S = 30.0
AWAY_S = 5.0  # for a broker that is away at the end, such as one that heard the same Ctrl-C
HTTP_PAUSE_S = 0.2  # frames wait so long for a request
MESSAGES_AHEAD = 4  # of a socket, that wait for their answer
FRAMES_A_REQUEST, FRAMES_A_MESSAGE = 400, 2_000  # about half of what a server takes; more wait where it is away or slow


def open_sender(url: str, cars: int) -> Sender:
    """The sender to an address.

    Args:
        url: As `simrace live` has it, or http:// for `simrace serve`: http://localhost:8700/api/v1/live/pits.
        cars: How many will send.

    Raises:
        AddressError: it is none that can be sent to.
        ImportError: a library of the extra `live` is missing.
    """
    address = Address.read(url)
    if address.scheme == "kafka":
        return KafkaSender(address)
    if address.scheme in ("mqtt", "mqtts"):
        return MqttSender(address)
    if address.scheme in ("http", "https"):
        return HttpSender(url)
    if address.scheme in ("ws", "wss"):
        return SocketSender(url)
    if address.scheme == "udp":
        return UdpSender(address, cars)
    raise AddressError(
        f"{address.scheme}:// cannot be sent to; there are kafka, mqtt, mqtts, http, https, ws, wss and udp."
    )


class KafkaSender:
    """To a topic, with the car as key."""

    is_forza = False

    def __init__(self, address: Address) -> None:
        from confluent_kafka import Producer

        options = {name: value for name, value in address.options.items() if name not in ("group", "from")}
        self._producer = Producer(
            {
                "bootstrap.servers": f"{address.host}:{address.port or 9092}", "linger.ms": 20, "log_level": 0,
                "queue.buffering.max.messages": 1_000_000, **options,
            }
        )  # fmt: skip
        self._topic = address.path
        self._producer.list_topics(self._topic, timeout=WAIT_S)  # most brokers make a topic that is asked for

    def send(self, car: int, payload: bytes) -> None:
        """See `Sender`."""
        self._producer.produce(self._topic, payload, key=f"car-{car}")
        self._producer.poll(0)

    def flush(self) -> None:
        """See `Sender`."""
        self._producer.poll(0)

    def close(self) -> None:
        """See `Sender`."""
        self._producer.flush(WAIT_S)


class MqttSender:
    """To `TOPIC/car-N`, QoS 1; a `#` at the end of the topic is left out."""

    is_forza = False

    def __init__(self, address: Address) -> None:
        import paho.mqtt.client as mqtt
        from paho.mqtt.enums import CallbackAPIVersion

        self._topic = address.path.removesuffix("#").removesuffix("/")
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.max_inflight_messages_set(1_000)
        self._client.max_queued_messages_set(0)
        if address.user:
            self._client.username_pw_set(address.user, os.environ.get("SIMRACE_MQTT_PASSWORD"))
        if address.scheme == "mqtts":
            self._client.tls_set(address.options.get("ca"))
        self._client.connect(address.host, address.port or (8883 if address.scheme == "mqtts" else 1883))
        self._client.loop_start()
        self._last: Any = None

    def send(self, car: int, payload: bytes) -> None:
        """See `Sender`."""
        self._last = self._client.publish(f"{self._topic}/car-{car}", payload, qos=1)

    def flush(self) -> None:
        """See `Sender`."""

    def close(self) -> None:
        """See `Sender`."""
        if self._last:
            with suppress(RuntimeError):  # the broker is gone
                self._last.wait_for_publish(AWAY_S)
                if self._client.is_connected():
                    self._last.wait_for_publish(WAIT_S)
        self._client.disconnect()
        self._client.loop_stop()


class HttpSender:
    """To an address of `simrace serve`, a request a car each fifth of a second; one that fails is sent again."""

    is_forza = False

    def __init__(self, url: str) -> None:
        import requests

        self._url = url
        self._session = requests.Session()
        if token := os.environ.get(TOKEN_VARIABLE):
            self._session.headers["Authorization"] = f"Bearer {token}"
        self._waiting: list[bytes] = []
        self._sent_at = 0.0

    def send(self, car: int, payload: bytes) -> None:
        """See `Sender`."""
        self._waiting.append(payload.replace(b"{", b'{"car_key": "%d", ' % car, 1))

    def flush(self) -> None:
        """See `Sender`."""
        if time.monotonic() - self._sent_at >= HTTP_PAUSE_S:
            self._post()

    def _post(self) -> None:
        frames, self._waiting = self._waiting, []
        self._sent_at = time.monotonic()
        for place in range(0, len(frames), FRAMES_A_REQUEST):
            self._post_some(frames[place : place + FRAMES_A_REQUEST])

    def _post_some(self, frames: list[bytes]) -> None:
        import requests

        until = time.monotonic() + WAIT_S
        while True:
            try:
                answer = self._session.post(self._url, data=b"\n".join(frames), timeout=WAIT_S)
                if answer.status_code < 500 and answer.status_code != 429:
                    answer.raise_for_status()
                    return
            except requests.ConnectionError:
                pass
            if time.monotonic() > until:
                answer.raise_for_status()
                return
            time.sleep(0.5)

    def close(self) -> None:
        """See `Sender`."""
        self._post()


class SocketSender:
    """To a WebSocket; what is not answered when it breaks is lost, as with any socket."""

    is_forza = False

    def __init__(self, url: str) -> None:
        from websockets.sync.client import connect

        token = os.environ.get(TOKEN_VARIABLE)
        headers = {"Authorization": f"Bearer {token}"} if token else None
        self._open = ExitStack()
        self._connection = self._open.enter_context(connect(url, additional_headers=headers, compression=None))
        self._waiting: list[bytes] = []
        self._sent_at = 0.0
        self._unanswered = 0

    def send(self, car: int, payload: bytes) -> None:
        """See `Sender`."""
        self._waiting.append(payload.replace(b"{", b'{"car_key": "%d", ' % car, 1))

    def flush(self) -> None:
        """See `Sender`."""
        if self._waiting and time.monotonic() - self._sent_at >= HTTP_PAUSE_S:
            frames, self._waiting = self._waiting, []
            for place in range(0, len(frames), FRAMES_A_MESSAGE):
                self._connection.send(b"\n".join(frames[place : place + FRAMES_A_MESSAGE]))
                self._unanswered += 1
                self._hear(MESSAGES_AHEAD)
            self._sent_at = time.monotonic()

    def _hear(self, left: int) -> None:
        """Wait for answers until so many messages are left without."""
        while self._unanswered > left:
            self._connection.recv(WAIT_S)
            self._unanswered -= 1

    def close(self) -> None:
        """See `Sender`."""
        self._sent_at = 0.0
        self.flush()
        self._hear(0)
        self._open.close()


class UdpSender:
    """To a port, as Forza Horizon does; on this machine each car has an address of its own, as a console has."""

    is_forza = True

    def __init__(self, address: Address, cars: int) -> None:
        host = address.host or "127.0.0.1"
        if cars > 1 and not host.startswith("127."):
            raise AddressError("A game of Forza sends one car; more of them can be sent to 127.0.0.1 alone.")
        if address.port is None:
            raise AddressError("udp:// needs a port: udp://127.0.0.1:5300")
        self._place = (host, address.port)
        self._sockets = []
        for car in range(cars):
            self._sockets.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            if cars > 1:
                self._sockets[-1].bind((f"127.0.{1 + car // 250}.{1 + car % 250}", 0))

    def send(self, car: int, payload: bytes) -> None:
        """See `Sender`."""
        self._sockets[car].sendto(payload, self._place)

    def flush(self) -> None:
        """See `Sender`."""

    def close(self) -> None:
        """See `Sender`."""
        for each in self._sockets:
            each.close()


def shown(url: str) -> str:
    """An address without what should not be shown."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
