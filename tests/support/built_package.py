"""Where the build and its Python package lie."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("RAKI_BUILD", ROOT / "build"))
PACKAGE = BUILD / "python"
