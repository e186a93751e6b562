"""Who comes back with the token of its session takes the place of its older connection at once, however alive
that one looks to the network; nobody else's token does anything."""
from lib import Hub, until
from raw import Raw, frame, made

with Hub() as hub:
    ops = hub.peer("ops", roles="operator", topics=">")
    shop = hub.peer("shop", roles="producer, consumer", sources="urn:shop:*", types="website.>", topics=">")
    other = hub.peer("other", roles="producer", sources="urn:other", types="website.>")
    hub.start()
    connected = lambda name: sum(s["peer"] == name for s in hub.ask(ops, "sessions"))

    def come_back(peer, token):
        wire = Raw(hub, peer, hello=False)
        wire.send(frame("HELLO", version=1, agent="raw", session=token))
        kind, wire.welcome = wire.next()
        assert kind == "WELCOME", (kind, wire.welcome)
        return wire

    with Raw(hub, shop) as first:
        assert first.publish(made(1))[0]["outcome"] == "accepted"
        token = first.welcome["session"]
        with come_back(other, token) as stranger:
            assert not stranger.welcome["resumed"] and stranger.welcome["session"] != token
            assert first.publish(made(2))[0]["outcome"] == "accepted", "the token is another peer's"
        with come_back(shop, bytes(len(token))) as unknown:
            assert not unknown.welcome["resumed"]
            assert first.publish(made(3))[0]["outcome"] == "accepted", "that token is nobody's"
        with come_back(shop, token) as second:
            assert second.welcome["resumed"] and second.welcome["session"] == token
            assert first.next() is None, "the older one is closed"
            until(lambda: connected("shop") == 1)
            assert [r["outcome"] for r in second.publish(made(3), made(4))] == ["duplicate", "accepted"]
            assert hub.page("/metrics")[1].count('reason="replaced"') == 1
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
