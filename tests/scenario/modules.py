"""Quality and marketing follow a day of shops and repair stations while it happens, are killed, and made anew: the
books are the same, so are the reports, and nothing is said again."""
import json
import pathlib
import subprocess
import sys

from lib import BIN, Hub, running, until

DEMO = pathlib.Path(__file__).parents[2] / "deploy/demo/traffic"
DAY = ["--day", "2026-03-02", "--seed", "7"]
DEFINITIONS = """
[level 1]
where = frequency(3650d) >= 1
[level 2]
where = frequency(3650d) >= 2
[segment buyers]
where = frequency(3650d) >= 1 and not open_complaint
"""
# Whoever bought once is a buyer no more, a level is gone, and a segment is new.
CHANGED = """
[level 2]
where = frequency(3650d) >= 2
[segment again]
where = level >= 2
[segment buyers]
where = frequency(3650d) >= 2 and not open_complaint
"""


def day(hub, program, generator, *words):
    """What a day's files say, as CloudEvents."""
    out = hub.root / generator
    subprocess.run([sys.executable, "-B", DEMO / f"{generator}.py", *DAY, "--out", out, *words],
                   check=True)
    lines = []
    for mapping in sorted(out.glob("mappings/*.ini")) or [None]:
        folder = out / mapping.stem if mapping else out
        done = subprocess.run([BIN / program, "translate", "--quiet",
                               *(["--mapping", mapping] if mapping else []),
                               *sorted(p for p in folder.iterdir() if p.is_file())],
                              capture_output=True, text=True)
        lines += done.stdout.splitlines(keepends=True)
    return lines


with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    shops = hub.peer("shops", roles="producer", sources="urn:pos:*, /stations/*", types="pos.>, repair.>",
                     region="CN", assurance="verified", time_zone="Asia/Shanghai")
    modules = {}
    hub.start()
    definitions = hub.root / "definitions"
    definitions.write_text(DEFINITIONS)
    for name in ("marketing", "quality"):  # in this order below: quality hears what marketing says of levels
        peer = hub.peer(name, roles="producer, consumer", sources=f"/carehub/{name}",
                        types=f"{name}.>", topics=">")
        modules[name] = hub.root / f"{name}.conf"
        modules[name].write_text(
            f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\n"
            f"key_file = {peer.key_file}\n[module]\nbook = {hub.root}/{name}\n" +
            (f"[segments]\ndefinitions = {definitions}\n" if name == "marketing" else ""))
    hub.reload()

    def module(name, *words, status=0):
        done = subprocess.run([BIN / f"carehub-{name}", words[0], "--config", modules[name],
                               *words[1:]], capture_output=True, text=True, timeout=100)
        assert done.returncode == status, (name, words, done)
        return done.stdout

    def tables(name):
        """What is known, table by table; sweeps and tree are notes of work that was done."""
        return [line for line in module(name, "status", "--tables").splitlines()
                if line.startswith("table ") and line.split()[1] not in ("sweeps", "tree")]

    def report():
        """The manager's, but for where the book had come to when it was made."""
        made = json.loads(module("quality", "report", "--period", "2026", "--as-of", "2026-03-02",
                                 "--format", "json"))
        del made["asOf"]["sequence"]
        assert sum(len(section["parts"]) for section in made["sections"]) > 20
        return made

    def said(name):
        return int(hub.ask(ops, "find", "--count", "--type", f"{name}.>")[0]["matched"])

    def reached(name):
        done = subprocess.run([BIN / f"carehub-{name}", "status", "--json", "--config",
                               modules[name]], capture_output=True, text=True)
        return json.loads(done.stdout)["position"] if done.returncode in (0, 1) else 0

    lines = day(hub, "carehub-pos", "tills", "--stores", "2") + \
        day(hub, "carehub-repair", "stations", "--stations", "4")
    third = len(lines) // 3
    for life in range(3):
        with running([BIN / "carehub-quality", "run", "--config", modules["quality"]]), \
             running([BIN / "carehub-marketing", "run", "--config", modules["marketing"]]):
            hub.run(shops, "publish", "--json", input="".join(lines[life * third:(life + 1) * third]))
            head = int(hub.status(ops)["head"])
            until(lambda: all(reached(name) > head * life // 3 for name in modules))
    for name in modules:
        module(name, "run", "--once")
        module(name, "run", "--once")  # it hears what it said itself

    before = {name: (tables(name), said(name)) for name in modules}
    reported = report()
    head = hub.status(ops)["head"]
    assert said("marketing") > 10

    # The book is shown: who is where, and why.
    (buyers,) = json.loads(module("marketing", "segments", "--json"))["segments"]
    members = json.loads(module("marketing", "segments", "--json", "members", "buyers"))["members"]
    assert buyers["customers"] == len(members) > 0, buyers
    number = members[0]["customer"]
    assert json.loads(module("marketing", "segments", "--json", "why", "buyers", number))["holds"]
    assert "buyers" in module("marketing", "segments", "of", number)
    assert "level 1 holds" in module("marketing", "levels", "why", number)
    levels = json.loads(module("marketing", "levels", "--json"))["levels"]
    assert sum(row["customers"] for row in levels if row["level"] > 0) >= len(members), levels
    assert json.loads(module("marketing", "rules", "--json"))["baskets"] > 0
    module("marketing", "segments", "members", "nobody", status=1)
    assert "nobody" in subprocess.run(
        [BIN / "carehub-marketing", "segments", "--config", modules["marketing"], "members", "nobody"],
        capture_output=True, text=True).stderr
    for words in (("levels", "members", "77"), ("levels", "why", "77"), ("segments", "of", "77"),
                  ("segments", "why", "buyers", "77")):
        assert module("marketing", *words, status=1) == ""
    nobody = json.loads(module("marketing", "levels", "--json", "--limit", "1", "members", "0"))["members"]
    assert all(one["since"] is None for one in nobody) and "1970" not in module("marketing", "levels", "members", "0")
    assert "(everybody else)" in module("marketing", "levels")
    for words, told in ((("levels", "everybody"), "not understood: everybody"),
                        (("segments", "members"), "not understood: members"),
                        (("campaigns", "plan"), "plan: wants a campaign"),
                        (("campaigns", "settle", "x"), "settle: wants a message"),
                        (("campaigns", "list", "--format", "pdf"), "no such format: pdf"),
                        (("campaigns", "lsit"), "no such command: lsit")):
        done = subprocess.run([BIN / "carehub-marketing", *words, "--config", modules["marketing"]],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 64 and told in done.stderr.splitlines()[0], (words, done)
    for name in modules:
        module(name, "rebuild")
        module(name, "run", "--once")
    assert hub.status(ops)["head"] == head, "a rebuild has said something"
    for name in modules:
        after = (tables(name), said(name))
        assert after == before[name], (name, set(after[0]) ^ set(before[name][0]))
    assert report() == reported

    # Definitions change while it runs: mistakes leave the old ones, good ones are taken over in flight, and what comes
    # of them is told once, and is what a book that is made anew has.
    def reload(name, words, status=0):
        done = subprocess.run([BIN / f"carehub-{name}", "reload", "--config", modules[name]],
                              capture_output=True, text=True, timeout=100)
        told = done.stdout + done.stderr
        assert status is None or (done.returncode == status and words in told), (words, done)
        return words in told

    settings = modules["quality"].read_text()
    with running([BIN / "carehub-marketing", "run", "--config", modules["marketing"]]), \
         running([BIN / "carehub-quality", "run", "--config", modules["quality"]]):
        for name in modules:  # as soon as it listens
            until(lambda: reload(name, "active 2 taken_over\n", None))
        definitions.write_text(CHANGED + "[segment lost]\n")
        reload("marketing", "where: is missing", 2)
        definitions.write_text(CHANGED)
        reload("marketing", "active 3 taken_over\n")
        modules["quality"].write_text(settings + "[quality]\nopen = 15d\nopen_long = 1d\n")
        reload("quality", "quality.open_long: is shorter", 2)
        modules["quality"].write_text(settings + "[quality]\nfix = 5h\n")
        reload("quality", "active 3 taken_over\n")
        modules["quality"].write_text(settings + "batch = 64\n[quality]\nfix = 2h\n")
        reload("quality", "began anew for module.batch\n")
    reload("marketing", "there is no module that runs with it", 3)
    changed = {}
    for name in modules:
        module(name, "run", "--once")
        module(name, "run", "--once")
        changed[name] = (tables(name), said(name))
        assert changed[name][1] > before[name][1], name
    turns = {}
    for line in hub.ask(ops, "find", "--type", "marketing.segment.*", "--limit", "100000"):
        told = line["event"]["data"]
        turns.setdefault((told["segmentId"], told["customerNumber"]), []).append(
            (told["turn"], line["event"]["type"].split(".")[-1]))
    for who, heard in turns.items():  # in, out, in ...: each once
        assert heard == [(n + 1, ("entered", "left")[n % 2]) for n in range(len(heard))], (who, heard)
    assert {segment for segment, _ in turns} == {"buyers", "again"}
    assert any(len(heard) == 2 for heard in turns.values())
    for name in modules:
        module(name, "rebuild")
        module(name, "run", "--once")
        after = (tables(name), said(name))
        assert after == changed[name], (name, set(after[0]) ^ set(changed[name][0]))
    hub.stop()
