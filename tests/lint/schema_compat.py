#!/usr/bin/env python3
"""Compares the schema and the registry with what was promised: proto/carehub/v1.lock.

usage: schema_compat.py [--update | --rewrite] PROTOC PROTO_DIR LIST_TYPES LOCK

The lock is a sorted text, one fact a line.  A fact that went away or changed breaks those who hold
older code or older events, and fails.  A new fact fails too until --update writes it into the lock,
so that a promise is made on purpose.  --update refuses while anything is broken; --rewrite does not
ask, and is for the time before the first release only.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import schema

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

HEAD = "# What v1 promised.  Refreshed by tests/lint/schema_compat.py --update, never by hand.\n"


def field_fact(name, message, field):
    kind = Field.Type.Name(field.type)[len("TYPE_"):].lower()
    if field.type_name:
        kind += ":" + field.type_name.lstrip(".")
    label = "repeated" if field.label == Field.LABEL_REPEATED else "singular"
    if field.HasField("oneof_index"):
        label = "oneof:" + message.oneof_decl[field.oneof_index].name
    return f"field {name} {field.number} {field.name} {kind} {label}"


def facts_of(whole, types):
    facts = set()
    for name, message, _, _ in schema.messages(whole):
        facts.add(f"message {name}")
        facts.update(field_fact(name, message, field) for field in message.field)
    for name, enum, _, _ in schema.enums(whole):
        facts.add(f"enum {name}")
        facts.update(f"value {name} {value.number} {value.name}" for value in enum.value)
    for row in types:
        flags = "+".join(row.flags) or "-"
        subject = "+".join(row.subject) or "-"
        facts.add(f"type {row.id} {row.name} {row.message} {flags} {subject}")
        facts.update(f"needs {row.name} {one}" for one in row.mandatory)
    return facts


def relaxes(fact, lock):
    """A requirement of a known type may only become weaker: more alternatives than it had."""
    _, name, paths = fact.split(" ")
    old = [line.split(" ")[2] for line in lock if line.startswith(f"needs {name} ")]
    return any(set(paths.split("|")) >= set(one.split("|")) for one in old)


def compare(lock, now):
    """(what is broken, what is new), each a sorted list of sentences."""
    known_types = {line.split(" ")[2] for line in lock if line.startswith("type ")}
    broken = [f"gone or changed: {fact}" for fact in lock - now if not fact.startswith("needs ")]
    new = []
    for fact in now - lock:
        words = fact.split(" ")
        if words[0] == "needs" and words[1] in known_types and not relaxes(fact, lock):
            broken.append(f"newly mandatory: {fact}")
        else:
            new.append(f"new: {fact}")
    new += [f"no longer as locked: {fact}" for fact in lock - now if fact.startswith("needs ")]
    return sorted(broken), sorted(new)


def read_lock(path):
    with open(path, encoding="utf-8") as stream:
        return {line.rstrip("\n") for line in stream if not line.startswith("#")}


def main(arguments):
    update = "--update" in arguments
    rewrite = "--rewrite" in arguments
    protoc, proto_dir, list_types, lock_path = [
        one for one in arguments if not one.startswith("--")
    ]
    now = facts_of(schema.load(protoc, proto_dir), schema.load_types(list_types))
    lock = read_lock(lock_path) if os.path.exists(lock_path) else set()
    broken, new = compare(lock, now)
    if rewrite or (update and not broken):
        with open(lock_path, "w", encoding="utf-8") as stream:
            stream.write(HEAD + "".join(fact + "\n" for fact in sorted(now)))
        return 0
    for sentence in broken + new:
        print(sentence)
    if broken:
        print("This breaks older code or older events: see proto/README.md, \"Evolution\".")
    elif new:
        print("The lock does not know this yet: build the target update-schema.")
    return 1 if broken or new else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
