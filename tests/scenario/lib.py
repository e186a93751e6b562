"""A whole hub for one scenario: real processes, a temporary root, ports that the kernel chooses.

    from lib import Hub

    with Hub() as hub:
        ops = hub.peer("ops", roles="consumer, operator, admin", topics=">")
        hub.start()
        head = hub.status(ops)["head"]

Nothing here waits for time: a start is over when the hub says so, a stop when the process is gone.  What
goes wrong ends the scenario with what the hub has logged.  Programs are found in $CAREHUB_BIN.
"""
import contextlib
import http.client
import json
import os
import pathlib
import queue
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

try:
    import zmq
except ImportError:
    print("python3-zmq is not installed")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients" / "python"))
import carehub  # noqa: E402  # the client that was written from docs/protocol.md alone
import wire  # noqa: E402, F401  # the messages' fields

BIN = pathlib.Path(os.environ["CAREHUB_BIN"])
PATIENCE_S = 60  # a bound for what takes milliseconds, on a machine that is busy


def alone():
    """Once, at the top of a scenario that mounts: it runs on in a mount namespace of its own, and what it
    mounts goes with it.  Where that is not allowed the scenario is skipped, and says so."""
    if os.environ.get("CAREHUB_ALONE") == "1":
        return
    # In a chroot the root is no mount point, and what it shares cannot be changed.
    ways = [["-m"], ["-m", "--propagation", "unchanged"]] if os.geteuid() == 0 else []
    for flags in [*ways, ["-rm"]]:
        may = subprocess.run(["unshare", *flags, "mount", "-t", "tmpfs", "none", "/mnt"],
                             capture_output=True)
        if may.returncode == 0:
            os.environ["CAREHUB_ALONE"] = "1"
            os.execvp("unshare", ["unshare", *flags, sys.executable, "-B", *sys.argv])
    print("no file system may be mounted here")
    sys.exit(77)


class Peer:
    """Somebody with a key: what a program needs to connect as him."""

    def __init__(self, name, folder):
        public, secret = zmq.curve_keypair()
        self.name = name
        self.public, self.secret = public.decode(), secret.decode()
        self.key_file = folder / f"{name}.secret"
        self.key_file.touch(mode=0o600)
        self.key_file.write_text(self.secret + "\n")


class Hub:
    def __init__(self, **settings):
        """Settings of carehub.conf by name, with "__" for the dot: journal__segment="1M"."""
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="carehub-"))
        self.config = self.root / "etc/carehub"
        self.peers_d = self.config / "peers.d"
        self.peers_d.mkdir(parents=True)
        self.data = self.root / "var/lib/carehub"
        self.mounted = False
        self.keys = self.root / "keys"
        self.keys.mkdir()
        self.process = None
        self.address = self.live = self.http = None
        self.environment = dict(os.environ)
        self.lines = []
        public, secret = zmq.curve_keypair()
        self.server_key = public.decode()
        hub_secret = self.config / "hub.secret"
        hub_secret.touch(mode=0o600)
        hub_secret.write_text(secret.decode() + "\n")
        self.configure(**{"bus__listen": "tcp://127.0.0.1:*", "live__listen": "",
                          "http__listen": "127.0.0.1:0", **settings})

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if kind is not None:
            sys.stderr.write("".join(self.lines[-60:]))
        if self.mounted:
            subprocess.run(["umount", "-l", self.data], check=True)
        shutil.rmtree(self.root, ignore_errors=True)

    def configure(self, **settings):
        text = ""
        for name, value in settings.items():
            section, key = name.split("__")
            text += f"[{section}]\n{key} = {value}\n"
        (self.config / "carehub.conf").write_text(text)

    def peer(self, name, **settings):
        """A new peer with its file in peers.d; roles, sources, types, topics ... as text."""
        peer = Peer(name, self.keys)
        lines = [f"public_key = {peer.public}"] + [f"{k} = {v}" for k, v in settings.items()]
        (self.peers_d / f"{name}.conf").write_text("\n".join(lines) + "\n")
        return peer

    def own_disk(self, size):
        """The data folder is a disk of that size from now on; needs alone()."""
        self.data.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", self.data], check=True)
        self.mounted = True

    def fill_disk(self, left):
        """Something else takes the disk's room, but for so many bytes; 0: a whole block of it."""
        room = os.statvfs(self.data)
        with (self.data / "ballast").open("ab") as file:
            size = file.tell() + max(room.f_bavail * room.f_frsize - left, 0)
            os.posix_fallocate(file.fileno(), 0, max(size, 1))

    def free_disk(self):
        (self.data / "ballast").unlink()

    def set_clock(self, seconds, ntp=False):
        """The daemon's clock is wrong by so much, at once, and from its next start on; whether NTP keeps
        it nevertheless."""
        path = self.root / "wrong_clock"
        if not path.exists():
            path.write_bytes(bytes(16))
            self.environment["WRONG_CLOCK"] = str(path)
            self.environment["LD_PRELOAD"] = os.environ["WRONG_CLOCK_LIBRARY"]
            self.environment["ASAN_OPTIONS"] = "verify_asan_link_order=0:" + \
                os.environ.get("ASAN_OPTIONS", "")
        with path.open("r+b") as file:
            file.write(struct.pack("=qq", seconds * 1000000, ntp))

    # ---- The daemon ----

    def _listen(self, stream, arrived):
        for line in stream:
            self.lines.append(line)
            arrived.put(line)
        arrived.put(None)

    def start(self):
        """Returns when the hub listens, which is when it has recovered."""
        self.process = subprocess.Popen([BIN / "carehubd", "--root", self.root],
                                        stderr=subprocess.PIPE, text=True,
                                        env=self.environment)
        self.arrived = queue.Queue()
        threading.Thread(target=self._listen, args=(self.process.stderr, self.arrived),
                         daemon=True).start()
        started = dict(w.split("=", 1) for w in self.logged("hub.started").split() if "=" in w)
        self.address, self.live = started["bus"], started.get("live")
        self.http = int(started.get("http", 0))

    def refuses_to_start(self, event):
        """It ends by itself, cleanly and with a word in the log."""
        done = subprocess.run([BIN / "carehubd", "--root", self.root], stderr=subprocess.PIPE,
                              text=True, env=self.environment, timeout=PATIENCE_S)
        assert done.returncode == 2 and f" {event} " in done.stderr, done

    def logged(self, event):
        """Waits for the next log line of this event and returns it."""
        while True:
            line = self.arrived.get(timeout=PATIENCE_S)
            assert line is not None, f"the hub ended before it logged {event}"
            if f" {event} " in line:
                return line

    def reload(self):
        self.process.send_signal(signal.SIGHUP)
        return self.logged("hub.reload")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(PATIENCE_S) == 0, "the hub did not stop cleanly"

    def kill(self):
        """kill -9: nothing is written any more."""
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def offline(self, *words, status=0):
        """carehubd WORDS on the hub that does not run; its standard output."""
        return self._run([BIN / "carehubd", "--root", self.root, *words], None, (status,))

    def anonymous_bytes(self):
        """Memory of the hub that is nobody else's, as the kernel counts it page by page."""
        for line in open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii"):
            if line.startswith("Anonymous:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the kernel does not say")

    def page(self, path):
        """Status and text of a page of the HTTP port."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http, timeout=PATIENCE_S)
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    # ---- The protocol ----

    @contextlib.contextmanager
    def client(self, peer):
        """A session of this peer, as tests/clients/python/carehub.py has it."""
        client = carehub.Hub(self.address, self.server_key, peer.secret)
        try:
            assert client.wait(lambda: client.welcome, PATIENCE_S), "no welcome"
            yield client
        finally:
            client.close()

    # ---- The command line ----

    def words(self, peer, *words):
        return [BIN / "carehub", "--endpoint", self.address, "--server-key", self.server_key,
                "--key", peer.key_file, *map(str, words)]

    def run(self, peer, *words, input=None, status=0, patience_s=PATIENCE_S):
        """carehub WORDS as this peer; its standard output.  Any other exit status is a failure."""
        return self._run(self.words(peer, *words), input, (status,), patience_s)

    def spawn(self, peer, *words, output=subprocess.DEVNULL):
        """The same in the background; the caller waits for its end."""
        return subprocess.Popen(self.words(peer, *words), stdin=subprocess.DEVNULL, stdout=output)

    def ask(self, peer, *words, **how):
        """The same with --json: a list of what it said, one object a line."""
        return [json.loads(line) for line in
                self.run(peer, *words, "--json", **how).splitlines()]

    def status(self, peer):
        """What `carehub status` says, whatever it warns of: a busy machine is worth a warning too."""
        return json.loads(self._run(self.words(peer, "status", "--json"), None, (0, 1, 2)))

    def warned(self, peer):
        """The codes of these warnings."""
        return [warning["code"] for warning in self.status(peer).get("warnings", [])]

    def _run(self, words, input, expected, patience_s=PATIENCE_S):
        done = subprocess.run(words, input=input, capture_output=True, text=True,
                              timeout=patience_s)
        assert done.returncode in expected, \
            f"{' '.join(map(str, words[1:]))}: exit {done.returncode}, not {expected}\n" \
            f"{done.stdout}{done.stderr}"
        return done.stdout


@contextlib.contextmanager
def running(words):
    """A process that ends with this block, however that ends."""
    process = subprocess.Popen(words)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(holds):
    """Asks until it holds: for what the hub looks at now and then."""
    give_up = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < give_up, "it never came to hold"
        time.sleep(0.05)


def event(type, id, source, data, **attributes):
    """A CloudEvent as a line of JSON."""
    return json.dumps({"specversion": "1.0", "type": type, "id": str(id), "source": source,
                       "data": data, **attributes}) + "\n"
