"""The servers of the peers, from Debian's packages, each in a folder of its own on loopback only.

A server is started for its turn and stopped after it: one that idles beside the others would take
their cores and their disk.  Settings are each peer's best durable ones; docs/bench.md says why.
"""

import glob
import os
import re
import shutil
import signal
import subprocess
import time

from . import ports

START_SECONDS = 60
STOP_SECONDS = 30


class ServerFailed(Exception):
    pass


def first_program(*candidates):
    """The first of these names or paths that can be run, or None."""
    for candidate in candidates:
        found = shutil.which(candidate)
        if found:
            return found
    return None


def newest(pattern):
    """The match of `pattern` with the highest version in its name, or None."""
    def version(path):
        return [int(part) for part in re.findall(r"\d+", path)]
    return max(glob.glob(pattern), key=version, default=None)


class Server:
    """One server process.  `folder` is its own, and goes when it stops unless it `keeps`."""

    program = None  # a path, or None when it is not installed
    package = ""  # what to install then
    user = None  # who to run as when we are root
    keeps = False
    stop_signal = signal.SIGTERM
    start_estimate = 0.5  # seconds, for the plan
    load_estimate = 0.25  # ... and around each load

    def __init__(self, folder):
        self.folder = folder
        self.port = 0
        self.process = None

    def missing(self):
        """Why it cannot run here, or None."""
        return None if self.program else f"{self.package} is not installed"

    def data(self, row):
        """The folder that a load program is given."""
        del row  # one for all
        return self.folder

    def command(self):
        raise NotImplementedError

    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": self.folder, "LC_ALL": "C.UTF-8"}

    def as_user(self):
        """Arguments for subprocess that give up root where the server refuses it."""
        if self.user is None or os.geteuid() != 0:
            return {}
        return {"user": self.user, "group": self.user, "extra_groups": []}

    def set_up(self):
        """Make what the first start needs, in an empty folder."""

    def ready(self):
        """Whether it serves, asked once it listens."""
        return True

    def wait_ready(self):
        deadline = time.monotonic() + START_SECONDS
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise ServerFailed(f"listens but does not serve\n{self.log_tail()}")
            time.sleep(0.05)

    def start(self):
        """Return when the server listens on self.port; raise ServerFailed when it does not.  To be
        followed by stop() either way."""
        if not os.path.isdir(self.folder):
            os.makedirs(self.folder, mode=0o700)
            if self.as_user():
                shutil.chown(self.folder, self.user, self.user)
            self.set_up()
        self.port = ports.free_port()
        with open(self.log(), "ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.folder, env=self.environment(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                **self.as_user())
        try:
            ports.wait_listening(self.process, self.port, START_SECONDS)
        except ports.NotListening as why:
            raise ServerFailed(f"{why}\n{self.log_tail()}") from why
        self.wait_ready()

    def stop(self):
        """End the process we started and what it left behind; fine when nothing runs."""
        self.end_process()
        if not self.keeps:
            shutil.rmtree(self.folder, ignore_errors=True)

    def end_process(self):
        if self.process is None:
            return
        family = ports.process_tree(self.process.pid)
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            for pid in family:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait()
        self.process = None

    def log(self):
        return os.path.join(self.folder, "server.log")

    def log_tail(self):
        try:
            with open(self.log(), encoding="utf-8", errors="replace") as lines:
                return "".join(lines.readlines()[-10:])
        except FileNotFoundError:
            return ""


class Redis(Server):
    program = first_program("redis-server")
    package = "redis-server"

    def __init__(self, folder, appendfsync):
        super().__init__(folder)
        self.appendfsync = appendfsync

    def command(self):
        # No snapshots and no rewrite of the log: neither belongs to an acknowledgement, and both
        # would fall into one turn and not the next.
        return [self.program, "--bind", "127.0.0.1", "--port", str(self.port),
                "--dir", self.folder, "--appendonly", "yes", "--appendfsync", self.appendfsync,
                "--save", "", "--auto-aof-rewrite-percentage", "0", "--daemonize", "no"]


class Postgres(Server):
    program = newest("/usr/lib/postgresql/*/bin/postgres")
    package = "postgresql"
    user = "postgres"  # the server refuses root
    keeps = True  # the customers of the first turn
    stop_signal = signal.SIGINT  # fast shutdown
    start_estimate = 2

    def set_up(self):
        initdb = os.path.join(os.path.dirname(self.program), "initdb")
        done = subprocess.run(
            [initdb, "-D", self.cluster(), "-A", "trust", "-U", "bench", "-E", "UTF8",
             "--locale=C", "--no-instructions"],
            cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=START_SECONDS,
            check=False, **self.as_user())
        if done.returncode != 0:
            raise ServerFailed(done.stdout.decode(errors="replace"))

    def ready(self):
        # It listens while it still recovers what the last stop left, and refuses until then.
        asked = subprocess.run(
            [os.path.join(os.path.dirname(self.program), "pg_isready"), "-q", "-h", "127.0.0.1",
             "-p", str(self.port)], stdin=subprocess.DEVNULL, timeout=START_SECONDS, check=False)
        return asked.returncode == 0

    def cluster(self):
        return os.path.join(self.folder, "cluster")

    def command(self):
        # fsync, synchronous_commit and full_page_writes stay on, as they come.  Memory as a DBA
        # would give it, and enough segments of the log kept that they are recycled, not created.
        settings = {
            "listen_addresses": "127.0.0.1", "port": self.port, "unix_socket_directories": "",
            "shared_buffers": "1GB", "min_wal_size": "4GB", "max_wal_size": "8GB",
            "checkpoint_timeout": "15min", "max_connections": 300,
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [self.program, "-D", self.cluster(), *options]


class Nats(Server):
    program = first_program("nats-server")
    package = "nats-server"

    def __init__(self, folder, sync_always):
        super().__init__(folder)
        self.sync_always = sync_always

    def missing(self):
        if super().missing():
            return super().missing()
        if self.sync_always and self.version() < (2, 10):
            return "nats-server before 2.10 cannot sync before it acknowledges"
        return None

    def version(self):
        told = subprocess.run([self.program, "--version"], capture_output=True, text=True,
                              timeout=START_SECONDS, check=False).stdout
        return tuple(int(part) for part in re.findall(r"\d+", told)[:2])

    def command(self):
        config = os.path.join(self.folder, "nats.conf")
        sync = "sync_interval: always" if self.sync_always else ""
        with open(config, "w", encoding="utf-8") as out:
            out.write(f'listen: "127.0.0.1:{self.port}"\n'
                      f'jetstream {{ store_dir: "{self.folder}/store" {sync} }}\n')
        return [self.program, "-c", config]


class Rabbitmq(Server):
    # Debian's /usr/sbin/rabbitmq-server insists on the packaged user; the script behind it does not.
    program = newest("/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server")
    package = "rabbitmq-server"
    start_estimate = 7

    def __init__(self, folder):
        super().__init__(folder)
        self.epmd = None  # Erlang's name server: our own, or the node would leave a daemon behind
        self.epmd_port = 0

    def environment(self):
        inside = lambda name: os.path.join(self.folder, name)
        return {
            **super().environment(),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self.epmd_port),
            "RABBITMQ_NODENAME": "bench@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(ports.free_port()),
            "RABBITMQ_MNESIA_BASE": inside("mnesia"),
            "RABBITMQ_LOG_BASE": inside("log"),
            "RABBITMQ_CONFIG_FILE": inside("rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": inside("rabbitmq-env.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": inside("enabled_plugins"),
            "RABBITMQ_PID_FILE": inside("pid"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                "-kernel inet_dist_use_interface {127,0,0,1}",
        }

    def set_up(self):
        with open(os.path.join(self.folder, "enabled_plugins"), "w", encoding="ascii") as plugins:
            plugins.write("[].\n")
        open(os.path.join(self.folder, "rabbitmq-env.conf"), "w", encoding="ascii").close()

    def start(self):
        epmd = first_program("epmd")
        if epmd is None:
            raise ServerFailed("no epmd")
        self.epmd_port = ports.free_port()
        self.epmd = subprocess.Popen(
            [epmd, "-address", "127.0.0.1", "-port", str(self.epmd_port)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        try:
            ports.wait_listening(self.epmd, self.epmd_port, START_SECONDS)
        except ports.NotListening as why:
            raise ServerFailed(f"epmd {why}") from why
        super().start()

    def command(self):
        return [self.program]

    def stop(self):
        super().stop()
        if self.epmd is not None:
            self.epmd.kill()
            self.epmd.wait()
            self.epmd = None


class NoServer(Server):
    """For contestants that start their own: they get a folder that stays, and port 0."""

    keeps = True
    start_estimate = 0

    def missing(self):
        return None

    def start(self):
        os.makedirs(self.folder, mode=0o700, exist_ok=True)

    def stop(self):
        pass


class HubFolder(NoServer):
    """The load programs of the hub start their own; a turn gives them clones of what was prepared."""

    keeps = False
    templates = None  # template.Templates, before the first load

    @property
    def start_estimate(self):
        """The store is copied, and the copy synced."""
        return 0.5 + self.templates.scale.many / 200_000

    @property
    def load_estimate(self):
        """Each load starts the hub, which reads its ids."""
        return 0.5 + self.templates.scale.ids / 4_000_000

    def data(self, row):
        target = os.path.join(self.folder, row.crowd)
        if not os.path.isdir(target):
            self.templates.clone(row, target)
        return target

    def stop(self):
        shutil.rmtree(self.folder, ignore_errors=True)
