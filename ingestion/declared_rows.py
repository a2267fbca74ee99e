"""The rows of formats that users declare: what they are called, and what their channels mean."""

from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 writes its classes small
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from ingestion.formats.declared import DeclaredFormat
from ingestion.formats.identify import declared_formats
from ingestion.raw_tables import DATASET, DECLARED_CHANNELS_TABLE, DECLARED_FORMATS_TABLE, relation_exists, storable

_FORMATS, _CHANNELS = f"{DATASET}.{DECLARED_FORMATS_TABLE}", f"{DATASET}.{DECLARED_CHANNELS_TABLE}"


def land_declarations(connection: Connection) -> None:
    """Write what is declared now, in one transaction; what did not change is not touched.

    A format that nobody declares here any more stays while there are files of it. They are read and mean what they
    did, and somebody else who lands into this warehouse may declare it.
    """
    declared = {each.known.name: each for each in declared_formats()}
    with connection, connection.cursor() as cursor:
        cursor.execute(f"select source_format, declaration_hash from {_FORMATS}")
        there = dict(cursor.fetchall())
        for name, each in declared.items():
            if there.get(name) != each.digest:
                _delete(cursor, name)
                _insert(cursor, each)
        for name in there.keys() - declared.keys():
            if not _has_files(cursor, name):
                _delete(cursor, name)


def declared_no_longer(connection: Connection) -> list[str]:
    """Formats of files in the warehouse that somebody declared, and that nobody declares here.

    Raises:
        DeclarationError: a declaration cannot be understood.
    """
    declared = {each.known.name for each in declared_formats()}
    with connection, connection.cursor() as cursor:
        if not relation_exists(cursor, _FORMATS):
            return []
        cursor.execute(f"select source_format from {_FORMATS} order by 1")
        return [name for (name,) in cursor if name not in declared and _has_files(connection.cursor(), name)]


def _has_files(cursor: Cursor, name: str) -> bool:
    cursor.execute("select to_regclass('raw.files')")
    if cursor.fetchone() == (None,):
        return False
    cursor.execute("select from raw.files where source_format = %s limit 1", (name,))
    return bool(cursor.rowcount)


def _delete(cursor: Cursor, name: str) -> None:
    for table in (_CHANNELS, _FORMATS):
        cursor.execute(f"delete from {table} where source_format = %s", (name,))


def _insert(cursor: Cursor, each: DeclaredFormat) -> None:
    name, rate_hz = each.known.name, each.default_sample_rate_hz
    cursor.execute(
        f"insert into {_FORMATS} (source_format, title, sim, source_rank, date_order, default_sample_rate_hz, "
        "declaration_hash) values (%s, %s, %s, %s, %s, %s, %s)",
        (
            name,
            storable(each.title),
            each.sim,
            each.source_rank,
            each.date_order,
            rate_hz,
            each.digest,
        ),
    )
    for channel in each.channels:
        of_file = storable(channel.name), storable(channel.unit)
        cursor.execute(
            f"insert into {_CHANNELS} (source_format, source_channel, source_unit, canonical_channel, factor, "
            "offset_value, priority) values (%s, %s, %s, %s, %s, %s, %s)",
            (name, *of_file, channel.channel, channel.factor, channel.offset, channel.priority),
        )
