"""A module is killed in the middle, the hub too, and restored from a backup; its book is made anew: it is the
same book each time, and nothing is said twice."""
import json
import os
import shutil
import subprocess

from lib import Hub, event, running, until

ECHO = os.environ["ECHO_MODULE"]


def feedbacks(first, last):
    return "".join(event("website.feedback.given", f"f{n}", "/site",
                         {"feedbackId": f"f{n}", "remarks": "fine"}) for n in range(first, last))


with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    site = hub.peer("site", roles="producer", sources="/site", types="website.>")
    echo = hub.peer("echo", roles="producer, consumer", sources="/carehub/echo",
                    types="quality.>", topics="website.feedback.given, quality.>, customer.>")
    config = hub.root / "echo.conf"

    def start():
        hub.start()
        config.write_text(f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\n"
                          f"key_file = {echo.key_file}\n[module]\nbook = {hub.root}/echo\n")

    def module(*words, status=0):
        done = subprocess.run([ECHO, words[0], *["--config"][:words[0] != "book"], config,
                               *words[1:]], capture_output=True, text=True, timeout=60)
        assert done.returncode in (status, *[3][:status]), (words, done)
        return done.stdout

    def position():
        return json.loads(module("status", "--json", status=1) or '{"position": 0}')["position"]

    def said():
        return int(hub.ask(ops, "find", "--count", "--type", "quality.>")[0]["matched"])

    start()
    hub.run(site, "publish", input=feedbacks(0, 300))
    for life in range(6):
        with running([ECHO, "run", "--config", config]):
            hub.run(site, "publish", input=feedbacks(300 + 50 * life, 350 + 50 * life))
            until(lambda: said() > 20 * life)
            if life == 2:
                hub.run(ops, "backup", hub.root / "copy")
            if life == 4:  # the hub dies under it, and comes back
                hub.kill()
                start()
    module("run", "--once")
    module("run", "--once")
    assert said() == 600
    book = module("book")
    assert book.count("feedback ") == book.count("heard ") == book.count("said ") == 600
    assert "outbox" not in book

    head = hub.status(ops)["head"]
    assert "is empty" in module("rebuild")
    module("status", status=3)
    module("run", "--once")
    assert module("book") == book and hub.status(ops)["head"] == head

    # What the backup does not have never was.
    hub.stop()
    shutil.rmtree(hub.root / "var")
    assert "restore\tok" in hub.offline("restore", hub.root / "copy")
    start()
    hub.run(site, "publish", input=feedbacks(900, 910))
    module("run", "--once")
    module("run", "--once")
    kept = int(hub.ask(ops, "find", "--count", "--type", "website.>")[0]["matched"])
    book = module("book")
    assert 10 < kept < 610 and said() == kept == book.count("feedback ") == book.count("heard ")
    hub.stop()
