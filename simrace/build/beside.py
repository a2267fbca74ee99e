"""Run the SQL of models on temporary tables beside the warehouse, which are gone afterwards."""

from collections.abc import Callable, Iterable, Mapping

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - psycopg2 writes its classes small

from simrace.build.dbt import Compiled

Given = Callable[[Cursor, Compiled], None]


def make_all(cursor: Cursor, models: Mapping[str, Compiled], given: Mapping[str, Given]) -> None:
    """Make temporary tables of what is given, and of every model that is made from it.

    They have the names of the models, and are gone with the transaction. What is neither given nor made from what is
    given is read where it is.

    Args:
        cursor: In a transaction that the caller rolls back.
        models: By name, each after what it is made from.
        given: For a seed or model, in this order, what makes the temporary table of its name.
    """
    made: set[str] = set()
    for name, make in given.items():
        make(cursor, models[name])
        analyse(cursor, name)
        made.add(name)
    for model in models.values():
        if model.code and model.name not in made and model.parents & made:
            make_model(cursor, models, model.name, made)
            made.add(model.name)


def make_model(cursor: Cursor, models: Mapping[str, Compiled], name: str, made: Iterable[str]) -> None:
    """Make the temporary table of a model by its own SQL.

    Args:
        cursor: In a transaction that the caller rolls back.
        models: By name.
        name: Of the model.
        made: Names of those whose temporary tables it reads; all else is read where it is.
    """
    code = models[name].code
    for each in made:
        code = code.replace(models[each].relation, temporary(each).as_string(cursor))
    make_table(cursor, name, _Text(code))
    analyse(cursor, name)


class _Text(sql.Composable):
    """SQL of dbt as it is: it may hold braces."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._text = text

    def as_string(self, context: object) -> str:
        return self._text


def temporary(name: str) -> sql.Identifier:
    """The temporary table of a model, which SQL cannot mistake for the model's own."""
    return sql.Identifier("pg_temp", name)


def relation(model: Compiled) -> sql.Composable:
    """The model's own table."""
    return _Text(model.relation)


def make_table(cursor: Cursor, name: str, query: sql.Composable) -> None:
    """Make a temporary table of the rows of a query."""
    cursor.execute(sql.SQL("create temporary table {} on commit drop as {}").format(sql.Identifier(name), query))


def copy_of(where: sql.Composable | None = None) -> Given:
    """What makes a copy of a seed or model.

    Args:
        where: Condition on the rows; None for all.
    """

    def make(cursor: Cursor, model: Compiled) -> None:
        condition = sql.SQL(" where {}").format(where) if where else sql.SQL("")
        make_table(cursor, model.name, sql.SQL("select * from {}{}").format(relation(model), condition))

    return make


def rows_of(rows: Iterable[Mapping[str, str]]) -> Given:
    """What makes a seed of lines of its file.

    Args:
        rows: Cells by column; a blank is null.
    """

    def make(cursor: Cursor, model: Compiled) -> None:
        columns = [sql.SQL("{} {}").format(sql.Identifier(name), _Text(kind)) for name, kind in model.columns.items()]
        table = sql.Identifier(model.name)
        cursor.execute(
            sql.SQL("create temporary table {} ({}) on commit drop").format(table, sql.SQL(", ").join(columns))
        )
        for row in rows:
            insert = sql.SQL("insert into {} values ({})").format(
                temporary(model.name), sql.SQL(", ").join([sql.Placeholder()] * len(model.columns))
            )
            cursor.execute(insert, [row.get(name) or None for name in model.columns])

    return make


def is_built(cursor: Cursor, models: Iterable[Compiled]) -> bool:
    """Whether the warehouse has the tables of models or seeds."""
    cursor.execute(
        "select bool_and(to_regclass(name) is not null) from unnest(%s) as names (name)",
        ([model.relation for model in models],),
    )
    return bool((cursor.fetchone() or (False,))[0])


def analyse(cursor: Cursor, name: str) -> None:
    """Let PostgreSQL count the rows of a temporary table."""
    cursor.execute(sql.SQL("analyze {}").format(temporary(name)))
