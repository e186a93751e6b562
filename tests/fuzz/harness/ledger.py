"""What has been executed: tests/fuzz/ledger.tsv, a row for a target, day, commit, text and kind of build.

Rows are only ever added to.  The text is a digest of the target's decoders as they were: what ran over
another text is behind the decoder too, but is told apart from what ran over this one.  Rows from before texts
were noted have "-", and count for this text when git says that the decoders are the same since that commit.
"""
import collections
import datetime
import fcntl
import functools
import hashlib
import os
import subprocess

from .build import ROOT

path = os.path.join(ROOT, "tests/fuzz/ledger.tsv")
COLUMNS = ("target", "executions", "date", "commit", "seconds", "sanitizers", "text")
Row = collections.namedtuple("Row", COLUMNS)
UNKNOWN = "-"


def read():
    with open(path, encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines if line.strip()]
    assert tuple(rows[0]) == COLUMNS, f"{path}: its first line does not name its columns"
    rows = [row + [UNKNOWN] * (len(COLUMNS) - len(row)) for row in rows[1:]]
    return [Row(*row) for row in rows if len(row) == len(COLUMNS)]


def text_of(target):
    """The digest of its decoders as they lie here; none without decoders."""
    digest = hashlib.sha256()
    for source in target.decoders:
        with open(os.path.join(ROOT, source), "rb") as file:
            digest.update(hashlib.sha256(file.read()).digest())
    return digest.hexdigest()[:12] if target.decoders else UNKNOWN


@functools.lru_cache(maxsize=None)
def _same_since(commit, decoders):
    done = subprocess.run(["git", "-C", ROOT, "diff", "--quiet", commit, "--", *decoders],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return done.returncode == 0  # an unknown commit says nothing


def _is_of_this_text(row, target):
    if row.text != UNKNOWN:
        return row.text == text_of(target)
    return _same_since(row.commit, target.decoders)


def executions(targets):
    """By target: all that were, and those over the decoders' text as it is."""
    by_name = {target.name: target for target in targets}
    total, now = collections.Counter(), collections.Counter()
    for row in read():
        if row.target not in by_name:
            continue
        total[row.target] += int(row.executions)
        target = by_name[row.target]
        if not target.decoders or _is_of_this_text(row, target):
            now[row.target] += int(row.executions)
    return total, now


def add(target, count, seconds, sanitizers, text):
    """`text` as it was when the program was built; several fuzzers may add at one time."""
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short=10", "HEAD"],
                            stdout=subprocess.PIPE, text=True).stdout.strip() or UNKNOWN
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    new = Row(target.name, str(count), today, commit, str(seconds), sanitizers, text)
    with open(path + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        rows = read()
        for i, row in enumerate(rows):
            if row._replace(executions="", seconds="") == new._replace(executions="", seconds=""):
                rows[i] = row._replace(executions=str(int(row.executions) + count),
                                       seconds=str(int(row.seconds) + seconds))
                break
        else:
            rows.append(new)
        with open(path + ".new", "w", encoding="utf-8") as file:
            for row in [COLUMNS, *rows]:
                file.write("\t".join(row) + "\n")
        os.replace(path + ".new", path)
        os.unlink(path + ".lock")
