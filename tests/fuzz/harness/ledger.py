"""What has been executed: tests/fuzz/ledger.tsv, a row for a target, day, commit and kind of build.

Rows are only ever added to.  A decoder that has changed since still has its executions behind it: the
commit says which text they ran over.
"""
import collections
import datetime
import fcntl
import os
import subprocess

from .build import ROOT

path = os.path.join(ROOT, "tests/fuzz/ledger.tsv")
COLUMNS = ("target", "executions", "date", "commit", "seconds", "sanitizers")


def read():
    with open(path, encoding="utf-8") as lines:
        rows = [line.rstrip("\n").split("\t") for line in lines if line.strip()]
    assert tuple(rows[0]) == COLUMNS, f"{path}: its first line does not name its columns"
    return [row for row in rows[1:] if len(row) == len(COLUMNS)]


def executions():
    """By target."""
    total = collections.Counter()
    for row in read():
        total[row[0]] += int(row[1])
    return total


def add(target, count, seconds, sanitizers):
    """Of the commit that is checked out; several fuzzers may add at one time."""
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short=10", "HEAD"],
                            stdout=subprocess.PIPE, text=True).stdout.strip() or "-"
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    key = (target, today, commit, sanitizers)
    with open(path + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        rows = read()
        for row in rows:
            if (row[0], row[2], row[3], row[5]) == key:
                row[1] = str(int(row[1]) + count)
                row[4] = str(int(row[4]) + seconds)
                break
        else:
            rows.append([target, str(count), today, commit, str(seconds), sanitizers])
        with open(path + ".new", "w", encoding="utf-8") as file:
            for row in [COLUMNS, *rows]:
                file.write("\t".join(row) + "\n")
        os.replace(path + ".new", path)
        os.unlink(path + ".lock")
