"""The blocks joined are the file, and text that no database takes is refused with a reason."""

import codecs
import hashlib
import tracemalloc
from pathlib import Path

import jinja2
import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion import reading
from ingestion.formats.lines import QuotingObserver, cells, is_blank, is_blank_line
from ingestion.reading import (
    CHUNK_BYTES,
    MAX_LINE_CHARACTERS,
    Content,
    Reason,
    RefusedError,
    read_blocks,
    read_content,
)
from simrace.database.connection import ConnectionParameters

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


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_a_text_is_the_same_in_every_encoding_and_with_every_line_end(
    tmp_path: Path, encoding: str, newline: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces end at every place once, also between the two characters of a line end. A lone return ends no line."""
    text = "Time;Tür\n1;a\rb\n\n2;\n"
    file = tmp_path / "session.csv"
    file.write_bytes(text.replace("\n", newline).encode(encoding))
    for size in range(4, 24):
        monkeypatch.setattr(reading, "CHUNK_BYTES", size)
        assert read_content(file).text_id == hashlib.sha256(text.encode()).hexdigest()


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
    [
        ("a\nb\n", "lf"),
        ("a\r\nb\r\n", "crlf"),
        ("a\r\nb", "crlf"),
        ("a\nb\r\n", "mixed"),
        ("a\r\nb\n", "mixed"),
        ("a", "none"),
        ("a\rb\r", "none"),
    ],
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


@pytest.mark.parametrize("more", [0, 1, 2])
def test_a_line_end_across_the_border_of_two_chunks_is_one(tmp_path: Path, more: int) -> None:
    file = tmp_path / "border"
    line = b"y" * (CHUNK_BYTES // 2 - 2) + b"\r\n"
    file.write_bytes(line + b"y" * more + line + b"last\r\n")
    assert read_content(file).newline == "crlf"
    assert read_content(file).line_count == 3


@pytest.mark.parametrize("at", [-3, -2, -1, 0])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_surrogate_pair_across_the_border_of_two_chunks(tmp_path: Path, encoding: str, at: int) -> None:
    file = tmp_path / "border"
    head = ("x" * 999 + "\n") * (CHUNK_BYTES // 2_000)
    head += "y" * (CHUNK_BYTES // 2 - len(head) + at)
    file.write_bytes(MARKS[encoding] + (head + "🏎\r\n").encode(encoding))
    content = read_content(file)
    assert (content.encoding, content.has_bom, content.newline) == (encoding, True, "mixed")
    assert rebuild(content) == file.read_bytes()


@pytest.mark.parametrize("before", [0, 2 * CHUNK_BYTES])
def test_windows_text_is_read_as_such_wherever_its_first_letter_shows_it(tmp_path: Path, before: int) -> None:
    file = tmp_path / "windows"
    file.write_bytes(b"plain\r\n" * (before // 7) + "Nora Östermåne\r\n".encode("cp1252"))
    content = read_content(file)
    assert (content.encoding, content.newline) == ("cp1252", "crlf")
    assert rebuild(content) == file.read_bytes()
    assert content.file_id == hashlib.sha256(file.read_bytes()).hexdigest()


def test_blocks_follow_one_another_and_none_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "two thousand lines"
    file.write_text("a,b\n" * 2_000)
    assert [(block["first_line"], block["line_count"]) for block in read_blocks(read_content(file))] == [
        (1, 1_000),
        (1_001, 1_000),
    ]
    monkeypatch.setattr(reading, "BLOCK_CHARACTERS", 1_000)
    blocks = list(read_blocks(read_content(file)))
    assert [block["block_number"] for block in blocks] == list(range(1, len(blocks) + 1))
    assert all(len(str(block["lines"])) <= 1_004 for block in blocks)
    assert "".join(str(block["lines"]) for block in blocks) == "a,b\n" * 2_000


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


@pytest.mark.parametrize("before", [0, 1, 20_000, 700_000])
@pytest.mark.parametrize("end", [b"", b"\n", b"\nshort\n"])
def test_a_line_over_the_limit_is_too_large_wherever_it_is(tmp_path: Path, before: int, end: bytes) -> None:
    file = tmp_path / "line"
    start = b"x" * before + b"\n"
    file.write_bytes(start + b"y" * MAX_LINE_CHARACTERS + end)
    assert read_content(file).line_count == (3 if end.endswith(b"short\n") else 2)
    file.write_bytes(start + b"y" * (MAX_LINE_CHARACTERS + 1) + end)
    with pytest.raises(RefusedError) as refused:
        read_content(file)
    assert refused.value.reason is Reason.TOO_LARGE


@pytest.mark.parametrize(("begin", "end"), [('\n {"laps": "', '"}'), ("\n<gpx>", "</gpx>")])
def test_a_document_may_be_one_long_line(tmp_path: Path, begin: str, end: str) -> None:
    file = tmp_path / "document"
    file.write_text(begin + "y" * (3 * MAX_LINE_CHARACTERS) + end)
    assert read_content(file).line_count == 2


def test_a_line_without_end_takes_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "endless"
    with file.open("wb") as stream:
        stream.write(b"x")
        stream.truncate(1 << 30)  # a hole in the file, read as NUL
        stream.seek(0)
        stream.write(b"y" * (4 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(RefusedError):
            read_content(file)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_said_in_a_sentence_with_a_way_out(reason: Reason) -> None:
    assert reason.sentence[0].isupper()
    assert reason.sentence.endswith(".")
    assert ";" in reason.sentence


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
        ('"1","a;b"\n', "all"),
        ('"1",2\n', "mixed"),
        ('1,"2"\n', "mixed"),
        ('1,"2","3"\n', "mixed"),
        (',"2"\n', "mixed"),
        ('"1","2",\n', "mixed"),
        ('"1", "2"\n', "mixed"),
        ('"a ""b"" c","2"\n', "mixed"),
        ('"1","2\n3","4"\n', "mixed"),
        ('"1",,"2"\n', "mixed"),
        ('"1","2"\n3,4\n', "mixed"),
        ("\n\n", "none"),
        ('"",""\n', "none"),
        ('1,2\n"",""\n"",\n3,4\n', "none"),
        ('"1","2"\n"",""\n,,\n"3","4"\n', "all"),
    ],
)
def test_quoting_is_that_of_the_data_lines(data: str, quoting: str) -> None:
    observer = QuotingObserver(",", first_data_line=2)
    observer.observe({"first_line": 1, "lines": '"Venue",,mixed "preamble"\n' + data})
    assert observer.quoting == quoting


LINES = ["", " ", "\r", ",,,", '"",""', ' "" ; ""\t\r', "\t\t", '"",""x', "0", "\xa0", "\x0b", "|", ",,,,1", '""""']


def test_a_line_is_blank_in_the_database_where_it_is_here(database: ConnectionParameters) -> None:
    """A row that Python takes for blank must not be a refused line in SQL."""
    macro = (Path(__file__).parents[2] / "macros" / "parsing" / "is_blank_line.sql").read_text(encoding="utf-8")
    sql = jinja2.Environment(autoescape=False).from_string(macro).module.is_blank_line("line")  # type: ignore[attr-defined]  # noqa: S701
    asked = f"select line, {sql} from unnest(%s) as lines (line)"
    with psycopg2.connect(database.url) as connection, connection.cursor() as cursor:
        cursor.execute(asked, (LINES,))
        assert dict(cursor.fetchall()) == {line: is_blank_line(line) for line in LINES}
    for line in LINES:
        assert is_blank(cells(line, ",")) == is_blank_line(line)


@pytest.mark.parametrize("separator", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028"])
def test_only_a_line_feed_ends_a_line_of_the_preamble(separator: str) -> None:
    observer = QuotingObserver(",", first_data_line=2)
    observer.observe({"first_line": 1, "lines": f'Comment,"one{separator}two"\n"1","2"\n'})
    assert observer.quoting == "all"


@pytest.mark.parametrize(("delimiter", "quoting"), [(";", "all"), (",", "mixed")])
def test_quoting_goes_by_the_delimiter_of_the_file(delimiter: str, quoting: str) -> None:
    observer = QuotingObserver(delimiter, first_data_line=1)
    observer.observe({"first_line": 1, "lines": '"0,5";"1"\n'})
    assert observer.quoting == quoting


def test_one_odd_line_deep_in_a_file_makes_its_quoting_mixed() -> None:
    observer = QuotingObserver(",", first_data_line=1)
    observer.observe({"first_line": 1, "lines": '"1","2"\n' * 1_000})
    observer.observe({"first_line": 1_001, "lines": '"1","2"\n' * 500 + "1,2\n" + '"1","2"\n' * 499})
    assert observer.quoting == "mixed"
