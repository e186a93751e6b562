"""An order comes as an interchange: it is an event, its clock runs, and its sender has a CONTRL.  The
adapter is killed at any instant: the answer is the same, byte for byte.  The same order sent once more is a
duplicate and nothing else; what is received stops the clock."""
import random
import signal
import subprocess
import time

from lib import BIN, Hub, until

HEAD = "UNB+UNOC:3+S1:14+PC:14+261122:0930+{0}++++1'"
ORDER = ("UNH+{0}+ORDERS:D:96A:UN:EAN008'BGM+220+{1}+9'DTM+137:20261122:102'NAD+BY+ST-7::92'"
         "LIN+1++LCD-46:SA'QTY+21:{2}'UNS+S'UNT+8+{0}'")
RECEIPT = ("UNH+1+RECADV:D:96A:UN'BGM+632+G-1'NAD+DP+ST-7::92'RFF+ON:A-0-1'LIN+1++LCD-46:SA'"
           "QTY+48:2'UNT+7+1'")


def interchange(name, *messages):
    return (HEAD.format(name) + "".join(messages) + f"UNZ+{len(messages)}+{name}'").encode()


with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    parts = hub.peer("parts", roles="producer", sources="urn:parts:*", types="parts.>, reference.>")
    hub.start()
    inbox, out, config = hub.root / "inbox", hub.root / "out", hub.root / "parts.conf"
    inbox.mkdir()
    config.write_text(f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\n"
                      f"key_file = {parts.key_file}\n[adapter]\npoll = 20ms\n[folder]\n"
                      f"path = {inbox}\nsettle = 0\n[parts]\nout = {out}\n"
                      f"state = {hub.root}/state\n")
    run = [BIN / "carehub-parts", "run", "--config", config]

    def drop(name, content):
        (hub.root / "new").write_bytes(content)
        (hub.root / "new").rename(inbox / name)

    def once(status):
        done = subprocess.run([*run, "--once"], capture_output=True, text=True, timeout=60)
        assert done.returncode == status, (done.returncode, done.stderr)

    def count(kind):
        return int(hub.ask(ops, "find", "--count", "--type", kind)[0]["matched"])

    def answers():
        return {path.name: path.read_bytes() for path in out.glob("*.edi")}

    # One good message and one bad: the good one is taken, and the sender is told which is not.
    drop("a.edi", interchange("R-0", ORDER.format("1", "A-0-1", "2"), ORDER.format("2", "B", "x")))
    once(1)
    assert count("parts.order.placed") == 1 and count("deadline.promise.set") == 1
    (first,) = answers().values()
    assert b"UCI+R-0+S1:14+PC:14+7'" in first and b"UCM+2+ORDERS:D:96A:UN:EAN008+4'" in first
    assert b"UCS+6'" in first and b"UCD+12+2:2'" in first

    # Sent once more, under another name: a duplicate, and no event.
    drop("b.edi", interchange("R-0", ORDER.format("1", "A-0-1", "2"), ORDER.format("2", "B", "x")))
    once(1)
    assert count("parts.order.placed") == 1
    (second,) = [text for text in answers().values() if text != first]
    assert b"UCI+R-0+S1:14+PC:14+4+26'" in second

    # Killed again and again: no answer ever changes, and each order is one event.
    seen = answers()
    orders = 1
    for n in range(1, 13):
        drop(f"k{n}.edi", interchange(f"R-{n}", *[ORDER.format(m, f"A-{n}-{m}", "1")
                                                  for m in range(1, 41)]))
        orders += 40
        adapter = subprocess.Popen(run, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0, 0.12))
        adapter.kill()
        adapter.wait()
        for name, text in answers().items():
            assert seen.setdefault(name, text) == text, f"{name} has changed"
    once(0)
    assert count("parts.order.placed") == orders
    for name, text in answers().items():
        assert seen.setdefault(name, text) == text, f"{name} has changed"
    told = [line for text in seen.values() for line in text.split(b"\r\n")
            if line.startswith(b"UCI+")]
    for n in range(1, 13):
        assert told.count(f"UCI+R-{n}+S1:14+PC:14+7'".encode()) == 1, (n, told)

    # Beside one that runs, `check` is fine, a second one is not; SIGHUP begins anew in the same folder.
    adapter = subprocess.Popen(run, stderr=subprocess.PIPE, text=True)

    def active(generation):
        for line in adapter.stderr:
            if " config.active " in line:
                assert f" generation={generation} " in line, line
                return
        raise AssertionError("the adapter has ended")

    active(1)
    subprocess.run([run[0], "check", "--config", config], check=True, stdout=subprocess.DEVNULL)
    once(2)
    adapter.send_signal(signal.SIGHUP)
    active(2)
    adapter.terminate()
    adapter.communicate()
    assert adapter.returncode == 0

    # Half of an interchange is nothing, and waited for a while; what came is counted and stops the clock.
    drop("half.edi", interchange("R-99", ORDER.format("1", "C", "1"))[:-9])
    drop("z.edi", interchange("R-100", RECEIPT))
    adapter = subprocess.Popen(run, stderr=subprocess.DEVNULL)
    until(lambda: count("deadline.promise.met") == 1)
    until(lambda: (inbox / "done/z.edi").exists())
    adapter.terminate()
    assert adapter.wait(60) in (0, 1)
    assert (inbox / "half.edi").exists() and count("parts.order.placed") == orders
    config.write_text(config.read_text() + "patience = 300ms\n")
    adapter = subprocess.Popen(run, stderr=subprocess.DEVNULL)
    until(lambda: (inbox / "failed/half.edi").exists())
    assert any(b"UCI+R-99+S1:14+PC:14+4+13+UNZ'" in text for text in answers().values())
    adapter.terminate()
    assert adapter.wait(60) == 1 and count("parts.order.placed") == orders
    hub.stop()
