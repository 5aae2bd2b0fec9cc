"""Why a run stops, and the exit codes (sysexits, the table of jobs/README.md)."""

import enum


class Exit(enum.IntEnum):
    DONE = 0
    USAGE = 64
    DATA = 65
    NO_INPUT = 66
    UNAVAILABLE = 69
    BUG = 70
    CANNOT_CREATE = 73
    IO = 74
    TRY_AGAIN = 75
    NO_PERMISSION = 77
    CONFIGURATION = 78


class Stop(Exception):
    """Nothing more can be done. The text tells what, found, expected, where and what to do; never a credential, never a
    patient's name, never what a server wrote."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def from_os_error(error, path):
    """A file that cannot be read, as a Stop."""
    codes = {FileNotFoundError: Exit.NO_INPUT, NotADirectoryError: Exit.NO_INPUT, PermissionError: Exit.NO_PERMISSION}
    return Stop(codes.get(type(error), Exit.IO),
                f"Cannot read a file: found '{error.strerror}', expected a readable file. At {path}. Check path, rights and disk.")
