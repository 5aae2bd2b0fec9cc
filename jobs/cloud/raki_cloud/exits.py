"""The exit codes (sysexits, the table of jobs/README.md), and the one exception that carries them."""

import enum
import os
import traceback


class Exit(enum.IntEnum):
    DONE = 0
    USAGE = 64
    DATA = 65
    NO_INPUT = 66
    UNAVAILABLE = 69
    BUG = 70
    OUT_OF_MEMORY = 71
    CANNOT_CREATE = 73
    IO = 74
    TRY_AGAIN = 75
    NO_PERMISSION = 77
    CONFIGURATION = 78


# What a job of several units ends with where none may pass: the first of these that one of them has.
_WORST_FIRST = (Exit.BUG, Exit.OUT_OF_MEMORY, Exit.UNAVAILABLE, Exit.NO_PERMISSION, Exit.NO_INPUT, Exit.DATA,
                Exit.USAGE, Exit.CONFIGURATION, Exit.CANNOT_CREATE)


class Stop(Exception):
    """Nothing more can be done. The text tells what, found, expected, where and what to do; never a credential, never a
    patient's name, never what a server wrote."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def may_pass(code):
    """Whether the same unit may succeed later."""
    return code in (Exit.IO, Exit.TRY_AGAIN)


def overall(codes):
    """The one exit code of many units. One that may pass wins, since a repeat does only what is not done yet, and it is always the same
    one: Batch has room for five rules in all."""
    found = set(codes)
    if any(map(may_pass, found)):
        return Exit.TRY_AGAIN
    return next((code for code in _WORST_FIRST if code in found), Exit.DONE)


def known(code):
    """The code of another program as one of the table: what does not stand in it is that program's bug."""
    try:
        return Exit(code)
    except ValueError:
        return Exit.BUG


def bug_text(error):
    """The kind of an error that nobody expected and where it came from, without its text, which may hold anything."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"Internal error, our bug: {type(error).__name__} in {os.path.basename(frame.filename)}:{frame.lineno}. Report it."


def from_os_error(error, path):
    """A file that cannot be read, as a Stop."""
    codes = {FileNotFoundError: Exit.NO_INPUT, NotADirectoryError: Exit.NO_INPUT, PermissionError: Exit.NO_PERMISSION}
    return Stop(codes.get(type(error), Exit.IO),
                f"Cannot read a file: found '{error.strerror}', expected a readable file. At {path}. Check path, rights and disk.")
