#!/usr/bin/env python3
"""Our JSON against Google's: every sample of every type must mean the same to both.

usage: json_peer.py JSON_PEER LIST_TYPES PROTOC PROTO_DIR

For each sample that the C side writes: Google's json_format reads our JSON as the very message,
and writes the same tree of JSON from it.  Then Google's JSON, with both spellings of the names,
goes back to the C side, which must read the same message.
"""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", ".."))
import schema  # exits 77, skipped, where python3-protobuf is missing

from google.protobuf import json_format, message_factory


def written_samples(peer, classes, message_of):
    """The C side's samples, each held against Google's reading and writing of it."""
    out = subprocess.run([peer, "write"], check=True, capture_output=True, text=True).stdout
    for line in out.split("\n")[:-1]:
        name, encoded, text = line.split("\t", 2)
        message = classes[message_of[name]].FromString(bytes.fromhex(encoded))
        assert json_format.Parse(text, type(message)()) == message, name
        assert json.loads(text) == json_format.MessageToDict(message), name
        yield name, message


def read_back(peer, samples, spelled):
    """Google's JSON of the samples goes to the C side and comes back as the same messages."""
    lines = []
    for name, message in samples:
        text = json_format.MessageToJson(
            message, preserving_proto_field_name=spelled, indent=None, ensure_ascii=spelled
        )
        lines.append(name + "\t" + text + "\n")
    read = subprocess.run([peer, "read"], input="".join(lines), capture_output=True, text=True)
    assert read.returncode == 0, read.stderr
    for (name, message), encoded in zip(samples, read.stdout.splitlines(), strict=True):
        assert type(message).FromString(bytes.fromhex(encoded)) == message, name


def main():
    peer, list_types, protoc, proto_dir = sys.argv[1:]
    classes = message_factory.GetMessages(schema.load(protoc, proto_dir).file)
    message_of = {row.name: row.message for row in schema.load_types(list_types)}
    samples = list(written_samples(peer, classes, message_of))
    assert {name for name, _ in samples} == set(message_of)
    for spelled in (False, True):
        read_back(peer, samples, spelled)
    print(f"{len(samples)} samples of {len(message_of)} types agree, there and back")


main()
