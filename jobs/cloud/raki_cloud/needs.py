"""What a launcher looks for before it imports its program: a missing package is told, not thrown. Only the standard library here."""

import importlib
import pathlib
import sys


def require(program, *packages):
    """Ends with 78 where one of `packages`, or what it needs itself, is not there."""
    if missing := list(filter(None, map(_missing, packages))):
        needed = pathlib.Path(__file__).resolve().parents[1] / "requirements.txt"
        print(f"{program}: Python package missing: found no {' and no '.join(missing)} in {sys.executable}, expected the version in {needed}. "
              f"Install it (pip install -r {needed}) or start {program} with a Python that has it.", file=sys.stderr)
        sys.exit(78)


def _missing(name):
    try:
        importlib.import_module(name)
    except ImportError as error:
        return error.name or name
    return None
