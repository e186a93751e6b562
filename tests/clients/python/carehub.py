"""A client of the bus in Python, written from docs/protocol.md alone: it proves that the page is enough.

    carehub.py --endpoint tcp://127.0.0.1:7710 --server-key KEY --key-file FILE COMMAND

    publish --source /pos/shop-1 --type pos.sale.completed --count 10 [--prefix p]   and again: duplicates
    subscribe --name marketing [--types pos.> ...] [--from earliest] [--count 10]    one line each, then ack
    status                                                                           the welcome and the reply

It does one thing at a time and is meant to be read.  Needs pyzmq with CURVE, and nothing else."""
import argparse
import collections
import random
import sys
import time

import zmq
import zmq.utils.monitor

from wire import KINDS, NUMBERS, decode, encode, scan

END, FENCED, SUSPENDED, DETACHED, MOVED = 5, 6, 8, 9, 11  # marks

# ---- The session ----


class Refused(Exception):
    """The hub said no; args: the status's number, its word for people."""


class Subscription:
    def __init__(self, hub, handle, wish):
        self.hub, self.handle, self.wish = hub, handle, wish
        self.queue = collections.deque()  # ("delivery", Delivery) and ("mark", Mark)
        self.attached, self.refused = None, None

    def attach(self):
        self.queue.clear()  # all of it comes again
        wish = dict(self.wish, handle=self.handle)
        if self.attached and wish.get("name"):
            wish["must_exist"] = 1
        self.hub.send("SUBSCRIBE", **wish)

    def next(self, timeout=None):
        """("delivery", ...), ("mark", ...) or None when the time is up."""
        self.hub.wait(lambda: self.queue or self.refused, timeout)
        if self.refused and not self.queue:
            raise self.refused
        return self.queue.popleft() if self.queue else None

    def ack(self, *sequences):
        self.hub.send("ACK", handle=self.handle,
                      ranges=[{"first": one, "last": one} for one in sequences])

    def close(self, delete=False):
        self.hub.send("DETACH", handle=self.handle, delete=delete)
        self.hub.wait(lambda: any(kind == "mark" and body["what"] == DETACHED
                                  for kind, body in self.queue), 5)
        del self.hub.subscriptions[self.handle]


class Hub:
    def __init__(self, endpoint, server_key, secret_key, agent="carehub.py"):
        self.endpoint, self.agent = endpoint, agent
        self.server_key, self.secret_key = server_key.encode(), secret_key.encode()
        self.context = zmq.Context()
        self.socket = self.monitor = self.welcome = None
        self.token, self.back_off = b"", 0.05
        self.unsent = collections.deque()           # (key, encoded Event)
        self.in_flight = collections.OrderedDict()  # frame -> [[key, Event, answered], ...]
        self.receipts, self.frame, self.credit = {}, 0, 0
        self.subscriptions, self.replies, self.numbers = {}, {}, 0
        self.connects = 0
        self.open()

    def open(self):
        """One try: a socket of its own, so that nothing can precede the HELLO."""
        self.close_socket()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger, self.socket.reconnect_ivl = 300, -1
        self.socket.curve_serverkey = self.server_key
        self.socket.curve_secretkey = self.secret_key
        self.socket.curve_publickey = zmq.curve_public(self.secret_key)
        self.monitor = self.socket.get_monitor_socket(
            zmq.EVENT_DISCONNECTED | zmq.EVENT_CLOSED | zmq.EVENT_HANDSHAKE_FAILED_AUTH |
            zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL)
        self.socket.connect(self.endpoint)
        self.welcome, self.heard, self.pinged = None, time.monotonic(), 0
        self.send("HELLO", version=1, agent=self.agent, session=self.token)

    def close_socket(self):
        if self.socket is not None:
            self.socket.disable_monitor()
            self.monitor.close()
            self.socket.close()

    def lost(self):
        """Everything without a receipt goes back, in order; then the next try, a little later each time."""
        again = [(key, event) for entries in self.in_flight.values()
                 for key, event, answered in entries if not answered]
        self.unsent.extendleft(reversed(again))
        self.in_flight.clear()
        time.sleep(self.back_off * random.uniform(0.5, 1))
        self.back_off = min(2 * self.back_off, 5)
        self.open()

    def send(self, kind, **values):
        try:
            self.socket.send(b"CH\x01" + bytes([NUMBERS[kind]]) + encode(kind, values), zmq.DONTWAIT)
        except zmq.Again:
            pass  # the connection is gone: the monitor says so next, and what matters is sent again

    # ---- Receiving ----

    def on_welcome(self, body):
        self.welcome, self.token, self.credit = body, body["session"], body["credit"]
        self.back_off, self.frame = 0.05, 0
        self.connects += 1
        self.fill_window()
        for subscription in self.subscriptions.values():
            subscription.attach()

    def on_receipts(self, body):
        frame, index = body["frame"], body["first"]
        for receipt in body["receipts"]:
            if receipt["frame"]:
                frame, index = receipt["frame"], 0
            self.on_receipt(frame, index, receipt)
            index += 1
        self.fill_window()

    def on_receipt(self, frame, index, receipt):
        entries = self.in_flight.get(frame)
        if entries is None or entries[index][2]:
            return
        entries[index][2] = True
        if receipt["outcome"] == 5:  # put off: before anything newer
            time.sleep(receipt["retry_after_ms"] / 1000)
            self.unsent.appendleft(tuple(entries[index][:2]))
        else:
            self.receipts[entries[index][0]] = receipt
        if all(answered for _, _, answered in entries):
            del self.in_flight[frame]

    def on_refused(self, body):
        error = Refused(body["reason"], body["detail"])
        if body["fatal"]:
            raise error
        name = KINDS.get(body["kind"])
        if name in ("SUBSCRIBE", "DETACH") and body["about"] in self.subscriptions:
            self.subscriptions[body["about"]].refused = error
        elif name == "REQUEST":
            self.replies.setdefault(body["about"], []).append(
                {"status": body["reason"], "detail": body["detail"], "more": 0, "body": b""})
        else:
            raise error

    def on_message(self, frame):
        if frame[:3] != b"CH\x01" or frame[3] not in KINDS:
            return  # of a later version
        name = KINDS[frame[3]]
        body = decode(name, frame[4:])
        subscription = self.subscriptions.get(body.get("handle"))
        if name == "WELCOME":
            self.on_welcome(body)
        elif name == "RECEIPTS":
            self.on_receipts(body)
        elif name == "CREDIT":
            self.credit = body["events"]
            self.fill_window()
        elif name == "SUBSCRIBED" and subscription:
            subscription.attached = body
        elif name == "DELIVER" and subscription:
            subscription.queue.extend(("delivery", one) for one in body["deliveries"])
        elif name == "MARK" and subscription:
            subscription.queue.append(("mark", body))
            if body["what"] == MOVED:
                subscription.attach()
        elif name == "REPLY":
            self.replies.setdefault(body["request"], []).append(body)
        elif name == "PING":
            self.send("PONG", token=body["token"])
        elif name == "REFUSED":
            self.on_refused(body)

    def pump(self, timeout):
        """Waits for something to happen, at most so many seconds."""
        poller = zmq.Poller()
        poller.register(self.socket, zmq.POLLIN)
        poller.register(self.monitor, zmq.POLLIN)
        happened = dict(poller.poll(timeout * 1000))
        while self.socket.poll(0):
            self.heard = time.monotonic()
            self.on_message(self.socket.recv())
        beat = self.welcome["heartbeat_ms"] / 1000 if self.welcome else 3
        silent = time.monotonic() - self.heard
        if self.monitor in happened:
            event = zmq.utils.monitor.recv_monitor_message(self.monitor)["event"]
            if event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
                raise Refused(12, "the hub does not know our key")
            self.lost()
        elif silent > 3 * beat:
            self.lost()
        elif self.welcome and silent > beat and time.monotonic() - self.pinged > beat:
            self.pinged = time.monotonic()
            self.send("PING", token=1)

    def wait(self, condition, timeout=None):
        until = None if timeout is None else time.monotonic() + timeout
        while not condition():
            left = 1 if until is None else until - time.monotonic()
            if left <= 0:
                return False
            self.pump(min(left, 1))
        return True

    # ---- What one wants of it ----

    def fill_window(self):
        """Frames of at most 64 events, as long as the window has room."""
        while self.welcome and self.unsent:
            under_way = sum(not answered for entries in self.in_flight.values()
                            for _, _, answered in entries)
            count = min(64, self.welcome["limits"].get("events_per_frame", 256), len(self.unsent),
                        self.credit - under_way)
            if count <= 0:
                return
            entries = [[*self.unsent.popleft(), False] for _ in range(count)]
            self.frame += 1
            self.in_flight[self.frame] = entries
            self.send("PUBLISH", frame=self.frame, events=[event for _, event, _ in entries])

    def publish(self, events, timeout=None):
        """Publishes dicts of Event's fields; their receipts, in order, None for those that are missing."""
        keys = []
        for event in events:
            keys.append((event["source"], event["id"]))
            self.unsent.append((keys[-1], encode("Event", event)))
        for key in keys:
            self.receipts.pop(key, None)
        self.fill_window()
        self.wait(lambda: all(key in self.receipts for key in keys), timeout)
        return [self.receipts.pop(key, None) for key in keys]

    def subscribe(self, timeout=10, **wish):
        self.wait(lambda: self.welcome, timeout)
        self.numbers += 1
        subscription = Subscription(self, self.numbers, wish)
        self.subscriptions[self.numbers] = subscription
        subscription.attach()
        self.wait(lambda: subscription.attached or subscription.refused, timeout)
        if subscription.refused:
            raise subscription.refused
        return subscription

    def request(self, operation, body=b"", timeout=10):
        """The bodies of all replies."""
        self.wait(lambda: self.welcome, timeout)
        self.numbers += 1
        number, done = self.numbers, lambda: number in self.replies and not self.replies[number][-1]["more"]
        self.send("REQUEST", request=number, operation=operation, body=body)
        if not self.wait(done, timeout):
            raise TimeoutError(operation)
        replies = self.replies.pop(number)
        if replies[-1]["status"]:
            raise Refused(replies[-1]["status"], replies[-1]["detail"])
        return [reply["body"] for reply in replies]

    def close(self):
        if self.welcome:
            self.send("BYE", reason="closed")
        self.close_socket()
        self.context.term()


# ---- The command line ----

def do_publish(hub, arguments):
    events = [{"id": f"{arguments.prefix}{number}", "source": arguments.source, "type": arguments.type,
               "sent_us": int(time.time() * 1e6)} for number in range(1, arguments.count + 1)]
    receipts = hub.publish(events, arguments.timeout)
    names = {1: "accepted", 2: "duplicate", 3: "conflict", 4: "refused", 5: "retry"}
    for event, receipt in zip(events, receipts):
        print(event["id"], *([names[receipt["outcome"]], receipt["sequence"], receipt["detail"]]
                             if receipt else ["no answer"]))
    return 0 if all(receipt and receipt["outcome"] < 3 for receipt in receipts) else 1


def do_subscribe(hub, arguments):
    start = {"new": 0, "earliest": 1}[arguments.start]
    subscription = hub.subscribe(name=arguments.name, filter={"types": arguments.types},
                                 start={"from": start}, credit=256)
    left = arguments.count
    while left is None or left > 0:
        item = subscription.next(arguments.timeout)
        if item is None:
            break
        kind, body = item
        if kind == "mark":
            print("mark", body["what"], body["first"], body["last"], body["detail"])
            if body["what"] in (END, FENCED, SUSPENDED):
                break
            continue
        event = decode("Event", body["event"])
        print(body["sequence"], body["part"], event["type"], event["source"], event["id"])
        if body["last"]:
            subscription.ack(body["sequence"])
            left = None if left is None else left - 1
    subscription.close()
    return 0


def do_status(hub, arguments):
    hub.wait(lambda: hub.welcome, arguments.timeout)
    for name in ("peer", "incarnation", "head", "credit", "heartbeat_ms"):
        print(name, hub.welcome[name])
    for body in hub.request("Status", timeout=arguments.timeout):
        for number, _, value in scan(body):  # control.proto has the names
            print("status", number, value if isinstance(value, int) else value[:60])
    return 0


def read_key(path):
    with open(path, encoding="ascii") as file:
        lines = [line.strip() for line in file if line.strip() and not line.startswith("# ")]
    return lines[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", default="tcp://127.0.0.1:7710")
    parser.add_argument("--server-key", required=True)
    parser.add_argument("--key-file", required=True)
    parser.add_argument("--timeout", type=float, default=10)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("publish")
    command.add_argument("--source", required=True)
    command.add_argument("--type", required=True)
    command.add_argument("--count", type=int, default=1)
    command.add_argument("--prefix", default="py-")
    command.set_defaults(do=do_publish)
    command = commands.add_parser("subscribe")
    command.add_argument("--name", default="")
    command.add_argument("--types", nargs="*", default=[])
    command.add_argument("--from", dest="start", choices=["new", "earliest"], default="new")
    command.add_argument("--count", type=int)
    command.set_defaults(do=do_subscribe)
    command = commands.add_parser("status")
    command.set_defaults(do=do_status)
    arguments = parser.parse_args()
    hub = Hub(arguments.endpoint, arguments.server_key, read_key(arguments.key_file))
    try:
        return arguments.do(hub, arguments)
    except Refused as refused:
        print("refused:", *refused.args, file=sys.stderr)
        return 2
    finally:
        hub.close()


if __name__ == "__main__":
    sys.exit(main())
