"""From the rounds' figures to what is printed.  Pure: figures in, lines out.

A round is a dict {"redis.always.saturate.throughput": (value, unit), ...}.  The machine is shared and
noisy, so contestants are compared within a round, and the ratio's median over the rounds is what
counts; absolute figures are for orientation.
"""

from statistics import median

# What is worth comparing of each row.  For throughput more is better, for latency less.
HEADLINES = {
    "saturate": "throughput",
    "lowload": "ack.p50",
    "openloop": "ack.p99.9",
}

# (who, over whom, row, the comparison, the bound): what the hub must reach.
GOALS = (
    ("hub.64", "redis.always", "saturate", ">=", 2.0),
    ("hub.64", "postgres.upsert", "saturate", ">=", 4.0),
    ("hub.1", "redis.always", "saturate", ">=", 0.8),
    ("hub.1", "echo", "saturate", ">=", 0.5),
    ("hub.1", "redis.always", "lowload", "<=", 1.5),
)


def key(name, row):
    return f"{name}.{row}.{HEADLINES[row]}"


def number(value):
    """Four digits that count, never an exponent."""
    if abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{value:.4g}"


def metric_lines(rounds):
    """`metric value unit`: the median of each metric over the rounds that have it; of the headlines
    also the lowest and the highest."""
    lines = []
    headlines = tuple(f".{row}.{metric}" for row, metric in HEADLINES.items())
    for name in dict.fromkeys(name for figures in rounds for name in figures):
        values = [figures[name][0] for figures in rounds if name in figures]
        unit = next(figures[name][1] for figures in rounds if name in figures)
        lines.append(f"{name}\t{number(median(values))}\t{unit}")
        if name.endswith(headlines) and len(values) > 1:
            lines.append(f"{name}.min\t{number(min(values))}\t{unit}")
            lines.append(f"{name}.max\t{number(max(values))}\t{unit}")
    return lines


def ratios(rounds, name, other, row):
    """name's headline over other's, one for each round that has both."""
    return [
        figures[key(name, row)][0] / figures[key(other, row)][0]
        for figures in rounds
        if key(name, row) in figures and figures.get(key(other, row), (0,))[0] > 0
    ]


def ratio_lines(rounds, names, base_family):
    """`ratio peer median min max`, where peer reads `<who>:<whom>.<row>.<metric>`: every contestant
    of the base family over every other one."""
    lines = []
    bases = [name for name in names if name == base_family or name.startswith(base_family + ".")]
    for base in bases:
        for other in (name for name in names if name not in bases):
            for row in HEADLINES:
                values = ratios(rounds, base, other, row)
                if values:
                    lines.append(f"ratio\t{base}:{key(other, row)}\t{median(values):.3f}"
                                 f"\t{min(values):.3f}\t{max(values):.3f}")
    return lines


def goals(rounds):
    """(line, met) for each goal: `goal peer bound median met|missed|unmeasured`; met is None when a
    contestant was not there."""
    results = []
    for name, other, row, comparison, bound in GOALS:
        values = ratios(rounds, name, other, row)
        met = None
        told = "-"
        if values:
            told = f"{median(values):.3f}"
            met = median(values) >= bound if comparison == ">=" else median(values) <= bound
        word = {True: "met", False: "missed", None: "unmeasured"}[met]
        results.append(
            (f"goal\t{name}:{key(other, row)}\t{comparison}{bound:g}\t{told}\t{word}", met))
    return results
