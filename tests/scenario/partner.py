"""A partner whom orders go out to: his folder, the carrier who takes away what he sees in it, and what he answers.

    with Hub() as hub:
        partner = Partner(hub, "north", TERMS, read)
        partner.agree(syntax="UNOC", patience="1d")
        partner.publish(order("A-1"))
        partner.parts.once()
        partner.carry()
        assert list(partner.carried.values()) == ["A-1"]
"""
import random
import signal
import time

from lib import until
from service import Service


class Partner:
    def __init__(self, hub, name, terms, read):
        """`terms` is his file, and `read` takes (text, file's name) to (control reference, order's number)."""
        self.hub, self.name, self.terms, self.read = hub, name, terms, read
        self.ops = hub.peer("ops", roles="operator, consumer", topics=">")
        self.desk = hub.peer("desk", roles="producer", sources="urn:desk", types="parts.>")
        self.parts = Service(hub, "carehub-parts", hub.peer(
            "parts", roles="producer, consumer", sources="urn:parts:*", types="parts.>, reference.>",
            topics="parts.>"))
        hub.start()
        self.inbox, self.out, self.files = hub.root / "inbox", hub.root / "out", hub.root / "partners"
        self.carried = {}  # control reference: order
        self.inbox.mkdir()
        self.files.mkdir()
        self.parts.configure(f"[adapter]\npoll = 20ms\nmetrics = {hub.root}/metrics\n"
                             f"[folder]\npath = {self.inbox}\nsettle = 0\n"
                             f"[parts]\nout = {self.out}\nstate = {hub.root}/state\npartners = {self.files}\n")

    def agree(self, **terms):
        (self.files / f"{self.name}.conf").write_text(self.terms.format(**terms))

    def publish(self, *orders):
        self.hub.run(self.desk, "publish", input="".join(orders))

    def answer(self, name, text):
        """He drops it whole."""
        (self.hub.root / "new").write_text(text)
        (self.hub.root / "new").rename(self.inbox / name)

    def carry(self):
        """What he sees is his at once, and gone from the folder."""
        for path in (self.out / self.name).glob("[!.]*"):
            text = path.read_bytes().decode()
            path.unlink()
            reference, order = self.read(text, path.name)
            assert reference not in self.carried, f"{reference} was used twice"
            self.carried[reference] = order

    def survive(self, rounds, batch, order, first):
        """The adapter is killed again and again while the carrier works, and each order is there once, under the
        reference that follows the one before; `first` is the first of all."""
        sent = list(self.carried.values())
        for n in range(1, rounds + 1):
            numbers = [f"A-{n}-{m}" for m in range(batch)]
            self.publish(*map(order, numbers))
            sent += numbers
            self.parts.start()
            end = time.monotonic() + random.uniform(0, 0.25)
            while time.monotonic() < end:
                self.carry()
            self.parts.kill()
        self.parts.once()
        self.carry()
        assert sorted(self.carried.values()) == sorted(sent), set(sent) ^ set(self.carried.values())
        assert sorted(map(int, self.carried)) == [first + n for n in range(len(sent))]

    def hear(self, acknowledged, rejected):
        """What he has answered is noted."""
        def noted():
            self.parts.once()
            return [self.parts.said(f"interchange.{what}") for what in ("acknowledged", "rejected")]

        until(lambda: noted() == [acknowledged, rejected])

    def dead_letter(self):
        """The only one."""
        until(lambda: self.hub.ask(self.ops, "deadletter", "list", "parts"))
        (letter,) = self.hub.ask(self.ops, "deadletter", "list", "parts")
        return letter

    def retry(self, order, **terms):
        """Other terms were agreed, and what was a dead letter goes out by them."""
        self.agree(**terms)
        self.parts.process.send_signal(signal.SIGHUP)
        until(lambda: self.parts.said("config.active", " generation=2 "))
        self.hub.run(self.ops, "deadletter", "retry", "parts", "--yes")
        until(lambda: self.carry() or order in self.carried.values())
