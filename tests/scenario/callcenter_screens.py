"""Each agent's program hears of his own calls alone, by his own token; a reload takes a token away, and gives another
one, without a break of the line to the exchange or of anybody else's."""
import json
import pathlib
import subprocess
import sys

from lib import BIN, PATIENCE_S, Hub, until

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "support"))
from exchange import Call, Exchange, WebSocket  # noqa: E402

WANG, LI, NEW = "wang-0123456789ab", "li-0123456789abcd", "li-fedcba987654321"

with Hub() as hub, Exchange() as exchange:
    center = hub.peer("center", roles="producer, consumer", sources="/callcenter", types="callcenter.>",
                      topics="callcenter.>", region="CN")
    hub.start()
    for name, text in {"ami": "s3cr3t", "wall": "everybody", "agents": ""}.items():
        (hub.root / name).touch(mode=0o600)
        (hub.root / name).write_text(text + "\n")
    tokens, told = hub.root / "agents", hub.root / "callcenter.log"
    tokens.write_text(f"# the day shift\n201 = {WANG}\n202 = {LI}\n")
    config = hub.root / "callcenter.conf"
    config.write_text(
        f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\nkey_file = {center.key_file}\n"
        f"[exchange]\nport = {exchange.port}\nusername = carehub\nsecret_file = {hub.root}/ami\n"
        f"[pop]\nlisten = 127.0.0.1:0\ntoken_file = {hub.root}/wall\nagent_tokens_file = {tokens}\n")
    adapter = subprocess.Popen([BIN / "carehub-callcenter", "run", "--config", config], stderr=told.open("w"))

    def reload():
        done = subprocess.run([BIN / "carehub-callcenter", "reload", "--config", config],
                              capture_output=True, text=True, timeout=PATIENCE_S)
        return done.stdout + done.stderr

    def ring(agent, device):
        call = Call(exchange, "", "repair").join().ring(agent, f"PJSIP/{device}")
        call.connect().complete()
        return call.id

    heard = lambda screen: json.loads(screen.receive())["call"]["callId"]

    try:
        assert exchange.ready.wait(PATIENCE_S)
        until(lambda: all(word in told.read_text() for word in (" exchange.up ", " pop.listening ")))
        port = int(next(line for line in told.read_text().splitlines() if " pop.listening " in line).rsplit("port=", 1)[1])
        for token, query in ((NEW, ""), (WANG, "?agent=202"), (LI, "?agent=201"), (LI, "?agent=20"), ("", "")):
            assert WebSocket(port, token, query).status == 403, (token, query)
        wall, wang, li = WebSocket(port, "everybody"), WebSocket(port, WANG), WebSocket(port, LI, "?agent=202")
        assert (wall.status, wang.status, li.status) == (101, 101, 101)

        first, second = ring("Li", 202), ring("Wang", 201)
        assert heard(wang) == second and heard(li) == first
        assert [heard(wall), heard(wall)] == [first, second]

        # Li's token is exchanged; a file with a mistake changes nothing.
        tokens.write_text(f"201 = {WANG}\n202 = {WANG}\n")
        assert f"{tokens}:2: has a token that is given out already" in reload()
        first = ring("Li", 202)
        assert heard(li) == heard(wall) == first
        tokens.write_text(f"201 = {WANG}\n202 = {NEW}\n")
        assert "taken_over" in reload()
        try:
            raise AssertionError(li.receive())
        except (EOFError, ConnectionError):
            pass
        assert WebSocket(port, LI).status == 403
        li = WebSocket(port, NEW)
        first, second = ring("Li", 202), ring("Wang", 201)
        assert heard(wang) == second and heard(li) == first
        assert [heard(wall), heard(wall)] == [first, second]
        assert (exchange.logins, told.read_text().count(" exchange.up ")) == (1, 1), "the line never broke"
    finally:
        adapter.terminate()
        status = adapter.wait(PATIENCE_S)
    assert status == 0 and WANG not in told.read_text(), (status, told.read_text())
    hub.stop()
