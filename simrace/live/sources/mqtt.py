"""MQTT, QoS 1: a message is acknowledged when its frames are committed, so the broker sends again what was not."""

import os
import ssl
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from ingestion.errors import ReadableError
from simrace.live.inbox import Message, Tally
from simrace.live.reader import Reader
from simrace.live.sources.address import Address, AddressError

PASSWORD_VARIABLE = "SIMRACE_MQTT_PASSWORD"  # noqa: S105 - its name, not the password
WINDOW = 2_000  # messages that may wait for their acknowledgement; a broker may allow fewer
KEPT_S = 7 * 86_400  # as long the broker shall keep messages for a reader that is away
WAITED_FOR = 15  # so many wait: some brokers allow 20


class Mqtt:
    """`mqtt://[USER@]HOST[:PORT]/TOPIC?name=NAME`, `mqtts://` by TLS. The name is the client's id."""

    def __init__(self, address: Address) -> None:
        address.allow("name", "version", "ca")
        if not address.path:
            raise AddressError("mqtt:// needs a topic: mqtt://localhost/crewchief/#")
        self._address = address
        self._source = f"mqtt:{address.name}"
        self.label = self._source
        self._is_5 = address.options.get("version", "5") == "5"
        self._count = 0
        self._connection = 0
        self._unanswered = 0
        self._is_told = False
        self._lock = threading.Lock()

    def prepare(self, reader: Reader) -> None:
        """Learn how many messages there were."""
        self._count = reader.source(self._source).next_offset
        reader.resume(self._source)

    def start(self, reader: Reader, say: Callable[[str], object]) -> None:
        """Begin to receive; a broker that is not there is tried again."""
        self._reader, self._say = reader, say
        address = self._address
        client = self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=address.name,
            clean_session=None if self._is_5 else False,
            protocol=mqtt.MQTTv5 if self._is_5 else mqtt.MQTTv311,
            manual_ack=True,
        )
        client.on_connect, client.on_disconnect, client.on_message = self._connected, self._disconnected, self._received
        client.on_connect_fail = self._failed
        client.reconnect_delay_set(1, 30)
        if address.user:
            client.username_pw_set(address.user, os.environ.get(PASSWORD_VARIABLE))
        if address.scheme == "mqtts":
            _use_tls(client, address.options.get("ca"))
        more: dict[str, Any] = {}
        if self._is_5:
            more["properties"] = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            more["properties"].SessionExpiryInterval = KEPT_S
            more["properties"].ReceiveMaximum = WINDOW
            more["clean_start"] = False
        client.connect_async(address.host, address.port or (8883 if address.scheme == "mqtts" else 1883), **more)
        client.loop_start()

    def stop(self) -> None:
        """Stop to receive."""
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        with self._lock:
            self._connection += 1
            self._unanswered = 0
        self._is_told = False
        if reason.is_failure:
            self._say(f"{self._source}: the broker refuses: {reason}; tried again until it works.")
            return
        if self._is_5:  # without what is retained: it is of a moment before
            client.subscribe(self._address.path, options=SubscribeOptions(qos=1, retainHandling=2))
        else:
            client.subscribe(self._address.path, qos=1)

    def _failed(self, _client: mqtt.Client, _data: Any) -> None:
        """Say once why there is no connection; paho calls this while it handles the error."""
        error = sys.exception()
        if self._is_told:
            return
        self._is_told = True
        if isinstance(error, ssl.SSLCertVerificationError):
            way_out = "ca=FILE in the address names the authority that signed it"
            said = f"the certificate of {self._address.host} is not trusted ({error.verify_message}); {way_out}"
        else:
            said = f"no connection ({error or 'unknown'})"
        self._say(f"{self._source}: {said}; tried again until it works.")

    def _disconnected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._say(f"{self._source}: the connection is lost; tried again until it works.")

    def _received(self, client: mqtt.Client, _data: Any, received: mqtt.MQTTMessage) -> None:
        if received.retain and not self._is_5:
            client.ack(received.mid, received.qos)
            return
        with self._lock:
            connection = self._connection
            self._unanswered += 1
            is_waited_for = self._unanswered >= WAITED_FOR

        def answer(_: Tally) -> None:
            with self._lock:  # an id of an older connection is another message's now
                if connection == self._connection:
                    self._unanswered -= 1
                    client.ack(received.mid, received.qos)

        message = Message(
            self._source, self._count, received.topic, bytes(received.payload), time.time(), received.topic,
            is_waited_for=is_waited_for, done=answer,
        )  # fmt: skip
        self._count += 1
        self._reader.inbox.put([message])


def _use_tls(client: mqtt.Client, authority: str | None) -> None:
    """Speak by TLS.

    Raises:
        ReadableError: the file of the authority cannot be read.
    """
    try:
        client.tls_set(authority)
    except OSError as error:
        raise ReadableError(f"ca={authority} is no file with certificates: {error.strerror or error}") from error
