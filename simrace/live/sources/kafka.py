"""Kafka: partitions are assigned at the offsets in our table, so no consumer group has to be joined."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from ingestion.errors import ReadableError
from simrace.live.inbox import Message
from simrace.live.reader import Reader
from simrace.live.sources.address import Address, AddressError
from simrace.live.store import Source
from simrace.logs import log_event

PASSWORD_VARIABLE = "SIMRACE_KAFKA_PASSWORD"  # noqa: S105 - its name, not the password
OWN = ("group", "from", "ca")
LOOK_AGAIN_S = 30.0
FIRST_ANSWER_S = 10.0
POLL_S = 0.1
MESSAGES_AT_ONCE = 500


class Kafka:
    """`kafka://[USER@]HOST[:PORT]/TOPIC?group=NAME&from=latest&ca=FILE`; other options go to librdkafka as they are."""

    def __init__(self, address: Address) -> None:
        if not address.path:
            raise AddressError("kafka:// needs a topic: kafka://localhost/telemetry")
        self._address = address
        self._topic = address.path
        self._source = f"kafka:{address.name}/{self._topic}"
        self.label = self._source
        self._begin = {"earliest": OFFSET_BEGINNING, "latest": OFFSET_END}.get(address.options.get("from", "earliest"))
        if self._begin is None:
            raise AddressError("from= is earliest or latest")
        self._positions: dict[int, int] = {}
        self._is_stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._say: Callable[[str], object] = lambda _: None
        self._is_told = False
        self._last_error: KafkaError | None = None

    def _settings(self) -> dict[str, Any]:
        address = self._address
        settings: dict[str, Any] = {
            "bootstrap.servers": f"{address.host}:{address.port or 9092}",
            "group.id": address.name,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "queued.max.messages.kbytes": 16_384,
            "fetch.wait.max.ms": 50,  # some brokers answer no sooner, though something has come
            "error_cb": self._tell,
            "log_level": 0,
        }
        if address.user:
            settings |= {"sasl.username": address.user, "sasl.password": os.environ.get(PASSWORD_VARIABLE, "")}
            settings |= {"sasl.mechanism": "PLAIN", "security.protocol": "SASL_SSL"}
        if authority := address.options.get("ca"):
            settings["ssl.ca.location"] = authority
        return settings | {name: value for name, value in address.options.items() if name not in OWN}

    def _name(self, partition: int) -> str:
        return f"{self._source}/{partition}"

    def prepare(self, reader: Reader) -> None:
        """Learn the offsets of the partitions.

        Raises:
            AddressError: librdkafka does not know an option.
            ReadableError: there is no such topic, or no broker.
        """
        try:
            self._consumer = Consumer(self._settings())
        except KafkaException as error:
            raise AddressError(f"librdkafka does not take the options: {error.args[0].str()}") from error
        until, partitions = time.monotonic() + FIRST_ANSWER_S, None
        while partitions is None and time.monotonic() < until and not self._is_refused():
            partitions = self._partitions(1.0)
        if not partitions:
            raise ReadableError(self._why_not())
        for partition in partitions:
            self._positions[partition] = self._position(reader.source(self._name(partition)))
            reader.resume(self._name(partition))

    def _is_refused(self) -> bool:
        """Whether the client has told that it and the broker do not trust each other; no time mends that."""
        self._consumer.poll(0)  # which is when it tells
        error = self._last_error
        return error is not None and error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL)

    def _why_not(self) -> str:
        """Why no partition was learned."""
        host, error = self._address.host, self._last_error
        if not error or not self._is_refused():
            return f"There is no topic {self._topic} at {host}, or no broker that answers."
        if error.code() == KafkaError._AUTHENTICATION:
            user = self._address.user
            return f"{host} does not take {user} with the password in {PASSWORD_VARIABLE}: {_cause(error)}."
        way_out = "ca=FILE in the address names the authority that signed its certificate"
        return f"There is no connection to {host} by TLS: {_cause(error)}. {way_out}."

    def _position(self, source: Source) -> int:
        return source.next_offset if source.commit_number else self._begin or 0

    def _partitions(self, timeout: float) -> list[int] | None:
        """The partitions of the topic, none if it is not there; nothing if no broker answers."""
        try:
            topics = self._consumer.list_topics(self._topic, timeout=timeout).topics
        except KafkaException:
            return None
        found = topics.get(self._topic)
        return sorted(found.partitions) if found and not found.error else []

    def start(self, reader: Reader, say: Callable[[str], object]) -> None:
        """Begin to receive."""
        self._say = say
        self._assign()
        self._thread = threading.Thread(target=self._receive, args=(reader,), name=self._source, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop to receive."""
        self._is_stopped.set()
        if self._thread:
            self._thread.join(10)

    def _receive(self, reader: Reader) -> None:
        looked_at = time.monotonic()
        while not self._is_stopped.is_set():
            messages, broken = [], []
            for received in self._consumer.consume(MESSAGES_AT_ONCE, POLL_S):
                if error := received.error():
                    broken.append((received.partition() or 0, error))
                else:
                    messages.append(self._message(received))
            if messages and not reader.inbox.put(messages):
                break
            if messages:
                self._is_told = False
            for partition, error in broken:  # after the positions of all messages are known
                self._repair(partition, error)
            self._measure(reader)
            if time.monotonic() - looked_at > LOOK_AGAIN_S:
                self._look_for_partitions(reader)
                looked_at = time.monotonic()
        self._consumer.close()

    def _message(self, received: KafkaMessage) -> Message:
        partition, offset = received.partition() or 0, received.offset() or 0
        self._positions[partition] = offset + 1
        _, milliseconds = received.timestamp()
        now = time.time()
        key = (received.key() or b"")[:200]
        return Message(
            source=self._name(partition),
            offset=offset,
            key=key.decode("utf-8", "replace") if isinstance(key, bytes) else key,
            payload=received.value() or b"",
            arrived_at=min(now, milliseconds / 1000) if milliseconds > 0 else now,
        )

    def _repair(self, partition: int, error: KafkaError) -> None:
        """Go on where there is something to read when the offset that is wanted is not there any more."""
        if error.code() != KafkaError._AUTO_OFFSET_RESET:
            self._tell(error)
            return
        try:
            low, high = self._consumer.get_watermark_offsets(TopicPartition(self._topic, partition), timeout=5)
        except KafkaException as failed:
            self._tell(failed.args[0])
            low = high = OFFSET_BEGINNING
        wanted, name = self._positions.get(partition, 0), self._name(partition)
        log_event("live_offsets_gone", source=name, wanted=wanted, low=low, high=high)
        lost = f"offset {wanted:,} is not there any more; there are {low:,} to {high:,}"
        self._say(f"{name}: {lost}. Reading goes on at {low:,}; what lay between is lost.")
        self._positions[partition] = low
        self._assign()

    def _assign(self) -> None:
        """Read each partition from its position. What was fetched and not taken is fetched again."""
        self._consumer.assign([TopicPartition(self._topic, *each) for each in self._positions.items()])

    def _measure(self, reader: Reader) -> None:
        for partition, position in self._positions.items():
            with suppress(KafkaException):
                _, high = self._consumer.get_watermark_offsets(TopicPartition(self._topic, partition), cached=True)
                if high >= 0 <= position:
                    reader.lags[self._name(partition)] = max(0, high - position)

    def _look_for_partitions(self, reader: Reader) -> None:
        added = [partition for partition in self._partitions(1.0) or [] if partition not in self._positions]
        if added:
            self._positions |= dict.fromkeys(added, OFFSET_BEGINNING)
            self._assign()

    def _tell(self, error: KafkaError) -> None:
        """Say an error once until messages come again. The client tells it at each of many attempts."""
        if error.code() != KafkaError._ALL_BROKERS_DOWN:  # what follows from another error
            self._last_error = error
        if self._thread and not self._is_told:
            self._is_told = True
            log_event("live_kafka", source=self._source, code=error.name())
            self._say(f"{self._source}: {error.str()}; tried again until it works.")


def _cause(error: KafkaError) -> str:
    """What went wrong, without the address before it and the state after it."""
    return error.str().partition(": ")[2].partition(" (")[0].strip()
