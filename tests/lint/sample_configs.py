#!/usr/bin/env python3
"""The sample configurations of deploy/systemd are what the programs print: every setting is in them.

    sample_configs.py [--update] FOLDER PROGRAM=FILE[=OPTION]...

Exit status 0, or 1 when one is not current; --update writes them anew."""
import pathlib
import subprocess
import sys


def main():
    arguments = sys.argv[1:]
    update = arguments[:1] == ["--update"]
    folder, *pairs = arguments[update:]
    stale = 0
    for program, name, *words in (pair.split("=") for pair in pairs):
        path = pathlib.Path(folder, name)
        wanted = subprocess.run([program, "config", *words], capture_output=True, text=True,
                                check=True).stdout
        if update:
            path.write_text(wanted, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != wanted:
            print(f"{path}: not what `{pathlib.Path(program).name} config` prints; "
                  "`ninja update-configs` writes it")
            stale += 1
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
