"""Judges from outside: other people's programs and libraries look at what ours wrote."""

import pytest

from judges import reconstruct, write_synthetic


@pytest.fixture(scope="session")
def series(tmp_path_factory):
    """series(kind, syntax), each written once."""
    made = {}

    def make(kind, syntax):
        if (kind, syntax) not in made:
            folder = tmp_path_factory.mktemp(f"{kind}-{syntax}")
            made[kind, syntax] = (reconstruct(folder, syntax) if kind == "recon"
                                  else write_synthetic(folder, syntax, kind))
        return made[kind, syntax]

    return make
