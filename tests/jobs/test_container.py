"""The image: what its recipe promises, its bill of materials, and, where RAKI_SLOW=1, itself, built and run."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

import containers
import job_runs
import pytest
from containers import CONTAINER, ROOT
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from raki_job.program import COMMANDS

BUILD = pathlib.Path(os.environ.get("RAKI_BUILD", ROOT / "build"))
INSTRUCTION = re.compile(r"^([A-Z]+) +(.*(?:\\\n.*)*)", re.MULTILINE)
STATUS = """Package: libc6
Status: install ok installed
Architecture: amd64
Version: 2.36-9+deb12u14

Package: removed
Status: deinstall ok config-files
Architecture: amd64
Version: 1

"""


def instructions(name):
    return [rest for word, rest in INSTRUCTION.findall((CONTAINER / "Dockerfile").read_text()) if word == name]


def test_the_recipe_keeps_its_promises():
    assert instructions("ENTRYPOINT") == ['["raki-job"]'] and instructions("USER") == ["10001:10001"]
    assert len(instructions("HEALTHCHECK")) == 1 and 'CMD ["healthcheck"]' in instructions("HEALTHCHECK")[0]
    assert [line.split()[0] for line in instructions("FROM")] == ["${BUILD_BASE}", "${BASE}"]
    assert "BUILD_BASE" in instructions("ARG") and "BASE" in instructions("ARG")  # without defaults: a digest is always given
    assert not any(word in " ".join(instructions("ENV")) for word in ("KEY", "SECRET", "TOKEN", "PASSWORD"))


def test_what_it_copies_is_there_and_not_ignored():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    copied = [rest.split()[0] for rest in instructions("COPY") if not rest.startswith("--from")]
    assert copied == [".", "jobs/container/steps.sh"]
    for name in ["CMakeLists.txt", "gpu", "recon", "raki", "io", "jobs", containers.PREBUILT]:
        assert f"!{name}" in ignored
        assert name == containers.PREBUILT or (ROOT / name).exists()


def test_commands_of_the_job_definitions_fit_its_entry_point():
    """Batch puts a definition's command behind the image's ENTRYPOINT."""
    text = (ROOT / "jobs/cloud/terraform/compute/variables.tf").read_text()
    commands = [json.loads(found) for found in re.findall(r'variable "(?:split_)?command" \{.*?default *= (\[.*?\])', text, re.DOTALL)]
    assert len(commands) == 2 and instructions("ENTRYPOINT") == ['["raki-job"]']
    for command in commands:
        parse, _ = COMMANDS[command[0]]
        given = parse([word.replace("Ref::", "s3://bucket/") for word in command[1:]], {})
        assert [value for value in vars(given).values() if "s3://bucket/" in str(value)]


@pytest.mark.parametrize("base", ["debian:12-slim", "debian:12-slim@sha256:abc", "debian@latest"])
def test_a_base_without_digest_is_refused(base):
    done = subprocess.run([CONTAINER / "build", "raki:x", f"debian@sha256:{'0' * 64}", base], capture_output=True, text=True, env={**os.environ, "CONTAINER_BUILD": "echo"})
    assert done.returncode == 64 and "digest" in done.stderr


def test_two_bases_with_digests_are_handed_on():
    base = f"debian@sha256:{'0' * 64}"
    said = containers.checked([CONTAINER / "build", "raki:x", base, base, "cpu"], env={**os.environ, "CONTAINER_BUILD": "echo"})
    assert f"BASE={base}" in said and "KIND=cpu" in said and re.search(r"VERSION=\d+\.\d+\.\d+ ", said) and re.search(r"REVISION=[0-9a-f]{40} ", said)


def pins(name):
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==([^\s\\]+)", (ROOT / "jobs" / "cloud" / name).read_text(), re.MULTILINE))


def test_the_lock_holds_what_is_required_and_a_hash_of_each():
    text = (ROOT / "jobs" / "cloud" / "requirements.lock").read_text()
    assert pins("requirements.txt").items() <= {name.replace("_", "-"): version for name, version in pins("requirements.lock").items()}.items()
    assert all("--hash=sha256:" in block for block in re.split(r"\n(?=[A-Za-z])", text) if "==" in block)


@pytest.fixture
def root(tmp_path):
    """A small image's files."""
    for name, text in {"var/lib/dpkg/status": STATUS, "etc/os-release": 'ID="debian"\nVERSION_ID="12"\n', "opt/raki/engine/bin/raki": "program",
                       "opt/raki/engine/lib/libhdf5.so.103": "library", "opt/raki/engine/share/libraries.tsv": "libhdf5.so.103\tlibhdf5-103-1\t1.10.8+repack1-1\tamd64\n",
                       "opt/raki/site/torch-2.11.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: torch\nVersion: 2.11.0\n\nText: no field"}.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def sbom(root):
    return containers.checked([CONTAINER / "sbom", root])


def test_the_bill_of_materials_is_valid_complete_and_the_same_twice(root):
    text = sbom(root)
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(text) is None
    assert {one["purl"] for one in json.loads(text)["components"]} == {"pkg:deb/debian/libc6@2.36-9+deb12u14?arch=amd64", "pkg:pypi/torch@2.11.0",
                                                                      "pkg:deb/debian/libhdf5-103-1@1.10.8+repack1-1?arch=amd64#libhdf5.so.103"}
    assert sbom(root) == text
    (root / "opt/raki/engine/lib/libhdf5.so.103").write_text("another")
    assert sbom(root) != text


def test_the_validator_sees_a_wrong_bill(root):
    wrong = json.loads(sbom(root))
    del wrong["components"][0]["name"]
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(json.dumps(wrong)) is not None


needs_image = pytest.mark.skipif(os.environ.get("RAKI_SLOW") != "1", reason="builds an image (4 minutes): RAKI_SLOW=1, or tests/run --slow")


def usable_image(folder, base):
    """An image of the base alone, or None where this machine cannot make or start one. RAKI_NO_PODMAN=1: as if it could not."""
    if not (shutil.which("buildah") and shutil.which("podman")) or os.environ.get("RAKI_NO_PODMAN") == "1":
        return None
    with contextlib.suppress(AssertionError):
        image = containers.Image(folder, base)
        return image if image.works() else None


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The image and how it came to be; without buildah and podman its steps in a folder, which is said loudly."""
    for name in ("mmdebstrap", "chroot", "unshare"):
        if shutil.which(name) is None or os.geteuid() != 0:
            pytest.skip(f"no image can be made here: needs {name} and root")
    folder = tmp_path_factory.mktemp("image")
    containers.collect(BUILD)
    base = containers.debian(folder)
    image = usable_image(folder, base)
    if image is not None:
        image.build()
    else:
        print("\nNO IMAGE: buildah and podman are absent or do not work here; the Dockerfile's steps run in a folder instead")
        image = containers.Folder(folder, base)
    yield image
    shutil.rmtree(ROOT / containers.PREBUILT, ignore_errors=True)


def outcome(image, *arguments, **more):
    process = image.start(*arguments, **more)
    out, _ = process.communicate(timeout=120)
    return process.returncode, out


@needs_image
@pytest.mark.parametrize("user", [None, "0"])
def test_it_reconstructs_as_nobody_and_as_root(made, user):
    code, out = outcome(made, program="healthcheck", user=user)
    assert code == 0, out
    _, out = outcome(made, "-c", "id -u; touch /scratch/mine && echo written; touch /opt/raki/mine || echo refused", program="sh", user=user)
    assert out.split("\n")[0] == (user or "10001") and "written" in out
    assert "refused" in out or (user == "0" and isinstance(made, containers.Folder))  # a plain folder has no read-only root


@needs_image
def test_an_engine_that_does_not_work_is_not_healthy(made):
    assert outcome(made, program="healthcheck", variables=["PYTHONPATH=/nowhere"])[0] != 0


@needs_image
def test_it_serves_and_ends_on_sigterm(made):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    stub = job_runs.SUPPORT / "stub_worker.py"
    process = made.start("serve", "--worker", "python3 /stub.py", mounts=[f"{stub}:/stub.py"], variables=[f"RAKI_LISTEN=127.0.0.1:{port}"], user="0")
    try:
        end = time.monotonic() + 60
        while ask(port, "GET", "/ping") != 200:
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.1)
        assert ask(port, "POST", "/invocations", b"scan", {"Content-Type": "application/x-hdf5"}) == 200
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
        assert process.returncode == 0, out
        assert json.loads(out.strip().splitlines()[-1])["event"] == "summary"
    finally:
        process.kill()


def ask(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, headers or {})
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


@needs_image
def test_its_bill_of_materials_names_what_is_in_it(made):
    text = outcome(made, "/", program="sbom")[1]
    assert JsonStrictValidator(SchemaVersion.V1_5).validate_str(text) is None
    found = {one["purl"].split("@")[0] for one in json.loads(text)["components"]}
    assert {"pkg:deb/debian/libc6", "pkg:deb/debian/python3.11", "pkg:pypi/boto3", "pkg:pypi/torch", "pkg:deb/debian/libhdf5-103-1"} <= found
    assert not any("cudnn" in one or "pytest" in one for one in found)
    if isinstance(made, containers.Image):
        assert outcome(made, "/opt/raki/sbom.cdx.json", program="cat")[1] == text


@needs_image
def test_its_labels_and_its_user_are_those_of_the_recipe(made):
    if not isinstance(made, containers.Image):
        pytest.skip("buildah and podman do not work here: a folder has no labels")
    told = json.loads(made.config())[0]
    config = told["Config"]
    assert config["User"] == "10001:10001" and config["Entrypoint"] == ["raki-job"] and told["Healthcheck"]["Test"] == ["CMD", "healthcheck"]
    assert config["Labels"]["org.opencontainers.image.title"] == "raki" and re.fullmatch(r"[0-9a-f]{40}", config["Labels"]["org.opencontainers.image.revision"])
