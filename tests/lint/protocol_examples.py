"""Holds docs/protocol.md to the schema and to the code: every example is decoded by protoc and must say what
stands next to it, every table of fields must be the schema's, and kinds, marks, statuses and limits must be
those of the sources.  Usage: protocol_examples.py PROTOC REPOSITORY"""
import pathlib
import re
import subprocess
import sys

PROTOC, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])
PROTO = ROOT / "proto"
DOCUMENT = (ROOT / "docs/protocol.md").read_text(encoding="utf-8")
SCHEMA = "\n".join((PROTO / f"carehub/v1/{name}.proto").read_text(encoding="utf-8")
                   for name in ("bus", "event"))
faults = []


def fault(text):
    faults.append(text)


def protoc(action, message, data):
    run = subprocess.run([PROTOC, f"--proto_path={PROTO}", f"--{action}=carehub.v1.{message}",
                          "carehub/v1/bus.proto", "carehub/v1/event.proto"],
                         input=data, capture_output=True, check=False)
    if run.returncode != 0:
        fault(f"{message}: protoc cannot {action} it: {run.stderr.decode().strip()}")
    return run.stdout


def rows(heading):
    """The cells of the tables below a heading, up to the next one."""
    section = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", DOCUMENT, re.M | re.S)
    if section is None:
        fault(f"there is no section {heading}")
        return []
    lines = [line for line in section.group(1).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0].isdigit()]


def enum(name):
    body = re.search(rf"enum {name} {{(.*?)}}", SCHEMA, re.S).group(1)
    return {word: int(number) for word, number in re.findall(r"(\w+) = (\d+);", body)}


def check_examples():
    kinds = enum("Kind")
    examples = re.findall(r"^```hex\n(.*?)^```\n```text (\w+)\n(.*?)^```$", DOCUMENT, re.M | re.S)
    if DOCUMENT.count("```hex") != len(examples):
        fault("an example in hex has no text next to it")
    for digits, message, text in examples:
        data = bytes.fromhex("".join(digits.split()))
        if message != "Event":
            if data[:3] != b"CH\1" or data[3] != kinds[message.upper()]:
                fault(f"{message}: the header is {data[:4].hex(' ')}")
            data = data[4:]
        decoded = protoc("decode", message, data).decode()
        if decoded.split() != text.split():
            fault(f"{message}: the bytes say\n{decoded}not\n{text}")
        encoded = protoc("encode", message, text.encode())
        if encoded != data:
            fault(f"{message}: the text gives {encoded.hex(' ')}")
    shown = {message for _, message, _ in examples}
    for kind in kinds:
        name = kind.capitalize()
        if kind != "KIND_UNSPECIFIED" and name not in shown:
            fault(f"{name} has no example")
    return len(examples)


def check_fields():
    count = 0
    for message, body in re.findall(r"^message (\w+) {\n(.*?)^}", SCHEMA, re.M | re.S):
        body = re.sub(r"enum \w+ {.*?}", "", body, flags=re.S)
        want = []
        for repeated, kind, name, number in re.findall(
                r"^ *(repeated )?([\w.]+) (\w+) = (\d+);", body, re.M):
            nested = re.search(rf"message {message} {{.*?enum {kind} {{", SCHEMA, re.S)
            if kind in ("From", "What") and nested:
                kind = f"{message}.{kind}"
            want.append([number, name, kind + (", repeated" if repeated else "")])
        if message in ("AckRange", "Nack") or want:
            have = [row[:3] for row in rows(message) if len(row) == 4 and not row[1].isupper()]
            for row in want:
                if row not in have:
                    fault(f"{message}: the table lacks {row}")
            for row in have:
                if row not in want:
                    fault(f"{message}: the schema has no {row}")
            count += len(want)
    return count


def check_numbers():
    kinds = {row[1]: int(row[0]) for row in rows("Kinds")}
    schema = {name: number for name, number in enum("Kind").items() if number}
    if kinds != schema:
        fault(f"kinds differ: {set(kinds.items()) ^ set(schema.items())}")
    marks = {row[1]: int(row[0]) for row in rows("Mark") if row[1].isupper()}
    schema = {name: number for name, number in enum("What").items() if number}
    if marks != schema:
        fault(f"marks differ: {set(marks.items()) ^ set(schema.items())}")
    header = (ROOT / "hub/base/status.h").read_text(encoding="utf-8")
    source = (ROOT / "hub/base/status.c").read_text(encoding="utf-8")
    names = dict(re.findall(r'\[(CH_\w+)\] = \{"(\w+)"', source))
    statuses = {names[word]: int(number) for word, number in re.findall(r"(CH_\w+) = (\d+),", header)}
    shown = {row[1]: int(row[0]) for row in rows("Statuses")}
    if shown != statuses:
        fault(f"statuses differ: {set(shown.items()) ^ set(statuses.items())}")


LIMITS = {
    "event": "EVENT_BYTES", "frame": "FRAME_BYTES", "events in a frame": "EVENTS_PER_FRAME",
    "id, source, subject, correlation and causation id": "ID_BYTES", "type": "TYPE_BYTES",
    "names of peers, subscriptions, jobs, agents": "NAME_BYTES",
    "patterns, sources, customers in a filter": "FILTER_PATTERNS", "pattern": "PATTERN_BYTES",
    "checkpoint": "CHECKPOINT_BYTES", "checkpoint sources in a HELLO": "CHECKPOINTS_PER_HELLO",
    "snapshot tables": "SNAPSHOT_TABLES", "credit of a subscription": "INFLIGHT_PER_SUB",
    "ranges in an ACK": "RANGES_PER_ACK", "nacks in an ACK": "NACKS_PER_ACK",
    "reason of a nack": "NACK_REASON_BYTES",
}


def check_limits():
    header = (ROOT / "hub/base/limits.h").read_text(encoding="utf-8")
    table = re.search(r"^## Limits\n.*?(?=^## )", DOCUMENT, re.M | re.S).group(0)
    shown = dict(re.findall(r"^\| ([^|]+?) \| (\d+)[^|]*\|", table, re.M))
    if set(shown) != set(LIMITS):
        fault(f"limits differ: {set(shown) ^ set(LIMITS)}")
    for what, name in LIMITS.items():
        value = re.search(rf"#define LIMIT_{name}\s+\(?([\du* ]+)\)?", header).group(1)
        number = 1
        for factor in value.replace("u", "").split("*"):
            number *= int(factor)
        if shown.get(what) != str(number):
            fault(f"{what}: the bound is {number}")


def main():
    examples = check_examples()
    fields = check_fields()
    check_numbers()
    check_limits()
    print("\n".join([*faults, f"{examples} examples, {fields} fields, {len(faults)} faults"]))
    return 1 if faults or examples < 15 or fields < 80 else 0


if __name__ == "__main__":
    sys.exit(main())
