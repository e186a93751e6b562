#!/usr/bin/env python3
"""Holds the schema to its own rules: proto/README.md says why each is there.

usage: schema_rules.py PROTOC PROTO_DIR LIST_TYPES
"""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import schema

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Field

# The wire's own messages are held to the rules of form, not to those of events.
WIRE_FILES = {"carehub/v1/bus.proto", "carehub/v1/control.proto", "carehub/v1/event.proto"}

PERSONAL_MESSAGES = {
    "carehub.v1." + name
    for name in ("Party", "Contact", "Name", "Address", "Identifier", "Attribute", "Consignee",
                 "FieldValue", "FieldChange", "MatchKey", "SurveyComment")
}
PERSONAL_STRING = re.compile(r"(_text|^remarks)$")


class Rules:
    def __init__(self, whole, types):
        self.types = types
        self.messages = {name: message for name, message, _, _ in schema.messages(whole)}
        self.comments = {name: comment for name, _, comment, _ in schema.messages(whole)}
        self.faults = []

    def fault(self, place, what):
        self.faults.append(f"{place}: {what}")

    def nested(self, field):
        return self.messages.get(field.type_name.lstrip(".")) if field.type_name else None

    def check_form(self, name, message, comment, field_comments, commented):
        if commented and not comment:
            self.fault(name, "has no comment")
        for field in message.field:
            place = f"{name}.{field.name}"
            if commented and not field_comments[field.number]:
                self.fault(place, "has no comment")
            if field.type in (Field.TYPE_FLOAT, Field.TYPE_DOUBLE):
                self.fault(place, "is a float: money and quantities are exact")
            if field.proto3_optional:
                self.fault(place, "is optional, which protobuf-c does not know")
            if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", field.name):
                self.fault(place, "is not lower_snake_case")
            if field.name.endswith("_us") and field.type != Field.TYPE_INT64:
                self.fault(place, "is a time and must be int64")
            if field.name.endswith("_date") and field.type != Field.TYPE_STRING:
                self.fault(place, "is a date and must be an ISO 8601 string")
        for nested in message.nested_type:
            if nested.options.map_entry:
                self.fault(f"{name}.{nested.name}", "is a map, which JSON and the lock do not know")

    def check_recursion(self, name, path=()):
        if name in path:
            self.fault(name, "is recursive: " + " > ".join(path + (name,)))
            return
        for field in self.messages[name].field:
            if field.type == Field.TYPE_MESSAGE:
                self.check_recursion(field.type_name.lstrip("."), path + (name,))

    def check_enum(self, name, enum, comment, value_comments):
        prefix = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.rsplit(".", 1)[1]).upper() + "_"
        if enum.value[0].number != 0 or enum.value[0].name != prefix + "UNSPECIFIED":
            self.fault(name, f"must begin with {prefix}UNSPECIFIED = 0")
        if not comment or not all(value_comments):
            self.fault(name, "or one of its values has no comment")
        for value in enum.value:
            if not value.name.startswith(prefix):
                self.fault(f"{name}.{value.name}", f"must begin with {prefix}")

    def check_event(self, name, message):
        """The Party of an event, if it has one, is `customer` and stands at 100."""
        for field in message.field:
            place = f"{name}.{field.name}"
            is_party = field.type_name == ".carehub.v1.Party"
            if is_party != (field.number == 100):
                self.fault(place, "Party belongs at 100, and nothing else does")
            elif is_party and field.name != "customer":
                self.fault(place, "the Party at 100 is called customer")

    def check_personal(self, name, message):
        for field in message.field:
            if field.number < 100:
                self.check_open(f"{name}.{field.name}", field, self.nested(field))

    def check_open(self, place, field, nested):
        """Nothing personal is reachable from a field below 100."""
        if field.type_name.lstrip(".") in PERSONAL_MESSAGES:
            self.fault(place, f"{field.type_name.lstrip('.')} is personal and belongs above 100")
        elif field.type == Field.TYPE_STRING and PERSONAL_STRING.search(field.name):
            self.fault(place, "is text about a person and belongs above 100")
        elif nested is not None:
            for inner in nested.field:
                self.check_open(f"{place}.{inner.name}", inner, self.nested(inner))

    def check_types(self):
        """Each message names its types in its comment, and the registry agrees."""
        told = {}
        for name, comment in self.comments.items():
            match = re.search(r"\bTypes?:((?:\s*[a-z0-9]+\.[a-z0-9]+\.[a-z0-9]+,?)+)", comment)
            for one in re.findall(r"[a-z0-9]+\.[a-z0-9]+\.[a-z0-9]+", match[1] if match else ""):
                told[one] = name
        for row in self.types:
            if told.get(row.name) != row.message:
                self.fault(row.name, f"is not told in the comment of {row.message}")
        for name in sorted(set(told) - {row.name for row in self.types}):
            self.fault(name, f"is told in the comment of {told[name]} but has no row")


def top_level(name):
    """The message that a nested one stands in; itself when it is none."""
    return ".".join(name.split(".")[:3])


def main():
    protoc, proto_dir, list_types = sys.argv[1:]
    whole = schema.load(protoc, proto_dir)
    types = schema.load_types(list_types)
    files = schema.file_of(whole)
    rules = Rules(whole, types)
    for name, message, comment, field_comments in schema.messages(whole):
        commented = files[top_level(name)] not in WIRE_FILES
        rules.check_form(name, message, comment, field_comments, commented)
        rules.check_recursion(name)
    for name, enum, comment, value_comments in schema.enums(whole):
        if files[top_level(name)] not in WIRE_FILES:
            rules.check_enum(name, enum, comment, value_comments)
    rules.check_types()
    events = {row.message for row in types}
    records = {name for name in files if files[name] == "carehub/v1/customer.proto"}
    if not any("is recursive" in fault for fault in rules.faults):
        for name in sorted(events):
            rules.check_event(name, rules.messages[name])
        for name in sorted((events | records) & set(rules.messages) - PERSONAL_MESSAGES):
            rules.check_personal(name, rules.messages[name])
    for fault in rules.faults:
        print(fault)
    print(f"{len(rules.messages)} messages, {len(types)} types, {len(rules.faults)} faults")
    sys.exit(1 if rules.faults else 0)


main()
