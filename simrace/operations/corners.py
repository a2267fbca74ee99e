"""Fix the corners of a layout in SIMRACE_HOME/seeds, so that they keep their numbers whatever laps come later."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small

from ingestion.errors import ReadableError
from ingestion.settings import make_home
from simrace.build.seed_files import own_folder, read_own, read_seed

CORNERS_SEED = "track_corners"
LAYOUTS_SEED = "track_layouts"
CORNER_COLUMNS = ("layout_id", "corner_number", "corner_name", "direction", "start_m", "apex_m", "end_m")
LAYOUT_COLUMNS = (
    "layout_id",
    "length_m",
    "start_line_left_lat_deg",
    "start_line_left_lon_deg",
    "start_line_right_lat_deg",
    "start_line_right_lon_deg",
)


class CornersError(ReadableError):
    """The corners cannot be frozen; the text says why, and the way out."""


@dataclass(frozen=True)
class LayoutCorners:
    """A layout with a lap in telemetry.

    Attributes:
        layout_id: The layout.
        length_m: Length of a lap in metres.
        corners: Number of corners found on its reference lap.
        is_frozen: Whether the seed has its corners.
    """

    layout_id: str
    length_m: float
    corners: int
    is_frozen: bool


def list_layouts(connection: Connection, project: Path) -> list[LayoutCorners]:
    """Layouts with a lap in telemetry, by id.

    Args:
        connection: To a warehouse that has been built.
        project: Folder with dbt_project.yml.
    """
    frozen = {row["layout_id"] for row in read_seed(project, CORNERS_SEED)}
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select layout_id, length_m, count(corner_number) from ops.corners_found group by 1, 2 order by 1"
        )
        return [LayoutCorners(name, float(length), count, name in frozen) for name, length, count in cursor.fetchall()]


def freeze(connection: Connection, project: Path, layout_id: str, again: bool = False) -> int:
    """Write the corners found on the layout's reference lap, and its length, beside the project's seeds.

    Names that were given to corners of the same number are kept.

    Args:
        connection: To a warehouse that has been built.
        project: Folder with dbt_project.yml; nothing is written to it, but to SIMRACE_HOME/seeds.
        layout_id: The layout.
        again: Whether corners that are frozen already are replaced.

    Returns:
        Number of corners.

    Raises:
        CornersError: there is no such layout, none of its laps shows corners, or it is frozen already.
    """
    layouts = {layout.layout_id: layout for layout in list_layouts(connection, project)}
    if layout_id not in layouts:
        known = "".join(f"\n  {name}" for name in layouts) or "\n  (none: land telemetry that names its track first)"
        raise CornersError(f"There is no complete lap of the layout {layout_id!r}. Layouts with laps:{known}")
    if layouts[layout_id].is_frozen and not again:
        raise CornersError(f"The corners of {layout_id!r} are frozen already; --again finds them anew.")
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select corner_number, direction, start_m, apex_m, end_m from ops.corners_found "
            "where layout_id = %s and corner_number is not null order by 1",
            (layout_id,),
        )
        found = cursor.fetchall()
    if not found:
        raise CornersError(
            f"No lap of {layout_id!r} tells how the car turns: corners need the yaw rate or the lateral acceleration."
        )
    old = read_seed(project, CORNERS_SEED)
    names = {row["corner_number"]: row["corner_name"] for row in old if row["layout_id"] == layout_id}
    new = [
        dict(zip(CORNER_COLUMNS, (layout_id, number, names.get(str(number), ""), *place), strict=True))
        for number, *place in found
    ]
    own: dict[str, object] = dict.fromkeys(LAYOUT_COLUMNS, "")
    own |= next((row for row in read_seed(project, LAYOUTS_SEED) if row["layout_id"] == layout_id), {})
    own |= {"layout_id": layout_id, "length_m": layouts[layout_id].length_m}
    theirs = read_own(project)
    for seed, columns, rows in ((CORNERS_SEED, CORNER_COLUMNS, new), (LAYOUTS_SEED, LAYOUT_COLUMNS, [own])):
        others = [row.cells for row in theirs.get(seed, []) if row["layout_id"] != layout_id]
        _write_seed(own_folder() / f"{seed}.csv", columns, [*others, *rows])
    return len(new)


def _write_seed(path: Path, columns: tuple[str, ...], rows: Sequence[Mapping[str, object]]) -> None:
    """Write rows in the order of their layouts, in place of the old file only when all are written."""
    make_home()
    path.parent.mkdir(mode=0o700, exist_ok=True)
    beside = path.with_suffix(".new")
    with beside.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: str(row["layout_id"])))
    beside.replace(path)
