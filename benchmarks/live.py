"""How many live frames a second come in, how soon they can be read and are in the marts, and what memory it takes.

    python benchmarks/live.py --seconds 600 --table live.md      # about fifty minutes
    python benchmarks/live.py --seconds 20 --only kafka:5000

A database, a broker, the sender and `simrace live` run on this machine, so the figures are of all four together. Frames
are counted against the sender's own list: where they have a sequence, that each came once. Results are printed as they
come, a line of JSON each, and the table is written anew after each.
"""

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import requests

from simrace.database import server
from simrace.database.connection import ConnectionParameters
from tests.live.brokers import MOSQUITTO, free_port, mock_kafka, mosquitto

BIN = Path(sys.executable).parent
SENDER = Path(__file__).with_name("live_sender.py")
TABLES = "raw.live_frames, raw.live_streams, raw.live_sources, raw.live_quarantine"
# Source, cars, frames a second of each, and the share of --seconds that it is driven.
SETTINGS = (
    ("kafka", 20, 50, 0.1), ("kafka", 50, 100, 1), ("udp", 50, 100, 1), ("ws", 50, 100, 1), ("mqtt", 20, 50, 1),
)  # fmt: skip
WATCHED = 5  # cars whose every frame is timed
LOOKS_EVERY_S = 0.05
SENT_AT = re.compile(r'"sent_at": ?([0-9.]+)|"TimestampMS":([0-9]+)')
SETTLE_S = 30.0


@dataclass
class Reader:
    """`simrace live`, or `simrace serve`, at work: where to send to, and its process."""

    address: str
    process: subprocess.Popen[str]

    @property
    def memory_mb(self) -> float:
        """Resident memory."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text("utf-8").splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1_000
        return 0

    @property
    def processor_s(self) -> float:
        """Time of a processor that it took."""
        parts = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def reading(kind: str) -> Iterator[Reader]:
    """A broker, where one is needed, and a reader of it."""
    with ExitStack() as stack:
        port, folder = free_port(), Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if kind == "ws":
            command = ["serve", "--port", str(port)]
            address = f"ws://127.0.0.1:{port}/api/v1/live/bench"
        else:
            address = {
                "kafka": lambda: f"kafka://{stack.enter_context(mock_kafka())}/bench",
                "mqtt": lambda: f"mqtt://127.0.0.1:{stack.enter_context(mosquitto(folder))}/bench/#",
                "udp": lambda: f"udp://127.0.0.1:{port}",
            }[kind]()
            command = ["live", address]
        if kind == "kafka":  # a topic is made when somebody asks for it
            from confluent_kafka import Producer

            Producer({"bootstrap.servers": address.split("/")[2], "log_level": 0}).list_topics("bench", timeout=10)
        environment = os.environ | {"SIMRACE_API_REQUESTS_PER_MINUTE": "0"}
        process = subprocess.Popen([BIN / "simrace", *command], stderr=subprocess.PIPE, text=True, env=environment)
        said = iter(process.stderr or ())
        if not any("Reading" in line or "Listening" in line for line in said):
            raise SystemExit(f"simrace {command[0]} has ended.")
        threading.Thread(target=list, args=(said,), daemon=True).start()
        if kind == "ws":
            wait_until(lambda: requests.get(f"http://127.0.0.1:{port}/live", timeout=5).ok)
        try:
            yield Reader(address, process)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(90)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until(condition: Any, seconds: float = 60) -> bool:
    """Wait until something is so, for a while; an error means that it is not."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(Exception):
            if condition():
                return True
        time.sleep(0.05)
    return False


class Sending:
    """The sender in its process; `go` starts its clock."""

    def __init__(self, address: str, cars: int, rate: float, seconds: float, *more: str) -> None:
        if address.startswith("kafka:"):
            address += "?compression.type=lz4"  # the broker of librdkafka keeps 5 MB of each partition
        command = [sys.executable, SENDER, address, "--cars", cars, "--rate", rate, "--seconds", seconds, *more]
        self._process = subprocess.Popen(
            [str(each) for each in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if next(iter(self._process.stdout or ()), "").strip() != "ready":
            raise SystemExit("The sender could not begin.")

    def go(self) -> None:
        """Begin to send."""
        if self._process.stdin:
            self._process.stdin.write("\n")
            self._process.stdin.flush()

    def result(self) -> dict[str, Any]:
        """What was sent, when all is."""
        said, _ = self._process.communicate()
        return dict(json.loads(said))


@dataclass
class Watch:
    """Looks as a reader of the table does, again and again: how old each frame of some cars is when it can be seen."""

    parameters: ConnectionParameters
    reader: Reader
    ages_s: list[float] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)
    began: float = 0.0

    def run(self) -> None:
        """Until `is_over`."""
        seen: dict[str, int] = {}
        looked_at = 0.0
        with closing(self.parameters.connect()) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            while not self.is_over.wait(LOOKS_EVERY_S):
                if time.monotonic() - looked_at >= 1:
                    looked_at = time.monotonic()
                    with suppress(OSError):
                        self.memory_mb.append(self.reader.memory_mb)
                cursor.execute(
                    "select stream, batch_number from raw.live_streams where source_format <> 'live_unknown' "
                    "order by stream limit %s",
                    (WATCHED,),
                )
                for stream, number in cursor.fetchall():
                    if seen.get(stream, 0) == number:
                        continue
                    cursor.execute(
                        "select frames from raw.live_frames where stream = %s and batch_number > %s",
                        (stream, seen.get(stream, 0)),
                    )
                    now = time.time()
                    seen[stream] = number
                    for (frames,) in cursor.fetchall():
                        for sent_at, milliseconds in SENT_AT.findall(frames):
                            sent = float(sent_at) if sent_at else self.began + int(milliseconds) / 1_000
                            self.ages_s.append(now - sent)


def measure(parameters: ConnectionParameters, kind: str, cars: int, rate: float, seconds: float) -> dict[str, Any]:
    """Drive one setting."""
    ask(parameters, f"drop table if exists {TABLES}")
    with reading(kind) as reader:
        sending = Sending(reader.address, cars, rate, seconds)
        watch = Watch(parameters, reader)
        time.sleep(1)
        if kind != "ws":
            wait_until(lambda: ask(parameters, "select count(*) from raw.live_streams"))
        thread = threading.Thread(target=looked_after, args=(watch,), daemon=True)
        processor_s = reader.processor_s
        watch.began = time.time()
        sending.go()
        thread.start()
        result = sending.result()
        sent, over_at = sum(result["sent"]), time.monotonic()
        count = "select coalesce(sum(frame_count), 0) from raw.live_frames where source_format <> 'live_unknown'"
        wait_until(lambda: ask(parameters, count)[0][0] >= sent, SETTLE_S)
        caught_up_s = time.monotonic() - over_at
        watch.is_over.set()
        thread.join()
        kept = int(ask(parameters, count)[0][0])
        processor_s = reader.processor_s - processor_s
        once = None
        if kind != "udp":
            seen = ask(parameters, "select reading -> 'seen' from raw.live_streams where source_format = 'live_json'")
            whole = [[0, number - 1] for number in result["sent"]]
            once = sorted(ranges for ((_, ranges, _),) in (row[0] for row in seen)) == sorted([each] for each in whole)
            once = once and kept == sent
    memory = watch.memory_mb
    tenth = max(1, len(memory) // 10)
    ages = sorted(watch.ages_s) or [float("nan")]
    return {
        "source": kind, "cars": cars, "asked_per_s": cars * rate, "sent_per_s": round(sent / result["took_s"]),
        "seconds": round(result["took_s"], 1), "sent": sent, "kept": kept, "each_once": once,
        "caught_up_s": round(caught_up_s, 2), "p50_s": round(ages[len(ages) // 2], 2),
        "p95_s": round(ages[int(len(ages) * 0.95)], 2), "most_s": round(ages[-1], 2),
        "memory_mb": [round(statistics.mean(part)) for part in (memory[tenth : 2 * tenth] or memory, memory[-tenth:])],
        "processor_ms_a_frame": round(1_000 * processor_s / max(kept, 1), 3),
    }  # fmt: skip


def looked_after(watch: Watch) -> None:
    """Look again where the tables are not there yet."""
    while not watch.is_over.is_set():
        with suppress(Exception):
            watch.run()
        time.sleep(0.1)


def ask(parameters: ConnectionParameters, statement: str) -> list[tuple[Any, ...]]:
    """Rows of a statement; of one that gives none, none."""
    with closing(parameters.connect()) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


QUERIES = {
    "live_standing": "select * from marts.live_standing",
    "live_samples, 2 columns of the last 2 s":
        "select elapsed_s, speed_kph from marts.live_samples where received_at > now() - interval '2 s'",
    "live_samples, all columns of the last 2 s":
        "select * from marts.live_samples where received_at > now() - interval '2 s'",
}  # fmt: skip


def measure_views(parameters: ConnectionParameters, seconds: float) -> list[dict[str, Any]]:
    """Ask the live marts of 20 cars at 60 Hz while they drive."""
    ask(parameters, f"truncate {TABLES}")
    with reading("kafka") as reader:
        sending = Sending(reader.address, 20, 60, seconds)
        sending.go()
        time.sleep(seconds / 3)
        found = []
        with closing(parameters.connect()) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            for name, query in QUERIES.items():
                took, rows = [], 0
                for _ in range(30):
                    began = time.perf_counter()
                    cursor.execute(query)
                    rows = len(cursor.fetchall())
                    took.append(1_000 * (time.perf_counter() - began))
                    time.sleep(0.1)
                found.append(
                    {"view": name, "rows": rows, "p50_ms": round(sorted(took)[15]), "p95_ms": round(sorted(took)[28])}
                )
        sending.result()
    return found


def measure_end(parameters: ConnectionParameters, rounds: int) -> list[dict[str, Any]]:
    """From the mark at the end of a session to its laps in the marts, one session after the other."""
    ask(parameters, f"truncate {TABLES}")
    found = []
    with reading("kafka") as reader:
        time.sleep(30)  # `simrace live` makes ready to build while nothing comes
        for place in range(rounds):
            before = ask(parameters, "select count(*) from marts.dim_sessions")[0][0]
            sending = Sending(reader.address, 1, 60, 600, "--burst")
            sending.go()
            sending.result()
            sent_at = time.monotonic()
            is_there = wait_until(
                lambda before=before: (
                    ask(
                        parameters,
                        "select count(distinct session_id) from marts.dim_sessions inner join marts.fct_laps "
                        "using (session_id)",
                    )[0][0]
                    and ask(parameters, "select count(*) from marts.dim_sessions")[0][0] > before
                ),
                300,
            )
            found.append(
                {"session": place + 1, "to_marts_s": round(time.monotonic() - sent_at, 1) if is_there else None}
            )
            wait_until(lambda: ask(parameters, "select count(*) from raw.live_frames where frame_count > 1")[0][0] == 0)
            time.sleep(15)
    return found


def table(results: list[dict[str, Any]]) -> str:
    """The results as docs/live.md has them."""
    lines = [
        "| source | cars | frames of 40 channels a second | for | kept | sent to readable, P50, P95 and most "
        "| memory of the reader, first to last tenth | processor a frame |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for each in results:
        if "source" not in each:
            continue
        once = {True: ", each once", False: ", **not each once**", None: ""}[each["each_once"]]
        lines.append(
            f"| {each['source']} | {each['cars']} | {each['sent_per_s']:,} ({each['asked_per_s']:,.0f} asked for) "
            f"| {each['seconds']:,.0f} s | {each['kept']:,} of {each['sent']:,}{once} "
            f"| {each['p50_s']}, {each['p95_s']}, {each['most_s']} s "
            f"| {each['memory_mb'][0]} to {each['memory_mb'][1]} MB | {each['processor_ms_a_frame']} ms |"
        )
    lines += ["", "| asked of 20 cars at 60 Hz while they drive | rows | P50 | P95 |", "|---|---|---|---|"]
    lines += [
        f"| `{each['view'].partition(',')[0]}`{each['view'].partition(',')[1]}{each['view'].partition(',')[2]} "
        f"| {each['rows']:,} | {each['p50_ms']} ms | {each['p95_ms']} ms |"
        for each in results
        if "view" in each
    ]
    lines += ["", "| session that ended | its laps in the marts after |", "|---|---|"]
    lines += [f"| {each['session']} | {each['to_marts_s']} s |" for each in results if "session" in each]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="of each setting; of the first a tenth")
    parser.add_argument("--only", nargs="*", default=[], help="settings such as kafka:5000; views; end")
    parser.add_argument("--table", type=Path, help="file for the results as Markdown")
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="simrace-bench-live-"))
    home.chmod(0o711)
    os.environ["SIMRACE_HOME"], os.environ["SIMRACE_DB_PORT"] = str(home), str(free_port())
    results: list[dict[str, Any]] = []

    def told(*found: dict[str, Any]) -> None:
        results.extend(found)
        for each in found:
            print(json.dumps(each), flush=True)
        if asked.table:
            asked.table.write_text(table(results), "utf-8")

    def is_wanted(name: str) -> bool:
        return not asked.only or name in asked.only

    try:
        parameters = ConnectionParameters(server.start(lambda _: None).settings)
        for kind, cars, rate, share in SETTINGS:
            if is_wanted(f"{kind}:{cars * rate}") and (kind != "mqtt" or MOSQUITTO):
                told(measure(parameters, kind, cars, rate, max(20, share * asked.seconds)))
        if is_wanted("views") or is_wanted("end"):
            samples = home / "samples"
            for command in (["sample", "--sessions", "4", samples], ["run", samples]):
                subprocess.run([BIN / "simrace", *map(str, command)], check=True, capture_output=True)
            if is_wanted("views"):
                told(*measure_views(parameters, 45))
            if is_wanted("end"):
                told(*measure_end(parameters, 3))
    finally:
        server.stop()
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
