"""What administrators get wrong: every mistake of every file is told in one pass, nothing is taken by half, and
no command works on what is not there."""
import os
import subprocess

from lib import BIN, Hub, event


def carehubd(hub, *words):
    done = subprocess.run([BIN / "carehubd", "--root", hub.root, *words], capture_output=True,
                          text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer, admin", topics=">")
    assert carehubd(hub, "check") == (0, "check\tok\n")

    # One mistake in each file: all of them at once, and a pipe is not waited for.
    conf, rules = hub.config / "carehub.conf", hub.config / "rules.conf"
    secret, good = hub.config / "hub.secret", conf.read_text()
    conf.write_text("[bus]\nlisten = foo\n[live]\nlisten = tcp://*:99999\n[http]\nlisten = 7712\n")
    rules.write_text("limit.phone=3\nnonsense\n")
    secret.chmod(0o644)
    (hub.peers_d / "bad.conf").write_text("roles = king\n")
    os.mkfifo(hub.peers_d / "pipe.conf")
    status, said = carehubd(hub, "check")
    assert status == 2
    for word in ("conf:2: bus.listen: is no address", "conf:4: live.listen: has a port",
                 "conf:6: http.listen: is no address", "hub.secret: is no secret", "bad.conf",
                 "pipe.conf: cannot be read: it is a pipe", "rules.conf:2: \"nonsense\""):
        assert word in said, (word, said)
    rules.write_text("".join(f"peer.station-{i}.region=CN\n" for i in range(5000)))
    assert "rules.conf: with what the peers' files add" in carehubd(hub, "check")[1]
    conf.unlink()
    conf.symlink_to("carehub.conf")  # what is there but cannot be read is not all defaults
    assert "carehub.conf: cannot be read: Too many levels" in carehubd(hub, "check")[1]
    conf.unlink()
    conf.write_text(good)
    secret.chmod(0o600)
    rules.unlink()
    (hub.peers_d / "bad.conf").unlink()
    (hub.peers_d / "pipe.conf").unlink()

    # No journal: nothing is made of nothing.
    for words in ["rebuild"], ["dump"], ["verify"], ["repair", hub.root]:
        status, said = carehubd(hub, *words)
        assert status == 2 and "is --root right?" in said, (words, status, said)
    assert not hub.data.exists()

    # A reload takes all files or none.
    hub.start()
    late = hub.peer("late", roles="producer", sources="urn:shop:*", types="website.>")
    rules.write_text("nonsense\n")
    os.mkfifo(hub.peers_d / "pipe.conf")
    reply, = hub.ask(ops, "reload", status=2)
    assert len(reply["problems"]) == 2, reply
    line = event("website.order.cancelled", 1, "urn:shop:1", {"orderId": "A1"})
    hub.run(late, "publish", "--timeout", 2, input=line, status=2)
    rules.unlink()
    (hub.peers_d / "pipe.conf").unlink()
    hub.run(ops, "reload")
    hub.run(late, "publish", input=line)

    # The command line says what it does not understand.
    for words in ["status", "now"], ["verify", "a", "b"], ["help", "fly"], ["fly"], ["fly", "--help"]:
        done = subprocess.run(hub.words(ops, *words), capture_output=True, text=True)
        assert done.returncode == 64 and done.stderr.startswith("carehub: "), done
    assert hub.run(ops, "seek", "--help").startswith("Usage: carehub seek")
    hub.stop()

# Wrong usage is told by the program and the command, not by a bare word.
for words in (("carehub-quality", "chart"), ("carehub-quality", "pareto"), ("carehub-marketing", "rules"),
              ("carehub-parts", "show"), ("carehub-pos", "translate")):
    done = subprocess.run([BIN / words[0], words[1], "--nonsense"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 64, done
    assert done.stderr.startswith(" ".join(words) + ": unrecognized option"), done
for words, said in ((["--d2", "2.326"], "belong together"), (["--d2", "0", "--d3", "1"], "no such constant: 0"),
                    (["--kind", "c", "--d2", "2.326", "--d3", "0.864"], "are those of xbar-r")):
    done = subprocess.run([BIN / "carehub-quality", "chart", "--kind", "xbar-r", *words, "-"], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 64 and said in done.stderr, done
done = subprocess.run([BIN / "carehub-quality", "chart", "--kind", "xbar-r", "--d2", "2.326", "--d3", "0.864", "-"],
                      input="sample value\na 1\na 2\nb 1\nb 2\nb 3\n", capture_output=True, text=True, timeout=60)
assert done.returncode == 2 and "samples are of several sizes" in done.stderr, done
for words in ("levels", "frob"), ("segments", "frob"), ("rules", "--config", "none", "frob"):
    done = subprocess.run([BIN / "carehub-marketing", *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 64, done
    assert done.stderr.startswith(f"carehub-marketing {words[0]}: not understood: frob\n"), done.stderr
done = subprocess.run([BIN / "carehub-marketing", "campaigns", "frob"], capture_output=True, text=True, timeout=60)
assert done.stderr.startswith("carehub-marketing campaigns: no such command: frob\n"), done
