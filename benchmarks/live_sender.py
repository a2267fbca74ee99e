"""Sends frames of many cars at an exact pace, in a process of its own: what is measured is who reads them.

    python benchmarks/live_sender.py kafka://127.0.0.1:9092/bench --cars 50 --rate 100 --seconds 60

One car is driven by the lap simulator and written down before the clock starts; every car sends that drive, each some
seconds ahead of the one before. It says `ready`, waits for a line, and prints what it sent of each car as JSON.
"""

import argparse
import itertools
import json
import struct
import sys
import time
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from simrace.generator.live import Racer, Sender, frames_of
from simrace.generator.live_senders import open_sender

TICK_S = 0.01
AHEAD_S = 2.0
BURST_HZ = 3_000
TIMESTAMP = struct.Struct("<I")  # of a packet of Forza, behind its first four bytes


class Drive:
    """The frames of one drive, without what differs from car to car."""

    def __init__(self, count: int, rate: float, is_forza: bool) -> None:
        racer = Racer(0, 1)
        told = len(json.dumps(racer.told())[:-1])
        rows = (row for _, row in itertools.islice(frames_of(racer, rate, is_forza), count))
        # behind the number, which stands behind what is told
        self.rows = list(rows) if is_forza else [row[row.index(b",", told + 2) :] for row in rows]
        self.told = racer.told()


def sent_by_tick(sender: Sender, drive: Drive, cars: int, rate: float, seconds: float, is_burst: bool) -> list[int]:
    """Send at a pace: that of the drive, or a far higher one. Return how many frames each car sent."""
    heads = []
    for car in range(cars):
        told = {**drive.told, "session_id": uuid.uuid4().hex, "driver": Racer(car, 1).driver}
        heads.append(json.dumps(told)[:-1].encode())
    ahead, total = round(AHEAD_S * rate), round(seconds * rate)
    began, step = time.time(), 0
    while step < total:
        due = min(total, int((time.time() - began) * (BURST_HZ if is_burst else rate)))
        for number in range(step, due):
            now = time.time()
            end = b', "ends": true}' if is_burst and number == total - 1 else b"}"
            for car, head in enumerate(heads):
                row = drive.rows[number + car * ahead]
                if sender.is_forza:
                    row = row[:4] + TIMESTAMP.pack(int((now - began) * 1_000)) + row[8:]
                else:
                    row = b'%s, "sequence": %d%s, "sent_at": %.4f%s' % (head, number, row, now, end)
                sender.send(car, row)
        step = max(step, due)
        sender.flush()
        time.sleep(max(0.0, TICK_S - (time.time() - began) % TICK_S))
    sender.close()
    return [total] * cars


def main() -> None:
    """Send as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("--cars", type=int, required=True)
    parser.add_argument("--rate", type=float, required=True, help="frames a second of each")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--burst", action="store_true", help="far faster, and the last frame is the end")
    asked = parser.parse_args()
    sender = open_sender(asked.address, asked.cars)
    count = round((asked.seconds + asked.cars * AHEAD_S) * asked.rate)
    drive = Drive(count, asked.rate, sender.is_forza)
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.time()
    sent = sent_by_tick(sender, drive, asked.cars, asked.rate, asked.seconds, asked.burst)
    print(json.dumps({"sent": sent, "began": began, "took_s": time.time() - began}), flush=True)


if __name__ == "__main__":
    main()
