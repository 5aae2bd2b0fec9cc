#!/usr/bin/env python3
"""NRMSE of the methods, and of BART's compressed sensing, on the real scans: one row a case as soon as it is known.
--rows FILE keeps every result as a JSON line; what already stands there is not run again."""

import argparse
import itertools
import json
import pathlib
import shutil
import sys
import tempfile

from case import FASTMRI_CENTRE, Case, bart, full_scans
from figure import write_figure


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("raki", help="the program")
    parser.add_argument("data", type=pathlib.Path, help="folder of the shared scans")
    parser.add_argument("--set", default=",".join(full_scans.SETS))
    parser.add_argument("-R", dest="accelerations", default="2,3,4,5,6,f", help="f: fastMRI's spacing, 8 %% centre, rate 4")
    parser.add_argument("--acs", default="24,32,40", help="calibration lines (not of f), where they are less than half of all")
    parser.add_argument("--method", default="zero-filled,grappa,raki-2019,linear,hybrid,raki")
    parser.add_argument("--bart", action="store_true", help="also " + ", ".join(bart.METHODS))
    parser.add_argument("--repeats", type=int, default=1, help="seeds of every method; mean and sd")
    parser.add_argument("--json", action="store_true", help="one JSON line a result instead of a Markdown table")
    parser.add_argument("--rows", type=pathlib.Path, help="JSON lines: results known and to be added")
    parser.add_argument("--figure", type=pathlib.Path, help="PNG of one case: images, errors times 5, noise maps")
    return parser.parse_args()


def all_cases(a, lines):
    """(set, R, ACS) in the table's order; `lines`: of each set."""
    for name in a.set.split(","):
        for rate, acs in itertools.product(a.accelerations.split(","), a.acs.split(",")):
            if rate != "f" and int(acs) < lines[name] // 2:
                yield name, int(rate), int(acs)
        if "f" in a.accelerations.split(","):
            yield name, "f", round(FASTMRI_CENTRE * lines[name])


def known_results(file):
    lines = file.read_text().splitlines() if file and file.exists() else []
    return {(r["set"], r["R"], r["acs"], r["method"], r["repeats"]): r["numbers"] for r in map(json.loads, lines)}


def results(case, methods, known, a):
    """{method: numbers}, from `known` where they stand there, else by running."""
    for method in methods:
        key = (*case.key, method, a.repeats)
        if key not in known:
            known[key] = case.result(method, a.repeats)
            if a.rows:
                with a.rows.open("a") as file:
                    print(json.dumps(dict(zip(("set", "R", "acs", "method", "repeats"), key), numbers=known[key])), file=file)
    return {method: known[(*case.key, method, a.repeats)] for method in methods}


def cell(numbers):
    if not numbers:
        return "-"
    mean, sd = numbers["nrmse"]["mean"], numbers["nrmse"]["sd"]
    return f"{mean:.4f}" if sd is None else f"{mean:.4f} ± {sd:.4f}"


def print_case(case, found, as_json):
    name, rate, acs = case.key
    if as_json:
        print(json.dumps({"set": name, "R": rate, "acs": acs, "results": found}), flush=True)
    else:
        print(f"| {name} | {rate} | {acs} | " + " | ".join(map(cell, found.values())) + " |", flush=True)


def main():
    a = arguments()
    if a.bart and not shutil.which("bart"):
        sys.exit("bart is not installed (Debian package bart)")
    methods = [*a.method.split(","), *(bart.METHODS if a.bart else ())]
    scans = {name: full_scans.load(a.data, name) for name in a.set.split(",")}
    keys = list(all_cases(a, {name: full.shape[1] for name, full in scans.items()}))
    if a.figure and len(keys) != 1:
        sys.exit(f"--figure draws one case; {len(keys)} are asked for: give --set, -R and --acs one value each")
    if not a.json:
        print("| set | R | ACS | " + " | ".join(methods) + " |\n" + "|---" * (3 + len(methods)) + "|")
    known = known_results(a.rows)
    with tempfile.TemporaryDirectory() as folder:
        for key in keys:
            case = Case(a.raki, key, scans[key[0]], folder)
            found = results(case, methods, known, a)
            print_case(case, found, a.json)
            if a.figure:
                columns = [(m, cell(found[m]), *case.picture(m)) for m in methods if found[m]]
                write_figure(a.figure, full_scans.root_sum_of_squares(case.full), columns)


if __name__ == "__main__":
    main()
