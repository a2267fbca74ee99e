"""How many live frames a second come in, how soon they can be read, and what memory the reader takes.

    python benchmarks/live.py --seconds 60

A database, a broker, the lap simulator and `simrace live` run on this machine, so the figures are of all four together.
Each setting is driven for some seconds. Frames are counted against the sender's own list, unless they came by UDP.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from simrace.database import server
from simrace.database.connection import ConnectionParameters
from simrace.generator.live import stream
from simrace.generator.live_senders import open_sender
from tests.live.brokers import MOSQUITTO, free_port, mock_kafka, mosquitto

# Source, cars and frames a second of each.
SETTINGS = (
    ("kafka", 20, 50), ("kafka", 50, 100), ("udp", 20, 50), ("udp", 50, 100), ("mqtt", 20, 50),
)  # fmt: skip


def memory_mb(pid: int) -> float:
    """Resident memory of a process, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1_000
    return 0


class Watch(threading.Thread):
    """Looks as a reader of the table does, again and again: how old the newest frame is when it first can be seen."""

    def __init__(self, parameters: ConnectionParameters, pid: int) -> None:
        super().__init__(daemon=True)
        self.parameters, self.pid = parameters, pid
        self.oldest_s: list[float] = []
        self.memory_mb: list[float] = []
        self.is_over = threading.Event()

    def run(self) -> None:
        """Each new batch: from the sending of its oldest frame, which waited longest, to when it is seen here."""
        seen: dict[str, int] = {}
        with closing(self.parameters.connect()) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                while not self.is_over.wait(0.05):
                    cursor.execute("select stream, batch_number from raw.live_streams")
                    for stream_name, number in cursor.fetchall():
                        if seen.get(stream_name) == number:
                            continue
                        seen[stream_name] = number
                        cursor.execute(
                            "select split_part(frames, e'\\n', 1) from raw.live_frames where stream = %s and "
                            "batch_number = %s and frame_count > 0 and packets is null",
                            (stream_name, number),
                        )
                        for (text,) in cursor.fetchall():
                            if sent_at := json.loads(text).get("sent_at"):  # what makes the topic has none
                                self.oldest_s.append(time.time() - sent_at)
                    with suppress(OSError):
                        self.memory_mb.append(memory_mb(self.pid))


def measure(parameters: ConnectionParameters, kind: str, cars: int, rate: float, seconds: float) -> dict[str, Any]:
    """Drive one setting."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        address = {
            "kafka": lambda: f"kafka://{stack.enter_context(mock_kafka())}/bench",
            "mqtt": lambda: f"mqtt://127.0.0.1:{stack.enter_context(mosquitto(folder))}/bench/#",
            "udp": lambda: f"udp://127.0.0.1:{free_port()}",
        }[kind]()
        with closing(parameters.connect()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(
                "drop table if exists raw.live_frames, raw.live_sources, raw.live_streams, raw.live_quarantine"
            )
        sender = open_sender(address, cars)
        reader = subprocess.Popen(
            [Path(sys.executable).with_name("simrace"), "live", address], stderr=subprocess.PIPE, text=True
        )
        while "Reading" not in (said := reader.stderr.readline() if reader.stderr else ""):
            if reader.poll() is not None:
                raise SystemExit(f"simrace live has ended: {said}")
        watch = Watch(parameters, reader.pid)
        time.sleep(1)
        watch.start()
        began = time.monotonic()
        sent = stream(sender, cars, rate, seconds, keep_numbers=True)
        took_s = time.monotonic() - began
        frames, until = 0, time.monotonic() + 30
        while time.monotonic() < until:
            with closing(parameters.connect()) as connection, connection.cursor() as cursor:
                cursor.execute(
                    "select coalesce(sum(frame_count), 0) from raw.live_frames where source_format <> 'live_unknown'"
                )
                frames = int((cursor.fetchone() or (0,))[0])
            if frames >= sent.frames:
                break
            time.sleep(0.2)
        caught_up_s = time.monotonic() - began - took_s
        watch.is_over.set()
        watch.join()
        reader.send_signal(signal.SIGINT)
        asked_at = time.monotonic()
        try:
            reader.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            reader.kill()
            reader.communicate()
        usage = os.times()
        latencies, memory = sorted(watch.oldest_s), watch.memory_mb
        return {
            "source": kind, "asked_per_s": cars * rate, "sent_per_s": round(sent.frames / took_s), "sent": sent.frames,
            "kept": frames, "caught_up_s": round(caught_up_s, 2),
            "p50_s": round(latencies[len(latencies) // 2], 2) if latencies else None,
            "p95_s": round(latencies[int(len(latencies) * 0.95)], 2) if latencies else None,
            "memory_mb": [round(memory[len(memory) * at // 4]) for at in range(4)] + [round(memory[-1])],
            "ended_s": round(time.monotonic() - asked_at, 1),
            "reader_cpu_s": round(usage.children_user + usage.children_system, 1), "seconds": round(took_s, 1),
        }  # fmt: skip


def main() -> None:
    """Measure the settings that are asked for, one line of JSON each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="of each setting")
    parser.add_argument("--only", nargs="*", default=[], help="settings such as kafka:5000")
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="simrace-bench-live-"))
    home.chmod(0o711)
    os.environ["SIMRACE_HOME"] = str(home)
    os.environ["SIMRACE_PORT"] = str(free_port())
    try:
        started = server.start(lambda _: None)
        parameters = ConnectionParameters(started.settings)
        for kind, cars, rate in SETTINGS:
            if asked.only and f"{kind}:{cars * rate}" not in asked.only:
                continue
            if kind == "mqtt" and not MOSQUITTO:
                continue
            print(json.dumps(measure(parameters, kind, cars, rate, asked.seconds)), flush=True)
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
