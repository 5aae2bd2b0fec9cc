"""An import from its start to the fate of every file: the recipe. COMPLETED is not success, its manifests are.

A repeat is harmless. What is imported is named by a digest of the data store and of all keys and ETags below the input (a run's id is
part of its keys). The first job for it leaves a record beside the manifests: later runs read that job's manifests, or follow it, and start
another one only where files were left for a reason that may pass. Between the service's answer and our record stands its own client
token, which is the same digest."""

import dataclasses
import hashlib
import itertools
import json
import re

from raki_cloud import s3
from raki_cloud.exits import Exit, Stop, may_pass, overall

from . import manifests
from .fates import FAILED, Fate, fates_of
from .service import Pauses, call

FORMAT = "raki-import-1"
MANIFEST_SECONDS = 60  # a manifest may be seen later than the status that promises it
MOST_RECORD_BYTES = 1 << 16


@dataclasses.dataclass(frozen=True)
class Job:
    id: str
    is_new: bool  # this run started it


def import_files(options, say):
    """The fates of all files below the input, sorted by key."""
    files = list(s3.below(options.source, "the input"))
    if not files:
        raise Stop(Exit.NO_INPUT, "Nothing to import: found no file, expected DICOM files. Below the input. Check the address.")
    digest = hashlib.sha256(json.dumps([options.datastore, options.source.bucket, *sorted(files)]).encode()).hexdigest()[:32]
    for number in itertools.count(1):
        job = job_of(options, f"{digest}-{number}", say)
        fates = settle(options, job, [key for key, _, _ in files])
        if job.is_new or not may_pass(overall(fate.code for fate in fates)):
            return fates


def job_of(options, token, say):
    """The job that a record names, or a new one with its record."""
    place = s3.Place(options.target.bucket, f"{options.target.key}raki-import-{token}.json")
    if (recorded := manifests.read_json(place, MOST_RECORD_BYTES, "the record of an import")) is not None:
        return Job(_checked_id(recorded), False)
    answer = call("start_dicom_import_job", "the start of the import", patience=options.give_up, pause=options.poll, jobName=f"raki-{token}",
                  datastoreId=options.datastore, dataAccessRoleArn=options.role, clientToken=token, inputS3Uri=str(options.source),
                  outputS3Uri=str(options.target))
    say(f"import job {answer['jobId']} started")
    s3.put_json_once(place, {"format": FORMAT, "datastore": options.datastore, "job": answer["jobId"]}, "the record of an import")
    return Job(answer["jobId"], True)


def _checked_id(recorded):
    if recorded.get("format") != FORMAT or not re.fullmatch(r"[0-9a-z]{1,32}", str(recorded.get("job"))):
        raise Stop(Exit.CONFIGURATION, f"Wrong record: found something else, expected {FORMAT}. Among the manifests. Remove it or choose another --output.")
    return recorded["job"]


def settle(options, job, keys):
    """The fates, when the job has ended. One whose manifest is there is not asked about again."""
    folder = s3.Place(options.target.bucket, f"{options.target.key}{options.datastore}-DicomImport-{job.id}/")
    found = None if job.is_new else manifests.read(folder)
    if found is None:
        properties = follow(options, job)
        found = _manifest(properties, folder, options)
        if found is None:
            return [Fate(key, FAILED, _failure(properties), code=_code(properties)) for key in keys]
    return fates_of(keys, found)


def follow(options, job):
    """The job's properties once it has ended. Throws Stop(75) when patience ends: the same command goes on from here."""
    waits = Pauses(options.poll, options.give_up)
    while True:
        properties = call("get_dicom_import_job", "the import job", datastoreId=options.datastore, jobId=job.id)["jobProperties"]
        if properties["jobStatus"] in ("COMPLETED", "FAILED"):
            return properties
        if not waits.wait():
            raise Stop(Exit.TRY_AGAIN, f"Import not finished: found it {properties['jobStatus']} after {options.give_up:g} s, expected its end. "
                                       "At HealthImaging. Start the same command again: it goes on following.")


def _manifest(properties, folder, options):
    """Where the service says, or where its documentation says. None only after a job that failed as a whole."""
    said = s3.place_of(properties.get("outputS3Uri", "")) or folder
    waits = Pauses(min(options.poll, 2.0), MANIFEST_SECONDS)
    while True:
        for place in (folder, dataclasses.replace(said, key=said.key.rstrip("/") + "/")):
            if (found := manifests.read(place)) is not None:
                return found
        if properties["jobStatus"] == "FAILED":
            return None
        if not waits.wait():
            raise Stop(Exit.TRY_AGAIN, "Import without manifest: found none, expected what became of each file. Below --output. Start it again.")


def _code(properties):
    denied = re.search(r"access ?denied|not authori[sz]ed|permission|assume", properties.get("message", ""), re.IGNORECASE)
    return Exit.NO_PERMISSION if denied else Exit.TRY_AGAIN


def _failure(properties):
    if _code(properties) == Exit.NO_PERMISSION:
        return "the job failed as a whole: its role lacks a permission"
    return "the job failed as a whole: get-dicom-import-job tells why"
