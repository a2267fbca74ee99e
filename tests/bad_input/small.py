"""One small file of each format, cut out of the sample files; the bad ones are made from these."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.text_samples import text_samples

DATA_LINES = 60


@dataclass(frozen=True)
class Small:
    """Files of a few kilobytes that land and build.

    Attributes:
        tables: Text of a table by its name: preamble, header and some lines of data.
        documents: JSON by its name.
        trees: XML by its name.
        drives: Documents with rows of a drive, by name with its ending.
    """

    tables: dict[str, str]
    documents: dict[str, Any]
    trees: dict[str, str]
    drives: dict[str, str]

    def texts(self) -> dict[str, str]:
        """All of them as text, by a name with its ending."""
        documents = {f"{name}.json": dumped(document) for name, document in self.documents.items()}
        trees = {f"{name}.xml": text for name, text in self.trees.items()}
        return {f"{name}.csv": text for name, text in self.tables.items()} | documents | trees | self.drives


def dumped(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def small_files(samples: Path) -> Small:
    """Cut small files out of those that `simrace sample` wrote (eight sessions show every format)."""
    tables: dict[str, str] = {}
    drives: dict[str, str] = {}
    for path in sorted([*samples.glob("telemetry/*.csv"), *samples.glob("results/*.csv")]):
        text = path.read_bytes().decode("utf-8-sig", "replace")
        lines = text.split("\n")
        first_cells = [line.split(",")[0].strip('"\r') for line in lines[:12]]
        format_name = {"Format": "motec", "Driver": "mu", "Speed": "garage61", "Time": "acc_motec"}.get(first_cells[0])
        if "Fin Pos" in first_cells:
            format_name = "team_results" if '"-7' in text else "official_results" if "Old iRating" in text else None
        if format_name:
            tables.setdefault(format_name, "\n".join(lines[: DATA_LINES + 20]) + "\n")
    for sample in text_samples():
        if sample.text.startswith("[{"):
            drives.setdefault(f"{sample.source_format}.json", _few_packets(json.loads(sample.text)))
        elif sample.text.startswith("{"):
            drives.setdefault(f"{sample.source_format}.jsonl", "\n".join(sample.text.split("\n")[:DATA_LINES]) + "\n")
        elif sample.text.startswith("<?xml"):
            drives.setdefault(f"{sample.source_format}.xml", _few_points(sample.text))
        elif not sample.text.startswith("<"):
            head = sample.text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")[: DATA_LINES + 20]
            tables.setdefault(sample.source_format, "\n".join(head) + "\n")
    documents: dict[str, Any] = {}
    for path in [*sorted(samples.glob("results/*.json")), *sorted(samples.glob("seasons/*_raceroom.json"))]:
        data = path.read_bytes()
        text = data.decode("utf-16-le" if data[1:2] == b"\0" else "utf-8-sig")
        document = json.loads(re.sub("^//.*", "", text, flags=re.MULTILINE))
        document = document.get("data", document.get("content", document))
        if "session_results" in document:
            documents.setdefault("team" if document["driver_changes"] else "solo", _few_entries(document))
        elif "Experience" in document:
            documents.setdefault("raceroom", _few_players(document))
        elif "stats" in document:
            documents["sms_stats"] = _few_of_stages(document)
        elif "meta" in document:
            documents["ams2_stats"] = _few_of_sessions(document)
        elif "players" in document:
            documents.setdefault("race_out", _few_cars_of_sessions(document))
        elif "Result" in document:
            documents.setdefault("assetto_corsa", _few_places(document))
        elif "forceEntryList" in document:
            documents.setdefault("acc_entry_list", document | {"entries": document["entries"][:3]})
        elif document["sessionType"] == "R":
            documents.setdefault("acc", _few_cars(document))
    saved = samples / "iracing_api"
    documents["lap_index"] = json.loads((saved / "lap_chart.json").read_text("utf-8"))
    documents["league_standings"] = _few_of_league(json.loads((saved / "league_standings.json").read_text("utf-8")))
    places = (saved / "season_standings.csv").read_bytes().decode("cp1252").split("\n")
    tables["standings"] = "\n".join(places[: DATA_LINES + 1]) + "\n"
    race = next(samples.glob("results/*R1.xml")).read_bytes().decode("latin-1")
    return Small(tables, documents, {"lmu": _first_and_last_car(race)}, drives)


def _first_and_last_car(text: str) -> str:
    """A shared car, and one that never drove."""
    before, *cars = re.split("(?=<Driver>\n)", text)
    return before + cars[0] + cars[-1]


def _few_points(text: str) -> str:
    """Both tracks of the file, with their first points."""
    before, *points = re.split("(?=<trkpt)", text)
    (second,) = (number for number, point in enumerate(points) if "<trk>" in point)
    return before + "".join([*points[:20], points[second], *points[second + 1 : second + 20], points[-1]])


def _few_packets(laps: list[dict[str, Any]]) -> str:
    """A second of each lap."""
    return dumped(
        [
            {key: value[:60] if isinstance(value, list) else value for key, value in lap.items()}
            | {"lap_finish_time": 1_000}
            for lap in laps
        ]
    )


def _few_entries(document: dict[str, Any]) -> dict[str, Any]:
    sessions = [session | {"results": session["results"][:3]} for session in document["session_results"]]
    return document | {"session_results": sessions}


def _few_players(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"Sessions": [one | {"Players": one["Players"][:3]} for one in document["Sessions"]]}


def _few_places(document: dict[str, Any]) -> dict[str, Any]:
    lines = document["Result"][:3]
    places = [line["CarId"] for line in lines]
    laps = [lap for lap in document["Laps"] if lap["CarId"] in places][:12]
    return document | {"Result": lines, "Laps": laps, "Cars": document["Cars"][:3]}


def _few_cars_of_sessions(document: dict[str, Any]) -> dict[str, Any]:
    sessions = [one | {"laps": [lap for lap in one["laps"] if lap["car"] < 2]} for one in document["sessions"]]
    return document | {"players": document["players"][:2], "sessions": sessions}


def _few_of_stages(document: dict[str, Any]) -> dict[str, Any]:
    """The last event with laps; its lists with a few of each."""
    event = [event for event in document["stats"]["history"] if "qualifying1" in event["stages"]][-1]
    stages = {
        name: stage | {key: stage[key][:3] for key in ("events", "results") if stage[key]}
        for name, stage in event["stages"].items()
    }
    return document | {"stats": document["stats"] | {"history": [event | {"stages": stages}]}}


def _few_of_sessions(document: dict[str, Any]) -> dict[str, Any]:
    """The race, with a few results, drivers and laps."""
    [race] = [session for session in document["sessions"] if session["stage"] == "Race1"]
    drivers = [driver | {"laps": driver["laps"][:3]} for driver in race["drivers"][:3]]
    return document | {"sessions": [race | {"results": race["results"][:3], "drivers": drivers}]}


def _few_of_league(document: dict[str, Any]) -> dict[str, Any]:
    listed = document["standings"]
    return document | {"standings": listed | {"driver_standings": listed["driver_standings"][:2]}}


def _few_cars(document: dict[str, Any]) -> dict[str, Any]:
    result = document["sessionResult"]
    lines = result["leaderBoardLines"][:3]
    cars = [line["car"]["carId"] for line in lines]
    laps = [lap for lap in document["laps"] if lap["carId"] in cars][:12]
    return document | {"sessionResult": result | {"leaderBoardLines": lines}, "laps": laps}


def header_and_data(text: str) -> tuple[int, int]:
    """Where header and first line of data stand in a table, counted from 0."""
    lines = [line.strip('\r",') for line in text.split("\n")]
    if "Fin Pos" in text:
        header = next(number for number, line in enumerate(lines) if line.startswith("Fin Pos"))
        return header, header + 1
    # where rows begin with something else, they stand below the first line that is no comment
    above = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    first = next((number for number, line in enumerate(lines) if _is_of_numbers(line)), above + 1)
    header = first - 1
    while not lines[header]:
        header -= 1
    # names, units and what else stands above the data
    while header and lines[header - 1] and not lines[header - 1].startswith("#"):
        header -= 1
    return header, first


def _is_of_numbers(line: str) -> bool:
    """Whether a line begins with a number, a boolean or a date, and most cells are numbers, some with a fraction."""
    filled = [cell for cell in (cell.strip('" ') for cell in re.split("[,;\t]", line)) if cell]
    numbers = [cell for cell in filled if re.fullmatch(r"[-+]?[0-9.]+(?:e[-+]?[0-9]+)?", cell)]
    is_begun = bool(filled) and (
        filled[0] in numbers or filled[0] in ("True", "False") or re.match(r"\d{4}-\d\d-\d\d", filled[0]) is not None
    )
    return is_begun and 2 * len(numbers) > len(filled) and any("." in cell for cell in numbers)
