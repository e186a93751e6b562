"""While publishing goes on, one subscriber starts from a snapshot and one from the beginning.  Both catch up
and go on live, without a gap or a double, and what they then hold is what the hub holds."""
from lib import Hub, event, wire

EARLIEST, SNAPSHOT, RECORD, LIVE = 1, 4, 3, 0
CAUGHT_UP, SNAPSHOT_END = 1, 7
STATES = {"website.order.placed": 1, "website.order.confirmed": 2, "website.order.cancelled": 5}


def orders(first, last):
    """Fifty orders are placed, then confirmed, then cancelled, then the next fifty; of 40 customers."""
    lines = ""
    for n in range(first, last):
        number = n // 150 * 50 + n % 50
        data = {"orderId": f"A{number}", "shopId": "1",
                "customer": {"phones": [{"value": f"1380000{number % 40:04}"}]}}
        if n // 50 % 3 == 0:
            data["lines"] = [{"productId": "P1", "quantity": {"unscaled": "1"}}]
        lines += event(list(STATES)[n // 50 % 3], n, "urn:shop:1", data)
    return lines


class Mirror:
    """A subscriber that folds what it gets: orders with state and customer, and customers."""

    def __init__(self, client, name, start):
        self.client, self.name = client, name
        self.orders, self.customers, self.groups, self.marks = {}, set(), [], []
        self.next_part, self.live = 0, 0
        self.subscription = client.subscribe(name=name, start=start, credit=256)

    def on_record(self, record):
        fields = {number: value for number, _, value in wire.scan(record["record"])}
        if record["table"] == "orders":
            self.orders[fields[1].decode()] = fields[5], fields[4]
        else:
            self.customers.add(fields[1])
        self.client.send("GRANT", handle=self.subscription.handle, deliveries=1)

    def on_event(self, delivery):
        told = wire.decode("Event", delivery["event"])
        assert delivery["part"] == self.next_part, (self.name, delivery)
        self.next_part = 0 if delivery["last"] else self.next_part + 1
        self.live += delivery["mode"] == LIVE
        if told["type"] == "customer.record.created":
            self.customers.add(delivery["customer"])
        elif told["type"] in STATES:
            number = next(value for field, _, value in wire.scan(told["data"]) if field == 1)
            self.orders[number.decode()] = STATES[told["type"]], delivery["customer"]
        if delivery["last"]:
            self.groups.append(delivery["sequence"])
            self.subscription.ack(delivery["sequence"])

    def on_mark(self, mark):
        self.marks.append(mark["what"])
        if mark["what"] == SNAPSHOT_END:
            self.groups = [mark["first"]]
            self.client.send("ACK", handle=self.subscription.handle, up_to=mark["first"])

    def take(self):
        """All that has come."""
        while self.subscription.queue:
            kind, body = self.subscription.queue.popleft()
            if kind == "mark":
                self.on_mark(body)
            elif body["mode"] == RECORD:
                self.on_record(body)
            else:
                self.on_event(body)

    def take_until(self, sequence):
        while not self.groups or self.groups[-1] < sequence:
            assert self.client.wait(lambda: self.subscription.queue, 20), f"{self.name} stands"
            self.take()


with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer, admin", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>",
                    region="CN", assurance="verified")
    module = hub.peer("module", roles="consumer", topics=">")
    hub.start()
    published = 6000
    hub.run(shop, "publish", "--quiet", input=orders(0, published // 2))
    hub.run(ops, "checkpoint")  # a snapshot is of what is written
    hub.run(shop, "publish", "--quiet", input=orders(published // 2, published))
    with hub.client(module) as client:
        tables = {"from": SNAPSHOT, "snapshot": ["customers", "orders"]}
        mirrors = [Mirror(client, "reader", {"from": EARLIEST}), Mirror(client, "mirror", tables)]
        while published < 9000 or any(m.live < 500 for m in mirrors):
            assert published < 60000, [(m.name, m.live, m.marks) for m in mirrors]
            hub.run(shop, "publish", "--quiet", input=orders(published, published + 75))
            published += 75
            client.pump(0)
            for mirror in mirrors:
                mirror.take()
        head = int(hub.status(ops)["head"])
        for mirror in mirrors:
            mirror.take_until(head)
            assert CAUGHT_UP in mirror.marks, mirror.marks
            first = mirror.groups[0]
            assert mirror.groups == list(range(first, head + 1)), (mirror.name, first)
        reader, mirror = mirrors
        assert reader.groups[0] == 1 and 1 < mirror.groups[0] < head
        assert reader.orders == mirror.orders and reader.customers == mirror.customers

        hub.run(ops, "checkpoint")
        truth = Mirror(client, "", tables)
        truth.take_until(head)
        assert truth.groups == [head]
        assert truth.orders == mirror.orders and truth.customers == mirror.customers
        assert len(truth.customers) == 40 and len(truth.orders) >= 3000
    hub.stop()
