"""Clones of a hub's folder, without a hub: files that look like its own."""

import os
import struct
import tempfile
import types
import unittest

from harness import row, template


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(data)


def segment(epoch, sealed):
    label = b"CHseglbl" + bytes(8) + struct.pack("<QQ", 7, epoch) + bytes(64) + struct.pack(
        "<Q", sealed)
    return bytes(4096) + b"batches" + bytes(4089) + label.ljust(4096, b"\0")


class Clones(unittest.TestCase):
    FILES = {
        "journal/0000000002.seg": (segment(2, 1), True),
        "journal/0000000004.seg": (segment(4, 0), False),  # being written
        "journal/0000000007.seg": (segment(3, 1), False),  # a spare with an old label
        "journal/0000000008.seg": (bytes(12288), False),  # a spare, never used
        "journal/archive/1-2.zst": (b"z", True),
        "store/data.mdb": (b"d", False),
        "store/inbox/run-1": (b"r", True),
    }

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.source = os.path.join(self.folder.name, "source")
        self.target = os.path.join(self.folder.name, "target")
        for name, (data, _) in self.FILES.items():
            write(os.path.join(self.source, name), data)
        write(os.path.join(self.source, "store/lock.mdb"), b"l")

    def tearDown(self):
        self.folder.cleanup()

    def test_only_what_is_never_written_again_is_shared(self):
        template.clone(self.source, self.target)
        for name, (data, shared) in self.FILES.items():
            path = os.path.join(self.target, name)
            with open(path, "rb") as got:
                self.assertEqual(got.read(), data, name)
            self.assertEqual(os.path.samefile(path, os.path.join(self.source, name)), shared, name)
        self.assertFalse(os.path.exists(os.path.join(self.target, "store/lock.mdb")))


class Making(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.program = os.path.join(self.folder.name, "bench_hub")
        self.templates = template.Templates(
            self.folder.name, self.program, row.Scale(many=10, few=1, ids=5, events=1),
            lambda text: None)

    def tearDown(self):
        self.folder.cleanup()

    def script(self, text):
        with open(self.program, "w", encoding="utf-8") as out:
            out.write("#!/bin/sh\n" + text)
        os.chmod(self.program, 0o755)

    def test_made_once(self):
        self.script(f'echo "$@" >> {self.folder.name}/calls')
        for _ in range(2):
            self.templates.make(row.NAMED["saturate"])
            self.templates.make(row.NAMED["replay-archive"])
            self.templates.make(row.NAMED["rebuild"])
        with open(os.path.join(self.folder.name, "calls"), encoding="utf-8") as calls:
            lines = calls.read().splitlines()
        self.assertEqual([line.split("--history ")[1].split()[0] for line in lines],
                         ["plain", "archived", "filed"])

    def test_half_made_is_not_made(self):
        self.script("echo no >&2; exit 1")
        with self.assertRaisesRegex(template.TemplateFailed, "no"):
            self.templates.make(row.NAMED["saturate"])
        self.assertTrue(self.templates.missing(row.NAMED["saturate"]))


class Rows(unittest.TestCase):
    def test_what_a_row_needs_comes_before_it(self):
        self.assertEqual([r.name for r in row.chosen(["openloop-half", "saturate"])],
                         ["saturate", "sustained", "openloop-half"])
        self.assertEqual(len(row.chosen(["all"])), len(row.ROWS))
        with self.assertRaises(ValueError):
            row.chosen(["warp"])

    def test_every_row_has_a_length(self):
        settings = types.SimpleNamespace(seconds=1, sustained=60, scale=row.Scale(
            many=10, few=1, ids=5, events=1))
        for each in row.ROWS:
            self.assertGreater(row.seconds(each, settings), 0)


if __name__ == "__main__":
    unittest.main()
