"""Raw data that the engine cannot read, through the vendor's or the community's converter."""

import shlex
import shutil
import subprocess
import time

from raki_cloud.exits import Exit, Stop

from .scans import CONVERTERS

POLL_SECONDS = 0.1


def converters(lines):
    """Ending -> command of '.dat=siemens_to_ismrmrd -f {input} -o {output}' and the like. Throws Stop(78)."""
    table = {}
    for line in filter(str.strip, lines):
        ending, equals, template = line.strip().partition("=")
        try:
            command = shlex.split(template)
        except ValueError:  # a quotation without end
            command = []
        if not ending.startswith(".") or not equals or "{input}" not in command or "{output}" not in command:
            raise Stop(Exit.CONFIGURATION, "Wrong converter: found something else, expected '.ENDING=PROGRAM ... {input} ... {output}'. "
                                           "At --convert or RAKI_CONVERT. Correct it.")
        table[ending.lower()] = command
    return table


def convert(scan, table, folder, seconds, check):
    """Makes `scan` one that the engine reads; it may be one already. `check` may raise while the converter runs."""
    ending = scan.path.suffix.lower()
    if ending not in table:
        if ending in CONVERTERS:
            vendor, template = CONVERTERS[ending]
            raise Stop(Exit.DATA, f"Needs converting: found raw data of {vendor} ({ending}), expected ISMRMRD. In {scan.what}. "
                                  f"Install {template.split()[0]} in the image and give --convert '{ending}={template}'.")
        return
    folder.mkdir(exist_ok=True)
    made = folder / f"{scan.path.stem}.h5"
    command = [{"{input}": str(scan.path), "{output}": str(made)}.get(word, word) for word in table[ending]]
    if shutil.which(command[0]) is None:
        raise Stop(Exit.CONFIGURATION, f"No converter: found no program of the name given for {ending}, expected one. At --convert. Install it in the image.")
    code = _run(command, seconds, check)
    if code != 0 or not made.is_file():
        killed = code == -9  # by the kernel, for memory
        raise Stop(Exit.TRY_AGAIN if killed else Exit.DATA, f"Converter failed: found exit code {code} of that for {ending}, expected 0 and a file. "
                                                           f"At {scan.what}. Run it by hand to see why.")
    scan.path = made


def _run(command, seconds, check):
    """What it says is not told: it may name a patient."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + seconds
        while (code := process.poll()) is None:
            check()
            if time.monotonic() > end:
                raise Stop(Exit.TRY_AGAIN, f"Converter too slow: found it running after {seconds:g} s, expected an end. At the unit's input. "
                                           "Raise --fetch-timeout if it needs longer.")
            time.sleep(POLL_SECONDS)
        return code
    finally:
        process.kill()
        process.wait()
