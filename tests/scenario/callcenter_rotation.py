"""The exchange's logs are rotated, while the adapter is away and while it reads: no call is lost, none counts twice,
whether the file is renamed, with lines still coming to the old one, or copied and truncated."""
import os
import shutil
import subprocess
import time

from lib import BIN, PATIENCE_S, Hub, until

NOW = int(time.time())


def call(log, name):
    """One that came to a queue, as the exchange writes it down."""
    with open(log, "a") as more:
        more.write(f"{NOW}|{name}|repair|NONE|ENTERQUEUE||13800138000|1\n"
                   f"{NOW}|{name}|repair|Wang|CONNECT|2|x|2\n"
                   f"{NOW}|{name}|repair|Wang|COMPLETEAGENT|2|31|1\n")


with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    center = hub.peer("center", roles="producer, consumer", sources="/callcenter",
                      types="callcenter.>", topics="callcenter.>", region="CN")
    hub.start()
    config, log = hub.root / "callcenter.conf", hub.root / "queue_log"
    config.write_text(f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\n"
                      f"key_file = {center.key_file}\n[logs]\nqueue_log = {log}\n")
    earlier = [hub.root / f"queue_log.{i}" for i in range(4)]
    told = lambda: sorted(one["event"]["id"].split("/")[0]
                          for one in hub.ask(ops, "find", "--type", "callcenter.call.completed"))

    def start():
        return subprocess.Popen([BIN / "carehub-callcenter", "run", "--config", config], stderr=subprocess.DEVNULL)

    def stop(adapter):
        adapter.terminate()
        assert adapter.wait(PATIENCE_S) == 0

    # Rotated while nobody read; the exchange has not opened its log anew, and the day before is not in time.
    call(earlier[2], "long-ago")
    old = time.time() - 3 * 86400
    os.utime(earlier[2], (old, old))
    call(earlier[1], "a")
    adapter = start()
    try:
        until(lambda: told() == ["a"])
        call(earlier[1], "b")
        until(lambda: told() == ["a", "b"])

        # Renamed while it reads: lines come to the old file until `logger reload`, the new one being there.
        log.touch()
        call(earlier[1], "c")
        until(lambda: told() == ["a", "b", "c"])
        call(log, "d")
        until(lambda: told() == ["a", "b", "c", "d"])

        # Away, over two rotations by renaming, and written to between and behind them.
        stop(adapter)
        call(log, "e")
        shutil.move(earlier[1], earlier[2])
        shutil.move(log, earlier[1])
        call(log, "f")
        shutil.move(earlier[2], earlier[3])
        shutil.move(earlier[1], earlier[2])
        shutil.move(log, earlier[1])
        call(log, "g")
        adapter = start()
        until(lambda: told() == list("abcdefg"))

        # Copied and truncated, while it is away and while it reads.
        stop(adapter)
        call(log, "h")
        for number in (1, 2):
            shutil.copyfile(log, hub.root / f"queue_log-2026112{number}")
            os.truncate(log, 0)
            call(log, "ij"[number - 1])
            if number == 1:
                adapter = start()
            until(lambda: told() == list("abcdefghij")[:8 + number])
    finally:
        adapter.terminate()
        status = adapter.wait(PATIENCE_S)
    assert status == 0
    states = hub.ask(ops, "find", "--type", "callcenter.call.>")
    assert len(states) == 30, "each was queued, connected and completed once"
    hub.stop()
    assert "verify\tok" in hub.offline("verify")
