"""The manager port of the call center's exchange (Asterisk, AMI 13), on which it plays its day."""
import hashlib
import os
import random
import selectors
import socket
import time as clock
from collections import deque

from calls import AGENTS, QUEUES, epoch, is_event, seconds, stamped

BANNER = "Asterisk Call Manager/13.0.0\r\n"
RING_LEAST_S = 0.025  # of the server's clock
NOBODY_S = 30
QUIET_S = 1.5  # at the end, so that the last is answered


class Server:
    """The manager port: one client at a time, on one thread."""

    def __init__(self, day, options):
        self.day, self.options = day, options
        self.left = deque(day.spoken)
        self.now = day.spoken[0].at
        self.channels, self.waiting = {}, {}  # by Uniqueid: what is there now; since when
        self.client, self.inbox, self.challenge = None, b"", ""
        self.within = False
        self.mask = ()
        self.broken = False
        self.selector = selectors.DefaultSelector()
        self.server = socket.create_server(("127.0.0.1", options.serve))
        self.selector.register(self.server, selectors.EVENT_READ)
        self.books = {}
        if options.logs:
            os.makedirs(options.logs, exist_ok=True)
            for kind, name in (("queue_log", "queue_log"), ("cdr_book", "Master.csv")):
                self.books[kind] = open(os.path.join(options.logs, name), "w", encoding="utf-8")

    # What it says

    def send(self, text):
        if self.client is None:
            return
        try:
            self.client.sendall(text.encode("utf-8"))
        except OSError:
            self.lose()

    def answer(self, action, response, *lines):
        own = ["ActionID: " + action["actionid"]] if "actionid" in action else []
        self.send("\r\n".join(["Response: " + response] + own + list(lines) + ["", ""]))

    def list(self, action, items, done):
        own = [("ActionID", action["actionid"])] if "actionid" in action else []
        self.answer(action, "Success", "EventList: start", "Message: will follow")
        for item in items + [[("Event", done), ("EventList", "Complete"), ("ListItems", len(items))]]:
            self.send("".join("%s: %s\r\n" % pair for pair in [item[0]] + own + item[1:]) + "\r\n")

    def lose(self):
        if self.client is not None:
            self.selector.unregister(self.client)
            self.client.close()
        self.client, self.inbox = None, b""
        self.within = False

    # What it hears

    def login(self, action):
        key = hashlib.md5((self.challenge + self.options.secret).encode()).hexdigest()
        good = action.get("username") == self.options.user and (
            action.get("key") == key or action.get("secret") == self.options.secret)
        if not good:
            self.answer(action, "Error", "Message: Authentication failed")
            self.lose()
            return
        mask = action.get("events", "on").lower()
        self.mask = ("call", "agent", "cdr", "user", "dialplan") if mask in ("on", "all") else mask.split(",")
        self.answer(action, "Success", "Message: Authentication accepted")
        self.within = True

    def queues(self, action):
        items = []
        for queue, (_, members) in QUEUES.items():
            items.append([("Event", "QueueParams"), ("Queue", queue), ("Max", 0),
                          ("Calls", sum(entry["Queue"] == queue for entry, _ in self.waiting.values()))])
            items += [[("Event", "QueueMember"), ("Queue", queue), ("Name", AGENTS[m][1]),
                       ("Location", "PJSIP/" + AGENTS[m][0]), ("Status", 1)] for m in members]
            items += [[("Event", "QueueEntry"), ("Queue", queue), ("Position", 1),
                       ("Channel", entry["Channel"]), ("Uniqueid", uniqueid),
                       ("CallerIDNum", entry["CallerIDNum"]), ("Wait", seconds(self.now - since))]
                      for uniqueid, (entry, since) in self.waiting.items() if entry["Queue"] == queue]
        self.list(action, items, "QueueStatusComplete")

    def shown(self, action):
        keys = ("Channel", "ChannelState", "CallerIDNum", "Exten", "Uniqueid", "Linkedid")
        self.list(action, [[("Event", "CoreShowChannel")] + [(key, pairs[key]) for key in keys]
                           for pairs in self.channels.values()], "CoreShowChannelsComplete")

    def act(self, action):
        name = action.get("action", "").lower()
        if name == "challenge":
            self.challenge = "%09d" % random.randrange(10 ** 9)
            self.answer(action, "Success", "Challenge: " + self.challenge)
        elif name == "login":
            self.login(action)
        elif not self.within:
            self.answer(action, "Error", "Message: Permission denied")
        elif name == "ping":
            self.answer(action, "Success", "Ping: Pong", "Timestamp: %d.%06d" % (
                epoch(self.now), self.now.microsecond))
        elif name == "queuestatus":
            self.queues(action)
        elif name == "coreshowchannels":
            self.shown(action)
        elif name == "logoff":
            self.answer(action, "Goodbye", "Message: Thanks for all the fish.")
            self.lose()
        else:
            self.answer(action, "Error", "Message: Invalid/unknown command")

    def hear(self):
        try:
            data = self.client.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.lose()
            return
        self.inbox = self.inbox[-65536:] + data.replace(b"\r\n", b"\n")
        while self.client is not None and b"\n\n" in self.inbox:
            text, _, self.inbox = self.inbox.partition(b"\n\n")
            pairs = [line.split(":", 1) for line in text.decode("utf-8", "replace").split("\n") if ":" in line]
            self.act({key.strip().lower(): value.strip() for key, value in pairs})

    def wait(self, timeout):
        for key, _ in self.selector.select(max(0, timeout)):
            if key.fileobj is not self.server:
                self.hear()
                continue
            client, _ = self.server.accept()
            if self.client is not None:
                client.close()  # one is enough
                continue
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.client = client
            self.selector.register(client, selectors.EVENT_READ)
            self.send(BANNER)

    # The day

    def note(self, spoken):
        """What is there now, for those who come later."""
        uniqueid = spoken.pairs.get("Uniqueid")
        if spoken.name == "Newchannel":
            self.channels[uniqueid] = spoken.pairs
        elif spoken.name == "Hangup":
            self.channels.pop(uniqueid, None)
            self.waiting.pop(uniqueid, None)
        elif spoken.name == "QueueCallerJoin":
            self.waiting[uniqueid] = spoken.pairs, spoken.at
        elif spoken.name == "QueueCallerLeave":
            self.waiting.pop(uniqueid, None)

    def play(self, spoken):
        self.now = spoken.at
        if not is_event(spoken):
            if spoken.kind in self.books:
                self.books[spoken.kind].write(spoken.text)
                self.books[spoken.kind].flush()
            return
        self.note(spoken)
        if self.within and spoken.kind in self.mask:
            self.send(stamped(spoken))

    def serve(self):
        """0 when somebody heard the day, and came back; 1 when nobody came."""
        limit = clock.monotonic() + NOBODY_S
        while not self.within:
            self.wait(0.2)
            if clock.monotonic() > limit:
                return 1
        began, first, delay = clock.monotonic(), self.left[0].at, 0
        while self.left:
            spoken = self.left.popleft()
            due = began + (spoken.at - first).total_seconds() / self.options.speed + delay
            while (now := clock.monotonic()) < due:
                self.wait(due - now)
            if not self.broken and self.day.break_at is not None and spoken.at >= self.day.break_at:
                self.broken = True
                self.lose()
            self.play(spoken)
            if spoken.name == "AgentCalled":
                delay += RING_LEAST_S
        limit = clock.monotonic() + NOBODY_S
        while not self.within and clock.monotonic() < limit:
            self.wait(0.2)
        limit = clock.monotonic() + QUIET_S
        while (now := clock.monotonic()) < limit:
            self.wait(limit - now)
        heard = self.within
        self.lose()
        return 0 if heard else 1
