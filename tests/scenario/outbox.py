"""A station's database hands its events over through an outbox table: transactions that end in another order
than they began, an adapter that is killed, a database that goes away.  Every row arrives once, in the order of
its repair, and goes only then; what is no event stays, with the reason."""
import subprocess

from lib import BIN, PATIENCE_S, Hub, running, until
from servers import Postgres, Session

ADAPTER = BIN / "carehub-repair"


def row(number, repair, type="repair.order.repaired"):
    return ("INSERT INTO carehub_outbox (aggregatetype, aggregateid, type, payload) VALUES "
            f"('repair', '{repair}', '{type}', '{{\"repairOrderId\": \"{repair}\", \"station\": "
            f"{{\"stationId\": \"SH12\"}}, \"activity\": \"{number}\"}}');")


def arrived(hub, ops, source):
    """(repair, number) of every event of this source, in the hub's order."""
    found = hub.ask(ops, "find", "--type", "repair.>", "--source", source)
    return [(e["event"]["data"]["repairOrderId"], e["event"]["data"].get("activity"))
            for e in found]


def scenario(hub, database, release):
    ops = hub.ops
    source = f"/stations/{release}"
    config = hub.root / f"{release}.conf"
    config.write_text(f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\n"
                      f"key_file = {hub.station.key_file}\n[repair]\ninput = outbox\n"
                      f"source = {source}\n[outbox]\nconnection = host=127.0.0.1 "
                      f"port={database.port} user=test dbname=postgres\nrelease = {release}\n"
                      "batch = 10\npoll = 200ms\n")
    assert subprocess.run([ADAPTER, "check", "--config", config]).returncode == 0
    run = [ADAPTER, "run", "--config", config]
    left = lambda: int(database.run("SELECT count(*) FROM carehub_outbox WHERE rejected IS NULL")[0])

    # R1's row has the lower sequence, and is seen last.
    slow, quick = Session(database), Session(database)
    slow.say("BEGIN; " + row(1, "R1"))
    quick.say(row(2, "R2"))
    with running(run):
        if release == "delete":
            until(lambda: arrived(hub, ops, source) == [("R2", "2")])
        quick.say(row(3, "R2"))
        slow.say(row(4, "R1") + " COMMIT;")
        until(lambda: len(arrived(hub, ops, source)) == 4)
        slow.end()
        quick.end()
        database.run("".join(row(n, "R3") for n in range(5, 105)))
        until(lambda: len(arrived(hub, ops, source)) > 20)
    # It was killed while rows came; so is the database.
    with running(run) as adapter:
        database.run("".join(row(n, "R3") for n in range(105, 155)))
        database.crash()
        database.start()
        database.run("".join(row(n, "R3") for n in range(155, 165)) +
                     row(165, "R4", "no.such.type"))
        # Neither a column without end nor a reason that must be cut stops those behind it.
        database.run(row(166, "R5", "x" * 3000) + row(167, "名" * 2000) +
                     row(168, "R6").replace("activity", "名" * 400))
        until(lambda: len(arrived(hub, ops, source)) == 164)
        found = arrived(hub, ops, source)
        assert sorted(int(n) for _, n in found) == list(range(1, 165)), "each once"
        for repair in ("R1", "R2", "R3"):
            mine = [int(n) for r, n in found if r == repair]
            assert mine == sorted(mine), f"{repair} in another order: {mine}"
        refused = lambda: database.run("SELECT aggregateid || ' ' || rejected FROM carehub_outbox "
                                       "WHERE rejected IS NOT NULL ORDER BY sequence")
        until(lambda: len(refused()) == 4)
        assert refused()[:2] == ["R4 byte 0: type: is no event type",
                                 "R5 byte 0: type: is longer than 1024 bytes"], refused()
        assert refused()[2].endswith("名 byte 0: aggregateid: is longer than 1024 bytes"), refused()
        database.run("DELETE FROM carehub_outbox WHERE rejected IS NOT NULL AND aggregateid <> 'R4'")
        if release == "delete":
            until(lambda: left() == 0)
            # What was mended is taken.
            database.run("UPDATE carehub_outbox SET type = 'repair.order.closed', rejected = NULL")
            until(lambda: len(arrived(hub, ops, source)) == 165 and left() == 0)
        assert left() == (0 if release == "delete" else 164)
        adapter.terminate()
        assert adapter.wait(PATIENCE_S) == 1  # something was rejected
    # With nothing new it ends by itself, and publishes nothing.
    head = hub.status(ops)["head"]
    assert subprocess.run([*run, "--once"], stderr=subprocess.DEVNULL,
                          timeout=PATIENCE_S).returncode == 0
    assert hub.status(ops)["head"] == head


with Hub() as hub, Postgres() as database:
    hub.ops = hub.peer("ops", roles="operator, consumer", topics=">")
    hub.station = hub.peer("station", roles="producer", sources="/stations/*", types="repair.>")
    hub.start()
    schema = subprocess.run([ADAPTER, "outbox"], capture_output=True, text=True, check=True).stdout
    for release in ("delete", "keep"):
        database.run(schema)
        scenario(hub, database, release)
        database.run("DROP TABLE carehub_outbox, carehub_outbox_position; "
                     "DROP FUNCTION carehub_outbox_notify;")
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
