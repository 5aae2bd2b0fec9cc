"""The knobs: names, defaults and meanings, as the command line has them."""

from raki import _engine
from raki._errors import InputError

OF = ("reconstruct", "interpolate", "read_scan", "write", "evaluate", "phantom")


class OptionTable(list):
    """Rows of (name, default, meaning); printed as a table."""

    def __repr__(self) -> str:
        width = max(len(name) for name, _, _ in self)
        return "\n".join(f"{name:{width}}  {help} [{default}]" if default else f"{name:{width}}  {help}"
                         for name, default, help in self)


def options(of: str = "reconstruct") -> OptionTable:
    """The keywords of `reconstruct`, `interpolate`, `read_scan`, `write`, `evaluate` or `phantom`.

    Ranges are slices or "A:B", lists are lists, flags True and False; everything else as on the command line.
    """
    if of not in OF:
        raise InputError("Nothing of that name has options", repr(of), ", ".join(OF))
    return OptionTable(_engine.options(of))
