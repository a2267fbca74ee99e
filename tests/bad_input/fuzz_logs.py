"""Random damage to binary logs of the formats that are read without a library; it says what became of them."""

import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from ingestion.formats.logs import iracing_ibt, motec_ld
from tests.bad_input.reader import peak_mb
from tests.ingestion.ibt import Variable, ibt
from tests.ingestion.logs import fuzz
from tests.ingestion.test_motec_ld import Made, made_ld

IBT = ibt(
    (
        Variable("Lap", "int", gap=1),
        Variable("Torque_ST", "float", 6, is_time=True),
        Variable("OnTrack", "bool"),
        Variable("Clock", "double"),
    ),
    count=40,
    rest=b"cut",
)
LD = made_ld(Made("Speed", np.arange(30, dtype="<f4"), 20), Made("Gear", np.array([-1, 4], "<i2"), 1, 3, (1, 2, 3, 4)))


def main(examples: int) -> None:
    """Read so many damaged files of each format and print, as JSON, how many ended how and the peak of memory."""
    verdicts: Counter[str] = Counter()
    before_mb = peak_mb()
    with tempfile.TemporaryDirectory() as folder:
        for log_format, whole in ((iracing_ibt.FORMAT, IBT), (motec_ld.FORMAT, LD)):
            verdicts += fuzz(log_format, whole, Path(folder), examples)
    sys.stdout.write(json.dumps({"verdicts": verdicts, "before_mb": before_mb, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
