"""Whoever only wants to look takes the live port: each event under its type, as a DELIVER frame, without
its personal part, and only types that the peer may see."""
import zmq

from lib import Hub, event, wire


def complaint(n):
    return event("website.complaint.filed", n, "urn:shop:1",
                 {"complaintId": f"C{n}", "complaintText": "loud",
                  "customer": {"phones": [{"value": f"138001380{n % 100:02}"}]}})


def screen(hub, peer, *beginnings):
    """A SUB socket, subscribed."""
    socket = zmq.Context.instance().socket(zmq.SUB)
    socket.linger, socket.rcvtimeo = 0, 100
    socket.curve_serverkey, socket.curve_secretkey = hub.server_key.encode(), peer.secret.encode()
    socket.curve_publickey = peer.public.encode()
    socket.connect(hub.live)
    for beginning in beginnings:
        socket.subscribe(beginning)
    return socket


with Hub(live__listen="tcp://127.0.0.1:*") as hub:
    shop = hub.peer("shop", roles="producer", sources="urn:shop:*", types="website.>",
                    region="CN", assurance="verified")
    wall = hub.peer("wall", roles="consumer", topics="website.>, customer.>")
    clerk = hub.peer("clerk", roles="consumer", topics="repair.>")
    hub.start()
    seen, denied = screen(hub, wall, "website.", "customer.record.created\0"), screen(hub, clerk, "website.")
    got, published = {}, 0
    while len(got) < 2 and published < 100:  # what is published before the hub knows of us is not told
        published += 1
        hub.run(shop, "publish", input=complaint(published))
        try:
            while True:
                topic, frame = seen.recv_multipart()
                assert frame[:4] == b"CH\x01" + bytes([wire.NUMBERS["DELIVER"]]), frame[:4]
                body = wire.decode("DELIVER", frame[4:])
                (delivery,) = body["deliveries"]
                told = wire.decode("Event", delivery["event"])
                assert (body["handle"], topic) == (0, told["type"].encode() + b"\0")
                assert not delivery["personal"] and not told["personal"], told
                got[told["type"]] = delivery
        except zmq.Again:
            pass
    created, filed = got["customer.record.created"], got["website.complaint.filed"]
    assert filed["sequence"] == created["sequence"] and filed["part"] > created["part"]
    assert created["customer"] > 0 and filed["peer"] == "shop"
    assert b"13800138" not in filed["event"]

    # In silence, and for ever.
    try:
        raise AssertionError(denied.recv_multipart())
    except zmq.Again:
        pass
    assert "carehub_live_refused_total 1\n" in hub.page("/metrics")[1]
    hub.stop()
