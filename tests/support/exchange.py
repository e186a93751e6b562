"""The manager port of a telephone exchange, for tests: it logs clients in as Asterisk does, answers what they
ask, and plays what it is told: a capture of a real one with the recorded segmentation, or events of a script.

    with Exchange(secret="s3cr3t") as exchange:
        ... connect a client to 127.0.0.1:exchange.port ...
        exchange.ready.wait(10)                       it is logged in, and has looked at queues and channels
        exchange.play(segments("ami-calls-full.raw"))

As a program: exchange.py CAPTURE [--secret S] [--user U] [--once] prints its port and plays to whoever comes.
"""
import argparse
import base64
import hashlib
import os
import pathlib
import random
import socket
import struct
import sys
import time

from one_client import OneClient


class Exchange(OneClient):
    def __init__(self, user="carehub", secret="s3cr3t", banner="Asterisk Call Manager/13.0.0", port=0,
                 looks=True):
        self.user, self.secret, self.banner = user, secret, banner
        self.looks = looks  # clients ask for queues and channels before they are ready
        self.channels = []  # of CoreShowChannels: Uniqueid, Linkedid
        self.members = []   # of QueueStatus: queue, name, interface
        self.miscount = 0   # what is told too many in ListItems
        self.mute = False   # answers no Ping
        super().__init__(port)

    # ---- What it says ----

    def event(self, name, **fields):
        lines = [f"Event: {name}", "Privilege: call,all"]
        lines += [f"{key}: {value}" for key, value in fields.items()]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())

    def play(self, pieces, pace=0):
        """Pieces of bytes, each one write; with a pace, at the recorded intervals times it."""
        last = None
        for when, data in pieces:
            if pace and last is not None:
                time.sleep(max(0, (when - last) * pace))
            last = when
            self.send(data)

    def _answer(self, action_id, response, *lines):
        tail = "".join(line + "\r\n" for line in lines)
        self.send(f"Response: {response}\r\n{action_id}{tail}\r\n".encode())

    def _list(self, action_id, items, done):
        self._answer(action_id, "Success", "EventList: start", "Message: will follow")
        for item in items:
            self.send((item + f"\r\n{action_id}\r\n").encode())
        self.send(f"Event: {done}\r\n{action_id}EventList: Complete\r\n"
                  f"ListItems: {len(items) + self.miscount}\r\n\r\n".encode())

    # ---- What it hears ----

    def _talk(self, client):
        self.send((self.banner + "\r\n").encode())
        challenge, within = str(random.randrange(10**8, 10**9)), False
        for text in self.heard(client, b"\r\n\r\n"):
            pairs = [line.split(":", 1) for line in text.split("\r\n") if ":" in line]
            action = {key.strip().lower(): value.strip() for key, value in pairs}
            name = action.get("action", "").lower()
            own = f"ActionID: {action['actionid']}\r\n" if "actionid" in action else ""
            if name == "challenge":
                self._answer(own, "Success", f"Challenge: {challenge}")
            elif name == "login":
                key = hashlib.md5((challenge + self.secret).encode()).hexdigest()
                within = action.get("username") == self.user and (
                    action.get("key") == key or action.get("secret") == self.secret)
                self.logins += within
                self.refused += not within
                if not within:
                    self._answer(own, "Error", "Message: Authentication failed")
                    return
                self._answer(own, "Success", "Message: Authentication accepted")
                if not self.looks:
                    self.ready.set()
            elif not within:
                self._answer(own, "Error", "Message: Permission denied")
            elif name == "ping":
                self.pings += 1
                if not self.mute:
                    self._answer(own, "Success", "Ping: Pong", f"Timestamp: {time.time():.6f}")
            elif name == "queuestatus":
                self._list(own, [f"Event: QueueMember\r\nQueue: {queue}\r\nName: {member}\r\n"
                                 f"Location: {interface}" for queue, member, interface in self.members],
                           "QueueStatusComplete")
            elif name == "coreshowchannels":
                self._list(own, [f"Event: CoreShowChannel\r\nUniqueid: {unique}\r\nLinkedid: {linked}"
                                 for unique, linked in self.channels], "CoreShowChannelsComplete")
                self.ready.set()
            elif name == "logoff":
                self._answer(own, "Goodbye", "Message: Thanks for all the fish.")
                return
            else:
                self._answer(own, "Error", "Message: Invalid/unknown command")


def segments(path, begin=0, end=None):
    """Time and bytes of each recv of a capture, from FILE.idx: from the offset `begin` to `end`."""
    path = pathlib.Path(path)
    data = path.read_bytes()
    index = pathlib.Path(f"{path}.idx")
    rows = [line.split("\t") for line in index.read_text().splitlines()] if index.exists() else [
        (at, 0, 1000) for at in range(0, len(data), 1000)]
    end = len(data) if end is None else end
    for at, when, size in rows:
        first, last = max(int(at), begin), min(int(at) + int(size), end)
        if first < last:
            yield float(when), data[first:last]


def after_login(data):
    """Where a capture's own banner and login end."""
    return data.index(b"\r\n\r\n") + 4


class Call:
    """One caller, in the words of an exchange: each method sends what Asterisk sends."""
    count = 0

    def __init__(self, exchange, number, queue, name="", system="t1"):
        Call.count += 1
        self.exchange, self.queue, self.number = exchange, queue, number
        self.id = f"{system}-{int(time.time())}.{Call.count}"
        self.began = time.time()
        self.own = {"Channel": f"PJSIP/trunk-{Call.count:08x}", "CallerIDNum": number,
                    "CallerIDName": name, "Exten": "400", "Language": "en", "Uniqueid": self.id,
                    "Linkedid": self.id}
        exchange.channels.append((self.id, self.id))
        exchange.event("Newchannel", **self.own)

    def say(self, event, **more):
        self.exchange.event(event, **self.own, Queue=self.queue, **more)
        return self

    def join(self):
        self.say("QueueCallerJoin", Position=1, Count=1)
        return self

    def ring(self, agent, interface):
        self.agent = {"MemberName": agent, "Interface": interface}
        self.say("AgentCalled", **self.agent)
        return self

    def connect(self, wait=2, ring=2):
        self.wait = wait
        self.say("AgentConnect", **self.agent, HoldTime=wait, RingTime=ring)
        return self

    def complete(self, talk=5, reason="agent"):
        self.say("AgentComplete", **self.agent, HoldTime=self.wait, TalkTime=talk, Reason=reason)
        return self.hang_up()

    def hang_up(self):
        if (self.id, self.id) in self.exchange.channels:
            self.exchange.channels.remove((self.id, self.id))
        self.exchange.event("Hangup", **self.own, Cause=16)
        return self


class WebSocket:
    """As much of RFC 6455 as listening takes."""

    def __init__(self, port, token, query=""):
        self.line = socket.create_connection(("127.0.0.1", port), timeout=20)
        key = base64.b64encode(os.urandom(16)).decode()
        self.line.sendall((f"GET /pop{query} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                           f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
                           f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: carehub-pop\r\n"
                           f"Authorization: Bearer {token}\r\n\r\n").encode())
        self.held = b""
        while b"\r\n\r\n" not in self.held:
            more = self.line.recv(65536)
            if not more:
                break
            self.held += more
        head, _, self.held = self.held.partition(b"\r\n\r\n")
        self.status = int(head.split()[1]) if head else 0

    def _take(self, size):
        while len(self.held) < size:
            more = self.line.recv(65536)
            if not more:
                raise EOFError
            self.held += more
        taken, self.held = self.held[:size], self.held[size:]
        return taken

    def receive(self):
        """The next text message."""
        text = b""
        while True:
            first, second = self._take(2)
            size = second & 0x7F
            if size == 126:
                size = struct.unpack(">H", self._take(2))[0]
            elif size == 127:
                size = struct.unpack(">Q", self._take(8))[0]
            data = self._take(size)
            if first & 0x0F in (0, 1):
                text += data
                if first & 0x80:
                    return text.decode()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("capture")
    arguments.add_argument("--user", default="carehub")
    arguments.add_argument("--secret", default="s3cr3t")
    arguments.add_argument("--looks", action="store_true", help="wait for CoreShowChannels first")
    arguments = arguments.parse_args()
    capture = pathlib.Path(arguments.capture)
    with Exchange(arguments.user, arguments.secret, looks=arguments.looks) as exchange:
        print(exchange.port, flush=True)
        exchange.ready.wait()
        time.sleep(0.2)  # some clients listen a moment after they have logged in
        exchange.play(segments(capture, after_login(capture.read_bytes())))
        exchange.send(b"Event: EndOfCapture\r\n\r\n")
        sys.stdin.read()


if __name__ == "__main__":
    main()
