"""What is read, joined again, is the file; what no database takes is refused with a reason."""

import codecs
import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion import reading
from ingestion.identify import QuotingObserver
from ingestion.reading import CHUNK_BYTES, Content, Reason, RefusedError, read_blocks, read_content

MARKS = {"utf-8": codecs.BOM_UTF8, "utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
BODIES = [
    "one",
    "a,b\n" * 2_500,
    '"x, y"\n\n,,\n',
    "7,5;ü\n",
    "a\rb\n",
    "end without line end\nlast",
    "\n\n\n",
    "Ünï 🏎️\n",
]


def rebuild(content: Content) -> bytes:
    text = "".join(str(block["lines"]) for block in read_blocks(content))
    return (MARKS[content.encoding] if content.has_bom else b"") + text.encode(content.encoding)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", False), ("utf-8", True), ("utf-16-le", True), ("utf-16-le", False), ("utf-16-be", True)],
)
def test_blocks_joined_are_the_file(tmp_path: Path, body: str, newline: str, encoding: str, mark: bool) -> None:
    if encoding == "utf-16-le" and not mark and ord(body[0]) > 255:
        pytest.skip("UTF-16 without a mark is known by a first character of Latin script")
    file = tmp_path / "session.csv"
    text = body.replace("\n", newline)
    file.write_bytes((MARKS[encoding] if mark else b"") + text.encode(encoding))
    content = read_content(file)
    assert (content.encoding, content.has_bom) == (encoding, mark)
    assert rebuild(content) == file.read_bytes()
    assert content.file_id == hashlib.sha256(file.read_bytes()).hexdigest()
    assert content.file_bytes == file.stat().st_size
    assert content.line_count == text.count("\n") + (not text.endswith("\n"))
    assert all(int(str(block["line_count"])) <= 1_000 for block in read_blocks(content))
    assert sum(int(str(block["line_count"])) for block in read_blocks(content)) == content.line_count


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=400))
def test_any_bytes_are_rebuilt_or_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "anything"
    file.write_bytes(data)
    try:
        content = read_content(file)
    except RefusedError as error:
        assert error.reason in (Reason.NUL_CHARACTERS, Reason.UNDECODABLE)
    else:
        assert rebuild(content) == data


@pytest.mark.parametrize(
    ("text", "newline"),
    [("a\nb\n", "lf"), ("a\r\nb\r\n", "crlf"), ("a\nb\r\n", "mixed"), ("a", "none")],
)
def test_line_ends_are_named(tmp_path: Path, text: str, newline: str) -> None:
    file = tmp_path / "lines"
    file.write_bytes(text.encode())
    assert read_content(file).newline == newline


@pytest.mark.parametrize("at", [-2, -1, 0])
def test_characters_and_line_ends_across_the_border_of_two_chunks(tmp_path: Path, at: int) -> None:
    file = tmp_path / "border"
    head = ("x" * 999 + "\n") * (CHUNK_BYTES // 1_000)
    head += "y" * (CHUNK_BYTES - len(head) + at)
    file.write_bytes((head + "ü\r\n🏎\r\n").encode())
    content = read_content(file)
    assert rebuild(content) == file.read_bytes()
    assert content.line_count == head.count("\n") + 2
    assert content.newline == "mixed"


def test_windows_text_is_read_as_such(tmp_path: Path) -> None:
    file = tmp_path / "windows"
    file.write_bytes("Nora Östermåne\r\n".encode("cp1252"))
    assert read_content(file).encoding == "cp1252"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"Format,x\n1,\x00\n", Reason.NUL_CHARACTERS),
        (b"caf\x81\xe9 \xff\n", Reason.UNDECODABLE),
        (codecs.BOM_UTF16_LE + b"a\x00b", Reason.UNDECODABLE),
    ],
)
def test_what_no_database_takes_is_refused(tmp_path: Path, data: bytes, reason: Reason) -> None:
    file = tmp_path / "bad"
    file.write_bytes(data)
    with pytest.raises(RefusedError) as refused:
        read_content(file)
    assert refused.value.reason is reason
    assert refused.value.reason.sentence.endswith(".")


def test_the_line_of_a_nul_is_named(tmp_path: Path) -> None:
    file = tmp_path / "nul"
    file.write_bytes(b"a\nb\nc\x00\n")
    with pytest.raises(RefusedError, match="line 3"):
        read_content(file)


@pytest.mark.parametrize("before", [0, 700_000])
def test_a_line_without_end_is_too_large(tmp_path: Path, before: int) -> None:
    file = tmp_path / "line"
    file.write_bytes(b"x" * before + b"\n" * bool(before) + b"y" * (reading.MAX_LINE_CHARACTERS + CHUNK_BYTES) + b"\n")
    with pytest.raises(RefusedError) as refused:
        read_content(file)
    assert refused.value.reason is Reason.TOO_LARGE


def test_progress_is_told_by_the_byte(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"line\n" * 500_000)
    told: list[int] = []
    read_content(file, told.append)
    assert sum(told) == file.stat().st_size
    assert len(told) > 1


@pytest.mark.parametrize(
    ("data", "quoting"),
    [
        ("1,2\n3,4\n", "none"),
        ('"1","2"\n"3",""\n', "all"),
        ('"1","2"\r\n"3","4"', "all"),
        ('"a, b","2"\n', "all"),
        ('"1","2"\n\n,,\n', "all"),
        ('"1",2\n', "mixed"),
        ('"1",,"2"\n', "mixed"),
        ('"1","2"\n3,4\n', "mixed"),
        ("\n\n", "none"),
    ],
)
def test_quoting_is_that_of_the_data_lines(data: str, quoting: str) -> None:
    observer = QuotingObserver(",", first_data_line=2)
    observer.observe({"first_line": 1, "lines": '"Venue",,mixed "preamble"\n' + data})
    assert observer.quoting == quoting


def test_one_odd_line_deep_in_a_file_makes_its_quoting_mixed() -> None:
    observer = QuotingObserver(",", first_data_line=1)
    observer.observe({"first_line": 1, "lines": '"1","2"\n' * 1_000})
    observer.observe({"first_line": 1_001, "lines": '"1","2"\n' * 500 + "1,2\n" + '"1","2"\n' * 499})
    assert observer.quoting == "mixed"
