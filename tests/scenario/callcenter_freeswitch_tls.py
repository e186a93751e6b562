"""FreeSWITCH's event socket speaks no TLS: with a tunnel before it, whoever cannot prove to be it does not get the password,
the log says what is wrong where there is no tunnel, and through it calls come, also over a line that broke."""
import pathlib
import subprocess
import sys
import threading

from lib import BIN, PATIENCE_S, Hub, until

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from freeswitch import Call, FreeSwitch  # noqa: E402
from tunnel import Authority, Tunnel, have_openssl  # noqa: E402

if not have_openssl():
    print("openssl is not installed, to make certificates with")
    sys.exit(77)

with Hub() as hub, FreeSwitch() as exchange, Tunnel(exchange.port) as tunnel:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    center = hub.peer("center", roles="producer, consumer", sources="/callcenter",
                      types="callcenter.>", topics="callcenter.>", region="CN")
    hub.start()
    ours, others = Authority(hub.root / "ours"), Authority(hub.root / "others", "Somebody else's CA")
    exchange.agents = {"6f1e9c": "user/201@default"}
    secret, config = hub.root / "esl", hub.root / "callcenter.conf"
    secret.touch(mode=0o600)
    secret.write_text("ClueCon\n")
    text = f"""[hub]
endpoint = {hub.address}
server_key = {hub.server_key}
key_file = {center.key_file}
[exchange]
dialect = freeswitch
port = {tunnel.port}
secret_file = {secret}
tls = yes
ca_file = {ours.certificate}
timeout = 1s
reconnect_first = 50ms
reconnect_longest = 100ms
"""
    config.write_text(text.replace("port = ", "#port = "))
    check = subprocess.run([BIN / "carehub-callcenter", "check", "--config", config], capture_output=True, text=True)
    assert check.returncode == 2 and "exchange.port: is needed with exchange.tls" in check.stdout + check.stderr, check
    config.write_text(text)
    right = ours.certify("pbx", "IP:127.0.0.1")
    tunnel.how, tunnel.identity = "tls", others.certify("pbx", "IP:127.0.0.1")
    adapter = subprocess.Popen([BIN / "carehub-callcenter", "run", "--config", config],
                               stderr=subprocess.PIPE, text=True)
    lines = []
    threading.Thread(target=lambda: lines.extend(iter(adapter.stderr.readline, "")), daemon=True).start()
    said = lambda event, detail="": sum(f" {event} " in line and detail in line for line in lines)
    told = lambda: {line["event"]["id"] for line in hub.ask(ops, "find", "--type", "callcenter.call.completed")}

    def served(number):
        call = Call(exchange, number, "repair@default", "王芳").create().join().ring("6f1e9c").connect()
        call.complete().hang_up()
        until(lambda: f"{call.id}/repair@default" in told())

    try:
        until(lambda: said("exchange.down", "comes from nobody in exchange.ca_file"))
        tunnel.how = "plain"  # as though exchange.port were that of the event socket itself
        until(lambda: said("exchange.down", "it speaks no TLS there: is exchange.port"))
        assert exchange.logins == exchange.refused == 0 and not said("exchange.up")
        tunnel.how, tunnel.identity = "tls", right
        until(lambda: said("exchange.up"))
        served("13800138000")
        exchange.hang_up()
        until(lambda: said("exchange.up") == 2)
        served("13900139000")
    finally:
        adapter.terminate()
        status = adapter.wait(PATIENCE_S)
    assert status == 0 and exchange.refused == 0, (status, lines)
    hub.stop()
