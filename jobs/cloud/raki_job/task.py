"""One unit on its way through a job."""

import dataclasses
import pathlib

from raki_cloud.exits import Exit
from raki_cloud.log import Log
from raki_cloud.manifest import Unit

from .folders import OwnFolder
from .scans import Scan


@dataclasses.dataclass
class Task:
    unit: Unit
    log: Log  # its lines name the unit
    seen: dict = dataclasses.field(default_factory=dict)  # of the input: etag or sha256, bytes; the same of files that options name (identity.py)
    options: dict = dataclasses.field(default_factory=dict)  # the unit's, with the fetched files
    run_id: str = ""
    scans: list[Scan] = dataclasses.field(default_factory=list)
    fetched: OwnFolder | None = None  # with the input, until it is computed
    room: OwnFolder | None = None  # with the result, until it is published
    made: pathlib.Path | None = None  # the result, in it
    claimed: list = dataclasses.field(default_factory=list)  # files as the engine names them: path, bytes, sha256
    seconds: dict = dataclasses.field(default_factory=dict)  # by stage
    bytes: int = 0  # of the result
    was_done: bool = False  # by an earlier attempt, or by another at the same time
    exit: Exit = Exit.DONE
    error: str = ""  # for the result's place
    told: str = ""  # for the log: only texts of our own

    def fail(self, code, error, told=""):
        self.exit, self.error, self.told = code, error, told
