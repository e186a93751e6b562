"""A client without manners: it sends what it is told to, byte for byte, and shows every answer.

    with Raw(hub, peer) as wire:                 connected and welcomed
        receipt, = wire.publish(made("1"))       one frame; its receipts
        wire.send(b"garbage")
        kind, body = wire.next()                 ("REFUSED", {...}); None when the hub hangs up
"""
import pathlib
import sys

import zmq
import zmq.utils.monitor

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "clients/python"))
from wire import KINDS, NUMBERS, decode, encode  # noqa: E402

OUTCOMES = {1: "accepted", 2: "duplicate", 3: "conflict", 4: "refused", 5: "retry_after"}
STATUSES = {3: "no_memory", 5: "full", 8: "invalid", 10: "format", 11: "too_large", 12: "denied",
            15: "retry", 17: "conflict", 18: "missing", 19: "unknown_type", 20: "version",
            24: "unsupported"}
CAUGHT_UP, GAP = 1, 3  # marks
NOON = 1772452800000000  # of 2026-03-02
PATIENCE_MS = 60000


def frame(kind, **values):
    return b"CH\x01" + bytes([NUMBERS[kind]]) + encode(kind, values)


def made(id, **attributes):
    """An order that is cancelled: the simplest whole event, as Event's bytes."""
    return encode("Event", {"id": str(id), "source": "urn:shop:1", "type": "website.order.cancelled",
                            "time_us": NOON, "data": b"\x0a\x02A1", **attributes})


class Raw:
    def __init__(self, hub, peer, hello=True, **options):
        """Options of the socket by name, set before it connects."""
        secret = peer.key_file.read_text().strip().encode()
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.linger, self.socket.reconnect_ivl = 0, -1
        self.socket.curve_serverkey = hub.server_key.encode()
        self.socket.curve_secretkey = secret
        self.socket.curve_publickey = zmq.curve_public(secret)
        for name, value in options.items():
            setattr(self.socket, name, value)
        self.monitor = self.socket.get_monitor_socket(
            zmq.EVENT_DISCONNECTED | zmq.EVENT_HANDSHAKE_FAILED_AUTH)
        self.socket.connect(hub.address)
        self.frames, self.put_back = 0, []
        if hello:
            self.send(frame("HELLO", version=1, agent="raw"))
            kind, self.welcome = self.next()
            assert kind == "WELCOME", (kind, self.welcome)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.socket.disable_monitor()
        self.monitor.close()
        self.socket.close()
        self.context.term()

    def send(self, *parts):
        self.socket.send_multipart(parts)

    def next(self):
        """Kind and body of the next message that is no PING; None: the connection has ended, and
        `why` says how."""
        if self.put_back:
            return self.put_back.pop()
        poller = zmq.Poller()
        poller.register(self.socket, zmq.POLLIN)
        poller.register(self.monitor, zmq.POLLIN)
        while True:
            ready = dict(poller.poll(PATIENCE_MS))
            assert ready, "no answer"
            if self.socket in ready:
                message = self.socket.recv()
                kind = KINDS[message[3]]
                if kind != "PING":
                    return kind, decode(kind, message[4:])
            else:
                event = zmq.utils.monitor.recv_monitor_message(self.monitor)["event"]
                self.why = {zmq.EVENT_DISCONNECTED: "closed"}.get(event, "unknown key")
                return None

    def again(self, kind, body):
        """It is the next message once more."""
        self.put_back.append((kind, body))

    def publish(self, *events):
        """The receipts of one frame, with words for their numbers."""
        self.frames += 1
        self.send(frame("PUBLISH", frame=self.frames, events=events))
        kind, body = self.next()
        assert kind == "RECEIPTS" and body["frame"] == self.frames, (kind, body)
        return [dict(receipt, outcome=OUTCOMES[receipt["outcome"]],
                     reason=STATUSES.get(receipt["reason"], receipt["reason"]))
                for receipt in body["receipts"]]

    def history(self, *types):
        """All that is kept, as a subscriber from the earliest gets it: the sequences that were
        delivered, and the gaps that were told."""
        self.send(frame("SUBSCRIBE", handle=1, filter={"types": types}, start={"from": 1},
                        no_ack=1, credit=65536))
        sequences, gaps = [], []
        while True:
            kind, body = self.next()
            if kind == "DELIVER":
                sequences += [one["sequence"] for one in body["deliveries"]]
                self.send(frame("GRANT", handle=1, deliveries=len(body["deliveries"])))
            elif kind == "MARK" and body["what"] == GAP:
                gaps.append((body["first"], body["last"]))
            elif kind == "MARK" and body["what"] == CAUGHT_UP:
                return sequences, gaps
            else:
                assert kind in ("SUBSCRIBED", "MARK"), (kind, body)

    def refusal(self):
        """The next message must be a REFUSED: its reason, and whether it is the last."""
        kind, body = self.next()
        assert kind == "REFUSED", (kind, body)
        return STATUSES.get(body["reason"], body["reason"]), bool(body["fatal"])
