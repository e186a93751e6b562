"""What is measured, a row each.  A contestant names the rows it has an equivalent for; the load
programs know how to carry them out."""

from dataclasses import dataclass

MANY = "many"  # customers of which most rows draw
FEW = "few"  # a tenth of them
FILED = "filed"  # as few; a tenth of the ids, but each in some customer's record


@dataclass(frozen=True)
class Row:
    name: str
    mode: str  # what the load program calls it
    headline: str  # the figure that is compared
    crowd: str = MANY
    draw: str = "8020"
    ids: str = "random"
    length: str = "load"  # which length of Lengths
    rate: str = "asked"  # of an open loop: asked, low, or half of what the row `after` took
    after: str = ""  # a row that this one needs in the same turn
    settings: tuple = ()  # of the hub, section.name=value

    def arguments(self):
        words = ["--mode", self.mode, "--draw", self.draw, "--ids", self.ids]
        for setting in self.settings:
            words += ["--set", setting]
        return words


# In the order of a turn: what leaves much behind comes late, and what needs it comes after it.
ROWS = (
    Row("saturate", "saturate", "throughput"),
    Row("uniform", "saturate", "throughput", draw="uniform"),
    Row("ordered", "saturate", "throughput", ids="ordered"),
    Row("few", "saturate", "throughput", crowd=FEW),
    Row("few-uniform", "saturate", "throughput", crowd=FEW, draw="uniform"),
    Row("lowload", "lowload", "ack.p50", length="half"),
    Row("openloop", "openloop", "ack.p99.9"),
    Row("openloop-bare", "openloop", "ack.p99.9", settings=("store.projector=no",)),
    Row("delivery", "openloop", "delivery.p50", rate="low"),
    Row("delivery-loaded", "openloop", "delivery.p50"),
    Row("replay-cold", "cold", "throughput", length="replay"),
    Row("replay-tail", "tail", "throughput", length="tail"),
    Row("replay-archive", "archive", "throughput", crowd=FEW, length="replay"),
    Row("sustained", "saturate", "throughput", length="sustained"),
    Row("openloop-half", "openloop", "ack.p99.9", rate="half", after="sustained"),
    Row("rebuild", "rebuild", "throughput", crowd=FILED, length="rebuild"),
)

NAMED = {row.name: row for row in ROWS}

# The match: what everybody is compared in, in a quarter of an hour.
MATCH = ("saturate", "lowload", "openloop")
LOW_RATE = 1000


def chosen(names):
    """Those rows and what they need, in the order of a turn; `all` is all.  Raises ValueError for a
    name that none has."""
    wanted = set()
    for name in names:
        if name == "all":
            wanted.update(NAMED)
        elif name in NAMED:
            wanted.update(filter(None, (name, NAMED[name].after)))
        else:
            raise ValueError(f"there is no row '{name}'; there are {', '.join(NAMED)}")
    return [row for row in ROWS if row.name in wanted]


@dataclass(frozen=True)
class Scale:
    """How much is known before a load, and how much is read again."""

    many: int
    few: int
    ids: int
    events: int

    def customers(self, row):
        return self.many if row.crowd == MANY else self.few

    def known(self, row):
        return self.ids // 10 if row.crowd == FILED else self.ids

    def history(self, row):
        """Entries of a hub's journal before a load, about."""
        return self.customers(row) + self.known(row)


def seconds(row, settings):
    """How long a load of this row takes, about; the programs hold themselves to it where it is a
    matter of time."""
    return {
        "load": settings.seconds,
        "half": settings.seconds / 2,  # low load says the same in half the time
        "sustained": settings.sustained,
        "replay": min(settings.scale.events, settings.scale.history(row)) / 400_000 + 1,
        "tail": settings.scale.events / 10 / 400_000 + 1,
        "rebuild": settings.scale.history(row) / 150_000 + 1,
    }[row.length]
