"""The exchange is behind TLS: whoever cannot prove to be it gets no login, and the log says what is wrong and what can
be done; as soon as the right one is there, calls come."""
import pathlib
import subprocess
import sys
import threading

from lib import BIN, PATIENCE_S, Hub, until

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from exchange import Call, Exchange  # noqa: E402
from tunnel import Authority, Tunnel, have_openssl  # noqa: E402

if not have_openssl():
    print("openssl is not installed, to make certificates with")
    sys.exit(77)

with Hub() as hub, Exchange() as exchange, Tunnel(exchange.port) as tunnel:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    center = hub.peer("center", roles="producer, consumer", sources="/callcenter",
                      types="callcenter.>", topics="callcenter.>", region="CN")
    hub.start()
    ours, others = Authority(hub.root / "ours"), Authority(hub.root / "others", "Somebody else's CA")
    secret, config = hub.root / "ami", hub.root / "callcenter.conf"
    secret.touch(mode=0o600)
    secret.write_text("s3cr3t\n")
    text = f"""[hub]
endpoint = {hub.address}
server_key = {hub.server_key}
key_file = {center.key_file}
[exchange]
port = {tunnel.port}
username = carehub
secret_file = {secret}
tls = yes
ca_file = {hub.root / "none.pem"}
timeout = 1s
reconnect_first = 50ms
reconnect_longest = 100ms
"""
    config.write_text(text)
    check = subprocess.run([BIN / "carehub-callcenter", "check", "--config", config],
                           capture_output=True, text=True)
    assert check.returncode == 2 and "exchange.ca_file" in check.stdout + check.stderr, check
    config.write_text(text.replace("none.pem", "ours/ca.pem"))

    right = ours.certify("pbx", "DNS:localhost,IP:127.0.0.1")
    wrong = [("tls", others.certify("pbx", "IP:127.0.0.1"), "comes from nobody in exchange.ca_file"),
             ("tls", ours.certify("bank", "DNS:bank.example"), "is not for 127.0.0.1: say in exchange.tls_name"),
             ("tls", ours.certify("old", "IP:127.0.0.1", "20200101000000Z", "20200201000000Z"),
              "has expired (2020-02-01"),
             ("plain", right, "it speaks no TLS there: is exchange.port"),
             ("cut", right, "it has closed the line within the TLS handshake"),
             ("mute", right, "it does not answer in TLS")]
    tunnel.how, tunnel.identity = wrong[0][:2]
    adapter = subprocess.Popen([BIN / "carehub-callcenter", "run", "--config", config],
                               stderr=subprocess.PIPE, text=True)
    lines = []
    threading.Thread(target=lambda: lines.extend(iter(adapter.stderr.readline, "")), daemon=True).start()
    said = lambda event, detail="": any(f" {event} " in line and detail in line for line in lines)
    try:
        for tunnel.how, tunnel.identity, detail in wrong:
            until(lambda: said("exchange.down", detail))
        assert exchange.logins == exchange.refused == 0 and not said("exchange.up")
        tunnel.how = "tls"
        assert exchange.ready.wait(PATIENCE_S)
        until(lambda: said("exchange.up"))
        Call(exchange, "13800138000", "repair").join().ring("Wang", "PJSIP/201").connect().complete()
        until(lambda: len(hub.ask(ops, "find", "--type", "callcenter.call.completed")) == 1)
    finally:
        adapter.terminate()
        status = adapter.wait(PATIENCE_S)
    assert status == 0, (status, lines)
    hub.stop()
