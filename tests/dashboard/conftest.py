"""What tests of the pages share: the warehouse that they read, and a memory that is empty at the beginning."""

from collections.abc import Iterator

import pytest
import streamlit as st

from tests.conftest import Warehouse


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    st.cache_data.clear()
    yield
    st.cache_data.clear()


@pytest.fixture
def on_warehouse(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    monkeypatch.setenv("SIMRACE_DATABASE_URL", warehouse.url)
    return warehouse
