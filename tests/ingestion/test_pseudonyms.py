"""The pads that replace the key are enough for an HMAC, and reach every connection."""

import hashlib
import hmac
import os
from pathlib import Path

import psycopg2
import pytest

from ingestion.settings import PSEUDONYM_VARIABLE
from simrace.build.dbt import set_for_dbt
from simrace.database.connection import ConnectionParameters
from simrace.database.pseudonyms import session_options

KEY = "a key of no less than thirty-two characters"


def pads(environ: dict[str, str]) -> str:
    return session_options(environ)["PGOPTIONS"].rpartition("-c simrace.pseudonym_pads=")[2]


@pytest.mark.parametrize("key", ["k" * 32, "k" * 64, "k" * 65, "k" * 200, KEY, "clé à 32 caractères ou davantage 🔑"])
def test_the_database_makes_the_hash_that_python_makes(database: ConnectionParameters, key: str) -> None:
    text = "iracing:Nora Östermåne"
    inner, outer = pads({PSEUDONYM_VARIABLE: key})[:128], pads({PSEUDONYM_VARIABLE: key})[128:]
    with psycopg2.connect(database.url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select encode(sha256(decode(%s, 'hex') || sha256(decode(%s, 'hex') || convert_to(%s, 'UTF8'))), 'hex')",
            (outer, inner, text),
        )
        assert cursor.fetchone() == (hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest(),)


@pytest.mark.parametrize("key", ["", "short", "k" * 31])
def test_a_short_key_is_none(key: str) -> None:
    assert session_options({PSEUDONYM_VARIABLE: key}) == {}
    assert session_options({}) == {}


def test_options_of_the_users_own_are_kept_and_a_changed_key_replaces_the_old(
    database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"PGOPTIONS": "-c work_mem=5MB", PSEUDONYM_VARIABLE: "old" * 20}
    environ |= session_options(environ)
    environ |= {PSEUDONYM_VARIABLE: KEY}
    environ |= session_options(environ)
    monkeypatch.setenv("PGOPTIONS", environ["PGOPTIONS"])
    with psycopg2.connect(database.url) as connection, connection.cursor() as cursor:
        cursor.execute("show work_mem")
        assert cursor.fetchone() == ("5MB",)
        cursor.execute("select current_setting('simrace.pseudonym_pads')")
        assert cursor.fetchone() == (pads({PSEUDONYM_VARIABLE: KEY}),)


def test_dbt_has_it_while_it_runs(database: ConnectionParameters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PSEUDONYM_VARIABLE, KEY)
    monkeypatch.delenv("PGOPTIONS", raising=False)
    with set_for_dbt(database, Path()):
        assert os.environ["PGOPTIONS"].endswith(pads({PSEUDONYM_VARIABLE: KEY}))
        assert KEY not in os.environ["PGOPTIONS"]
    assert "PGOPTIONS" not in os.environ
