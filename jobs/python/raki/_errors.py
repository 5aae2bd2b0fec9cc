"""The engine's errors as Python's: what is wrong, what was found, what was expected, where, and what to do."""

from typing import Any


class Error(Exception):
    """Anything the engine throws on purpose.

    `what`, `found`, `expected`, `where`, `advice`: the five facts, each a text that may be empty.
    `code`: the exit code the command line ends with for the same error.
    """

    code = 70

    def __init__(self, what: str, found: str = "", expected: str = "", where: str = "", advice: str = "",
                 code: int | None = None):
        self.what, self.found, self.expected, self.where, self.advice = what, found, expected, where, advice
        if code is not None:
            self.code = code
        super().__init__(_text(self))

    def __reduce__(self) -> Any:
        return type(self), (self.what, self.found, self.expected, self.where, self.advice, self.code)


class InputError(Error, ValueError):
    """The data or an option cannot be used."""

    code = 65


class DeviceError(Error, RuntimeError):
    """The GPU, its driver or memory failed."""

    code = 69


class Bug(Error, RuntimeError):
    """An invariant of the engine does not hold: please report it."""


def require_type(value: Any, kind: type, noun: str, advice: str = "") -> None:
    """Raises InputError where `value` is of another type: of the arguments that are neither arrays nor options."""
    if not isinstance(value, kind):
        raise InputError(f"The argument {noun} cannot be used", type(value).__name__, kind.__name__, "", advice)


def _text(error: Error) -> str:
    text = error.what
    if error.found:
        text += f": found {error.found}"
    if error.expected:
        text += (", expected " if error.found else ": expected ") + error.expected
    text += "."
    for sentence in (error.where, error.advice):
        if sentence:
            text += f" {sentence}" + "." * (not sentence.endswith("?"))
    return text
