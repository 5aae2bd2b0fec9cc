"""Every ```python block of the Python package's chapter runs: in order, in one namespace, in a folder of its own."""

import re

from built_package import ROOT

README = ROOT / "jobs/python/README.md"


def blocks(text):
    """(line of the first statement, code) of every block."""
    for found in re.finditer(r"^```python\n(.*?)^```", text, re.M | re.S):
        yield text.count("\n", 0, found.start(1)) + 1, found.group(1)


def test_every_block_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace, count = {"__name__": "readme"}, 0
    for line, code in blocks(README.read_text()):
        exec(compile("\n" * (line - 1) + code, str(README), "exec"), namespace)
        count += 1
    assert count >= 10


def test_lines_and_file_stay_short():
    lines = README.read_text().splitlines()
    assert len(lines) < 400 and max(len(line) for line in lines if not line.startswith("|")) <= 120
