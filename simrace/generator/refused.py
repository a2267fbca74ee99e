"""Inputs that a loader must refuse with a reason, and good files inside archives."""

import gzip
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from simrace.generator.writing import set_modified, write_text

MADE_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ZIP_DATE = (2026, 3, 1, 13, 0, 0)

MOTEC_HEAD = """"Format","MoTeC CSV File",,,"Workbook",""
"Venue","Saltmarsh Ring - Grand Prix",,,"Worksheet",""
"Vehicle","GT3 Falcon",,,"Vehicle Desc",""
"Driver","N. OSTERMANE",,,"Engine ID",""
"Device","ADL"
"Comment","",,,"Session",""
"Log Date","2025-03-04",,,"Origin Time","0.000","s"
"Log Time","2:05:10 PM",,,"Start Time","0.000","s"
"Sample Rate","60.000","Hz",,"End Time","0.000","s"
"Duration","0.000","s",,"Start Distance","0","m"
"Range","entire outing",,,"End Distance","0","m"
"Beacon Markers"," "


"Time","Distance","Vehicle Speed"
"s","m","km/h"


"""
GARAGE61_WITH_NUL = (
    "Speed,LapDistPct,Lat,Lon,Brake,Throttle,RPM,SteeringWheelAngle,Gear,Clutch,ABSActive,DRSActive,LatAccel,"
    "LongAccel,VertAccel,Yaw,YawRate,PositionType\n"
    "61.5,0.0002,44.2,9.7,0,1,7010.5,0.01,5,1,false,false,0.2,3.1,9.8,1.2,0.01,3\n"
    "61.6,0.0004,44.2,9.7,0,1,70\0\0.5,0.01,5,1,false,false,0.2,3.1,9.8,1.2,0.01,3\n"
)
CHANNEL_REPORT = (
    "Lap,SPEED_Min,SPEED_Max,SPEED_Avg,SPEED_Std Dev,RPMS_Min,RPMS_Max,RPMS_Avg,RPMS_Std Dev\n"
    "1,62.1,231.8,158.4,41.2,3120,8010,6402,911\n"
    "2,61.7,232.5,159.0,41.0,3098,8022,6415,905\n"
)


def write_refused(directory: Path) -> list[Path]:
    """Write one file for each reason to refuse."""
    tabs = "".join(f"{42.1 + row / 60:.2f}\t{1500 + row * 0.6:.2f}\t{118.7 + row * 0.2:.2f}\n" for row in range(200))
    texts = {
        "headerless.csv": tabs,
        "motec_without_data.csv": MOTEC_HEAD.replace("\n", "\r\n"),
        "empty.csv": "",
        "truncated.json": '{"subsession_id":83400001,"session_results":[{"simsession_number":0,"results":[{"cust_',
        "shopping.csv": "item,amount,unit\nbrake fluid,2,l\ntape,5,rolls\n",
        "nul_inside.csv": GARAGE61_WITH_NUL,
        "channel_report.csv": CHANNEL_REPORT,
    }
    for name, text in texts.items():
        write_text(directory / name, text)
    paths = sorted(directory / name for name in texts)
    for path in paths:
        set_modified(path, MADE_AT)
    return paths


def write_archives(directory: Path, telemetry: Path, results: list[Path]) -> list[Path]:
    """Pack files: the same bytes on every run, whatever the clock says.

    Args:
        directory: Folder of the archives.
        telemetry: File that is packed alone; it stays where it is.
        results: Result files for season.zip; all but the first are then only in there.
    """
    directory.mkdir(parents=True, exist_ok=True)
    packed, season = directory / f"{telemetry.name}.gz", directory / "season.zip"
    packed.write_bytes(gzip.compress(telemetry.read_bytes(), mtime=0))
    with zipfile.ZipFile(season, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in results:
            member = zipfile.ZipInfo(f"season/{path.name}", date_time=ZIP_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = 3  # else the platform shows
            archive.writestr(member, path.read_bytes())
    for path in results[1:]:
        path.unlink()
    for path in (packed, season):
        set_modified(path, MADE_AT)
    return [packed, season]
