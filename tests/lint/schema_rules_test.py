#!/usr/bin/env python3
"""Proves that schema_rules.py sees: a schema spoilt in one place fails for the right reason.

usage: schema_rules_test.py PROTOC PROTO_DIR LIST_TYPES
"""

import os
import shutil
import subprocess
import sys
import tempfile

REPAIR = "carehub/v1/repair.proto"
COMMON = "carehub/v1/common.proto"
MONEY = "message Money {\n"

# Where, what is put in its place, and what must be said.
SPOILT = [
    (REPAIR, "string problem_text = 101;", "string problem_text = 99;", "is text about a person"),
    (REPAIR, "Party customer = 100;", "Party customer = 99;", "Party belongs at 100"),
    (REPAIR, "Party customer = 100;", "Party owner = 100;", "is called customer"),
    (REPAIR, "Party customer = 100;", "StationRef customer = 100;", "Party belongs at 100"),
    (REPAIR, "message RepairOrderReceived {",
     "message RepairOrderReceived {\n  // Where.\n  Address where = 98;",
     "is personal and belongs above 100"),
    (COMMON, "message StationRef {", "message StationRef {\n  // Who.\n  Contact contact = 9;",
     "RepairOrderReceived.station.contact"),
    (COMMON, "message StationRef {", "message StationRef {\n  // What.\n  string remarks = 9;",
     "RepairOrderReceived.station.remarks"),
    (COMMON, MONEY, MONEY + "// Itself.\n Money money = 9;", "is recursive"),
    (COMMON, MONEY, MONEY + "// Inexact.\n double amount = 9;", "is a float"),
    (COMMON, MONEY, MONEY + "// By name.\n map<string, string> rates = 9;", "is a map"),
    (COMMON, MONEY, MONEY + "string secret = 9;", "has no comment"),
    (COMMON, MONEY, MONEY + "// When.\n string paid_time_us = 9;", "must be int64"),
    (COMMON, MONEY, MONEY + "// What.\n string Upper = 9;", "lower_snake_case"),
    (COMMON, "ANSWER_UNSPECIFIED = 0;", "ANSWER_NONE = 0;", "must begin with ANSWER_UNSPECIFIED"),
    (COMMON, "ANSWER_YES = 1;", "YES = 1;", "must begin with ANSWER_"),
    (REPAIR, "// Type: repair.order.received.", "//", "repair.order.received: is not told"),
    (REPAIR, "Type: repair.order.received.", "Types: repair.order.received, repair.order.lost.",
     "repair.order.lost: is told"),
]


def run(protoc, proto_dir, list_types):
    script = os.path.join(os.path.dirname(__file__), "schema_rules.py")
    command = [sys.executable, "-B", script, protoc, proto_dir, list_types]
    return subprocess.run(command, capture_output=True, text=True)


def main():
    protoc, proto_dir, list_types = sys.argv[1:]
    good = run(protoc, proto_dir, list_types)
    if good.returncode == 77:
        sys.exit(77)
    assert good.returncode == 0, good.stdout
    for name, old, new, said in SPOILT:
        with tempfile.TemporaryDirectory() as folder:
            spoilt = os.path.join(folder, "proto")
            shutil.copytree(proto_dir, spoilt)
            path = os.path.join(spoilt, name)
            with open(path, encoding="utf-8") as stream:
                text = stream.read()
            assert old in text, f"{name} has no {old!r}: mend this test"
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(text.replace(old, new, 1))
            bad = run(protoc, spoilt, list_types)
            assert bad.returncode == 1 and said in bad.stdout, f"{new!r}: {bad.stdout}{bad.stderr}"
    print(f"{len(SPOILT)} spoilt schemas refused")


main()
