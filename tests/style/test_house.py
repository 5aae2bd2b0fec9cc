"""The house rules a machine can see: floors, CUDA on the ground floor, third parties behind .cpp files, sizes, format."""

import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLOORS = {"gpu": {"gpu"}, "recon": {"gpu", "recon"}, "raki": {"gpu", "recon", "raki"}, "io": {"gpu", "recon", "io"},
          "jobs": {"gpu", "recon", "raki", "io", "jobs"}}
TOP_LEVEL = {"CMakeLists.txt", "README.md", "gpu", "recon", "raki", "io", "jobs", "tests", "data"}
THIRD_PARTY_OF = {  # header prefix -> floors that may include it
    "cuda": {"gpu"}, "cufft": {"gpu"}, "c10/cuda": {"gpu"}, "ATen/cuda": {"gpu"}, "spdlog": {"gpu"}, "Eigen": {"recon"},
    "pugixml": {"io"}, "hdf5": {"io"}, "ismrmrd": {"io"}, "dcmtk": {"io"}, "openjph": {"io"}, "openjpeg": {"io"}, "matio": {"io"}, "zip": {"io"}, "png": {"io"}, "libdeflate": {"io"},
    "openssl": {"io"}, "CLI": {"jobs"}, "nlohmann": {"jobs"}}
ONLY_IN_SOURCES = {"hdf5", "ismrmrd", "dcmtk", "openjph", "openjpeg", "matio", "png", "openssl", "spdlog"}
LONGEST_FILE, LONGEST_FUNCTION = 400, 60


def tracked():
    names = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True,
                           check=True).stdout.split("\n")
    return [ROOT / name for name in names if name and (ROOT / name).exists()]


def sources(*endings):
    return [p for p in tracked() if p.suffix in endings]


def includes(path):
    return re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', path.read_text(), re.MULTILINE)


def floor_of(path):
    return path.relative_to(ROOT).parts[0]


def test_top_level():
    visible = {p.relative_to(ROOT).parts[0] for p in tracked()}
    assert {name for name in visible if not name.startswith(".")} <= TOP_LEVEL


def test_includes_go_downward():
    wrong = []
    for path in sources(".h", ".cpp", ".cu", ".cuh"):
        allowed = FLOORS.get(floor_of(path))
        if allowed is None:
            continue
        for mark, name in includes(path):
            if mark == '"' and name.split("/")[0] not in allowed:
                wrong.append(f"{path.relative_to(ROOT)} includes {name}")
    assert not wrong, "\n".join(wrong)


def test_third_parties_stay_on_their_floor():
    wrong = []
    for path in sources(".h", ".cpp", ".cu", ".cuh"):
        floor = floor_of(path)
        if floor not in FLOORS:
            continue
        for mark, name in includes(path):
            for prefix, floors in THIRD_PARTY_OF.items():
                if mark == "<" and re.match(prefix + r"(/|\b|_|\.)", name):
                    if floor not in floors or (prefix in ONLY_IN_SOURCES and path.suffix == ".h"):
                        wrong.append(f"{path.relative_to(ROOT)} includes <{name}>")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("folder", ["parse", "htj2k"])
def test_what_is_fuzzed_knows_no_torch(folder):
    """io/parse and io/htj2k are built and fuzzed without LibTorch."""
    allowed = ("gpu/error.h", "gpu/parallel.h", "gpu/text.h", "recon/protocol.h")
    wrong = [f"{path.relative_to(ROOT)} includes {name}" for path in sources(".h", ".cpp")
             if path.relative_to(ROOT).parts[:2] == ("io", folder) for _, name in includes(path)
             if name.startswith(("ATen", "torch", "c10")) or
             (name.split("/")[0] in FLOORS and name not in allowed and not name.startswith(f"io/{folder}/"))]
    assert not wrong, "\n".join(wrong)


def test_files_are_short():
    long = [f"{p.relative_to(ROOT)}: {n}" for p in sources(".h", ".cpp", ".cu", ".cuh", ".py")
            if (n := len(p.read_text().splitlines())) > LONGEST_FILE]
    assert not long, "\n".join(long)


def functions(text):
    """(first line, length, line above) of every block that opens at the start of a line or one namespace in, C++ formatted by
    clang-format: a line that ends with '{' and has a '(' and is not indented, up to the closing brace in column 0."""
    lines = text.splitlines()
    start = None
    for i, line in enumerate(lines):
        if start is None and line.endswith("{") and not line.startswith((" ", "}", "namespace", "struct", "class", "enum", "#")):
            start = i
        elif start is not None and line.startswith("}"):
            yield start + 1, i - start + 1, lines[start - 1]
            start = None


def test_functions_are_short():
    """A longer one needs its reason in a comment above it that begins with "Long:"."""
    long = [f"{p.relative_to(ROOT)}:{line}: {length} lines" for p in sources(".h", ".cpp", ".cu")
            for line, length, above in functions(p.read_text())
            if length > LONGEST_FUNCTION and not above.startswith("// Long:")]
    assert not long, "\n".join(long)


def test_every_folder_has_its_chapter():
    for folder in ("gpu", "recon", "raki", "io", "jobs", "tests", "data"):
        assert (ROOT / folder / "README.md").exists(), folder


@pytest.mark.parametrize("readme", sorted(p.relative_to(ROOT).as_posix() for p in [*ROOT.glob("*/README.md"), *ROOT.glob("jobs/*/**/README.md")]) + ["README.md"])
def test_links_in_readmes_lead_somewhere(readme):
    path = ROOT / readme
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{readme} links to {target}"


def test_form():
    program = shutil.which("clang-format-14")  # other versions break lines elsewhere
    if not program:
        pytest.skip("clang-format-14 is not installed")
    files = sources(".h", ".cpp", ".cu")
    done = subprocess.run([program, "--dry-run", "-Werror", *files], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:3000]


def test_every_threat_has_its_test():
    """jobs/cloud/SECURITY.md names only tests that exist, and one for each threat."""
    text = (ROOT / "jobs/cloud/SECURITY.md").read_text()
    code = "\n".join(p.read_text() for p in (ROOT / "tests/jobs").glob("test_*.py"))
    rows = [row for row in text.splitlines() if row.startswith("| ") and not row.startswith("| threat")]
    wrong = []
    for row in rows:
        named = re.findall(r"`([\w/.]+)`", row.split("|")[3])
        there = [f"def {name}(" in code or (ROOT / name).exists() or (ROOT / "tests/jobs" / name).exists() for name in named]
        if not named or not all(there):
            wrong.append(f"{row.split('|')[1].strip()}: {[n for n, found in zip(named, there) if not found]}")
    assert rows and not wrong, "\n".join(wrong)
