"""Who takes part, and in which form.  A new peer is a row here and a bench_<program>."""

import os
from dataclasses import dataclass
from typing import Callable

from . import row, server

WINDOW = 1000  # events in flight over all connections, the same for everybody


@dataclass(frozen=True)
class Form:
    """How a load is put on a contestant: what the scan chooses from."""

    connections: int
    batch: int

    def __str__(self):
        per = "1 event" if self.batch == 1 else f"{self.batch} events"
        plural = "" if self.connections == 1 else "s"
        return f"{self.connections} connection{plural}, {per} a request"


@dataclass(frozen=True)
class Contestant:
    name: str  # family.variant
    program: str  # the load program
    server: Callable[[str], server.Server]
    synced: bool  # an acknowledged event survives a power cut
    batch: int = 1  # events a request at most; what the window allows if that is less and `shrinks`
    shrinks: bool = False
    customers: bool = False  # keeps a record of each
    rows: tuple = ("saturate", "lowload", "openloop", "sustained")
    scanned: bool = True  # has forms to choose from
    prepare_estimate: float = 0.0  # seconds that setting up takes the first time

    @property
    def family(self):
        return self.name.partition(".")[0]

    def forms(self, connections):
        """The forms to scan: those of `connections` that the window has room for."""
        if not self.scanned:
            return [Form(1, self.batch)]
        forms = []
        for count in connections:
            share = WINDOW // count
            batch = min(self.batch, share) if self.shrinks else self.batch
            if 1 <= batch <= share:
                forms.append(Form(count, batch))
        return forms

    def arguments(self, load, host_server):
        """The command line of a load (match.Load)."""
        customers = load.scale.customers(load.row) if self.customers else 0
        words = [
            "--seconds", f"{load.seconds:g}", "--window", str(WINDOW),
            "--connections", str(load.form.connections), "--batch", str(load.form.batch),
            "--payload", "300", "--rate", str(load.rate), "--customers", str(customers),
            "--host", "127.0.0.1", "--port", str(host_server.port),
            "--data", host_server.data(load.row),
        ]
        if load.row.length in ("replay", "tail"):
            share = 10 if load.row.length == "tail" else 1
            words += ["--events", str(max(1, load.scale.events // share))]
        return load.row.arguments() + words


# The hub comes twice, because its peers do: one event a frame and many.  It draws its customers
# like postgres.upsert; the other peers keep none and have that much less to do.  What nobody else has
# is measured by programs of its own.
CONTESTANTS = (
    Contestant("hub.64", "bench_hub", server.HubFolder, synced=True, batch=64, customers=True,
               rows=("saturate", "uniform", "ordered", "few", "few-uniform", "openloop",
                     "openloop-bare", "sustained", "openloop-half")),
    Contestant("hub.1", "bench_hub", server.HubFolder, synced=True, customers=True,
               rows=("saturate", "uniform", "ordered", "few", "few-uniform", "lowload",
                     "sustained")),
    Contestant("hub.delivery", "bench_delivery", server.HubFolder, synced=True, customers=True,
               rows=("delivery", "delivery-loaded"), scanned=False),
    Contestant("hub.history", "bench_replay", server.HubFolder, synced=True,
               rows=("replay-cold", "replay-tail", "replay-archive", "rebuild"), scanned=False),
    Contestant("redis.always", "bench_redis",
               lambda folder: server.Redis(folder, "always"), synced=True),
    Contestant("postgres.outbox", "bench_postgres", server.Postgres, synced=True,
               batch=1000, shrinks=True, prepare_estimate=6),
    Contestant("postgres.upsert", "bench_postgres", server.Postgres, synced=True,
               batch=1000, shrinks=True, customers=True, prepare_estimate=5,
               rows=("saturate", "uniform", "lowload", "openloop", "sustained")),
    Contestant("rabbitmq.quorum", "bench_rabbitmq", server.Rabbitmq, synced=True),
    Contestant("nats.always", "bench_nats",
               lambda folder: server.Nats(folder, sync_always=True), synced=True),
    Contestant("nats.timer", "bench_nats",
               lambda folder: server.Nats(folder, sync_always=False), synced=False),
    Contestant("redis.everysec", "bench_redis",
               lambda folder: server.Redis(folder, "everysec"), synced=False),
    Contestant("echo", "bench_echo", server.NoServer, synced=False),
)

FAMILIES = tuple(dict.fromkeys(contestant.family for contestant in CONTESTANTS))


def chosen(names):
    """The contestants of these families or full names; the hub always.  Raises ValueError for a
    name that nobody has."""
    known = set(FAMILIES) | {contestant.name for contestant in CONTESTANTS}
    for name in names:
        if name not in known:
            raise ValueError(f"nobody is called '{name}'; there are {', '.join(FAMILIES)}")
    wanted = set(names) | {"hub"}
    return [c for c in CONTESTANTS if c.name in wanted or c.family in wanted]


def program_path(contestant, folders):
    """Where its load program is, or None."""
    for folder in folders:
        path = os.path.join(folder, contestant.program)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return None
