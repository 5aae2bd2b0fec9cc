"""A labelled figure of one case: truth and images, errors times 5, noise maps."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH, LABEL, GAP = 256, 22, 4  # pixels of a column, of a line of text, between planes
ERROR_TIMES, WHITE_PART = 5, 99.5


def gray(plane, white):
    """8 bit, 0 to `white`, WIDTH pixels wide."""
    image = Image.fromarray((255 * np.clip(plane / white, 0, 1)).round().astype(np.uint8))
    return image.resize((WIDTH, round(WIDTH * plane.shape[0] / plane.shape[1])), Image.Resampling.NEAREST)


def write_figure(path, truth, columns):
    """`columns`: (name, NRMSE as text, image, noise map or None), all (y, x). One window for truth and images, five times
    as bright for the errors; one window for all noise maps."""
    white = np.percentile(truth, WHITE_PART)
    maps = [noise for *_, noise in columns if noise is not None]
    loudest = max(np.percentile(maps, WHITE_PART), 1e-30) if maps else 1
    drawn = [("truth", "", [gray(truth, white), None, None])]
    for name, error, image, noise in columns:
        drawn.append((name, error, [gray(image, white), gray(np.abs(image - truth) * ERROR_TIMES, white),
                                    None if noise is None else gray(noise, loudest)]))
    height = drawn[0][2][0].height + GAP
    sheet = Image.new("L", (len(drawn) * (WIDTH + GAP), 2 * LABEL + 3 * height), 0)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    for column, (name, error, planes) in enumerate(drawn):
        x = column * (WIDTH + GAP)
        draw.text((x + GAP, 2), name, 255, font)
        draw.text((x + GAP, 2 + LABEL), f"NRMSE {error}" if error else "", 255, font)
        for row, plane in enumerate(planes):
            if plane is not None:
                sheet.paste(plane, (x, 2 * LABEL + row * height))
    for row, text in ((1, f"errors x {ERROR_TIMES}"), (2, "noise maps")):
        draw.text((GAP, 2 * LABEL + row * height), text, 255, font)
    sheet.save(path)
