"""What runs of the program left behind, for tests to look at."""

import json

import numpy as np


def image(raki, source, folder, *options):
    raki("recon", source, "-o", folder, "--output", "npy", *options)
    return np.load(folder / "image.npy")


def nrmse(found, truth):
    scale = (found * truth).sum() / (found * found).sum()
    return np.linalg.norm(scale * found - truth) / np.linalg.norm(truth)


def decision(raki, subject, *arguments):
    facts = json.loads(raki("info", *arguments, "--json").stdout)
    return next((d for d in facts["decisions"] if d["subject"] == subject), None), facts
