"""How figures become lines: python3 -m unittest discover -s tests/bench/harness -t tests/bench"""

import unittest

from harness import report


def round_of(**figures):
    """redis_always_saturate=5 -> {"redis.always.saturate.throughput": (5, unit)}"""
    result = {}
    for name, value in figures.items():
        who, _, row = name.rpartition("_")
        row_key = report.key(who.replace("__", "."), row)
        result[row_key] = (value, "events/s" if row == "saturate" else "us")
    return result


class Report(unittest.TestCase):
    def test_medians_with_their_spread(self):
        rounds = [round_of(echo_saturate=v) for v in (100000.4, 300000, 200000)]
        self.assertEqual(report.metric_lines(rounds), [
            "echo.saturate.throughput\t200000\tevents/s",
            "echo.saturate.throughput.min\t100000\tevents/s",
            "echo.saturate.throughput.max\t300000\tevents/s",
        ])

    def test_one_round_has_no_spread(self):
        self.assertEqual(report.metric_lines([{"disk.sync.p50": (103.25, "us")}]),
                         ["disk.sync.p50\t103.2\tus"])

    def test_no_rounds_no_lines(self):
        self.assertEqual(report.metric_lines([]), [])
        self.assertEqual(report.ratio_lines([], ["hub.1", "echo"], "hub"), [])

    def test_ratios_are_taken_within_a_round(self):
        # A neighbour halves everybody in the second round: the ratio does not move.
        rounds = [round_of(hub__64_saturate=400, redis__always_saturate=100),
                  round_of(hub__64_saturate=200, redis__always_saturate=50),
                  round_of(hub__64_saturate=600, redis__always_saturate=100)]
        self.assertEqual(report.ratio_lines(rounds, ["hub.64", "redis.always"], "hub"),
                         ["ratio\thub.64:redis.always.saturate.throughput\t4.000\t4.000\t6.000"])

    def test_rounds_that_lack_one_are_left_out(self):
        rounds = [round_of(hub__64_saturate=400), round_of(redis__always_saturate=100),
                  round_of(hub__64_saturate=300, redis__always_saturate=100)]
        self.assertEqual(report.ratios(rounds, "hub.64", "redis.always", "saturate"), [3.0])

    def test_a_peer_that_did_nothing_is_no_divisor(self):
        rounds = [round_of(hub__64_saturate=400, redis__always_saturate=0)]
        self.assertEqual(report.ratios(rounds, "hub.64", "redis.always", "saturate"), [])

    def test_base_may_be_a_peer(self):
        rounds = [round_of(redis__always_lowload=100, redis__everysec_lowload=50,
                           echo_lowload=200)]
        lines = report.ratio_lines(rounds, ["redis.always", "redis.everysec", "echo"], "redis")
        self.assertEqual([line.split("\t")[1] for line in lines],
                         ["redis.always:echo.lowload.ack.p50",
                          "redis.everysec:echo.lowload.ack.p50"])

    def test_goals(self):
        rounds = [round_of(hub__64_saturate=400, hub__1_lowload=100, redis__always_saturate=100,
                           redis__always_lowload=50)]
        told = {line.split("\t")[1]: (line.split("\t")[-1], met)
                for line, met in report.goals(rounds)}
        self.assertEqual(told["hub.64:redis.always.saturate.throughput"], ("met", True))
        self.assertEqual(told["hub.1:redis.always.lowload.ack.p50"], ("missed", False))
        self.assertEqual(told["hub.1:echo.saturate.throughput"], ("unmeasured", None))

    def test_goals_of_the_hub_alone(self):
        rounds = [{"hub.64.openloop.ack.p99.9": (30, "us"),
                   "hub.64.openloop-bare.ack.p99.9": (15, "us"),
                   "hub.64.openloop-half.ack.p99.9": (100001, "us")}]
        told = {line.split("\t")[1]: line.split("\t")[2:] for line, _ in report.goals(
            rounds, ("openloop", "openloop-bare", "openloop-half"))}
        self.assertEqual(told, {
            "hub.64.openloop.ack.p99.9:hub.64.openloop-bare.ack.p99.9": ["<=3", "2.000", "met"],
            "hub.64.openloop-half.ack.p99.9": ["<=100000", "100001", "missed"]})

    def test_only_goals_of_the_chosen_rows(self):
        self.assertEqual([line.split("\t")[1] for line, _ in report.goals([], ("lowload",))],
                         ["hub.1:redis.always.lowload.ack.p50"])
        self.assertEqual(len(report.goals([], ("openloop",))), 0)  # nothing to compare it with


if __name__ == "__main__":
    unittest.main()
