"""Which files of an input are scans, and which of them belong together."""

import dataclasses
import pathlib
import re

from raki_cloud.exits import Exit, Stop

READ_BY_ENGINE = {".h5", ".hdf5", ".mrd", ".ismrmrd", ".npy", ".npz", ".cfl", ".mat"}
BESIDE = {".cfl": ".hdr"}  # a file of a scan -> the other one that it needs
CONVERTERS = {".dat": ("Siemens", "siemens_to_ismrmrd -z -f {input} -o {output}"), ".7": ("GE", "ge_to_ismrmrd -v -o {output} {input}"),
              ".raw": ("Philips", "philips_to_ismrmrd -f {input} -o {output}")}  # what is read only after a converter, and which


@dataclasses.dataclass
class Scan:
    path: pathlib.Path
    folder: str = ""  # of its result in that of the unit; empty where the unit has one scan
    what: str = "the unit's input"  # in messages


def beside(name):
    """Names of the other files of the scan of that name."""
    stem, dot, ending = name.rpartition(".")
    other = BESIDE.get((dot + ending).lower())
    return [stem + other] if other else []


def find_scans(root, convertible):
    """The scans at or below `root`; `convertible` are the endings that the job can convert. A single file is taken as it is."""
    if root.is_file():
        files = [root]
    else:
        files = sorted(path for path in root.rglob("*") if path.is_file() and not _is_hidden(path.relative_to(root)))
        files = [path for path in files if path.suffix.lower() in READ_BY_ENGINE | CONVERTERS.keys() | set(convertible)]
    if not files:
        raise Stop(Exit.DATA, f"No scan: found no file with a known ending, expected one of {' '.join(sorted(READ_BY_ENGINE | set(convertible)))}. "
                              "In the unit's input. Pack scans, or give a converter with --convert.")
    for path in files:
        if any(not path.with_name(name).is_file() for name in beside(path.name)):
            raise Stop(Exit.DATA, f"Half a scan: found a {path.suffix} without its {BESIDE[path.suffix.lower()]}, expected both. "
                                  "In the unit's input. Put them side by side.")
    if len(files) == 1:
        return [Scan(files[0])]
    return _in_folders(files, root)


def _is_hidden(relative):
    return any(part.startswith(".") or part == "__MACOSX" for part in relative.parts)


def _in_folders(files, root):
    """Each scan with a folder of its own, named after its path, and never as a DICOM series is: those are looked for by name."""
    taken, scans = set(), []
    for path in files:
        name = "-".join(path.relative_to(root).with_suffix("").parts)
        name = base = re.sub(r"^(?=series[0-9]+$)", "scan-", re.sub(r"[^A-Za-z0-9._-]", "_", name))[:100]
        count = 1
        while name in taken:
            count += 1
            name = f"{base}-{count}"
        taken.add(name)
        scans.append(Scan(path, name))
    return scans
