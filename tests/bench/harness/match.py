"""The match itself: who can run, a scan for each one's best form, then rounds.

Turns are interleaved (round 1: everyone once, round 2: everyone once, ...), because a noisy
neighbour stays for seconds: what it takes from one contestant it then takes from the others too.
Each round starts with another contestant, so that none always follows the same one.
"""

import mmap
import os
import shutil
import statistics
import subprocess
import time

from dataclasses import dataclass

from . import contestant, report, row as rows
from .server import HubFolder, ServerFailed
from .template import TemplateFailed

PREPARE_SECONDS = 120
LATE_SECONDS = 60  # beyond its load, what a program may take to connect, drain and count
WARM_ESTIMATE = 2.5  # seconds for each GiB of memory, where it is slow
DISK_PROBE_SECONDS = 0.3
KEPT = ("throughput", "offered", "events", "ack.p50", "ack.p99", "ack.p99.9", "ack.max",
        "delivery.p50", "delivery.p99", "delivery.p99.9", "delivery.max", "client.cpu", "cached",
        "memory.anonymous", "memory.anonymous.most", "disk.written", "disk.stored")


class LoadFailed(Exception):
    pass


class OutOfTime(Exception):
    pass


@dataclass(frozen=True)
class Load:
    """One start of a load program."""

    row: rows.Row
    seconds: float
    form: contestant.Form
    rate: int
    scale: rows.Scale


class Player:
    """A contestant with its server, its program and, after the scan, its best form."""

    def __init__(self, who, folder, programs, templates=None):
        self.who = who
        # Variants share what their family keeps: one database, one set of customers.
        self.server = who.server(os.path.join(folder, who.family))
        if isinstance(self.server, HubFolder):
            self.server.templates = templates
        self.path = contestant.program_path(who, programs)
        self.form = None

    def missing(self):
        if self.path is None:
            return f"{self.who.program} is not built"
        return self.server.missing()

    def load(self, load):
        """One load from where a fresh one would start; {metric: (value, unit)}."""
        if self.who.prepare_estimate > 0:
            self.run(load, PREPARE_SECONDS, ["--mode", "prepare"])
        return self.run(load, load.seconds)

    def run(self, load, seconds, more=()):
        """The program once; of an option given twice the later counts.  Raises LoadFailed with the
        reason."""
        command = [self.path, *self.who.arguments(load, self.server), *more]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=2 * seconds + LATE_SECONDS, check=False)
        except subprocess.TimeoutExpired as late:
            raise LoadFailed(f"{load.row.name}: not done after {late.timeout:g} s") from late
        if done.returncode != 0:
            raise LoadFailed(f"{load.row.name}: {done.stderr.strip() or done.returncode}")
        return figures_of(done.stdout)


def warm_memory(most_bytes):
    """Touch that much memory once and give it back, at most half of what is free.  A virtual
    machine's host lends memory at the first touch, which takes longer than an event does: without
    this, whoever first uses a page pays for it.  Returns the seconds it took."""
    begin = time.monotonic()
    free = os.sysconf("SC_AVPHYS_PAGES") * mmap.PAGESIZE
    size = min(most_bytes, free // 2) // mmap.PAGESIZE * mmap.PAGESIZE
    if size == 0:
        return 0.0
    with mmap.mmap(-1, size) as memory:
        for at in range(0, size, mmap.PAGESIZE):
            memory[at] = 1
    return time.monotonic() - begin


def figures_of(text):
    figures = {}
    for line in text.splitlines():
        metric, value, unit = line.split("\t")
        figures[metric] = (float(value), unit)
    return figures


def disk_sync_p50_us(folder):
    """What the disk takes to make 4 KiB safe right now: how noisy the neighbours are."""
    path = os.path.join(folder, "probe")
    taken = []
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(fd, bytes(1 << 20))
        os.fsync(fd)
        end = time.monotonic() + DISK_PROBE_SECONDS
        while time.monotonic() < end:
            begin = time.monotonic()
            os.pwrite(fd, bytes(4096), (len(taken) % 256) * 4096)
            os.fdatasync(fd)
            taken.append(time.monotonic() - begin)
    finally:
        os.close(fd)
        os.unlink(path)
    return statistics.median(taken) * 1e6


class Match:
    def __init__(self, settings, players, say):
        self.settings = settings
        self.players = players
        self.say = say  # a line of comment for people
        self.failed = []
        self.deadline = None

    def rows(self, player):
        return [row for row in self.settings.rows if row.name in player.who.rows]

    def row_seconds(self, row):
        return rows.seconds(row, self.settings)

    def templates(self):
        """(templates, row) for each folder that hubs here need."""
        needed = {}
        for player in self.players:
            if isinstance(player.server, HubFolder):
                for row in [rows.NAMED["saturate"]] * player.who.scanned + self.rows(player):
                    needed[row.crowd] = (player.server.templates, row)
        return needed.values()

    def estimate(self):
        """Seconds that warming, preparing, scan and rounds will take, about."""
        total = self.settings.warm_gb * WARM_ESTIMATE
        total += sum(templates.estimate(row) for templates, row in self.templates())
        for player in self.players:
            turn = player.server.start_estimate + sum(
                self.row_seconds(row) + player.server.load_estimate for row in self.rows(player))
            forms = len(player.who.forms(self.settings.connections)) * self.settings.scan_passes
            scan = player.server.start_estimate + player.who.prepare_estimate + forms * (
                self.settings.scan_seconds + player.server.load_estimate)
            total += scan * player.who.scanned + self.settings.rounds * turn
        return total

    def bound(self):
        return 2 * self.estimate() + 60

    def drop(self, player, why):
        self.say(f"dropped {player.who.name}: {why}")
        self.failed.append(player.who.name)
        self.players.remove(player)

    def turn(self, player, play):
        """play() between start and stop of its server, on a quiet disk.  False when it failed."""
        if time.monotonic() > self.deadline:
            raise OutOfTime
        try:
            player.server.start()
            play()
            return True
        except (ServerFailed, LoadFailed, TemplateFailed) as why:
            self.drop(player, why)
            return False
        finally:
            player.server.stop()
            # What was written without a sync is paid for now, not by whoever comes next.
            os.sync()

    def scan(self):
        """Find for each player the form that takes the most events: the best of some passes, to
        and fro, so that a moment's noise does not choose."""
        def play(player):
            forms = player.who.forms(self.settings.connections)
            best = dict.fromkeys(forms, 0.0)
            for number in range(self.settings.scan_passes):
                for form in forms[::-1] if number % 2 else forms:
                    figures = player.load(Load(rows.NAMED["saturate"], self.settings.scan_seconds,
                                               form, 1, self.settings.scale))
                    best[form] = max(best[form], figures["throughput"][0])
            for form, taken in best.items():
                self.say(f"scan {player.who.name}: {taken:.0f} events/s with {form}")
            player.form = max(forms, key=best.get)
        for player in list(self.players):
            if not player.who.scanned:
                player.form = player.who.forms(self.settings.connections)[0]
            elif self.turn(player, lambda player=player: play(player)):
                self.say(f"best {player.who.name}: {player.form}")

    def rate(self, player, row, figures):
        """Events a second of an open loop."""
        if row.rate == "low":
            return min(rows.LOW_RATE, self.settings.rate)
        if row.rate == "half":
            return max(1, int(figures[report.key(player.who.name, row.after)][0] / 2))
        return self.settings.rate

    def round(self, number):
        """Everybody once; the round's figures."""
        figures = {"disk.sync.p50": (disk_sync_p50_us(self.settings.folder), "us")}

        def play(player):
            for row in self.rows(player):
                load = Load(row, self.row_seconds(row), player.form,
                            self.rate(player, row, figures), self.settings.scale)
                got = player.load(load)
                for metric in filter(got.__contains__, KEPT):
                    figures[f"{player.who.name}.{row.name}.{metric}"] = got[metric]
                self.say(f"round {number} {player.who.name} {row.name}: {row.headline} "
                         f"{got[row.headline][0]:.0f} {got[row.headline][1]}")
        first = (number - 1) % max(1, len(self.players))
        for player in self.players[first:] + self.players[:first]:
            self.turn(player, lambda player=player: play(player))
        return figures

    def play(self):
        """The rounds' figures; fewer rounds than asked when time runs out."""
        rounds = []
        self.deadline = time.monotonic() + self.bound()
        self.say(f"warming took {warm_memory(self.settings.warm_gb << 30):.1f} s")
        try:
            for templates, row in self.templates():
                try:
                    templates.make(row)
                except TemplateFailed:
                    pass  # whoever needs it tries again, and is dropped with the reason
            self.scan()
            for number in range(1, self.settings.rounds + 1):
                rounds.append(self.round(number))
        except OutOfTime:
            self.say(f"out of time after {len(rounds)} whole rounds")
        return rounds


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)
