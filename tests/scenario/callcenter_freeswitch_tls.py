"""FreeSWITCH's event socket speaks no TLS: with a tunnel before it, whoever cannot prove to be it does not get the password,
the log says what is wrong where there is no tunnel, and through it calls come, also over a line that broke."""
import sys

from lib import Hub, until
from center import Center
from freeswitch import Call, FreeSwitch
from tunnel import Authority, Tunnel, have_openssl

if not have_openssl():
    print("openssl is not installed, to make certificates with")
    sys.exit(77)

with Hub() as hub, FreeSwitch() as exchange, Tunnel(exchange.port) as tunnel:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    center = Center(hub, "ClueCon")
    hub.start()
    ours, others = Authority(hub.root / "ours"), Authority(hub.root / "others", "Somebody else's CA")
    exchange.agents = {"6f1e9c": "user/201@default"}
    text = f"""dialect = freeswitch
port = {tunnel.port}
tls = yes
ca_file = {ours.certificate}
timeout = 1s
reconnect_first = 50ms
reconnect_longest = 100ms
"""
    center.configure(text.replace("port = ", "#port = "))
    assert "exchange.port: is needed with exchange.tls" in center.command("check", status=2)
    center.configure(text)
    right = ours.certify("pbx", "IP:127.0.0.1")
    tunnel.how, tunnel.identity = "tls", others.certify("pbx", "IP:127.0.0.1")
    told = lambda: {line["event"]["id"] for line in hub.ask(ops, "find", "--type", "callcenter.call.completed")}

    def served(number):
        call = Call(exchange, number, "repair@default", "王芳").create().join().ring("6f1e9c").connect()
        call.complete().hang_up()
        until(lambda: f"{call.id}/repair@default" in told())

    with center.running():
        until(lambda: center.said("exchange.down", "comes from nobody in exchange.ca_file"))
        tunnel.how = "plain"  # as though exchange.port were that of the event socket itself
        until(lambda: center.said("exchange.down", "it speaks no TLS there: is exchange.port"))
        assert exchange.logins == exchange.refused == 0 and not center.said("exchange.up")
        tunnel.how, tunnel.identity = "tls", right
        until(lambda: center.said("exchange.up"))
        served("13800138000")
        exchange.hang_up()
        until(lambda: center.said("exchange.up") == 2)
        served("13900139000")
    assert exchange.refused == 0
    hub.stop()
