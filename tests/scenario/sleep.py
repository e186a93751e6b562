"""Subscribers fall asleep with their connections open.  Publishing goes on as without them, each costs the
hub less than 1 MiB, and one that wakes up, long after the hub has given its connection up, gets every
event once and in order.

50 000 events, or as many as SLEEP_EVENTS says (1000000: two minutes).  What a sleeper costs is told by
sixteen, against the same day without any: one alone would drown in what the allocator keeps."""
import json
import os
import signal

from lib import BIN, PATIENCE_S, Hub

EVENTS = int(os.environ.get("SLEEP_EVENTS", "50000"))
ALL = EVENTS + 200  # bench sends some one by one before
LONG_S = PATIENCE_S + EVENTS / 2000

# AddressSanitizer keeps what is freed from being used again, and that would count too.
SANITIZED = b"__asan_init" in (BIN / "carehubd").read_bytes()
os.environ["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"


class Day(Hub):
    """A hub with its publisher, and subscribers that sleep."""

    def __enter__(self):
        self.ops = self.peer("ops", roles="operator, consumer, admin", topics=">")
        self.shop = self.peer("shop", roles="producer", sources="urn:shop:*", types="reference.>")
        self.start()
        self.asleep = []
        return self

    def __exit__(self, *why):
        for process in self.asleep:
            process.kill()
            process.wait()
        super().__exit__(*why)

    def attached(self):
        return sum(c.get("attached", False) for c in self.ask(self.ops, "consumers"))

    def put_to_sleep(self, count):
        for n in range(count):
            with open(self.root / f"sleeper-{n}", "w", encoding="utf-8") as output:
                self.asleep.append(self.spawn(
                    self.ops, "tail", "start", "--as", f"sleeper-{n}", "--type", "reference.>",
                    "--json", "--limit", ALL, output=output))
        while self.attached() < count:
            pass
        for process in self.asleep:
            process.send_signal(signal.SIGSTOP)

    def publish(self):
        """Memory of the hub when everything is written."""
        bench, = self.ask(self.shop, "bench", "--source", "urn:shop:1", "--events", EVENTS, "--yes",
                          patience_s=LONG_S)
        self.run(self.ops, "checkpoint")
        memory = self.anonymous_bytes()
        print(f"{len(self.asleep)} asleep: {bench['eventsPerSecond']} events/s, {memory >> 10} KiB")
        return memory


with Day() as hub:
    bare = hub.publish()
    hub.stop()

with Day() as hub:
    hub.put_to_sleep(16)
    cost = (hub.publish() - bare) // 16
    print(f"each costs {cost >> 10} KiB")
    assert cost < (8 if SANITIZED else 1) << 20
    hub.stop()

with Day(bus__heartbeat="1s") as hub:
    hub.put_to_sleep(1)
    hub.publish()
    while hub.attached() > 0:  # its silence is noticed
        pass
    hub.asleep[0].send_signal(signal.SIGCONT)
    assert hub.asleep[0].wait(LONG_S) == 0
    with open(hub.root / "sleeper-0", encoding="utf-8") as lines:
        got = [int(json.loads(line)["sequence"]) for line in lines]
    assert got == list(range(2, ALL + 2)), (len(got), got[:3], got[-3:])
    hub.stop()
