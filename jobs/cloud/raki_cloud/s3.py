"""AWS: the one place where a client is made, an object is read or written, and an error becomes an exit code.

Credentials and region come from where boto3 looks for them. AWS_ENDPOINT_URL names another service than Amazon's; it must be https,
or this machine, unless RAKI_PLAIN_HTTP=1 says that all on the way may read along. No text of a Stop here holds a bucket, a key or
what a server wrote."""

import base64
import contextlib
import dataclasses
import functools
import ipaddress
import json
import os
import re
import urllib.parse

import boto3
import botocore.config
import botocore.exceptions as errors

from .exits import Exit, Stop

MOST_SINGLE_BYTES = 5 << 30  # S3's limit of one PUT
CODES = {  # what S3 says -> what it means for us
    Exit.NO_INPUT: {"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "404", "NotFound", "InvalidObjectState", "QueueDoesNotExist",
                    "AWS.SimpleQueueService.NonExistentQueue"},
    Exit.NO_PERMISSION: {"AccessDenied", "403", "Forbidden", "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "AllAccessDisabled",
                         "AccessDeniedException", "KMS.DisabledException", "KMSAccessDeniedException"},
    Exit.IO: {"ConditionalRequestConflict"},  # another attempt is writing the same object right now
    Exit.TRY_AGAIN: {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "RequestTimeTooSkewed", "Throttling", "ThrottlingException",
                     "RequestThrottled", "TooManyRequestsException"},
    Exit.CONFIGURATION: {"InvalidBucketName", "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
                         "ClientException"}}  # the last is Batch's: no such queue or definition, or a request it does not take
KINDS = (  # the same for what never reached a server or came back broken, first match wins
    ((errors.NoCredentialsError, errors.PartialCredentialsError, errors.NoRegionError, errors.ProfileNotFound, errors.ConfigNotFound), Exit.CONFIGURATION),
    ((errors.ParamValidationError, errors.InvalidEndpointConfigurationError), Exit.CONFIGURATION),
    ((errors.HTTPClientError, errors.ConnectionError, errors.IncompleteReadError, errors.ResponseStreamingError, errors.FlexibleChecksumError), Exit.IO),
    ((errors.CredentialRetrievalError, errors.MetadataRetrievalError), Exit.TRY_AGAIN))


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """An object, or with a key that is empty or ends in "/" all objects below it."""

    bucket: str
    key: str

    def __str__(self):
        return f"s3://{self.bucket}/{self.key}"


def place_of(address):
    """The Place of s3://bucket/key; None where the address is none of S3."""
    scheme, found, rest = address.partition("://")
    if not found:
        return None
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", bucket) or not key.isprintable():
        raise Stop(Exit.CONFIGURATION, "Wrong address: found something else, expected s3://BUCKET/KEY or a path. In the manifest or on the command line. "
                                       "Correct it.")
    return Place(bucket, key)


@functools.cache
def client(service="s3", attempts=12):
    """Clients are safe to share between threads. Twelve attempts: with pauses of up to 20 s, S3 has minutes to recover."""
    seconds = float(os.environ.get("RAKI_S3_TIMEOUT", "60"))
    elsewhere = any(name in os.environ for name in ("AWS_ENDPOINT_URL", f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"))
    config = botocore.config.Config(
        retries={"mode": "standard", "total_max_attempts": attempts}, connect_timeout=min(seconds, 10), read_timeout=seconds, tcp_keepalive=True,
        user_agent_extra="raki", inject_host_prefix=not elsewhere, s3={"addressing_style": "path"} if elsewhere else {})
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    with told("the service"):
        made = boto3.client(service, region_name=region, config=config)
    _refuse_plain_http(made.meta.endpoint_url)
    return made


def _refuse_plain_http(endpoint):
    url = urllib.parse.urlsplit(endpoint)
    if url.scheme != "https" and not _is_loopback(url.hostname or "") and os.environ.get("RAKI_PLAIN_HTTP") != "1":
        raise Stop(Exit.CONFIGURATION, "Plain http: found an endpoint that is neither https nor this machine, expected https. In AWS_ENDPOINT_URL. "
                                       "Use https, or accept that all on the way can read along with RAKI_PLAIN_HTTP=1.")


def _is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@contextlib.contextmanager
def told(what):
    """Turns the errors of AWS into a Stop; `what` names the thing in words that can stand in a log."""
    try:
        yield
    except (errors.BotoCoreError, errors.ClientError) as error:
        raise stop_of(error, what) from None


def stop_of(error, what):
    if isinstance(error, errors.ClientError):
        said = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        code = next((code for code, names in CODES.items() if said in names), None)
        if code is None:
            code = {403: Exit.NO_PERMISSION, 404: Exit.NO_INPUT}.get(status, Exit.BUG if 400 <= status < 500 and status not in (408, 429) else Exit.IO)
        found = f"HTTP status {status}" + (f" ({said})" if re.fullmatch(r"[A-Za-z.]{1,60}", said) else "")
    else:
        code = next((code for kinds, code in KINDS if isinstance(error, kinds)), Exit.BUG)
        found = type(error).__name__
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            code, found = Exit.CONFIGURATION, "a certificate that is not trusted"
    advice = {Exit.NO_INPUT: "Check the address; archived objects must be restored first.", Exit.NO_PERMISSION: "Check the rights of this job's role.",
              Exit.CONFIGURATION: "Check region, endpoint, credentials and certificates (AWS_CA_BUNDLE).",
              Exit.BUG: "Our bug: report it."}.get(code, "Try again: a repeat is harmless.")
    return Stop(code, f"Request failed: found {found}, expected success. At {what}. {advice}")


def is_taken(error):
    """Whether a conditional request found the object there (If-None-Match) or another than expected (If-Match)."""
    return isinstance(error, errors.ClientError) and error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") == 412


def exists(place, what):
    try:
        client().head_object(Bucket=place.bucket, Key=place.key)
        return True
    except (errors.BotoCoreError, errors.ClientError) as error:
        if (stop := stop_of(error, what)).code == Exit.NO_INPUT:
            return False
        raise stop from None


@contextlib.contextmanager
def _writing(what):
    """As told; what is missing then is the bucket to write to."""
    try:
        with told(what):
            yield
    except Stop as stop:
        raise Stop(Exit.CANNOT_CREATE if stop.code == Exit.NO_INPUT else stop.code, str(stop)) from None


def put_file(place, path, sha256, what, once=False):
    """The object's version, or None in a bucket without versions. S3 itself compares what arrives with the SHA-256 (hex). One PUT: an
    upload that breaks off leaves nothing, no parts either. `once`: an object that is there stays."""
    if (size := os.path.getsize(path)) > MOST_SINGLE_BYTES:
        raise Stop(Exit.CANNOT_CREATE, f"File too large: found {size} bytes, expected at most {MOST_SINGLE_BYTES}. At {what}. "
                                       "Write slices or series as single files (--dicom), or the result to disk.")
    checksum = base64.b64encode(bytes.fromhex(sha256)).decode()
    condition = {"IfNoneMatch": "*"} if once else {}
    with _writing(what), open(path, "rb") as stream:
        try:
            return client().put_object(Bucket=place.bucket, Key=place.key, Body=stream, ChecksumSHA256=checksum, **condition).get("VersionId")
        except errors.ClientError as error:
            if once and is_taken(error):
                return None
            raise


def put_json(place, value, what):
    with _writing(what):
        client().put_object(Bucket=place.bucket, Key=place.key, Body=_json(value), ContentType="application/json")


def put_json_once(place, value, what):
    """False where the object is there already: nothing is changed then. Of two who try at once one is told True, or, where its
    answer was lost on the way, none."""
    with _writing(what):
        try:
            client().put_object(Bucket=place.bucket, Key=place.key, Body=_json(value), ContentType="application/json", IfNoneMatch="*")
            return True
        except errors.ClientError as error:
            if is_taken(error):
                return False
            raise


def _json(value):
    return (json.dumps(value, indent=1) + "\n").encode()


def below(place, what):
    """(key, bytes, etag) of every object whose key begins with the place's, sorted by key."""
    with told(what):
        for page in client().get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key):
            for entry in page.get("Contents", []):
                yield entry["Key"], entry["Size"], entry["ETag"].strip('"')
