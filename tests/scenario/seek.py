"""An operator moves a cursor under a subscriber.  It is told, what it gets again is meant to come, and the
move is counted for ever: a client that was away learns of it by the count."""
from lib import Hub, event

EARLIEST, MOVED = {"from": 1}, 11

with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>")
    module = hub.peer("module", roles="consumer", topics="website.>")

    def attach(client):
        return client.subscribe(name="marketing", start=EARLIEST, credit=64)

    def take(subscription, count):
        """The sequences of the next deliveries, all acknowledged, and the marks between them."""
        sequences, marks = [], []
        while len(sequences) < count:
            kind, body = subscription.next(10)
            if kind == "mark":
                marks.append(body["what"])
            else:
                sequences.append(body["sequence"])
                subscription.ack(body["sequence"])
        return sequences, marks

    hub.start()
    hub.run(shop, "publish", input="".join(
        event("website.order.cancelled", n, "urn:shop:1", {"orderId": f"A{n}"})
        for n in range(10)))  # sequences 2 to 11
    with hub.client(module) as client:
        subscription = attach(client)
        assert take(subscription, 10)[0] == list(range(2, 12))
        assert subscription.attached["moves"] == 0
        hub.run(ops, "seek", "marketing", 8, "--yes")
        assert client.wait(lambda: subscription.attached["moves"] == 1, 10)  # told, and back again
        assert take(subscription, 4)[0] == [8, 9, 10, 11]
        subscription.close()
    hub.run(ops, "seek", "marketing", 10, "--yes")  # while nobody is there

    hub.stop()
    hub.start()
    with hub.client(module) as client:
        subscription = attach(client)
        assert subscription.attached["moves"] == 2
        assert take(subscription, 2)[0] == [10, 11]
        subscription.close()
    hub.stop()
