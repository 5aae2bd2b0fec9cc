#!/usr/bin/env python3
"""How the cost of raki recon grows with the number of slices: phantoms of 256 x 256, 8 coils, R = 4, 40 ACS lines.
One JSON line a run, one a method with the straight line fitted, and a plot.
usage: slices.py RAKI_BINARY [--method linear,hybrid] [--slices 1,2,4,8,16,32] [--repeats N] [--plot OUT.png]

Seconds are those of all processors together: on a shared machine they say more than the clock, which is printed too; of repeats the run that took least of them counts."""

import argparse
import json
import pathlib
import tempfile

from PIL import Image, ImageDraw

from whole_runs import processor, run

WIDTH, HEIGHT, MARGIN = 640, 480, 60
COLOURS = ["#1f5fa8", "#c03a2b", "#2e8540", "#7b4fa0"]


def fit(points):
    """(seconds before the first slice, seconds a slice): least squares of the relative error, so that short runs count too."""
    weights = [1 / seconds**2 for _, seconds in points]
    total = sum(weights)
    mean = [sum(w * p[i] for w, p in zip(weights, points)) / total for i in (0, 1)]
    slope = (sum(w * (n - mean[0]) * (s - mean[1]) for w, (n, s) in zip(weights, points))
             / sum(w * (n - mean[0]) ** 2 for w, (n, _) in zip(weights, points)))
    return mean[1] - slope * mean[0], slope


def plot(path, results):
    """Seconds against slices with the fitted lines; `results`: method -> (points, offset, slope)."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(image)
    most = [max(p[i] for points, _, _ in results.values() for p in points) for i in (0, 1)]
    at = lambda n, s: (MARGIN + n / most[0] * (WIDTH - 2 * MARGIN), HEIGHT - MARGIN - s / most[1] * (HEIGHT - 2 * MARGIN))
    draw.line([at(0, most[1]), at(0, 0), at(most[0], 0)], fill="black")
    draw.text((WIDTH / 2 - 20, HEIGHT - 25), "slices", fill="black")
    draw.text((10, 20), "seconds of all processors", fill="black")
    for part in (0.25, 0.5, 0.75, 1):
        draw.text((at(part * most[0], 0)[0] - 6, HEIGHT - MARGIN + 8), f"{part * most[0]:g}", fill="black")
        draw.text((12, at(0, part * most[1])[1] - 6), f"{part * most[1]:.0f}", fill="black")
    for colour, (method, (points, offset, slope)) in zip(COLOURS, results.items()):
        draw.line([at(0, offset), at(most[0], offset + slope * most[0])], fill=colour, width=2)
        for x, y in (at(*p) for p in points):
            draw.ellipse([x - 4, y - 4, x + 4, y + 4], fill=colour)
        draw.text((MARGIN + 20, 40 + 16 * list(results).index(method)), f"{method}: {slope:.2f} s a slice", fill=colour)
    image.save(path)


def measure(raki, method, args, folder):
    points = []
    for n in (int(n) for n in args.slices.split(",")):
        scan = folder / f"{n}.h5"
        if not scan.exists():
            run(raki, "phantom", "-o", scan, "--slices", n, "--matrix-x", 256, "--matrix-y", 256, "--coils", 8, "-R", 4, "--acs", 40)
        clock, peak, seconds = min((run(raki, "recon", scan, "-o", folder / "out", "--overwrite", "--method", method)
                                    for _ in range(args.repeats)), key=lambda measured: measured[2])
        points.append((n, seconds))
        print(json.dumps({"method": method, "slices": n, "seconds": round(seconds, 2), "clock": round(clock, 2), "peak_mb": round(peak)}),
              flush=True)
    return points


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("raki")
    parser.add_argument("--method", default="linear,hybrid")
    parser.add_argument("--slices", default="1,2,4,8,16,32")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--plot", type=pathlib.Path)
    args = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for method in args.method.split(","):
            points = measure(args.raki, method, args, pathlib.Path(folder))
            offset, slope = fit(points)
            farthest = max(abs(s / (offset + slope * n) - 1) for n, s in points)
            results[method] = (points, offset, slope)
            print(json.dumps({"method": method, "offset_seconds": round(offset, 2), "seconds_a_slice": round(slope, 3),
                              "largest_deviation_percent": round(100 * farthest, 1), "machine": processor()}), flush=True)
    if args.plot:
        plot(args.plot, results)


if __name__ == "__main__":
    main()
