#!/usr/bin/env python3
"""All sample files of the channels through a whole hub: in, again, over a restart, over a rebuild.

    hub.py                 programs from $CAREHUB_BIN, samples from $CAREHUB_SAMPLES

Whatever comes again is a duplicate that names the first sequence; journal and records stay as they are.
Exit status 0, 1 something differs, 77 no samples here."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scenario"))
from lib import BIN, Hub, PATIENCE_S  # noqa: E402

# What one station or one chain of shops would send together, and who reads it.  Log files of unlike
# makers and versions may name the same till, so each folder has a source of its own.
DROPS = (
    ("pos", "carehub-pos", "*.xml", "[pos]\nsource = urn:pos:sample:{store}\n"),
    ("repair", "carehub-repair", "*.csv", "[repair]\nsource = /stations/sample-csv\n"),
    ("repair", "carehub-repair", "*.xes*", "[repair]\nsource = /stations/sample-xes\n"),
)


class Drop:
    """One adapter with its folder."""

    def __init__(self, hub, number, channel, program, pattern, settings):
        self.program = BIN / program
        self.files = sorted((SAMPLES / channel).glob(pattern))
        self.folder = hub.root / f"drop{number}"
        self.config = hub.root / f"drop{number}.conf"
        self.settings = settings
        self.peer = hub.peer(f"adapter{number}", roles="producer", types="pos.>, repair.>",
                             sources="urn:pos:*, /stations/*")

    def send(self, hub):
        """Receipts by file: {event's place: (outcome, sequence)}."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for file in self.files:
            shutil.copy(file, self.folder)
        self.config.write_text(
            f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\n"
            f"key_file = {self.peer.key_file}\n"
            f"[folder]\npath = {self.folder}\nsettle = 0\nreceipts = yes\n{self.settings}")
        done = subprocess.run([self.program, "run", "--config", self.config, "--once"],
                              capture_output=True, text=True, timeout=PATIENCE_S * 5)
        assert done.returncode == 0, f"{self.program}: exit {done.returncode}\n{done.stderr}"
        return {file.name: self.receipts(file.name) for file in self.files}

    def receipts(self, name):
        result = json.loads((self.folder / "done" / f"{name}.result.json").read_text())
        rows = [line.split("\t") for line in
                (self.folder / "done" / f"{name}.receipts").read_text().splitlines()]
        assert len(rows) == result["events"], f"{name}: {len(rows)} receipts for {result}"
        return {int(place): (outcome, int(sequence)) for place, outcome, sequence in rows}


def first_time(receipts):
    """The sequence of every event; a record that stands twice in a file has one."""
    wrong = [r for file in receipts.values() for r in file.values()
             if r[0] not in ("accepted", "duplicate")]
    assert not wrong, wrong[:5]
    return {name: {place: sequence for place, (_, sequence) in file.items()}
            for name, file in receipts.items()}


def state(hub):
    """Journal and records of a hub that does not run."""
    verified = hub.offline("verify")
    assert "verify\tok" in verified, verified
    return re.search(r"head=(\d+)", verified)[1], hub.offline("dump", "--hash")


def main():
    with Hub() as hub:
        drops = [Drop(hub, number, *row) for number, row in enumerate(DROPS)]
        hub.start()
        first = [first_time(drop.send(hub)) for drop in drops]
        for files in first:
            for name, sequences in files.items():
                print(f"{name}\t{len(sequences)} events\t{len(set(sequences.values()))} stored")
        stored = {sequence for files in first for file in files.values()
                  for sequence in file.values()}

        def again(when):
            for drop, files in zip(drops, first):
                for name, receipts in drop.send(hub).items():
                    expected = {place: ("duplicate", sequence)
                                for place, sequence in files[name].items()}
                    assert receipts == expected, f"{name}, {when}: not all as the first time"
            print(f"{when}\t{len(stored)} stored, every receipt a duplicate with its sequence")

        again("sent again")
        hub.stop()
        before = state(hub)
        hub.start()
        again("after a restart")
        hub.kill()
        assert state(hub) == before, "after kill -9"
        hub.offline("rebuild")
        assert state(hub) == before, "after a rebuild"
        hub.start()
        again("after a rebuild")
        hub.stop()
        assert state(hub) == before, "at the end"
        print(f"head {before[0]}\t{before[1].strip()}")


SAMPLES = pathlib.Path(os.environ.get("CAREHUB_SAMPLES", HERE.parents[1] / ".." / "shared" / "samples"))
if not (SAMPLES / "manifest.tsv").is_file():
    print(f"skipped: no samples at {SAMPLES}; set CAREHUB_SAMPLES")
    sys.exit(77)
if __name__ == "__main__":
    main()
