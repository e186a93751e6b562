"""Builds of the fuzz targets, and what they say of themselves.

CMake writes a line a target into fuzz.targets of its build folder: name, length of the longest input,
executions that are promised, decoders.  Nothing else knows the targets by name.
"""
import collections
import fcntl
import os
import shutil
import subprocess

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
CORPUS = os.path.join(ROOT, "tests/fuzz/corpus")
DICTIONARY = os.path.join(ROOT, "tests/fuzz/dictionary")

Target = collections.namedtuple("Target", "name length executions decoders")

# What a sanitizer finds costs most of the executions: `trap` has the checks of C's own rules, which end the
# process without a word, and no tracing of comparisons, and is followed by the corpus under `full`.
FUZZER = ("-DCMAKE_C_COMPILER=clang", "-DCMAKE_CXX_COMPILER=clang++", "-DCH_FUZZ=ON")
KINDS = {
    "full": FUZZER + ("-DCH_SANITIZE=address,undefined",),
    "trap": FUZZER + ("-DCMAKE_C_FLAGS=-fsanitize=undefined -fsanitize-trap=undefined "
                      "-fno-sanitize-coverage=trace-cmp,stack-depth",),
    "coverage": ("-DCMAKE_BUILD_TYPE=None", "-DCMAKE_C_FLAGS=-O0 -g0 --coverage",
                 "-DCMAKE_EXE_LINKER_FLAGS=--coverage"),
}
SANITIZERS = {"full": "address,undefined", "trap": "undefined"}


class Failed(Exception):
    """A step that cannot go on; its words are for a person."""


class Build:
    def __init__(self, folder, kind):
        self.folder = os.path.join(os.path.realpath(folder), kind)
        self.kind = kind

    def configure(self):
        arguments = ["cmake", "-S", ROOT, "-B", self.folder, "-G", "Ninja", "-DCH_BENCH=OFF",
                     "-DCH_WERROR=OFF", *KINDS[self.kind]]
        if shutil.which("ccache"):
            arguments += [f"-DCMAKE_{language}_COMPILER_LAUNCHER=ccache" for language in ("C", "CXX")]
        self._step(arguments)

    def targets(self):
        with open(os.path.join(self.folder, "fuzz.targets"), encoding="utf-8") as lines:
            rows = [line.rstrip("\n").split("\t") for line in lines]
        return [Target(row[0], int(row[1]), int(row[2]), tuple(filter(None, row[3:])))
                for row in rows]

    def build(self, targets, jobs):
        self._step(["ninja", "-C", self.folder, "-j", str(jobs), *(f"fuzz_{t.name}" for t in targets)])

    def program(self, target):
        return os.path.join(self.folder, "tests/fuzz", f"fuzz_{target.name}")

    def _step(self, arguments):
        os.makedirs(self.folder, exist_ok=True)
        with open(os.path.join(self.folder, ".lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two of one build folder would spoil each other's
            done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True)
        if done.returncode != 0:
            raise Failed("\n".join(done.stdout.splitlines()[-40:]) + f"\n{arguments[0]} failed")
