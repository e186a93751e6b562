"""Each agent's program hears of his own calls alone, by his own token; a reload takes a token away, and gives another
one, without a break of the line to the exchange or of anybody else's."""
import json

from lib import PATIENCE_S, Hub, until
from center import Center, secret
from exchange import Call, Exchange, WebSocket

WANG, LI, NEW = "wang-0123456789ab", "li-0123456789abcd", "li-fedcba987654321"

with Hub() as hub, Exchange() as exchange:
    center = Center(hub, "s3cr3t")
    hub.start()
    tokens = secret(hub.root / "agents", f"# the day shift\n201 = {WANG}\n202 = {LI}")
    center.configure(
        f"port = {exchange.port}\nusername = carehub\n[pop]\nlisten = 127.0.0.1:0\n"
        f"token_file = {secret(hub.root / 'wall', 'everybody')}\nagent_tokens_file = {tokens}\n")

    def ring(agent, device):
        call = Call(exchange, "", "repair").join().ring(agent, f"PJSIP/{device}")
        call.connect().complete()
        return call.id

    heard = lambda screen: json.loads(screen.receive())["call"]["callId"]

    with center.running():
        assert exchange.ready.wait(PATIENCE_S)
        until(lambda: center.said("exchange.up") and center.said("pop.listening"))
        port = center.pop_port()
        for token, query in ((NEW, ""), (WANG, "?agent=202"), (LI, "?agent=201"), (LI, "?agent=20"), ("", "")):
            assert WebSocket(port, token, query).status == 403, (token, query)
        wall, wang, li = WebSocket(port, "everybody"), WebSocket(port, WANG), WebSocket(port, LI, "?agent=202")
        assert (wall.status, wang.status, li.status) == (101, 101, 101)

        first, second = ring("Li", 202), ring("Wang", 201)
        assert heard(wang) == second and heard(li) == first
        assert [heard(wall), heard(wall)] == [first, second]

        # Li's token is exchanged; a file with a mistake changes nothing.
        tokens.write_text(f"201 = {WANG}\n202 = {WANG}\n")
        assert f"{tokens}:2: has a token that is given out already" in center.command("reload", status=2)
        first = ring("Li", 202)
        assert heard(li) == heard(wall) == first
        tokens.write_text(f"201 = {WANG}\n202 = {NEW}\n")
        assert "taken_over" in center.command("reload")
        try:
            raise AssertionError(li.receive())
        except (EOFError, ConnectionError):
            pass
        assert WebSocket(port, LI).status == 403
        li = WebSocket(port, NEW)
        first, second = ring("Li", 202), ring("Wang", 201)
        assert heard(wang) == second and heard(li) == first
        assert [heard(wall), heard(wall)] == [first, second]
        assert (exchange.logins, center.said("exchange.up")) == (1, 1), "the line never broke"
    assert WANG not in center.log.read_text(), center.log.read_text()
    hub.stop()
