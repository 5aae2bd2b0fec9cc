"""US dollars a thousand slices, by instance type, from what raki-job measured there and a price table of your own.

cost.py PRICES.csv --slices-a-unit N [--start SECONDS] [--units-a-job N] [--repeated PART]

PRICES.csv: a line `instance,usd_per_hour,log` a type, `log` a file with the lines that `raki-job run` wrote on such an instance. One JSON line a type:

  seconds a unit = seconds of the whole run / units it computed (its summary line)
  usd per 1000 slices = usd_per_hour / 3600 * (seconds a unit + start / units a job) * (1 + repeated) / slices a unit * 1000

`--start`: seconds an instance costs before its first unit (boot, image, engine ready), shared by the units it computes; `--repeated`: part of the
work done twice because spot instances were taken away."""

import argparse
import csv
import json
import pathlib


def seconds_a_unit(log):
    """From the summary line: the whole run over the units that it computed."""
    for line in pathlib.Path(log).read_text().splitlines():
        found = json.loads(line)
        if found.get("event") == "summary":
            if not found["done"]:
                raise SystemExit(f"No unit was computed: found done = 0, expected some. At {log}. Take the log of a run that computed.")
            return found["seconds"] / found["done"]
    raise SystemExit(f"No summary: found no line with event=summary, expected one. At {log}. Take the whole log of a run that ended.")


def usd_per_thousand_slices(usd_per_hour, seconds, arguments):
    whole = (seconds + arguments.start / arguments.units_a_job) * (1 + arguments.repeated)
    return usd_per_hour / 3600 * whole / arguments.slices_a_unit * 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prices")
    parser.add_argument("--slices-a-unit", type=int, required=True)
    parser.add_argument("--start", type=float, default=0)
    parser.add_argument("--units-a-job", type=int, default=1)
    parser.add_argument("--repeated", type=float, default=0)
    arguments = parser.parse_args()
    with open(arguments.prices, newline="") as file:
        for row in csv.DictReader(file):
            seconds = seconds_a_unit(row["log"])
            print(json.dumps({"case": "usd per 1000 slices", "instance": row["instance"], "seconds_a_unit": round(seconds, 3),
                              "usd": round(usd_per_thousand_slices(float(row["usd_per_hour"]), seconds, arguments), 6)}))


main()
