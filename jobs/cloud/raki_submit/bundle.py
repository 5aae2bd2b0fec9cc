"""The code for AWS Lambda as a .zip, the same bytes from the same code: Terraform must see no change where there is none."""

import pathlib
import subprocess
import sys
import zipfile

from raki_cloud.exits import Exit, Stop

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOADED = ("import sys; sys.path.insert(0, sys.argv[1]); import raki_submit.aws_lambda; "
          "print(*(name for name in sys.modules if name.partition('.')[0] in ('raki_submit', 'raki_cloud')))")
OLDEST = (1980, 1, 1, 0, 0, 0)  # of a .zip


def write(path):
    """Exactly the modules that the handler loads. Not compressed: compressors differ between machines, and it is small."""
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for source in sorted(_sources()):
                entry = zipfile.ZipInfo(source.relative_to(ROOT).as_posix(), OLDEST)
                entry.create_system, entry.external_attr = 3, 0o100644 << 16  # Unix, whatever machine writes it
                archive.writestr(entry, source.read_bytes())
    except OSError as error:
        raise Stop(Exit.CANNOT_CREATE, f"Cannot write: found '{error.strerror}', expected a file. At {path}. Check path and rights.") from None


def _sources():
    names = subprocess.run([sys.executable, "-c", LOADED, ROOT], capture_output=True, text=True, check=True).stdout.split()
    for name in names:
        path = ROOT.joinpath(*name.split("."))
        yield path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
