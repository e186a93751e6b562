"""The website's adapter beside a hub, and those who post to it.

    with Hub() as hub:
        site = Site(hub)
        site.sender("web", secret=SECRET, verifies="yes")
        hub.start()
        with site:
            status, answer = site.post("/webhooks", signed(SECRET, "m1", {...}))
"""
import base64
import hashlib
import hmac
import http.client
import json
import os
import queue
import signal
import subprocess
import threading
import time

from lib import BIN, PATIENCE_S

SECRET = "whsec_" + base64.b64encode(b"a secret of the scenarios").decode()


class Site:
    def __init__(self, hub, roles="producer, consumer", rights=None, endpoint=None, **settings):
        """Settings by name with "__" for the dot, over those of a scenario; `rights`: more lines of its
        peer's file; `endpoint`: another way to the hub."""
        self.hub, self.endpoint = hub, endpoint
        self.folder = hub.root / "website"
        self.senders = self.folder / "senders.d"
        self.senders.mkdir(parents=True)
        self.peer = hub.peer("website", roles=roles, sources="urn:*", types="website.>", topics=">",
                             **(rights or {}))
        self.settings = {"website__listen": "127.0.0.1:0", "website__senders": self.senders,
                         "adapter__patience": "5s", **settings}
        self.process = None

    def secret_file(self, name, text):
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(text + "\n")
        return path

    def sender(self, name, secret=None, token=None, source=None, **settings):
        lines = ["[sender]", f"source = {source or 'urn:' + name}"]
        if secret:
            lines.append(f"secret_files = {self.secret_file(name + '.secret', secret)}")
        if token:
            lines.append(f"token_files = {self.secret_file(name + '.token', token)}")
        lines += [f"{key} = {value}" for key, value in settings.items()]
        (self.senders / f"{name}.conf").write_text("\n".join(lines) + "\n")

    def config(self):
        text = f"[hub]\nendpoint = {self.endpoint or self.hub.address}\nserver_key = {self.hub.server_key}\n" \
            f"key_file = {self.peer.key_file}\n"
        for name, value in self.settings.items():
            section, key = name.split("__")
            text += f"[{section}]\n{key} = {value}\n"
        path = self.folder / "website.conf"
        path.write_text(text)
        return path

    def start(self):
        """Returns when it listens and the hub has said welcome."""
        self.process = subprocess.Popen([BIN / "carehub-website", "run", "--config", self.config()],
                                        stderr=subprocess.PIPE, text=True, env=dict(os.environ))
        self.lines = queue.Queue()
        threading.Thread(target=self._listen, args=(self.process.stderr,), daemon=True).start()
        waited = {"website.listens": None, "hub.connected": None}  # in any order
        while None in waited.values():
            line = self.line()
            waited.update({event: line for event in waited if f" {event} " in line})
        words = waited["website.listens"].split()
        self.port = int(dict(w.split("=", 1) for w in words if "=" in w)["port"])
        return self

    def _listen(self, stream):
        for line in stream:
            self.lines.put(line)
        self.lines.put(None)

    def ask_reload(self):
        """What the command of that name came to."""
        return subprocess.run([BIN / "carehub-website", "reload", "--config", self.folder / "website.conf"],
                              capture_output=True, text=True, timeout=PATIENCE_S)

    def reload(self):
        """SIGHUP; what the adapter says of it."""
        self.process.send_signal(signal.SIGHUP)
        while True:
            line = self.line()
            if " config.active " in line or " config.kept " in line:
                return line

    def line(self):
        """The next line of its log."""
        line = self.lines.get(timeout=PATIENCE_S)
        assert line is not None, "the adapter ended"
        return line

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if self.process is None:
            return
        self.process.terminate()
        code = self.process.wait(PATIENCE_S)
        assert kind is not None or code in (0, 1), f"the adapter ended with {code}"

    def connect(self, timeout=PATIENCE_S):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None):
        """Status, headers and JSON of an answer."""
        connection = self.connect()
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, dict(answer.getheaders()), json.loads(text) if text else None

    def post(self, path, request):
        """Status and JSON of the answer to a (headers, body)."""
        status, _, answer = self.ask("POST", path, request[1], request[0])
        return status, answer


def signed(secret, id, body, late_s=0):
    """Body and the headers of Standard Webhooks."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    stamp = str(int(time.time()) - late_s)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{id}.{stamp}.".encode() + raw, hashlib.sha256).digest()
    return {"content-type": "application/json", "webhook-id": id, "webhook-timestamp": stamp,
            "webhook-signature": "v1," + base64.b64encode(mac).decode()}, raw


def shop_signed(secret, body):
    raw = json.dumps(body).encode()
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode(), raw
