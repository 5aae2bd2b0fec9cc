"""python -m raki: the command line."""

import os
import pathlib
import sys


def main():
    program = pathlib.Path(__file__).with_name("bin") / "raki"
    if not program.exists():
        sys.exit(f"raki: the program is not there: found no {program}")
    os.execv(program, [str(program), *sys.argv[1:]])


if __name__ == "__main__":
    main()
