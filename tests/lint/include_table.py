"""Holds the include table of docs/architecture.md: which folder may include which, and that data flows
one way.  Usage: include_table.py REPOSITORY"""
import pathlib
import re
import sys

# What each folder of hub/ (and adapters/) may include besides itself.
ALL = "base tree proto wire net journal store core ingest fanout control console daemon client".split()
TABLE = {
    "base": "",
    "tree": "base",
    "wire": "base proto",
    "net": "base",
    "journal": "base",
    "store": "base tree",
    "core": "base proto wire store",
    "ingest": "base wire net journal store core",
    "fanout": "base wire net journal store",
    "control": "base proto wire net journal store core ingest fanout",
    "console": "base proto wire net journal store core ingest fanout",
    "daemon": " ".join(folder for folder in ALL if folder != "client"),
    "client": "base proto wire",
    "cli": "base proto wire client",
    "kit": "base proto wire client",
    "channel": "base proto wire client kit",
    "module": "base tree proto wire client kit",
}
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.M)


def folder_of(include):
    """The folder an include names, or None for a system header."""
    if include.startswith("carehub/v1/"):
        return "proto"
    if include.startswith("carehub/"):
        return "client" if include != "carehub/status.h" else "base"
    first = include.split("/")[0]
    return first if "/" in include and first in TABLE else None


def owner(path, root):
    parts = path.relative_to(root).parts
    return parts[1]


def main():
    root = pathlib.Path(sys.argv[1])
    wrong = []
    files = [p for top in ("hub", "adapters") for p in (root / top).rglob("*")
             if p.suffix in (".c", ".h", ".cc")]
    for path in sorted(files):
        mine = owner(path, root)
        if mine not in TABLE:
            wrong.append(f"{path.relative_to(root)}: the folder {mine} is not in the table")
            continue
        allowed = set(TABLE[mine].split()) | {mine}
        for include in INCLUDE.findall(path.read_text(encoding="utf-8")):
            folder = folder_of(include)
            if folder is not None and folder not in allowed:
                wrong.append(f"{path.relative_to(root)}: {mine} may not include {include}")
    for line in wrong:
        print(line)
    print(f"{len(files)} files, {len(wrong)} wrong")
    return 1 if wrong or not files else 0


if __name__ == "__main__":
    sys.exit(main())
