"""Random damage to files of every format, for the identify-and-read path; run alone it says how much memory it took.

Hypothesis and not atheris: the path is Python throughout, atheris would need a compiler and a Python of its own, and
what breaks such code are structures (a quote, a bracket, a byte of UTF-16 lost), easier to write down than to grow.
"""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ingestion.sources import open_sources
from simrace.generator import write_sample_files
from tests.bad_input.reader import peak_mb, verdict
from tests.bad_input.small import small_files

TOKENS = (
    b'"', b'""', b",", b";", b"\t", b"\n", b"\r", b"\r\n", b"\0", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf",
    b"\xe2\x80\xa8", b"{", b"}", b"[", b"]", b":", b"\\", b"\\u0000", b"\\ud800", b"1e999", b"-", b"NaN",
    b"null", b"PK\3\4", b"PK\5\6", b"\x1f\x8b", b"\xc3", b"\x81", b"Format", b"MoTeC CSV File",
    b"Driver\nVehicle\nVenue\n", b"Fin Pos", b"session_results", b"leaderBoardLines", b"subsession_id",
    b"<rFactorXML>", b"<gpx>", b"<trkpt>", b"</trkpt>", b"lap_ticks", b"data_speed", b"<", b"&", b"<!ENTITY x \"&x;\">",
    b'"data":{', b"," * 300, b'"' * 301, b"[" * 900, b"\n" * 70, b"9" * 320,

)  # fmt: skip

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp437", "utf-7")


@st.composite
def damaged(draw: st.DrawFn, seeds: list[str]) -> bytes:
    """A file of a format, in some encoding, cut and with pieces put in, taken out, doubled and swapped."""
    text = draw(st.sampled_from([*seeds, ""]))
    data = text.encode(draw(st.sampled_from(ENCODINGS)), "replace")
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(data)))
        to = draw(st.integers(at, min(len(data), at + 400)))
        piece = draw(
            st.one_of(
                st.sampled_from(TOKENS),
                st.binary(max_size=12),
                st.text(max_size=8).map(lambda t: t.encode("utf-8", "surrogatepass")),
            )
        )
        match draw(st.integers(0, 4)):
            case 0:
                data = data[:at] + piece + data[at:]
            case 1:
                data = data[:at] + piece + data[to:]
            case 2:
                data = data[:at] + data[at:to] * draw(st.integers(0, 5)) + data[to:]
            case 3:
                data = data[:to]
            case _:
                data = data[to:] + data[:at]
    return data


def fuzz(folder: Path, seeds: list[str], examples: int, derandomize: bool) -> Counter[str]:
    """Read damaged files; how many ended how.

    Args:
        folder: Where each file is written, in place of the one before.
        seeds: Whole files to damage.
        examples: Number of files.
        derandomize: Whether they are the same on every run.

    Raises:
        AssertionError: what was read is not the file.
    """
    verdicts: Counter[str] = Counter()
    path = folder / "damaged"

    @settings(
        max_examples=examples,
        derandomize=derandomize,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(data=damaged(seeds))
    def read(data: bytes) -> None:
        path.write_bytes(data)
        for source in open_sources([path]):
            verdicts[verdict(source)] += 1

    run: Callable[[], None] = read
    run()
    return verdicts


def main(examples: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sample_files(folder / "samples", 8)
        seeds = list(small_files(folder / "samples").texts().values())
        before_mb = peak_mb()
        verdicts = fuzz(folder, seeds, examples, derandomize=False)
    sys.stdout.write(json.dumps({"verdicts": verdicts, "before_mb": before_mb, "peak_mb": peak_mb()}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
