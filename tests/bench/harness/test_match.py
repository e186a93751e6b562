"""The match with a program made of a few lines of shell in place of a load program."""

import os
import socket
import subprocess
import sys
import tempfile
import types
import unittest

from harness import contestant, match, ports, row, server

PROGRAM = """#!/bin/sh
# Says how many events it took: as many as it has connections, and fails when told to.
while [ $# -gt 0 ]; do
	case $1 in
	--connections) connections=$2 ;;
	--mode) mode=$2 ;;
	--data) data=$2 ;;
	--rate) rate=$2 ;;
	esac
	shift 2
done
echo "$mode $connections" >> "$data/calls"
echo "$rate" >> "$data/rates"
[ -e "$data/fail" ] && { echo "no such luck" >&2; exit 1; }
[ $mode = prepare ] && exit 0
printf 'throughput\\t%s\\tevents/s\\nack.p50\\t5\\tus\\nack.p99.9\\t9\\tus\\n' $connections
"""


class Turns(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.said = []
        path = os.path.join(self.folder.name, "bench_fake")
        with open(path, "w", encoding="utf-8") as program:
            program.write(PROGRAM)
        os.chmod(path, 0o755)
        self.settings = types.SimpleNamespace(
            folder=self.folder.name, seconds=1, scan_seconds=1, scan_passes=2, rounds=3,
            rows=row.chosen(("saturate", "lowload")), rate=1, connections=[1, 4, 10, 50],
            warm_gb=0, sustained=1, scale=row.Scale(many=10, few=1, ids=0, events=10))

    def tearDown(self):
        self.folder.cleanup()

    def player(self, name, **more):
        who = contestant.Contestant(name, "bench_fake", server.NoServer, synced=True, **more)
        return match.Player(who, self.folder.name, [self.folder.name])

    def play(self, *players):
        self.game = match.Match(self.settings, list(players), self.said.append)
        return self.game.play()

    def test_best_form_then_rounds(self):
        player = self.player("fake.one")
        rounds = self.play(player)
        self.assertEqual(player.form, contestant.Form(50, 1))
        self.assertEqual(len(rounds), 3)
        self.assertEqual(rounds[0]["fake.one.saturate.throughput"], (50.0, "events/s"))
        self.assertIn("fake.one.lowload.ack.p50", rounds[2])
        self.assertIn("disk.sync.p50", rounds[0])

    def test_rounds_are_interleaved_and_rotated(self):
        self.play(self.player("a.x"), self.player("b.x"))
        order = [line.split()[2] for line in self.said
                 if line.startswith("round") and "saturate" in line]
        self.assertEqual(order, ["a.x", "b.x", "b.x", "a.x", "a.x", "b.x"])

    def test_prepared_before_each_load(self):
        self.settings.rows = row.chosen(("saturate",))
        self.play(self.player("fake.one", prepare_estimate=1))
        with open(os.path.join(self.folder.name, "fake", "calls"), encoding="utf-8") as calls:
            modes = [line.split()[0] for line in calls]
        self.assertEqual(modes, ["prepare", "saturate"] * (2 * 4 + 3))

    def test_half_of_what_was_sustained(self):
        self.settings.rows = row.chosen(("openloop-half",))
        player = self.player("fake.one", rows=("sustained", "openloop-half"))
        self.play(player)
        self.assertEqual(player.form.connections, 50)
        self.assertEqual([str(r.name) for r in self.game.rows(player)],
                         ["sustained", "openloop-half"])
        with open(os.path.join(self.folder.name, "fake", "rates"), encoding="utf-8") as rates:
            self.assertEqual(rates.read().split()[-2:], ["1", "25"])

    def test_without_forms_there_is_no_scan(self):
        player = self.player("fake.one", scanned=False)
        self.play(player)
        self.assertEqual(player.form, contestant.Form(1, 1))
        self.assertFalse(any(line.startswith("scan") for line in self.said))

    def test_who_fails_is_dropped_and_named(self):
        bad = self.player("bad.x")
        bad.server.start()
        open(os.path.join(bad.server.folder, "fail"), "w", encoding="utf-8").close()
        rounds = self.play(bad, self.player("good.x"))
        self.assertEqual(self.game.failed, ["bad.x"])
        self.assertTrue(any("no such luck" in line for line in self.said))
        self.assertNotIn("bad.x.saturate.throughput", rounds[0])
        self.assertEqual(len(rounds), 3)

    def test_time_is_bounded(self):
        self.settings.rounds = 100
        game = match.Match(self.settings, [self.player("a.x")], self.said.append)
        game.bound = lambda: -1
        self.assertEqual(game.play(), [])
        self.assertTrue(any("out of time" in line for line in self.said))

    def test_what_is_not_built_is_missing(self):
        who = contestant.Contestant("x.y", "bench_nowhere", server.NoServer, synced=True)
        self.assertIn("not built", match.Player(who, self.folder.name, ["/"]).missing())


class Forms(unittest.TestCase):
    def test_the_window_bounds_the_forms(self):
        who = contestant.Contestant("x.y", "p", server.NoServer, synced=True, batch=64)
        self.assertEqual(who.forms([1, 10, 50]),
                         [contestant.Form(1, 64), contestant.Form(10, 64)])

    def test_batches_that_shrink(self):
        who = contestant.Contestant("x.y", "p", server.NoServer, synced=True, batch=1000,
                                    shrinks=True)
        self.assertEqual(who.forms([1, 4]), [contestant.Form(1, 1000), contestant.Form(4, 250)])

    def test_choice_by_family_and_by_name(self):
        names = [who.name for who in contestant.chosen(["redis", "postgres.upsert"])]
        self.assertEqual(names, ["hub.64", "hub.1", "hub.delivery", "hub.history", "redis.always",
                                 "postgres.upsert", "redis.everysec"])
        with self.assertRaises(ValueError):
            contestant.chosen(["kafka"])


class Ports(unittest.TestCase):
    """A listener in another process, as a server is."""

    LISTEN = ("import socket, sys, time\n"
              "s = socket.create_server(('127.0.0.1', int(sys.argv[1])))\n"
              "time.sleep(30)\n")

    def start(self, *words):
        process = subprocess.Popen(words)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_our_own_listener(self):
        port = ports.free_port()
        ports.wait_listening(self.start(sys.executable, "-c", self.LISTEN, str(port)), port, 20)

    def test_a_grandchild_counts(self):
        port = ports.free_port()
        shell = self.start("sh", "-c", '"$@" & wait', "sh", sys.executable, "-c", self.LISTEN,
                           str(port))
        ports.wait_listening(shell, port, 20)
        for pid in ports.process_tree(shell.pid)[1:]:
            os.kill(pid, 9)

    def test_somebody_elses_port(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            with self.assertRaisesRegex(ports.NotListening, "somebody else"):
                ports.wait_listening(self.start("sleep", "30"), port, 20)

    def test_a_server_that_dies(self):
        with self.assertRaisesRegex(ports.NotListening, "ended with status 3"):
            ports.wait_listening(self.start("sh", "-c", "exit 3"), ports.free_port(), 20)

    def test_a_server_that_never_listens(self):
        with self.assertRaisesRegex(ports.NotListening, "after"):
            ports.wait_listening(self.start("sleep", "30"), ports.free_port(), 0.1)


class SlowServer(server.Server):
    """Listens at once, serves at the third question, and says so to nobody."""

    program = sys.executable
    asked = 0

    def command(self):
        return [self.program, "-c", Ports.LISTEN, str(self.port)]

    def ready(self):
        self.asked += 1
        return self.asked == 3


class Servers(unittest.TestCase):
    def test_start_waits_until_it_serves_and_stop_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            slow = SlowServer(os.path.join(folder, "slow"))
            slow.start()
            process = slow.process
            self.assertEqual(slow.asked, 3)
            slow.stop()
            self.assertIsNotNone(process.returncode)
            self.assertEqual(os.listdir(folder), [])

    def test_a_server_that_dies_before_it_serves(self):
        with tempfile.TemporaryDirectory() as folder:
            slow = SlowServer(os.path.join(folder, "slow"))
            slow.ready = lambda: slow.process.kill() or slow.process.wait() is None
            with self.assertRaisesRegex(server.ServerFailed, "does not serve"):
                slow.start()
            slow.stop()


if __name__ == "__main__":
    unittest.main()
