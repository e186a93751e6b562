"""Folders of a hub that knows a million customers and ten million ids take minutes to make, so they
are made once and every turn works on a clone.

A clone shares with its template what a hub never writes again: sealed segments, archive files and
the inbox's runs (docs/formats.md).  Everything else is copied.  Templates of one size serve all rows,
and stay for the next run where they were given a folder that stays.
"""

import os
import shutil
import struct
import subprocess

from . import row as rows

DONE = "prepared"  # the marker, written last
SLOWEST = 20_000  # events a second, in preparing
PAGE = 4096
EPOCH_AT = 24
SEALED_AT = 96

# What is replayed from the archive is the smaller one, as few customers load it alike.
KINDS = {rows.MANY: "plain", rows.FEW: "archived", rows.FILED: "filed"}


class TemplateFailed(Exception):
    pass


def is_sealed(path):
    """Whether a segment's last page is the label of a sealed one; a spare's is of an earlier use, under
    another name, and will be written again."""
    with open(path, "rb") as segment:
        size = segment.seek(0, os.SEEK_END)
        if size < 2 * PAGE:
            return False
        segment.seek(size - PAGE)
        label = segment.read(PAGE)
    number = lambda at: struct.unpack_from("<Q", label, at)[0]
    epoch = os.path.basename(path).removesuffix(".seg")
    return label[:8] == b"CHseglbl" and number(SEALED_AT) == 1 and number(EPOCH_AT) == int(epoch)


def is_shared(path):
    name = os.path.basename(path)
    if name.endswith(".seg"):
        return is_sealed(path)
    return name.endswith(".zst") or (name.startswith("run-") and "/inbox/" in path)


def clone(source, target):
    """A folder that behaves like a copy of `source`, on the same file system."""
    for folder, _, names in os.walk(source):
        into = os.path.join(target, os.path.relpath(folder, source))
        os.makedirs(into, mode=0o700)
        for name in names:
            path = os.path.join(folder, name)
            if is_shared(path):
                os.link(path, os.path.join(into, name))
            elif name not in ("lock.mdb", DONE):  # the former is made anew by who opens it
                shutil.copy2(path, os.path.join(into, name))


class Templates:
    def __init__(self, folder, program, scale, say):
        self.folder = folder
        self.program = program  # bench_hub, or None
        self.scale = scale
        self.say = say

    def path(self, row):
        return os.path.join(self.folder, f"hub-{self.scale.customers(row)}-"
                                         f"{self.scale.known(row)}-{KINDS[row.crowd]}")

    def missing(self, row):
        return not os.path.exists(os.path.join(self.path(row), DONE))

    def estimate(self, row):
        return self.scale.history(row) / 120_000 + 2 if self.missing(row) else 0

    def command(self, row, target):
        words = [self.program, "--mode", "prepare", "--port", "0", "--data", target,
                 "--customers", str(self.scale.customers(row)),
                 "--known", str(self.scale.known(row)), "--history", KINDS[row.crowd]]
        if KINDS[row.crowd] == "archived":
            words += ["--set", "journal.archive_after=0s"]
        return words

    def make(self, row):
        """The template of a row, made unless it is there."""
        if not self.missing(row):
            return
        target = self.path(row)
        shutil.rmtree(target, ignore_errors=True)  # half of one
        os.makedirs(target, mode=0o700)
        self.say(f"preparing {os.path.basename(target)}: about {self.estimate(row):.0f} s")
        try:
            done = subprocess.run(
                self.command(row, target), stdin=subprocess.DEVNULL, capture_output=True,
                text=True, timeout=self.scale.history(row) / SLOWEST + 300, check=False)
        except subprocess.TimeoutExpired as late:
            raise TemplateFailed(f"not prepared after {late.timeout:g} s") from late
        if done.returncode != 0:
            raise TemplateFailed(f"not prepared: {done.stderr.strip() or done.returncode}")
        with open(os.path.join(target, DONE), "w", encoding="ascii"):
            pass
        os.sync()

    def clone(self, row, target):
        self.make(row)
        clone(self.path(row), target)
        os.sync()  # or the first load pays for the copy
