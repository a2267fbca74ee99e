"""Brokers on 127.0.0.1 for tests and benchmarks: mosquitto, and the mock cluster of librdkafka."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka import Producer

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def mosquitto(folder: Path, *more: str) -> Iterator[int]:
    """A broker with more lines of settings; it gives its port, and lives until the block ends."""
    port = free_port()
    broker = Mosquitto(folder, port, *more)
    try:
        yield port
    finally:
        broker.end()


class Mosquitto:
    """A broker that may be killed and begun again."""

    def __init__(self, folder: Path, port: int, *more: str) -> None:
        self._settings, self._port = folder / "mosquitto.conf", port
        lines = [f"listener {port} 127.0.0.1", "max_queued_messages 0", "log_dest none", "user root"]
        lines += [] if any(line.startswith("allow_anonymous") for line in more) else ["allow_anonymous true"]
        self._settings.write_text("\n".join([*lines, *more]) + "\n", "utf-8")
        self.begin()

    def begin(self) -> None:
        """Start it and wait until it answers."""
        assert MOSQUITTO
        command = [MOSQUITTO, "-c", str(self._settings)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(self._port)

    def kill(self) -> None:
        """Kill -9."""
        self._process.kill()
        self._process.wait(10)

    def end(self) -> None:
        """End it as the system would."""
        self._process.terminate()
        self._process.wait(10)


def wait_for_port(port: int, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.02)


@contextmanager
def mock_kafka() -> Iterator[str]:
    """A Kafka cluster of one broker in the memory of this process; it gives its address.

    It takes 4 partitions a topic, and forgets the oldest messages of each at 5 MB.
    """
    holder = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0})
    broker = next(iter(holder.list_topics(timeout=10).brokers.values()))
    yield f"{broker.host}:{broker.port}"
    del holder
