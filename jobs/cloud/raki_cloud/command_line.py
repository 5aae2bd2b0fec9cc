"""Command lines: a dataclass whose fields are the options, so that names, defaults and help stand in one place a tool."""

import argparse
import dataclasses
import math

from .exits import Exit, Stop


def option(default, help_text, **more):
    """A field of such a dataclass. `more`: metavar, positional (argparse's nargs), required, repeated, least (of a number; else above 0),
    choices, flags (instead of --NAME), from_environment: where RAKI_NAME gives the value if the command line does not."""
    if isinstance(default, list):
        return dataclasses.field(default_factory=lambda: list(default), metadata={"help": help_text, **more})
    return dataclasses.field(default=default, metadata={"help": help_text, **more})


class _Parser(argparse.ArgumentParser):
    """argparse, but for its exit code and for messages that repeat what was typed: it could be a password."""

    def error(self, message):
        if message.startswith("unrecognized arguments"):
            message = "found an option that does not exist, expected those of --help"
        raise Stop(Exit.USAGE, f"Wrong usage: {message}. On the command line. See {self.prog} --help.")


def parse(kind, program, arguments, environment=None, epilog=""):
    """The options as a `kind`, whose docstring is the description. Throws Stop(64)."""
    parser = _Parser(prog=program, allow_abbrev=False, description=kind.__doc__, epilog=epilog)
    for field in dataclasses.fields(kind):
        _add(parser, field)
    typed = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None and value is not False and value != []}
    options = kind(**{**_of_environment(kind, environment or {}), **typed})
    for field in dataclasses.fields(kind):
        _check(field, getattr(options, field.name))
    return options


def _add(parser, field):
    more = field.metadata
    flags = more.get("flags", ["--" + field.name.replace("_", "-")])
    shown = f" (default {field.default})" if isinstance(field.default, (int, float, str)) and field.default and field.type is not bool else ""
    shown += f" [{_variable(field)}]" if more.get("from_environment") else ""
    help_text = (more["help"] + shown).replace("%", "%%")
    if "positional" in more:
        parser.add_argument(field.name, nargs=more["positional"], metavar=more["metavar"], help=help_text)
    elif field.type is bool:
        parser.add_argument(*flags, dest=field.name, action="store_true", help=help_text)
    elif more.get("repeated"):
        parser.add_argument(*flags, dest=field.name, action="append", default=[], metavar=more["metavar"], help=help_text)
    else:
        parser.add_argument(*flags, dest=field.name, type=_type(field), required=more.get("required", False), choices=more.get("choices"),
                            metavar=more["metavar"], help=help_text)


def _type(field):
    return next((kind for kind in (int, float) if field.type in (kind, kind | None)), str)


def _variable(field):
    return f"RAKI_{field.name.upper()}"


def _of_environment(kind, environment):
    found = {}
    for field in dataclasses.fields(kind):
        text = environment.get(_variable(field)) if field.metadata.get("from_environment") else None
        if not text:
            continue
        try:
            found[field.name] = text.splitlines() if field.metadata.get("repeated") else text == "1" if field.type is bool else _type(field)(text)
        except ValueError:
            raise Stop(Exit.CONFIGURATION, f"Wrong environment: found no number, expected one. In {_variable(field)}. Correct or unset it.") from None
    return found


def _check(field, value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return
    least = field.metadata.get("least")
    if not value < math.inf or (value <= 0 if least is None else value < least):
        expected = "a number above 0" if least is None else f"a number from {least}"
        raise Stop(Exit.USAGE, f"Wrong usage: found --{field.name.replace('_', '-')} {value}, expected {expected}. Leave it out for the default.")
