"""Judges from outside: other people's programs and libraries look at what ours wrote."""

import pytest

from judges import reconstruct, write_synthetic


@pytest.fixture(scope="session")
def series(tmp_path_factory):
    """series(kind, syntax), each written once; storage and content of those that are not reconstructed."""
    made = {}

    def make(kind, syntax, storage="classic", content="magnitude"):
        key = kind, syntax, storage, content
        if key not in made:
            folder = tmp_path_factory.mktemp("-".join(key))
            made[key] = reconstruct(folder, syntax) if kind == "recon" else write_synthetic(folder, syntax, kind, storage, content)
        return made[key]

    return make
