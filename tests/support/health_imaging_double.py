"""AWS HealthImaging as far as raki-health-imaging needs it: takes Part 10 files from S3, judged by DCMTK, and gives image sets back.

HTJ2K stays as it came, uncompressed pixels too. Sums of pixels come from pydicom and OpenJPEG, not from our decoder."""

import base64
import collections
import contextlib
import gzip
import http.server
import json
import random
import re
import subprocess
import tempfile
import threading
import time
import zlib

import pydicom
from pydicom.datadict import dictionary_VM
from pydicom.encaps import generate_frames

DATASTORE = "0123456789abcdef0123456789abcdef"
LEVELS = {"Patient": ("PatientName", "PatientID", "PatientBirthDate", "PatientSex"),
          "Study": ("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName", "StudyDescription"),
          "Series": ("SeriesInstanceUID", "SeriesNumber", "Modality", "Manufacturer", "FrameOfReferenceUID", "SeriesDescription")}
ERRORS = {"throttle": (429, "ThrottlingException"), "500": (500, "InternalServerException"), "conflict": (409, "ConflictException"),
          "quota": (402, "ServiceQuotaExceededException"), "denied": (403, "AccessDeniedException")}


class Double(http.server.ThreadingHTTPServer):
    """`faults[operation]` holds what goes wrong with its next calls: an entry of ERRORS, "cut" or "short"."""

    daemon_threads = True

    def __init__(self, s3):
        super().__init__(("127.0.0.1", 0), Handler)
        self.s3, self.url = s3, f"http://127.0.0.1:{self.server_port}"
        self.jobs, self.tokens, self.sets, self.frames = {}, {}, {}, {}
        self.calls, self.faults, self.lock = collections.Counter(), collections.defaultdict(list), threading.Lock()
        self.looks, self.shuffle, self.not_primary, self.job_fails = 1, False, False, ""  # looks: how often a job is seen unfinished
        self.server_error, self.not_mentioned, self.warned = None, None, None  # endings of keys
        self.at_once = self.most_at_once = 0
        self.delay = 0.0  # seconds before each answer

    def handle_error(self, request, client_address):
        """Connections that we cut ourselves."""

    def start_import(self, asked):
        if asked["clientToken"] in self.tokens:
            return self.jobs[self.tokens[asked["clientToken"]]]
        number = f"{len(self.jobs) + 1:032x}"
        job = {**{name: asked[name] for name in ("jobName", "dataAccessRoleArn", "inputS3Uri", "outputS3Uri")}, "jobId": number, "datastoreId": DATASTORE,
               "jobStatus": "SUBMITTED", "submittedAt": 1.7e9, "looks": self.looks}
        self.jobs[number], self.tokens[asked["clientToken"]] = job, number
        return job

    def look_at_job(self, number):
        job = self.jobs[number]
        job["looks"] -= 1
        if job["jobStatus"] in ("SUBMITTED", "IN_PROGRESS"):
            job["jobStatus"] = "IN_PROGRESS"
            if job["looks"] < 0:
                self.finish(job)
        return {"jobProperties": {name: value for name, value in job.items() if name != "looks"}}

    def finish(self, job):
        if self.job_fails:
            job.update(jobStatus="FAILED", message=self.job_fails)
            return
        bucket, _, prefix = job["inputS3Uri"].removeprefix("s3://").partition("/")
        lists = {"success": [], "failure": [], "warning": []}
        for entry in self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
            kind, line = self.take(entry["Key"], self.s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read())
            if kind:
                lists[kind].append({"inputFile": entry["Key"], **line})
        job["outputS3Uri"] += f"{DATASTORE}-DicomImport-{job['jobId']}/"
        self.write_manifests(job, lists)
        job["jobStatus"] = "COMPLETED"

    def take(self, key, data):
        """(list it stands in, line) of one file."""
        if self.not_mentioned and key.endswith(self.not_mentioned):
            return None, {}
        if self.server_error and key.endswith(self.server_error):
            return "failure", {"exception": {"exceptionType": "InternalServerException", "message": "try later"}}
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            if subprocess.run(["dcmftest", file.name], capture_output=True).returncode or subprocess.run(["dcmdump", file.name], capture_output=True).returncode:
                return "failure", {"exception": {"exceptionType": "ValidationException", "message": f"no Part 10 file: {key}"}}
            found = self.add(pydicom.dcmread(file.name))
        return "warning" if self.warned and key.endswith(self.warned) else "success", {"importResponse": {"imageSetId": found}}

    def write_manifests(self, job, lists):
        bucket, _, folder = job["outputS3Uri"].removeprefix("s3://").partition("/")
        for kind, lines in lists.items():
            if self.shuffle:
                random.shuffle(lines)
            if lines:
                self.s3.put_object(Bucket=bucket, Key=f"{folder}{kind.upper()}/{kind}.ndjson", Body="".join(json.dumps(line) + "\n" for line in lines))
        names = {line["importResponse"]["imageSetId"] for line in lists["success"] + lists["warning"]}
        summary = {"jobId": job["jobId"], "datastoreId": DATASTORE, "successOutputS3Uri": job["outputS3Uri"] + "SUCCESS/",
                   "failureOutputS3Uri": job["outputS3Uri"] + "FAILURE/", "numberOfImportedFiles": len(lists["success"]),
                   "imageSetsSummary": [{"imageSetId": name, "imageSetVersion": 1, "isPrimary": not self.not_primary} for name in sorted(names)]}
        self.s3.put_object(Bucket=bucket, Key=f"{folder}job-output-manifest.json", Body=json.dumps({"jobSummary": summary}))

    def add(self, data):
        """The image set of an instance: one for each series."""
        name = f"{zlib.crc32(data.SeriesInstanceUID.encode()):032x}"
        held = self.sets.setdefault(name, {"SchemaVersion": "1.1", "DatastoreID": DATASTORE, "ImageSetID": name, "Patient": {}, "Study": {"Series": {}}})
        levels = {level: {word: told(data[word]) for word in words if word in data} for level, words in LEVELS.items()}
        held["Patient"]["DICOM"], held["Study"]["DICOM"] = levels["Patient"], levels["Study"]
        series = held["Study"]["Series"].setdefault(str(data.SeriesInstanceUID), {"DICOM": levels["Series"], "Instances": {}})
        taken = {word for words in LEVELS.values() for word in words}
        own = {element.keyword: told(element) for element in data if element.keyword and element.keyword not in taken | {"PixelData"}}
        series["Instances"][str(data.SOPInstanceUID)] = {
            "DICOM": own, "DICOMVRs": {}, "StoredTransferSyntaxUID": str(data.file_meta.TransferSyntaxUID), "ChecksumType": "DECOMPRESSED",
            "ImageFrames": [self.add_frame(data, index) for index in range(int(data.get("NumberOfFrames", 1)))]}
        return name

    def add_frame(self, data, index):
        count = int(data.get("NumberOfFrames", 1))
        pixels = (data.pixel_array if count == 1 else data.pixel_array[index]).tobytes()
        stored = pixels if data.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian else list(generate_frames(data.PixelData, number_of_frames=count))[index]
        name = f"{len(self.frames) + 1:032x}"
        self.frames[name] = stored
        return {"ID": name, "FrameSizeInBytes": len(stored), "MinPixelValue": 0, "MaxPixelValue": 1,
                "PixelDataChecksumFromBaseToFullResolution": [{"Width": 1, "Height": 1, "Checksum": 1},
                                                              {"Width": data.Columns, "Height": data.Rows, "Checksum": zlib.crc32(pixels)}]}


def told(element):
    """A value as the service's metadata tell it: texts padded as they are stored, numbers as numbers, a list where there may be several."""
    if element.VR == "SQ":
        return [{inner.keyword: told(inner) for inner in item} for item in element.value]
    if element.is_empty:
        return None
    several = dictionary_VM(element.tag) != "1"
    values = [element.value] if element.VM <= 1 else list(element.value)
    if element.VR in ("US", "SS", "UL", "SL", "FD", "FL"):
        values = [float(value) if element.VR[0] == "F" else int(value) for value in values]
    elif element.VR in ("OB", "OW", "UN"):
        values = [base64.b64encode(value).decode() for value in values]
    else:
        values = [text + " " * (len(text) % 2) for text in map(str, values)]
    return values if several else values[0]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.serve("")

    def do_POST(self):
        self.serve(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

    def serve(self, body):
        path, double = self.path.partition("?")[0], self.server
        operation = next(name for name in ("startDICOMImportJob", "getDICOMImportJob", "listDICOMImportJobs", "searchImageSets", "getImageSetMetadata",
                                           "getImageFrame", "getImageSet") if name in path)
        with double.lock:
            double.calls[operation] += 1
            fault = double.faults[operation].pop(0) if double.faults[operation] else None
            double.at_once += 1
            double.most_at_once = max(double.most_at_once, double.at_once)
        time.sleep(double.delay)
        if fault in ERRORS:
            status, kind = ERRORS[fault]
            self.answer(json.dumps({"message": "no"}).encode(), status=status, headers={"x-amzn-ErrorType": kind})
        else:
            self.answer(*self.result(operation, path, body), fault=fault)
        with double.lock:
            double.at_once -= 1

    def result(self, operation, path, body):
        """(body, headers) of a call that succeeds."""
        double, words = self.server, path.strip("/").split("/")
        with double.lock:
            if operation == "startDICOMImportJob":
                assert re.fullmatch(r"[a-zA-Z0-9._-]{1,64}", json.loads(body)["clientToken"])
                job = double.start_import(json.loads(body))
                return json.dumps({name: job[name] for name in ("datastoreId", "jobId", "jobStatus", "submittedAt")}).encode(), {}
            if operation == "getDICOMImportJob":
                return json.dumps(double.look_at_job(words[-1])).encode(), {}
            if operation == "listDICOMImportJobs":
                return json.dumps({"jobSummaries": list(double.jobs.values())}).encode(), {}
            if operation == "searchImageSets":
                return json.dumps({"imageSetsMetadataSummaries": [{"imageSetId": name, "version": 1} for name in double.sets]}).encode(), {}
            if operation == "getImageSet":
                return json.dumps({"datastoreId": DATASTORE, "imageSetId": words[3], "versionId": "1", "imageSetState": "ACTIVE"}).encode(), {}
            if operation == "getImageSetMetadata":
                return gzip.compress(json.dumps(double.sets[words[3]]).encode()), {"Content-Encoding": "gzip"}
            return double.frames[json.loads(body)["imageFrameId"]], {"Content-Type": "application/octet-stream"}

    def answer(self, body, headers=None, status=200, fault=None):
        sent = {"cut": body[:len(body) // 2], "short": body[:-1]}.get(fault, body)
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body if fault == "cut" else sent)))
        self.end_headers()
        self.wfile.write(sent)
        self.close_connection = fault == "cut"


@contextlib.contextmanager
def health_imaging(s3):
    """A double on a free port, reading and writing by this S3 client."""
    double = Double(s3)
    thread = threading.Thread(target=double.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield double
    finally:
        double.shutdown()
        double.server_close()
        thread.join()
