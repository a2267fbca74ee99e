"""A warehouse that was backed up and restored is the same warehouse."""

from tests.conftest import Warehouse
from tests.reliability.conftest import assert_bytes

KEYS = "select count(*) from pg_constraint where contype in ('f', 'p') and convalidated"


def test_a_restored_backup_is_the_same_and_builds_on(warehouse: Warehouse) -> None:
    backup = warehouse.folder / "backup"
    # it is not to be small
    warehouse.run("simrace", "db", "pg_dump", "--format", "custom", "--compress", "1", "--file", backup)
    saved = warehouse.checksums()
    other = warehouse.other("restored")
    [(database,)] = other.query("select current_database()")
    other.run("simrace", "db", "pg_restore", "--exit-on-error", "--dbname", str(database), backup)
    assert other.checksums() == saved
    assert other.query(KEYS) == warehouse.query(KEYS) != [(0,)]
    done = other.run("simrace", "run", warehouse.folder / "files")
    assert " 0 landed" in done.stdout
    assert other.checksums() == saved
    assert_bytes(other)
