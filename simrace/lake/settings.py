"""Where the lake is, and what builds it: SIMRACE_SPARK_*."""

import os
from dataclasses import dataclass
from pathlib import Path

from ingestion.errors import ReadableError
from ingestion.settings import home_directory

POSTGRES, SPARK, SAIL = "postgres", "spark", "sail"
ENGINES = (POSTGRES, SPARK, SAIL)
PINS = Path(__file__).parent / "pins"  # a file for each engine; `make lock` makes them


class LakeError(ReadableError):
    """The lake, or what builds it, did not do what it should; the text says what, and the way out."""


@dataclass(frozen=True)
class Lake:
    """One lake.

    Attributes:
        engine: SPARK or SAIL, which is the target of dbt too.
        folder: For what simrace keeps of the engine on this machine: its environment, logs, dbt's parse.
        exchange: Folder that simrace and every process of the engine see, at the same path: copies of small tables go
            in, what is published comes out.
        warehouse: Folder or URI of the Iceberg tables.
    """

    engine: str
    folder: Path
    exchange: Path
    warehouse: str

    @property
    def environment(self) -> Path:
        """The Python environment of the engine: SIMRACE_SPARK_ENVIRONMENT, else one in the home."""
        return Path(os.environ.get("SIMRACE_SPARK_ENVIRONMENT") or self.folder / f"{self.engine}-environment")

    def variables(self) -> dict[str, str]:
        """Environment variables that dbt reads for this lake."""
        variables = {
            "SIMRACE_SPARK_EXCHANGE": str(self.exchange),
            "SIMRACE_SPARK_WAREHOUSE": self.warehouse,
        }
        if self.engine == SAIL:  # which keeps no catalog
            tables = (each.parent for each in Path(self.warehouse).glob("*/*/metadata"))
            variables["SIMRACE_SAIL_TABLES"] = " ".join(sorted(f"{each.parent.name}.{each.name}" for each in tables))
        return variables


def lake(engine: str) -> Lake:
    """The lake of an engine, as the environment says.

    Raises:
        LakeError: there is no such engine.
    """
    if engine not in (SPARK, SAIL):
        raise LakeError(f"There is no engine {engine}. Those that simrace knows: {', '.join(ENGINES)}.")
    folder = home_directory() / "spark"
    return Lake(
        engine,
        folder,
        Path(os.environ.get("SIMRACE_SPARK_EXCHANGE") or folder / f"exchange-{engine}"),
        os.environ.get("SIMRACE_SPARK_WAREHOUSE") or str(folder / f"warehouse-{engine}"),
    )
