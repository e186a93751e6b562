"""From the rounds' figures to what is printed.  Pure: figures in, lines out.

A round is a dict {"redis.always.saturate.throughput": (value, unit), ...}.  The machine is shared and
noisy, so contestants are compared within a round, and the ratio's median over the rounds is what
counts; absolute figures are for orientation.
"""

from dataclasses import dataclass
from statistics import median

from .row import ROWS

# What is worth comparing of each row.  For throughput more is better, for latency less.
HEADLINES = {row.name: row.headline for row in ROWS}


@dataclass(frozen=True)
class Goal:
    """What the hub must reach: a figure of its own, or its ratio to another one of the round."""

    who: str
    row: str
    comparison: str
    bound: float
    over: str = ""  # whose figure to divide by
    over_row: str = ""  # ... of which row, when it is another
    metric: str = ""  # when it is not the headline

    @property
    def figure(self):
        return f"{self.who}.{self.row}.{self.metric or HEADLINES[self.row]}"

    @property
    def divisor(self):
        return key(self.over, self.over_row or self.row)

    @property
    def name(self):
        if not self.over:
            return self.figure
        return f"{self.figure if self.over_row else self.who}:{self.divisor}"

    def rests_on(self, rows):
        return self.row in rows and (not self.over_row or self.over_row in rows)

    def values(self, rounds):
        """One for each round that has what it needs."""
        if self.over:
            return quotients(rounds, self.figure, self.divisor)
        return [figures[self.figure][0] for figures in rounds if self.figure in figures]


GOALS = (
    *(goal for row in ("saturate", "sustained") for goal in (
        Goal("hub.64", row, ">=", 2.0, over="redis.always"),
        Goal("hub.64", row, ">=", 4.0, over="postgres.upsert"),
        Goal("hub.1", row, ">=", 0.8, over="redis.always"),
        Goal("hub.1", row, ">=", 0.5, over="echo"),
    )),
    Goal("hub.1", "lowload", "<=", 1.5, over="redis.always"),
    Goal("hub.64", "openloop", "<=", 3.0, over="hub.64", over_row="openloop-bare"),
    Goal("hub.64", "openloop-half", "<=", 100_000),
    Goal("hub.history", "replay-cold", ">=", 500_000),
    Goal("hub.64", "saturate", ">=", 0.5, over="hub.64", over_row="few"),
    Goal("hub.64", "sustained", "<=", 1536, metric="memory.anonymous.most"),
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


def quotients(rounds, figure, divisor):
    """One figure over another, for each round that has both."""
    return [
        figures[figure][0] / figures[divisor][0]
        for figures in rounds
        if figure in figures and figures.get(divisor, (0,))[0] > 0
    ]


def ratios(rounds, name, other, row):
    """name's headline over other's, one for each round that has both."""
    return quotients(rounds, key(name, row), key(other, row))


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


def goals(rounds, rows=tuple(HEADLINES)):
    """(line, met) for each goal about these rows: `goal what bound median met|missed|unmeasured`; met
    is None when a contestant was not there."""
    results = []
    for goal in GOALS:
        if not goal.rests_on(rows):
            continue
        values = goal.values(rounds)
        met = None
        told = "-"
        if values:
            told = number(median(values)) if not goal.over else f"{median(values):.3f}"
            met = (median(values) >= goal.bound if goal.comparison == ">="
                   else median(values) <= goal.bound)
        word = {True: "met", False: "missed", None: "unmeasured"}[met]
        results.append((f"goal\t{goal.name}\t{goal.comparison}{goal.bound:g}\t{told}\t{word}", met))
    return results
