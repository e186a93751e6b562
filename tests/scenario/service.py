"""An adapter beside the hub: its configuration, its process and what it says.

    shop = Service(hub, "carehub-website", hub.peer("shop", roles="producer", ...))
    hub.start()
    shop.configure("[listen]\\nport = 0\\n")
    with shop.running():
        until(lambda: shop.said("hub.connected"))
"""
import contextlib
import subprocess
import sys

from lib import BIN, PATIENCE_S


def secret(path, text):
    """A file that only its owner may read, and its path."""
    path.touch(mode=0o600)
    path.write_text(text + "\n")
    return path


class Service:
    def __init__(self, hub, program, peer):
        self.hub, self.program, self.peer = hub, BIN / program, peer
        self.config, self.log = hub.root / f"{program}.conf", hub.root / f"{program}.log"
        self.log.touch()
        self.process = None

    def configure(self, text):
        """`text` stands behind what it needs to know of the hub, which runs."""
        self.config.write_text(f"[hub]\nendpoint = {self.hub.address}\nserver_key = {self.hub.server_key}\n"
                               f"key_file = {self.peer.key_file}\n{text}")

    def command(self, word, status=0):
        """What `check` or `reload` says."""
        done = subprocess.run([self.program, word, "--config", self.config], capture_output=True, text=True,
                              timeout=PATIENCE_S)
        assert done.returncode == status, done
        return done.stdout + done.stderr

    def once(self, status=0):
        """It runs until there is no more to do; what it said meanwhile."""
        before = len(self.log.read_text())
        with self.log.open("a") as log:
            done = subprocess.run([self.program, "run", "--config", self.config, "--once"], stderr=log,
                                  timeout=PATIENCE_S)
        said = self.log.read_text()[before:]
        assert done.returncode == status, (done, said)
        return said

    def start(self):
        with self.log.open("a") as log:
            self.process = subprocess.Popen([self.program, "run", "--config", self.config], stderr=log)

    def stop(self, status=0):
        self.process.terminate()
        ended = self.process.wait(PATIENCE_S)
        assert ended == status, (ended, self.log.read_text())

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE_S)

    @contextlib.contextmanager
    def running(self, status=0):
        """Until the end of the block, where it stops with this status; what goes wrong in it shows its log."""
        self.start()
        try:
            yield
        except BaseException:
            self.kill()
            sys.stderr.write(self.log.read_text())
            raise
        self.stop(status)

    def lines(self, event, *words):
        """Of its log: those of this event that hold all these words."""
        return [line for line in self.log.read_text().splitlines()
                if f" {event} " in line and all(word in line for word in words)]

    def said(self, event, *words):
        """How often."""
        return len(self.lines(event, *words))
