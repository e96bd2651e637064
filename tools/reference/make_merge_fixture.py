"""Writes packages/protocol/src/fixtures/merge-rules.json: every merge rule on small updates, computed independently.

    python3 tools/reference/make_merge_fixture.py

Needs Python 3 alone. Float32 is made by packing doubles; sums run in uid order and, within an update, in name order.
"""

import json
import math
import random
import struct
from pathlib import Path

OUT = Path(__file__).parents[2] / "packages/protocol/src/fixtures/merge-rules.json"
NAMES = {"a": 3, "b": 4}
FACTOR, RATIO, HOSTILE = 2.0, 0.25, 0.2


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def flat(update):
    return [value for name in sorted(update) for value in update[name]]


def norm(update):
    total = 0.0
    for value in flat(update):
        total += value * value
    return math.sqrt(total)


def clips_of(updates, base):
    norms = [norm(update) for update in updates]
    bound = min(FACTOR * sorted(norms)[(len(norms) - 1) // 2], RATIO * norm(base))
    return [f32(bound / n) if n > bound else 1.0 for n in norms]


def weighted(updates, clips, factors):
    result = [0.0] * len(flat(updates[0]))
    for update, clip, factor in zip(updates, clips, factors):
        scale = f32(factor * clip)
        if scale == 0:
            continue
        for k, value in enumerate(flat(update)):
            result[k] = f32(result[k] + f32(scale * value))
    return result


def columns(updates, clips):
    rows = [[f32(clip * value) for value in flat(update)] for update, clip in zip(updates, clips)]
    return [sorted(column) for column in zip(*rows)]


def median(updates, clips, _shares):
    half = len(updates) // 2
    if len(updates) % 2 == 1:
        return [column[half] for column in columns(updates, clips)]
    return [f32(f32(column[half - 1] + column[half]) * 0.5) for column in columns(updates, clips)]


def trimmed(updates, clips, _shares):
    cut = math.floor(HOSTILE * len(updates))
    result = []
    for column in columns(updates, clips):
        kept = column[cut : len(column) - cut]
        total = 0.0
        for value in kept:
            total = f32(total + value)
        result.append(f32(total / len(kept)))
    return result


def krum_order(updates, clips, shares):
    """Distances here are taken from the differences themselves, not from inner products."""
    n = len(updates)
    hostile = min(math.floor(HOSTILE * n), n - 3)
    rows = [[clip * value for value in flat(update)] for update, clip in zip(updates, clips)]
    scores = []
    for i in range(n):
        distances = sorted(math.dist(rows[i], rows[j]) ** 2 for j in range(n) if j != i)
        scores.append(sum(distances[: n - hostile - 2]))
    return sorted(range(n), key=lambda i: (scores[i], -shares[i], i)), hostile


def krum(updates, clips, shares):
    if len(updates) < 3:
        return weighted(updates, clips, shares)
    order, _ = krum_order(updates, clips, shares)
    return weighted(updates, clips, [1.0 if i == order[0] else 0.0 for i in range(len(updates))])


def multi_krum(updates, clips, shares):
    if len(updates) < 3:
        return weighted(updates, clips, shares)
    order, hostile = krum_order(updates, clips, shares)
    kept = set(order[: len(updates) - hostile])
    return weighted(updates, clips, [f32(1 / len(kept)) if i in kept else 0.0 for i in range(len(updates))])


def centred_clipping(updates, clips, _shares):
    """Moves the centre itself, in doubles. The rule keeps float32 factors instead, so the last bits differ."""
    n = len(updates)
    rows = [[clip * value for value in flat(update)] for update, clip in zip(updates, clips)]
    centre = [0.0] * len(rows[0])
    for _ in range(3):
        distances = [math.dist(row, centre) for row in rows]
        radius = sorted(distances)[(n - 1) // 2]
        pulls = [min(1.0, radius / distance) if distance > 0 else 1.0 for distance in distances]
        centre = [c + sum(p * (row[k] - c) for p, row in zip(pulls, rows)) / n for k, c in enumerate(centre)]
    return [f32(value) for value in centre]


RULES = {
    "weighted-mean": (lambda u, c, s: weighted(u, c, s), 0),
    "coordinate-median": (median, 0),
    "trimmed-mean": (trimmed, 0),
    "krum": (krum, 0),
    "multi-krum": (multi_krum, 0),
    "centred-clipping": (centred_clipping, 1e-6),
}


def main():
    source = random.Random(102)
    tensor = lambda size, scale: [f32(source.gauss(0, scale)) for _ in range(size)]
    base = {name: tensor(size, 1) for name, size in NAMES.items()}
    cases = []
    for label, count, hostile in (("one", 1, 0), ("two", 2, 0), ("five", 5, 1), ("eight", 8, 2)):
        common = {name: tensor(size, 0.05) for name, size in NAMES.items()}
        updates = []
        for i in range(count):
            own = {name: tensor(size, 0.05) for name, size in NAMES.items()}
            sign = -10 if i < hostile else 1
            updates.append({name: [f32(sign * (a + b)) for a, b in zip(common[name], own[name])] for name in NAMES})
        if label == "one":
            updates[0]["a"][0] = f32(3e38)
        scores = [1_000_000 + 77_777 * i for i in range(count)]
        shares = [f32(score / sum(scores)) for score in scores]
        clips = clips_of(updates, base)
        merged = {rule: merge(updates, clips, shares) for rule, (merge, _) in RULES.items()}
        cases.append({"name": label, "updates": updates, "scores": scores, "merged": merged})
    document = {
        "clipNormFactor": "2",
        "maxNormRatio": "0.25",
        "hostileFraction": "0.2",
        "tolerance": {rule: tolerance for rule, (_, tolerance) in RULES.items()},
        "base": base,
        "cases": cases,
    }
    OUT.write_text(json.dumps(document, indent=1) + "\n")


main()
