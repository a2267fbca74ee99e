"""Text on a terminal cannot move the cursor, change colours or turn the writing round."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from ingestion.outcomes import Outcome, State
from ingestion.reading import Reason, RefusedError
from simrace.cli.summaries import printable, show_landing


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x07\x08\r\x9b1m", r"\x1b[2J\x07\x08\r\x9b1m"),
        ("\u202egnp.exe\u2066", r"\u202egnp.exe\u2066"),
        ("\udcff.csv", r"\udcff.csv"),
        ("Jos\u00e9 \u0645\u0631 \U0001f3c1\nnext", "Jos\u00e9 \u0645\u0631 \U0001f3c1\nnext"),
    ],
)
def test_control_characters_are_shown_as_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_refused_file_is_shown_as_it_is_called_and_does_nothing() -> None:
    name = "[bold red]\x1b]0;title\x07 \u202e.csv"
    refusal = RefusedError(Reason.MALFORMED, "[link=x]\x1b[31m")
    out = io.StringIO()
    show_landing(
        Console(file=out, soft_wrap=True, force_terminal=True, color_system=None),
        [Outcome(f"/files/{name}", State.REFUSED, refusal=refusal)],
        [Path(f"/files/{name}")],
    )
    assert r"[bold red]\x1b]0;title\x07 \u202e.csv: malformed, [link=x]\x1b[31m" in out.getvalue()
    assert "\x1b]" not in out.getvalue()
    assert "\x07" not in out.getvalue()
