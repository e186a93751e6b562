"""Which lines of a decoder its target's checked-in corpus reaches, by gcov.

Each target writes its counters into a folder of its own, so that what another one reaches does not count.
"""
import collections
import json
import os
import shutil
import subprocess

from .build import CORPUS, ROOT, Failed

GCOV = "gcov"


def is_there():
    return shutil.which(GCOV) is not None


class Lines:
    """Of one source: number -> whether it was reached."""

    def __init__(self):
        self.reached = collections.defaultdict(bool)

    def add(self, number, count):
        self.reached[number] |= count > 0

    @property
    def share(self):
        return sum(self.reached.values()) / len(self.reached) if self.reached else 0.0

    def missed(self):
        """The numbers as ranges: "12-14 20"."""
        out = []
        for number in sorted(number for number, reached in self.reached.items() if not reached):
            if out and number == out[-1][1] + 1:
                out[-1][1] = number
            else:
                out.append([number, number])
        return " ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in out)


def _object(build, source):
    """The notes that the compiler left of a source."""
    room, inside = os.path.dirname(source), os.path.basename(source)
    while room:  # a library may list what lies in folders below its own
        folder = os.path.join(build.folder, room, "CMakeFiles")
        for library in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            notes = os.path.join(folder, library, inside + ".gcno")
            if os.path.exists(notes):
                return notes
        room, inside = os.path.dirname(room), os.path.join(os.path.basename(room), inside)
    raise Failed(f"{source}: it was not compiled for coverage")


def measure(build, target):
    """{source: Lines} of the target's decoders."""
    corpus = os.path.join(CORPUS, target.name)
    counters = os.path.join(build.folder, "counters", target.name)
    shutil.rmtree(counters, ignore_errors=True)
    os.makedirs(counters)
    environment = dict(os.environ, GCOV_PREFIX=counters)
    done = subprocess.run([build.program(target), corpus], env=environment, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        raise Failed(f"{target.name}: its corpus fails\n{done.stdout}")
    return {source: _lines(build, counters, source) for source in target.decoders}


def _lines(build, counters, source):
    lines = Lines()
    notes = _object(build, source)
    data = counters + notes.removesuffix(".gcno") + ".gcda"
    if not os.path.exists(data):
        return lines
    shutil.copy(notes, data.removesuffix(".gcda") + ".gcno")
    done = subprocess.run([GCOV, "--json-format", "--stdout", data], cwd=counters, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise Failed(f"{source}: {done.stderr}")
    for report in done.stdout.splitlines():
        for file in json.loads(report)["files"]:
            if os.path.realpath(os.path.join(build.folder, file["file"])) != os.path.join(ROOT, source):
                continue
            for line in file["lines"]:
                lines.add(line["line_number"], line["count"])
    return lines
