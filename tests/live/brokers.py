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
def mosquitto(folder: Path) -> Iterator[int]:
    """A broker; it gives its port, and lives until the block ends."""
    port = free_port()
    settings = folder / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nlog_dest none\n",
        "utf-8",
    )
    assert MOSQUITTO
    broker = subprocess.Popen([MOSQUITTO, "-c", str(settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < until
                time.sleep(0.02)
        yield port
    finally:
        broker.terminate()
        broker.wait(10)


@contextmanager
def mock_kafka() -> Iterator[str]:
    """A Kafka cluster of one broker in the memory of this process; it gives its address.

    It takes 4 partitions a topic, and forgets the oldest messages of each at 5 MB.
    """
    holder = Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0})
    broker = next(iter(holder.list_topics(timeout=10).brokers.values()))
    yield f"{broker.host}:{broker.port}"
    del holder
