#!/usr/bin/env python3
"""The manual pages, the units and the programs' own help name the same commands and options.

    manuals.py REPOSITORY PROGRAM...

What `PROGRAM --help` and `PROGRAM COMMAND --help` show is held against docs/man/PROGRAM.[18], and what
deploy/systemd/PROGRAM*.service calls against it.  Help is an answer, not a mistake: it comes on standard output,
with exit status 0.
Exit status 0, or 1 with a line for each difference."""
import pathlib
import re
import subprocess
import sys

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
EVERYWHERE = {"--help", "--version"}


def ask(problems, program, *words):
    """What it prints when it is asked for help."""
    command = [program, *words, "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60)
    called = " ".join([pathlib.Path(program).name, *command[1:]])
    if shown.returncode != 0 or not shown.stdout:
        problems.append(f"`{called}` ends with {shown.returncode} and says: "
                        f"{(shown.stdout + shown.stderr).strip().partition(chr(10))[0]}")
    return shown.stdout


def commands_of(name, text):
    """The commands that a help lists: in lines of usage, or one a line with what it does."""
    found = set()
    for words in re.findall(rf"^(?:Usage:|usage:|      ) {name} ([a-z][a-z|-]+)", text, re.M):
        found.update(words.split("|"))
    return found or set(re.findall(r"^  ([a-z][a-z_-]+) ", text, re.M)) - {"help"}


def manual_of(folder, name):
    """A manual page as plain text: marks of either set of macros are taken away."""
    path = next(path for section in "18" if (path := folder / f"{name}.{section}").is_file())
    text = path.read_text(encoding="utf-8").replace("\\-", "-").replace('"', "")
    text = re.sub(r"\\f[A-Z]|\\fR", "", text)
    text = re.sub(r"\bFl Fl ", "--", text)
    return re.sub(r"\b(?:Ns|Oo|Oc|Op|Ar|Cm|Pq) |^\.[A-Z][A-Za-z]* ", "", text, flags=re.M)


def called_by_units(folder, name):
    """The commands of a program that systemd calls."""
    for unit in folder.glob("carehub*.service"):
        for command in re.findall(rf"^Exec\w+=/usr/bin/{name} (\S+)", unit.read_text(encoding="utf-8"), re.M):
            yield unit.name, command


def main():
    repository, *programs = sys.argv[1:]
    problems = []
    for program in programs:
        name = pathlib.Path(program).name
        whole = ask(problems, program)
        commands = commands_of(name, whole)
        helps = whole + "".join(ask(problems, program, command) for command in sorted(commands))
        manual = manual_of(pathlib.Path(repository, "docs/man"), name)
        told, written = set(OPTION.findall(helps)), set(OPTION.findall(manual))
        for option in sorted(told - written - EVERYWHERE):
            problems.append(f"{name}: the manual page says nothing of {option}")
        for option in sorted(written - told - EVERYWHERE):
            problems.append(f"{name}: the help says nothing of {option}")
        for command in sorted(commands):
            if not re.search(rf"(?<![\w-]){re.escape(command)}(?![\w-])", manual):
                problems.append(f"{name}: the manual page says nothing of the command {command}")
        for unit, command in called_by_units(pathlib.Path(repository, "deploy/systemd"), name):
            if command not in commands:
                problems.append(f"{unit}: {name} has no command {command}")
    print("\n".join(problems) or "manual pages, units and help agree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
