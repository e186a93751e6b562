"""The schema as descriptors and the registry as rows: what the tests over both start from."""

import os
import subprocess
import sys
import tempfile
from collections import namedtuple

try:
    from google.protobuf import descriptor_pb2
except ImportError:
    print("skipped: python3-protobuf is not installed")
    sys.exit(77)

EventType = namedtuple("EventType", "id name message flags subject mandatory")


def load(protoc, proto_dir):
    """All files below proto_dir as a FileDescriptorSet, comments included."""
    files = sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(proto_dir)
        for name in names
        if name.endswith(".proto")
    )
    with tempfile.TemporaryDirectory() as scratch:
        path = os.path.join(scratch, "schema.bin")
        subprocess.run(
            [
                protoc,
                "--include_source_info",
                "--descriptor_set_out=" + path,
                "--proto_path=" + proto_dir,
                *files,
            ],
            check=True,
        )
        with open(path, "rb") as stream:
            return descriptor_pb2.FileDescriptorSet.FromString(stream.read())


def load_types(list_types):
    """The registry's rows, as tests/lint/list_types.c prints them."""
    out = subprocess.run([list_types], check=True, capture_output=True, text=True).stdout
    rows = [line.split("\t") for line in out.splitlines()]
    return [
        EventType(int(row[0]), row[1], row[2], row[3].split(), row[4].split(), row[5].split())
        for row in rows
    ]


def messages(schema):
    """Yields (full name, descriptor, comment, its fields' comments by number), nested ones too."""
    for file in schema.file:
        comments = {
            tuple(place.path): place.leading_comments.strip()
            for place in file.source_code_info.location
        }
        stack = [
            (file.package + "." + message.name, message, (4, i))
            for i, message in enumerate(file.message_type)
        ]
        while stack:
            name, message, path = stack.pop(0)
            fields = {
                field.number: comments.get(path + (2, i), "")
                for i, field in enumerate(message.field)
            }
            yield name, message, comments.get(path, ""), fields
            stack += [
                (name + "." + nested.name, nested, path + (3, i))
                for i, nested in enumerate(message.nested_type)
            ]


def enums(schema):
    """Yields (full name, descriptor, comment, comments of its values in order), nested ones too."""
    for file in schema.file:
        comments = {
            tuple(place.path): place.leading_comments.strip()
            for place in file.source_code_info.location
        }
        found = [
            (file.package + "." + enum.name, enum, (5, i)) for i, enum in enumerate(file.enum_type)
        ]
        for i, message in enumerate(file.message_type):
            found += [
                (file.package + "." + message.name + "." + enum.name, enum, (4, i, 4, j))
                for j, enum in enumerate(message.enum_type)
            ]
        for name, enum, path in found:
            values = [comments.get(path + (2, i), "") for i in range(len(enum.value))]
            yield name, enum, comments.get(path, ""), values


def file_of(schema):
    """Which file each message and enum stands in, by full name."""
    return {
        file.package + "." + one.name: file.name
        for file in schema.file
        for one in [*file.message_type, *file.enum_type]
    }
