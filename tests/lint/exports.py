"""libcarehub shows its users what its headers declare, and nothing else.
Usage: exports.py REPOSITORY LIBRARY_DIRECTORY"""
import pathlib
import re
import subprocess
import sys

DECLARED = re.compile(r"CH_PUBLIC\s[^;{]*?\b(ch_\w+)\s*\(", re.S)


def declared(root):
    headers = sorted((root / "hub/client/include/carehub").glob("*.h"))
    names = set()
    for header in [*headers, root / "hub/base/status.h"]:
        names |= set(DECLARED.findall(header.read_text(encoding="utf-8")))
    return names


def defined(library, *options):
    listing = subprocess.run(["nm", "--defined-only", "--format=posix", *options, str(library)],
                             capture_output=True, text=True, check=True).stdout
    symbols = set()
    for line in listing.splitlines():
        fields = line.split()
        if len(fields) >= 2 and fields[1].isalpha() and not fields[0].startswith("CAREHUB_"):
            symbols.add(fields[0].split("@")[0])
    return symbols


def main():
    root, libraries = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    want = declared(root)
    wrong = []
    for library, options in (("libcarehub.so", ["--dynamic"]), ("libcarehub.a", ["--extern-only"])):
        have = defined(libraries / library, *options)
        # A sanitizer or coverage build adds names of its own.
        have = {name for name in have if not name.startswith("__")}
        wrong += [f"{library} shows {name}, which no header declares" for name in sorted(have - want)]
        wrong += [f"{library} lacks {name}" for name in sorted(want - have)]
    print("\n".join([*wrong, f"{len(want)} functions declared, {len(wrong)} wrong"]))
    return 1 if wrong or not want else 0


if __name__ == "__main__":
    sys.exit(main())
