"""Runs targets under libFuzzer, at idle priority, in pieces that end by themselves."""
import os
import re
import shutil
import signal
import subprocess
import time

from . import ledger
from .build import CORPUS, DICTIONARY, SANITIZERS, Failed

PIECE_SECONDS = 300
RSS_MB = 2048
EXECUTED = re.compile(r"^stat::number_of_executed_units:\s+(\d+)", re.MULTILINE)

# Blocks that an input's life needs are not given back in between.
ENVIRONMENT = {"MALLOC_TRIM_THRESHOLD_": "268435456", "MALLOC_MMAP_THRESHOLD_": "268435456",
               "MALLOC_TOP_PAD_": "16777216"}


def _idle(arguments):
    front = ["nice", "-n", "19"]
    if shutil.which("chrt"):
        front = ["chrt", "-i", "0", *front]
    return front + arguments


class Fuzzer:
    def __init__(self, build, target, folder):
        self.build = build
        self.target = target
        self.found = os.path.join(folder, "found", target.name)    # inputs worth going on from
        self.crashes = os.path.join(folder, "crashes")
        self.log = os.path.join(folder, f"{target.name}.{build.kind}.log")
        for place in (self.found, self.crashes):
            os.makedirs(place, exist_ok=True)
        self.process = None

    def _command(self, *arguments):
        return [self.build.program(self.target), f"-max_len={self.target.length}",
                f"-rss_limit_mb={RSS_MB}", "-timeout=20",
                f"-artifact_prefix={self.crashes}/{self.target.name}-", *arguments]

    def start(self, executions, seconds):
        # The entropic schedule takes more time than many a decoder.
        arguments = [f"-runs={executions}", f"-max_total_time={seconds}", "-print_final_stats=1",
                     "-entropic=0", "-reload=0", "-verbosity=0"]
        words = os.path.join(DICTIONARY, self.target.name)
        if os.path.exists(words):
            arguments.append(f"-dict={words}")
        self.began = time.monotonic()
        self.text = ledger.text_of(self.target)
        with open(self.log, "ab") as log:
            self.mark = log.tell()
            self.process = subprocess.Popen(
                _idle(self._command(*arguments, self.found, os.path.join(CORPUS, self.target.name))),
                stdout=log, stderr=log, env={**os.environ, **ENVIRONMENT})

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def finish(self):
        """What was executed goes into the ledger.  Its number; Failed when something was found."""
        status = self.process.wait()
        seconds = round(time.monotonic() - self.began)
        self.process = None
        with open(self.log, "rb") as log:
            log.seek(self.mark)
            words = log.read().decode("utf-8", "replace")
        executed = EXECUTED.search(words)
        count = int(executed[1]) if executed else 0
        if count > 0:
            ledger.add(self.target, count, seconds, SANITIZERS[self.build.kind], self.text)
        if status != 0 and "libFuzzer: run interrupted" not in words:
            raise Failed(f"{self.target.name}: something was found, see {self.log} and {self.crashes}")
        return count

    def replay(self):
        """All that was found, and the corpus, once."""
        self._once("-runs=0", self.found, os.path.join(CORPUS, self.target.name))

    def keep(self):
        """What reaches code that the corpus does not becomes part of it, as few files as will do."""
        corpus = os.path.join(CORPUS, self.target.name)
        before = set(os.listdir(corpus))
        # A counter's height is no feature here: only new code is worth a file.
        self._once("-set_cover_merge=1", "-use_counters=0", corpus, self.found)
        return len(set(os.listdir(corpus)) - before)

    def _once(self, *arguments):
        done = subprocess.run(_idle(self._command(*arguments)), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env={**os.environ, **ENVIRONMENT})
        if done.returncode != 0:
            with open(self.log, "ab") as log:
                log.write(done.stdout)
            raise Failed(f"{self.target.name}: the corpus fails in {self.build.kind}, see {self.log}")


def run(fuzzers, goal, seconds, jobs):
    """Brings each target to `goal` executions over its decoders as they are, the ones that lack most first, a piece at a time and `jobs`
    side by side, for so many seconds at the most; SIGTERM ends it early, and what was done counts.  What was
    found, as words."""
    faults = []
    until = time.monotonic() + seconds
    stopped = []
    before = signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    waiting = list(fuzzers)
    running = []
    while waiting or running:
        for fuzzer in [fuzzer for fuzzer in running if not fuzzer.is_running()]:
            running.remove(fuzzer)
            try:
                if fuzzer.finish() > 0:
                    waiting.append(fuzzer)
            except Failed as fault:
                faults.append(str(fault))
        _, done = ledger.executions([f.target for f in fuzzers])
        waiting = [f for f in waiting if done[f.target.name] < goal]
        left = int(until - time.monotonic())
        if left < 5 or stopped:
            waiting = []
        for fuzzer in running if stopped else ():
            fuzzer.process.terminate()
        while waiting and len(running) < jobs:
            waiting.sort(key=lambda f: done[f.target.name])
            fuzzer = waiting.pop(0)
            fuzzer.start(goal - done[fuzzer.target.name], min(PIECE_SECONDS, left))
            running.append(fuzzer)
        if running:
            time.sleep(1)
    signal.signal(signal.SIGTERM, before)
    return faults
