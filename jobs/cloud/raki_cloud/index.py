"""Who this process is among those of its job: from the command line, else AWS Batch, else Slurm, else nobody in particular."""

import dataclasses

from .exits import Exit, Stop


@dataclasses.dataclass(frozen=True)
class Identity:
    index: int | None = None  # None: no array, this process does everything
    array_size: int | None = None
    is_whole_array: bool = False  # the indices below array_size are all there are
    attempt: int = 1
    job: str = ""


def who_am_i(environment, index=None):
    """`index` is that of the command line, which wins. RAKI_INDEX_OFFSET is added to an index that Batch or Slurm gave:
    Slurm's arrays may be shorter than a manifest (MaxArraySize)."""
    found = _aws_batch(environment) or _slurm(environment) or Identity()
    if index is not None:
        found = dataclasses.replace(found, index=index, is_whole_array=False)
    elif found.index is not None and (offset := _number(environment, "RAKI_INDEX_OFFSET")):
        found = dataclasses.replace(found, index=found.index + offset, is_whole_array=False)
    return found


def _aws_batch(environment):
    if not (job := environment.get("AWS_BATCH_JOB_ID")):
        return None
    size = _number(environment, "AWS_BATCH_JOB_ARRAY_SIZE")
    return Identity(_number(environment, "AWS_BATCH_JOB_ARRAY_INDEX"), size, size is not None, _number(environment, "AWS_BATCH_JOB_ATTEMPT") or 1, job)


def _slurm(environment):
    """The task's own number counts, whatever the array's first one: `--array=7` repeats index 7 of an earlier array."""
    if not (job := environment.get("SLURM_JOB_ID")):
        return None
    return Identity(_number(environment, "SLURM_ARRAY_TASK_ID"), _number(environment, "SLURM_ARRAY_TASK_COUNT"), False,
                    (_number(environment, "SLURM_RESTART_COUNT") or 0) + 1, environment.get("SLURM_ARRAY_JOB_ID", job))


def _number(environment, name):
    text = environment.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdecimal():
        raise Stop(Exit.CONFIGURATION, f"Wrong environment: found no number, expected one from 0. In {name}. Let Batch or Slurm set it, or unset it.")
    return int(text)
