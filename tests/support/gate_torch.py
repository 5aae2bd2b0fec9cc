"""The gate of `raki` as raki/README.md states it ("The gate"), for one slice, in plain PyTorch: autograd goes through every
step of the image model, no gradient is written by hand.

What is not stated here and is given: coil maps, and what the kernel fills (`start` of half scans, `fill_again`); they have
judges of their own. Random numbers are PyTorch's from the same seeds as the engine's. Shapes as in image_model_torch.py.
"""
import dataclasses
import math

import torch

import image_model_torch as model

DETAIL = 1.2  # of `hybrid`
CANDIDATES = (.25, .35, .5, .6, .7, .85, 1, 1.2, 1.5, 2)
FULL_TO_HALF, DETAIL_BOUNDS = 1.2, (0.4, 1.3)
DRAWS, DRAWS_A_STEP, TRAINING_STEPS, LEARNING_RATE, DAMPING = 4, 2, 24, 0.03, 0.5
FEATURES, LEAST_POWER, LEAST_NOISE = 8, 0.1, 0.01
NOISE_DRAWS, NOISE_STEPS, NOISE_WINDOW = 2, 12, 9
OBJECT = 0.08  # of the image's maximum


def generator(seed):
    return torch.Generator().manual_seed(seed)


# --- The half scan


@dataclasses.dataclass
class HalfScan:
    problem: model.Problem
    begun: torch.Tensor
    truth: torch.Tensor  # (coil, x, ky)


def half_scan_noise(images):
    """Noise power of a half scan: sqrt(P2 / P0) of the first set of images."""
    powers = model.powers_of(model.analysed(images[:1], model.DAUBECHIES_2)[0])
    return max(1.05, math.sqrt(powers[2].mean() / powers[0].mean()))


def calibration_run(mask):
    """Length of the longest run of measured lines in `mask` (ky)."""
    return max(len(run) for run in "".join("1" if line else "0" for line in mask).split("0"))


def lattice(n, acceleration, calibration, shift):
    """Every R-th line through n / 2 + `shift` and `calibration` centred lines: (ky) float, centre in the middle."""
    lines = torch.arange(n)
    block = lines - (n // 2 - calibration // 2)
    return (((lines - n // 2 - shift) % acceleration == 0) | ((block >= 0) & (block < calibration))).float()


def centre_half(kspace):
    """The central half of both axes of (coil, ky, kx), n / 2 staying the centre."""
    for axis in (1, 2):
        n = kspace.shape[axis]
        half = (n + 1) // 2
        kspace = kspace.narrow(axis, n // 2 - half // 2, half)
    return kspace


def half_scan_data(filled, mask, acceleration, noise_power, draw, seed):
    """Truth, noisy data (coil, x, ky) and mask (ky) of one half scan of `filled` (coil, x, ky), undersampled by `mask`."""
    half = centre_half(model.to_kspace(filled)) / math.sqrt(noise_power)
    # The truth carries the scan's own noise, 1 / noise_power here: what is missing to 1 is added.
    noise = torch.randn(half.shape, dtype=half.dtype, generator=generator(seed + draw))
    calibration = (calibration_run(torch.fft.fftshift(mask)) + 1) // 2
    lines = lattice(half.shape[1], acceleration, min(calibration, half.shape[1]), draw % acceleration)
    noisy = (half + noise * math.sqrt(1 - 1 / noise_power)) * lines[:, None]
    return model.to_columns(half), model.to_columns(noisy), torch.fft.ifftshift(lines)


def make_half_scan(data, maps, start):
    """`data`: what `half_scan_data` gives."""
    truth, noisy, mask = data
    problem = model.Problem(noisy, mask, maps, start)
    return HalfScan(problem, model.begin(problem), truth)


# --- How much detail


def magnitude(lines):
    """Root sum of squares over coils: (coil, x, ky) -> (x, y)."""
    return torch.fft.ifft(lines, norm="ortho").abs().square().sum(0).sqrt()


def image_error(scan, images):
    """NRMSE of the root-sum-of-squares image inside the object, measured lines as measured."""
    truth = magnitude(scan.truth)
    error = magnitude(model.with_data(scan.problem, model.to_lines(scan.problem.maps, images))) - truth
    inside = truth > OBJECT * truth.max()
    return float(torch.linalg.norm(error[inside]) / torch.linalg.norm(truth[inside]))


def lowest_of_parabola(x, y):
    """Abscissa of the vertex through three points; None for a concave one."""
    left, right = (y[1] - y[0]) / (x[1] - x[0]), (y[2] - y[1]) / (x[2] - x[1])
    curvature = (right - left) / (x[2] - x[0])
    return (x[0] + x[1]) / 2 - left / (2 * curvature) if curvature > 0 else None


def best_detail(scans):
    """The candidate with the lowest error, refined by a parabola over log(detail) through it and its neighbours."""
    error = lambda detail: sum(image_error(s, model.fit(s.problem, s.begun, model.wiener(detail))[0]) for s in scans)
    errors = [error(detail) for detail in CANDIDATES]
    best = errors.index(min(errors))
    middle = min(max(best, 1), len(CANDIDATES) - 2)
    around = slice(middle - 1, middle + 2)
    lowest = lowest_of_parabola([math.log(detail) for detail in CANDIDATES[around]], errors[around])
    found = CANDIDATES[best] if lowest is None else math.exp(lowest)
    return min(max(found, CANDIDATES[0]), CANDIDATES[-1])


def detail_of_scan(half_detail):
    """What is best on half scans is moved to the whole one, within bounds."""
    return min(max(FULL_TO_HALF * half_detail, DETAIL_BOUNDS[0]), DETAIL_BOUNDS[1])


# --- The gate


def local_noise(problem, begun, detail, seed):
    """n: log of what the model, its factors held, makes of noise; of every level (set, 3, x, y)."""
    factors = model.fit(problem, begun, model.wiener(detail))[1]
    source, powers = generator(seed), [0.0] * model.LEVELS
    for _ in range(NOISE_DRAWS):
        noise = torch.randn(problem.data.shape, dtype=problem.data.dtype, generator=source)
        of_noise = dataclasses.replace(problem, data=noise, start=torch.zeros_like(problem.start))
        images = model.fista(of_noise, of_noise.start, NOISE_STEPS, lambda x, step: model.shrunk(x, factors))
        drawn = model.powers_of(model.analysed(images, model.DAUBECHIES_2)[0])
        powers = [power + new / NOISE_DRAWS for power, new in zip(powers, drawn)]
    return [(model.mean_around(power, NOISE_WINDOW) + LEAST_NOISE).log() for power in powers]


def along_edges(power, spacing):
    """Mean of (set, 3, x, y) along the axis in which each orientation is smooth; 3 x 3 for the diagonal one."""
    high_x, high_y, diagonal = power.unbind(1)
    return torch.stack([model.mean_along(high_x, -1, 5, spacing), model.mean_along(high_y, -2, 5, spacing),
                        model.mean_around(diagonal, 3, spacing)], 1)


def features(own, noise, level):
    """The eight of a level, (8, set, 3, x, y). `own`: power of every coefficient by level."""
    spacing, local = 2 ** level, [model.mean_around(power) for power in own]
    p = local[level]
    wider = model.mean_around(p, 3, spacing)
    parent = local[level + 1] if level + 1 < model.LEVELS else model.mean_around(wider, 3, spacing)
    others = (p.sum(1, keepdim=True) - p) / 2
    logarithms = [(power + LEAST_POWER).log()
                  for power in (p, own[level], others, parent, wider, along_edges(own[level], spacing))]
    return torch.stack([*logarithms, noise[level], noise[level] * logarithms[0] / 4])


@dataclasses.dataclass
class Gate:
    detail: float
    weights: torch.Tensor  # (level, feature)
    bias: torch.Tensor  # (level)
    damping: float = 1.0

    def factors(self, noise):
        """As `model.wiener`: sigmoid(log(detail p) + d (b + o - <o>))."""
        def factors_of(images):
            own = model.powers_of(model.analysed(images, model.DAUBECHIES_2)[0])
            return [self.of_level(own, noise, level) for level in range(model.LEVELS)]
        return factors_of

    def of_level(self, own, noise, level):
        """(set, 3, x, y)."""
        plain = (self.detail * model.mean_around(own[level]) + 1e-12).log() + self.damping * self.bias[level]
        output = (features(own, noise, level) * self.weights[level].view(FEATURES, 1, 1, 1, 1)).sum(0)
        undecided = torch.sigmoid(plain) * (1 - torch.sigmoid(plain))
        band = (0, 2, 3)  # pixels of all sets; every orientation is a band
        mean = (undecided * output).sum(band, keepdim=True) / (undecided.sum(band, keepdim=True) + 1e-9)
        return torch.sigmoid(plain + self.damping * (output - mean))


# --- Training


def energy(scan, images):
    """Error energy of the coil images."""
    return (model.to_lines(scan.problem.maps, images) - scan.truth).abs().square().sum()


def train(scans, detail, steps, seed):
    """Adam from zero weights, its rate falling like a cosine; the gate and the loss before every step."""
    noise = [local_noise(scan.problem, scan.begun, detail, seed) for scan in scans]
    plain = [energy(scan, model.fit(scan.problem, scan.begun, model.wiener(detail))[0]) for scan in scans]
    weights, bias = torch.zeros(model.LEVELS, FEATURES, requires_grad=True), torch.zeros(model.LEVELS, requires_grad=True)
    optimiser = torch.optim.Adam([weights, bias], lr=LEARNING_RATE)
    gate, losses = Gate(detail, weights, bias), []
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = LEARNING_RATE * (1 + math.cos(math.pi * step / steps)) / 2
        optimiser.zero_grad()
        losses.append(0.0)
        for draw in range(DRAWS_A_STEP):
            i = (step * DRAWS_A_STEP + draw) % len(scans)
            images = model.fit(scans[i].problem, scans[i].begun, gate.factors(noise[i]))[0]
            loss = energy(scans[i], images) / plain[i] / DRAWS_A_STEP
            loss.backward()
            losses[-1] += loss.item()
        optimiser.step()
    return Gate(detail, weights.detach(), bias.detach()), losses


def applied(gate, losses, half_detail):
    """What the scan itself gets: its own detail, half of what was learned, nothing where the error did not fall."""
    last = losses[-4:]
    if not sum(last) < len(last):
        gate = Gate(0, torch.zeros_like(gate.weights), torch.zeros_like(gate.bias))
    return dataclasses.replace(gate, detail=detail_of_scan(half_detail), damping=DAMPING)


# --- The method


@dataclasses.dataclass
class Given:
    """What `raki` takes from elsewhere."""

    scan: model.Scan
    acceleration: int
    half_maps: torch.Tensor  # (set, coil, x, y)
    half_starts: list  # (set, x, y) of every half scan
    fill_again: callable  # the kernel of the fusion: lines (coil, x, ky) -> lines


@dataclasses.dataclass
class Answer:
    lines: torch.Tensor  # (coil, x, ky), measured lines as measured
    half_detail: float
    gate: Gate
    losses: list


def raki(given, seed=1, steps=TRAINING_STEPS):
    """The whole method."""
    scan = given.scan
    begun = model.begin(scan.problem)
    lines, images, fusion = model.filled(scan, begun, model.wiener(DETAIL), given.fill_again)
    whole, noise_power = model.with_data(scan.problem, lines), half_scan_noise(images)
    data = [half_scan_data(whole, scan.problem.weight, given.acceleration, noise_power, draw, seed)
            for draw in range(DRAWS)]
    scans = [make_half_scan(*parts) for parts in zip(data, [given.half_maps] * DRAWS, given.half_starts)]
    half_detail = best_detail(scans[:2])
    learned, losses = train(scans, half_detail, steps, seed + DRAWS)
    gate = applied(learned, losses, half_detail)
    noise = local_noise(scan.problem, begun, gate.detail, seed + DRAWS)
    lines = model.filled(scan, begun, gate.factors(noise), given.fill_again, fusion)[0]
    return Answer(model.with_data(scan.problem, lines), half_detail, gate, losses)
