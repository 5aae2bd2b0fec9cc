"""The server: its address, who we are there, and one request at a time."""

import base64
import contextlib
import dataclasses
import email.utils
import functools
import ipaddress
import os
import ssl
import time
import urllib.parse

import urllib3

from raki_cloud.exits import Exit, Stop, from_os_error
from raki_cloud.multipart import body, content_type, new_boundary, request_bytes

from .reply import read_fates

MOST_REPLY_BYTES = 1 << 26  # a longer reply is cut, and then not understood


@dataclasses.dataclass(frozen=True)
class Endpoint:
    url: str
    pool: urllib3.PoolManager
    headers: dict[str, str] = dataclasses.field(repr=False)  # with the credentials


@dataclasses.dataclass(frozen=True)
class Answer:
    """What came back; `status` is 0 where nothing did, and `trouble` says why."""

    status: int = 0
    body: bytes = b""
    retry_after: float = 0  # seconds the server asks to wait
    trouble: str = ""
    timed_out: bool = False
    distrusted: bool = False  # the certificate was not accepted

    @functools.cached_property
    def fates(self):
        return read_fates(self.body)

    @property
    def found(self):
        return self.trouble or f"HTTP status {self.status}"


def open_endpoint(options):
    """Throws Stop where address, credentials or certificates cannot be used."""
    url = stow_address(options.stow)
    credentials = credentials_of(os.environ)
    if credentials and not options.plain_http and url.scheme == "http" and not _is_loopback(url.hostname):
        raise Stop(Exit.USAGE, f"Credentials over plain http: found http and another machine, expected https. At {url.geturl()}. "
                               "Use https, unset RAKI_STOW_*, or accept that all on the way can read them with --plain-http.")
    timeout = urllib3.Timeout(connect=options.timeout, read=options.timeout)
    context = _certificates(options.ca) if url.scheme == "https" else None
    pool = urllib3.PoolManager(maxsize=1, retries=False, timeout=timeout, ssl_context=context)
    return Endpoint(url.geturl(), pool, {"Accept": "application/dicom+json", "User-Agent": "raki-send", **credentials})


def stow_address(text):
    """The address to POST to. It may hold no secret: neither a password nor a query."""
    wrong = Stop(Exit.USAGE, "Wrong address: found something else, expected http(s)://HOST[:PORT]/PATH without user, password, '?' and '#'. "
                             "At --stow. Put credentials into RAKI_STOW_TOKEN, or RAKI_STOW_USER and RAKI_STOW_PASSWORD.")
    try:
        url = urllib.parse.urlsplit(text)
        url.port  # noqa: B018  throws where it is none
    except ValueError:
        raise wrong from None
    if url.scheme not in ("http", "https") or not url.hostname or "@" in url.netloc or url.query or url.fragment:
        raise wrong
    steps = url.path.rstrip("/").split("/")
    if "studies" not in steps[-2:]:
        steps.append("studies")
    return url._replace(path="/".join(steps))


def credentials_of(environment):
    """The header that says who we are; none without credentials."""
    token, user, password = (environment.get(f"RAKI_STOW_{name}") for name in ("TOKEN", "USER", "PASSWORD"))
    what_to_do = "In the environment. Set RAKI_STOW_TOKEN, or both RAKI_STOW_USER and RAKI_STOW_PASSWORD, or none of them."
    if (user is None) != (password is None) or (token is not None and user is not None):
        found = "half of a kind" if token is None else "more than one kind"
        raise Stop(Exit.CONFIGURATION, f"Credentials do not fit together: found {found}, expected one. {what_to_do}")
    if token is not None:
        if not token or not all("!" <= character <= "~" for character in token):
            raise Stop(Exit.CONFIGURATION, "Unusable token: found none or spaces, line ends or letters beyond ASCII, expected plain characters. "
                                           + what_to_do)
        return {"Authorization": f"Bearer {token}"}
    if user is None:
        return {}
    if ":" in user:
        raise Stop(Exit.CONFIGURATION, f"Unusable user name: found a colon in it, expected none (RFC 7617). {what_to_do}")
    return {"Authorization": "Basic " + base64.b64encode(os.fsencode(f"{user}:{password}")).decode()}


def _is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _certificates(path):
    try:
        return ssl.create_default_context(cafile=path or None)
    except ssl.SSLError:
        raise Stop(Exit.CONFIGURATION, f"Unusable certificates: found no certificate, expected PEM text. At {path}. "
                                       "Give --ca the server's authority.") from None
    except OSError as error:
        raise from_os_error(error, path) from error


def post(endpoint, instances):
    """One request with these instances. Trouble on the way is an Answer too; only Unreadable is thrown (multipart.py)."""
    boundary = new_boundary()
    headers = {**endpoint.headers, "Content-Type": content_type(boundary),
               "Content-Length": str(request_bytes([one.bytes for one in instances]))}
    try:
        reply = endpoint.pool.request("POST", endpoint.url, body=body(instances, boundary), headers=headers,
                                      redirect=False, preload_content=False)
        with contextlib.closing(reply):  # a reply read to its end has given its connection back before
            text = reply.read(MOST_REPLY_BYTES, decode_content=False)
    except urllib3.exceptions.HTTPError as error:
        return _trouble(error)
    return Answer(reply.status, text, _retry_after(reply.headers.get("Retry-After", "")))


def _trouble(error):
    """Only kinds of errors are told: their texts may hold headers or what a server wrote."""
    cause = next((one for one in (error, *error.args) if isinstance(one, ssl.SSLCertVerificationError)), None)
    if cause is not None:
        return Answer(trouble=f"a certificate that is not trusted ({cause.verify_message})", distrusted=True)
    if isinstance(error, urllib3.exceptions.NewConnectionError):  # which is a TimeoutError too
        return Answer(trouble="no connection")
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return Answer(trouble="no sign of it within the time limit", timed_out=True)
    return Answer(trouble="a connection that broke")


def _retry_after(text):
    """Seconds, given as such or as a date (RFC 9110 section 10.2.3); 0 where there is none."""
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return 0.0
