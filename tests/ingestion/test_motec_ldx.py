"""Beacons of a MoTeC log are read as they stand; a file of them that cannot be believed is refused."""

from pathlib import Path

import pytest

from ingestion.formats.identify import Identity, identify
from ingestion.reading import Reason, RefusedError, read_content

BEACONS = """<?xml version="1.0"?>
<LDXFile Locale="Spanish_Spain.1252" DefaultLocale="C" Version="1.6">
 <Layers>
  <Layer>
   <MarkerBlock>
    <MarkerGroup Name="Splits"><Marker Name="S1" Time="1.0e+06"/></MarkerGroup>
    <MarkerGroup Name="Beacons" Index="3">
     <Marker Version="100" ClassName="BCN" Name="Lap.1" Flags="77" Time="1.25000000000000000e+07"/>
     <Marker Version="100" ClassName="BCN" Name="Lap.2" Flags="77" Time="25500000"/>
    </MarkerGroup>
   </MarkerBlock>
  </Layer>
  <Details>
   <String Id="Total Laps" Value="3"/>
   <Numeric Id="Temperature" Value="21.5" Unit="C"/>
   <String/>
  </Details>
 </Layers>
</LDXFile>
"""
MARKERS = [{"name": "Lap.1", "time_us": 12_500_000}, {"name": "Lap.2", "time_us": 25_500_000}]


def identified(tmp_path: Path, text: str, encoding: str = "utf-8", name: str = "log.ldx") -> Identity:
    (tmp_path / name).write_bytes(text.encode(encoding))
    return identify(read_content(tmp_path / name))


def contents(identity: Identity) -> dict[str, object]:
    assert (identity.source_format, identity.family) == ("motec_ldx", "markers")
    return {document.name: document.content for document in identity.documents}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("name", ["log.ldx", "log.ld"])
def test_beacons_are_read_by_what_they_are(tmp_path: Path, encoding: str, name: str) -> None:
    identity = identified(tmp_path, BEACONS.replace("Lap.1", "Großer.1"), encoding, name)
    assert identity.entry_count == 2
    assert contents(identity) == {
        "markers": [{"name": "Großer.1", "time_us": 12_500_000}, MARKERS[1]],
        "details": {"Total Laps": "3", "Temperature": "21.5"},
    }


@pytest.mark.parametrize(
    "text",
    [
        '<?xml version="1.0"?><LDXFile><Layers><Details></Details></Layers></LDXFile>',
        '<LDXFile><Layers><Layer LayerName=""><MarkerBlock><MarkerGroup Name="Beacons"></MarkerGroup>'
        "</MarkerBlock></Layer></Layers></LDXFile>",
        "\n <LDXFile/>",
    ],
)
def test_a_log_can_have_no_beacon(tmp_path: Path, text: str) -> None:
    identity = identified(tmp_path, text)
    assert identity.entry_count == 0
    assert contents(identity) == {"markers": [], "details": {}}


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        (BEACONS[:-20], "not valid XML: "),
        (BEACONS.replace("<LDXFile", "<sd"), "not valid XML: mismatched tag: line 19"),
        (BEACONS.replace("LDXFile", "sd"), "beacons that stand in no LDXFile"),
        (BEACONS.replace('Time="25500000"', ""), "a beacon without a time"),
        (BEACONS.replace("25500000", "25500000,5"), "a beacon without a time"),
        (BEACONS.replace("25500000", "nan"), "a beacon without a time"),
        (BEACONS.replace("25500000", "1e999"), "a beacon without a time"),
        (BEACONS.replace("<LDX", '<!DOCTYPE x [<!ENTITY a "b">]><LDX').replace("Lap.1", "&a;"), "a document type"),
        (BEACONS.replace("<LDX", '<!DOCTYPE x SYSTEM "file:///etc/hostname"><LDX'), "a document type"),
    ],
)
def test_beacons_that_cannot_be_believed_are_refused(tmp_path: Path, text: str, detail: str) -> None:
    with pytest.raises(RefusedError) as refused:
        identified(tmp_path, text)
    assert refused.value.reason is Reason.MALFORMED
    assert detail in refused.value.detail


def test_a_document_over_the_limit_is_not_parsed(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as refused:
        identified(tmp_path, BEACONS + "\n" * (1 << 20))
    assert refused.value.reason is Reason.TOO_LARGE


def test_a_text_that_speaks_of_beacons_holds_none(tmp_path: Path) -> None:
    with pytest.raises(RefusedError) as refused:
        identified(tmp_path, "The file begins with <LDXFile>")
    assert refused.value.reason is Reason.UNKNOWN_FORMAT
