#!/usr/bin/env python3
"""Proves that schema_compat.py sees: each breaking change fails, each addition asks for the lock.

usage: schema_compat_test.py PROTOC PROTO_DIR LIST_TYPES LOCK
"""

import contextlib
import io
import os
import shutil
import sys
import tempfile

import schema_compat

COMMON = "carehub/v1/common.proto"

# What is done to the schema, in which file, and what must be said about it.
BREAKING_FILES = [
    ("field removed", COMMON, "  string currency = 2;", "", "field carehub.v1.Money 2 currency"),
    ("field renumbered", COMMON, "string currency = 2;", "string currency = 9;", "currency string"),
    ("field renamed", COMMON, "string currency = 2;", "string code = 2;", "Money 2 currency"),
    ("field retyped", COMMON, "string currency = 2;", "bytes currency = 2;", "Money 2 currency"),
    ("field became a list", COMMON, "string currency = 2;", "repeated string currency = 2;",
     "currency string singular"),
    ("field moved into a oneof", COMMON, "string currency = 2;",
     "oneof choice { string currency = 2; }", "currency string singular"),
    ("enum value removed", COMMON, "  ANSWER_NO = 2;", "", "carehub.v1.Answer 2 ANSWER_NO"),
    ("enum value renumbered", COMMON, "ANSWER_NO = 2;", "ANSWER_NO = 3;", "2 ANSWER_NO"),
    ("enum value renamed", COMMON, "ANSWER_NO = 2;", "ANSWER_NAY = 2;", "2 ANSWER_NO"),
    ("message removed", "carehub/v1/bus.proto", "message Bye {\n  string reason = 1;\n}", "",
     "message carehub.v1.Bye"),
]

# What is done to the registry's rows.
BREAKING_ROWS = [
    ("type id changed", "100\twebsite.order.placed", "99\twebsite.order.placed", "type 100"),
    ("type renamed", "website.order.placed", "website.order.made", "website.order.placed"),
    ("message exchanged", "website.order.placed\tcarehub.v1.WebsiteOrderPlaced",
     "website.order.placed\tcarehub.v1.WebsiteOrderPaid", "type 100"),
    ("key changed", "\tevent.source event.id\t", "\tevent.id\t", "event.source+event.id"),
    ("newly mandatory", "\torder_id lines customer", "\torder_id totals lines customer",
     "needs website.order.placed totals"),
    ("requirement tightened", "customer.phones.value|customer.emails.value|",
     "customer.phones.value|", "newly mandatory"),
]

ADDITIONS = [
    ("field added", COMMON, "string currency = 2;", "string currency = 2; string x = 3;"),
    ("enum value added", COMMON, "ANSWER_NO = 2;", "ANSWER_NO = 2; ANSWER_MAYBE = 3;"),
    ("message added", COMMON, "message Money {", "message Purse { bool x = 1; }\nmessage Money {"),
]


class Rig:
    """A copy of the schema and registry that can be spoilt."""

    def __init__(self, folder, arguments):
        self.protoc, self.proto_source, list_types, self.lock_source = arguments
        self.folder = folder
        self.proto = os.path.join(folder, "proto")
        self.rows = os.path.join(folder, "rows")
        self.list_types = os.path.join(folder, "list_types")
        self.lock = os.path.join(folder, "lock")
        self.all_rows = schema_compat.schema.subprocess.run(
            [list_types], check=True, capture_output=True, text=True
        ).stdout
        with open(self.list_types, "w", encoding="utf-8") as stream:
            stream.write(f"#!/bin/sh\nexec cat {self.rows}\n")
        os.chmod(self.list_types, 0o755)

    def reset(self):
        shutil.rmtree(self.proto, ignore_errors=True)
        shutil.copytree(self.proto_source, self.proto)
        shutil.copy(self.lock_source, self.lock)
        self.write_rows(self.all_rows)

    def write_rows(self, rows):
        with open(self.rows, "w", encoding="utf-8") as stream:
            stream.write(rows)

    def spoil_file(self, name, old, new):
        path = os.path.join(self.proto, name)
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        assert old in text, f"{name} has no {old!r}: mend this test"
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text.replace(old, new, 1))

    def spoil_rows(self, old, new):
        assert old in self.all_rows, f"no row has {old!r}: mend this test"
        self.write_rows(self.all_rows.replace(old, new, 1))

    def run(self, *flags):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = schema_compat.main(
                [*flags, self.protoc, self.proto, self.list_types, self.lock]
            )
        return code, out.getvalue()

    def must_refuse(self, what, said):
        for flags in ((), ("--update",)):
            code, text = self.run(*flags)
            assert code == 1, f"{what}: passed"
            assert "breaks older code" in text, f"{what}: not seen as a break:\n{text}"
            assert said in text, f"{what}: {said!r} is not named in:\n{text}"

    def must_ask(self, what):
        code, text = self.run()
        assert code == 1 and "update-schema" in text, f"{what}: {text}"
        assert self.run("--update")[0] == 0, what
        assert self.run() == (0, ""), what


def main():
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(folder, sys.argv[1:])
        rig.reset()
        assert rig.run() == (0, ""), "the untouched schema must pass"
        for what, name, old, new, said in BREAKING_FILES:
            rig.reset()
            rig.spoil_file(name, old, new)
            rig.must_refuse(what, said)
        for what, old, new, said in BREAKING_ROWS:
            rig.reset()
            rig.spoil_rows(old, new)
            rig.must_refuse(what, said)
        for what, name, old, new in ADDITIONS:
            rig.reset()
            rig.spoil_file(name, old, new)
            rig.must_ask(what)
        rig.reset()
        rig.write_rows(rig.all_rows + "9999\tnew.event.added\tcarehub.v1.Money\t\t\tcurrency\n")
        rig.must_ask("type added")
        rig.reset()
        rig.spoil_rows("\torder_id lines customer", "\torder_id customer")
        rig.must_ask("requirement dropped")
    count = len(BREAKING_FILES) + len(BREAKING_ROWS)
    print(f"{count} breaking changes refused, {len(ADDITIONS) + 2} additions asked for the lock")


main()
