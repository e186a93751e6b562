"""The exchange is behind TLS: whoever cannot prove to be it gets no login, and the log says what is wrong and what can
be done; as soon as the right one is there, calls come."""
import sys

from lib import PATIENCE_S, Hub, until
from center import Center
from exchange import Call, Exchange
from tunnel import Authority, Tunnel, have_openssl

if not have_openssl():
    print("openssl is not installed, to make certificates with")
    sys.exit(77)

with Hub() as hub, Exchange() as exchange, Tunnel(exchange.port) as tunnel:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    center = Center(hub, "s3cr3t")
    hub.start()
    ours, others = Authority(hub.root / "ours"), Authority(hub.root / "others", "Somebody else's CA")
    text = f"""port = {tunnel.port}
username = carehub
tls = yes
ca_file = {hub.root / "none.pem"}
timeout = 1s
reconnect_first = 50ms
reconnect_longest = 100ms
"""
    center.configure(text)
    assert "exchange.ca_file" in center.command("check", status=2)
    center.configure(text.replace("none.pem", "ours/ca.pem"))

    right = ours.certify("pbx", "DNS:localhost,IP:127.0.0.1")
    wrong = [("tls", others.certify("pbx", "IP:127.0.0.1"), "comes from nobody in exchange.ca_file"),
             ("tls", ours.certify("bank", "DNS:bank.example"), "is not for 127.0.0.1: say in exchange.tls_name"),
             ("tls", ours.certify("old", "IP:127.0.0.1", "20200101000000Z", "20200201000000Z"),
              "has expired (2020-02-01"),
             ("plain", right, "it speaks no TLS there: is exchange.port"),
             ("cut", right, "it has closed the line within the TLS handshake"),
             ("mute", right, "it does not answer in TLS")]
    tunnel.how, tunnel.identity = wrong[0][:2]
    with center.running():
        for tunnel.how, tunnel.identity, detail in wrong:
            until(lambda: center.said("exchange.down", detail))
        assert exchange.logins == exchange.refused == 0 and not center.said("exchange.up")
        tunnel.how = "tls"
        assert exchange.ready.wait(PATIENCE_S)
        until(lambda: center.said("exchange.up"))
        Call(exchange, "13800138000", "repair").join().ring("Wang", "PJSIP/201").connect().complete()
        until(lambda: len(hub.ask(ops, "find", "--type", "callcenter.call.completed")) == 1)
    hub.stop()
