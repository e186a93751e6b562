"""The Python client against the fake hub.  Usage: test_carehub.py FAKEHUB.  Exit 77 without pyzmq."""
import os
import subprocess
import sys
import tempfile
import unittest

try:
    import zmq
    import carehub
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)
if not zmq.has("curve"):
    print("skipped: pyzmq without CURVE")
    sys.exit(77)

FAKEHUB = sys.argv.pop(1)
CLIENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "carehub.py")


def numbered(count, prefix="e"):
    return [{"id": f"{prefix}{number}", "source": "/py", "type": "pos.sale.completed",
             "data": b"\x08\x01", "personal": b"\xa0\x06\x01"} for number in range(1, count + 1)]


class Client(unittest.TestCase):
    def setUp(self):
        self.bus = subprocess.Popen([FAKEHUB], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    text=True)
        self.endpoint, self.server_key, self.key = (self.bus.stdout.readline().strip()
                                                    for _ in range(3))
        self.hub = carehub.Hub(self.endpoint, self.server_key, self.key)

    def tearDown(self):
        self.hub.close()
        self.assertEqual(self.tell("violation"), "")
        self.bus.stdin.close()
        self.bus.wait(10)
        self.bus.stdout.close()

    def tell(self, *words):
        self.bus.stdin.write(" ".join(map(str, words)) + "\n")
        self.bus.stdin.flush()
        return self.bus.stdout.readline().strip()

    def count(self, what):
        return int(self.tell("count", what))

    def wait_for(self, what, least):
        self.assertTrue(self.hub.wait(lambda: self.count(what) >= least, 10), what)

    def test_publishing_twice_stores_once(self):
        first = self.hub.publish(numbered(500), 10)
        self.assertEqual([receipt["outcome"] for receipt in first], [1] * 500)
        self.assertEqual([receipt["sequence"] for receipt in first], list(range(1, 501)))
        again = self.hub.publish(numbered(500), 10)
        self.assertEqual([receipt["outcome"] for receipt in again], [2] * 500)
        self.assertEqual([receipt["sequence"] for receipt in again], list(range(1, 501)))
        self.assertEqual(self.count("stored"), 500)

    def test_one_message_answers_many_frames(self):
        self.hub.wait(lambda: self.hub.welcome, 10)
        self.tell("hold", 1)
        self.assertEqual(self.hub.publish(numbered(300), 0.2), [None] * 300)
        self.assertGreater(len(self.hub.in_flight), 4)
        self.tell("hold", 0)
        self.assertTrue(self.hub.wait(lambda: not self.hub.in_flight, 10))
        self.assertEqual([self.hub.receipts["/py", f"e{number}"]["sequence"]
                          for number in range(1, 301)], list(range(1, 301)))

    def test_another_content_is_a_conflict(self):
        self.hub.publish(numbered(1), 10)
        receipt, = self.hub.publish([dict(numbered(1)[0], data=b"\x08\x02")], 10)
        self.assertEqual(receipt["outcome"], 3)

    def test_the_window_is_kept(self):
        self.hub.wait(lambda: self.hub.welcome, 10)
        self.tell("credit", 7)
        self.hub.wait(lambda: self.hub.credit == 7, 10)
        self.hub.publish(numbered(100), 10)
        self.assertLessEqual(self.count("in_flight"), 7)

    def test_a_lost_connection_loses_and_doubles_nothing(self):
        self.hub.wait(lambda: self.hub.welcome, 10)
        self.tell("hold", 1)
        self.assertEqual(self.hub.publish(numbered(200), 0.2)[0], None)
        self.tell("drop")
        self.tell("hold", 0)
        receipts = self.hub.publish(numbered(300), 10)
        self.assertTrue(all(receipt["outcome"] in (1, 2) for receipt in receipts))
        self.assertEqual(self.count("stored"), 300)
        self.assertEqual(self.count("resumes"), 1)

    def test_a_durable_subscription(self):
        self.tell("fill", "e", 100)
        wish = {"name": "python", "start": {"from": 1}, "credit": 10}
        subscription = self.hub.subscribe(**wish)
        for sequence in range(1, 51):
            kind, delivery = subscription.next(10)
            self.assertEqual((kind, delivery["sequence"]), ("delivery", sequence))
            event = carehub.decode("Event", delivery["event"])
            self.assertEqual(event["id"], f"e{sequence}")
            self.assertEqual(event["personal"], b"")
            self.assertEqual(delivery["personal"], b"\xa0\x06\x01")
            subscription.ack(sequence)
        self.wait_for("acked", 50)
        subscription.close()
        self.assertEqual(self.tell("cursor", "python"), "50")
        subscription = self.hub.subscribe(**wish)
        self.assertEqual(subscription.attached["cursor"], 50)
        self.assertEqual(subscription.next(10)[1]["sequence"], 51)
        subscription.close(delete=True)
        with self.assertRaises(carehub.Refused) as raised:
            self.hub.subscribe(must_exist=1, **wish)
        self.assertEqual(raised.exception.args[0], 6)

    def test_a_subscription_comes_back_by_itself(self):
        self.tell("fill", "e", 10)
        subscription = self.hub.subscribe(name="python", start={"from": 1}, credit=100)
        seen = set()
        while len(seen) < 5:
            seen.add(subscription.next(10)[1]["sequence"])
        subscription.ack(*seen)
        self.wait_for("acked", 5)
        self.tell("drop")
        self.tell("fill", "later", 10)
        self.wait_for("subscribes", 2)
        while len(seen) < 20:
            kind, body = subscription.next(10)
            if kind == "delivery":
                seen.add(body["sequence"])
                subscription.ack(body["sequence"])
        self.wait_for("acked", 20)
        self.assertEqual(self.tell("cursor", "python"), "20")

    def test_questions(self):
        self.assertEqual(self.hub.request("echo.3", b"hello"), [b"hello"] * 3)
        with self.assertRaises(carehub.Refused):
            self.hub.request("fail")

    def test_the_command_line(self):
        with tempfile.NamedTemporaryFile("w", suffix=".key") as file:
            file.write(f"# of the test\n{self.key}\n")
            file.flush()
            # A Z85 key may begin with a dash.
            common = [sys.executable, "-B", CLIENT, "--endpoint", self.endpoint,
                      f"--server-key={self.server_key}", "--key-file", file.name]
            for word in ("accepted", "duplicate"):
                done = subprocess.run([*common, "publish", "--source", "/py", "--type", "a.b.c",
                                       "--count", "3"], capture_output=True, text=True, check=True)
                self.assertEqual(done.stdout.count(word), 3)
            done = subprocess.run([*common, "subscribe", "--name", "cli", "--from", "earliest",
                                   "--count", "3"], capture_output=True, text=True, check=True)
            self.assertIn("3 0 a.b.c /py py-3", done.stdout)
        self.assertEqual(self.tell("cursor", "cli"), "3")


if __name__ == "__main__":
    unittest.main()
