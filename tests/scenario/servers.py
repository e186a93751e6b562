"""Other people's servers for a scenario, from Debian's packages: on loopback, in a folder of their own, stopped
by the process that was started here.

    with Postgres() as database:
        database.run("CREATE TABLE t (n int)")
        database.crash()            # as when the power goes
        database.start()

A scenario ends as skipped where the package is missing."""
import glob
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE_S = 60


def newest(pattern):
    return max(glob.glob(pattern), default=None,
               key=lambda path: [int(part) for part in re.findall(r"\d+", path)])


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Server:
    program = None
    package = ""
    user = None  # who to run as when we are root

    def __init__(self, folder=None, port=None):
        """A folder of its own and a port that is free, unless they are given."""
        if self.program is None:
            print(f"{self.package} is not installed")
            sys.exit(77)
        self.folder = folder or pathlib.Path(tempfile.mkdtemp(prefix="carehub-server-"))
        self.folder.mkdir(exist_ok=True)
        if self.as_user():
            shutil.chown(self.folder, self.user, self.user)
        self.port = port or free_port()  # the same over restarts
        self.process = None

    def __enter__(self):
        self.set_up()
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        self.stop()
        if kind is not None:
            sys.stderr.write((self.folder / "log").read_text(errors="replace")[-4000:])
        shutil.rmtree(self.folder, ignore_errors=True)

    def as_user(self):
        if self.user is None or os.geteuid() != 0:
            return {}
        return {"user": self.user, "group": self.user, "extra_groups": []}

    def set_up(self):
        pass

    def start(self):
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.folder, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, **self.as_user())
        give_up = time.monotonic() + PATIENCE_S
        while not self.ready():
            assert self.process.poll() is None, f"{self.package} ended at its start"
            assert time.monotonic() < give_up, f"{self.package} does not serve"
            time.sleep(0.02)

    def ready(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self, how=signal.SIGTERM):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(PATIENCE_S)


class Postgres(Server):
    program = newest("/usr/lib/postgresql/*/bin/postgres")
    package = "postgresql"
    user = "postgres"  # the server refuses root

    def set_up(self):
        subprocess.run([self.tool("initdb"), "-D", self.folder / "cluster", "-A", "trust", "-U", "test",
                        "-E", "UTF8", "--locale=C", "--no-instructions", "--no-sync"], check=True,
                       cwd=self.folder, stdout=subprocess.DEVNULL, **self.as_user())

    def tool(self, name):
        return pathlib.Path(self.program).with_name(name)

    def command(self):
        return [self.program, "-D", self.folder / "cluster", "-c", "listen_addresses=127.0.0.1",
                "-c", f"port={self.port}", "-c", "unix_socket_directories=", "-c", "fsync=off"]

    def ready(self):
        return subprocess.run([self.tool("pg_isready"), "-q", "-h", "127.0.0.1",
                               "-p", str(self.port)], check=False).returncode == 0

    def stop(self, how=signal.SIGINT):
        super().stop(how)

    def crash(self):
        """At once, with everything that was not committed; its children go with it."""
        self.stop(signal.SIGQUIT)

    def words(self):
        return [self.tool("psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "test",
                "-d", "postgres", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]

    def run(self, statements):
        """What they print, one line a row."""
        done = subprocess.run(self.words(), input=statements, capture_output=True, text=True,
                              timeout=PATIENCE_S)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


class Session:
    """One connection to a database that stays open: what it says is done when `say` returns."""

    def __init__(self, database):
        self.process = subprocess.Popen(database.words(), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def say(self, statements):
        self.process.stdin.write(statements + "\n\\echo said\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line == "said\n":
                return
        raise AssertionError("the session ended")

    def end(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE_S)


class Mosquitto(Server):
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin")
    package = "mosquitto"
    user = "mosquitto"
    settings = ""

    def set_up(self):
        # What a session has not acknowledged is kept over a restart, as a station's broker would.
        (self.folder / "conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
            f"persistence_location {self.folder}/\nautosave_interval 1\n"
            f"autosave_on_changes true\nlog_type all\n{self.settings}")

    def command(self):
        return [self.program, "-c", self.folder / "conf"]

    def now(self):
        """A place in its log."""
        return len((self.folder / "log").read_bytes())

    def lost(self, client, since):
        """It has let go of this client, or the client of it, since then."""
        told = (self.folder / "log").read_bytes()[since:].decode(errors="replace")
        return any(f"Client {client} " in line and
                   ("exceeded timeout" in line or "closed its connection" in line)
                   for line in told.splitlines())

    def publish(self, topic, payload, *words):
        publisher = shutil.which("mosquitto_pub")
        if publisher is None:
            print("mosquitto-clients is not installed")
            sys.exit(77)
        subprocess.run([publisher, "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-t", topic,
                        "-s", *words], input=payload if isinstance(payload, bytes) else
                       payload.encode(), check=True, timeout=PATIENCE_S)
