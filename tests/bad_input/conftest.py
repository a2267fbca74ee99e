"""Small files of each format, made once."""

import pytest

from simrace.generator import write_sample_files
from tests.bad_input.small import Small, small_files


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    directory = tmp_path_factory.mktemp("samples")
    write_sample_files(directory, 8)
    return small_files(directory)
