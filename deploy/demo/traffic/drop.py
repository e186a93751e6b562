"""The files that a generator drops, and what a reader is to find in them."""
import os
from collections import Counter


class Drop:
    """What a run writes, and what a reader is to find in it."""

    def __init__(self, folder):
        self.folder = folder
        self.expected = []
        self.types = Counter()
        self.ids = set()

    def write(self, name, content, events=None, rejected=0, incomplete=0, sent=None):
        """`sent` is when the file came to the hub's side, which its last change tells: without it the
        months since that day would be taken for an error of the station's clock."""
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode("utf-8"))
        if sent is not None:
            os.utime(path, times=(sent.timestamp(), sent.timestamp()))
        if events is None:
            return
        self.expected += [(name + " events", len(events)), (name + " rejected", rejected),
                          (name + " incomplete", incomplete)]
        for order, event in events:
            identity = (order.station, order.number, event.seq)
            if identity not in self.ids:
                self.types["repair." + event.kind] += 1
            self.ids.add(identity)

    def write_expected(self, path):
        rows = self.expected + sorted(self.types.items()) + [("distinct events", len(self.ids))]
        with open(path, "w", encoding="utf-8") as out:
            out.writelines("%s\t%s\n" % row for row in rows)


def money(fen):
    return "%d.%02d" % divmod(fen, 100)
