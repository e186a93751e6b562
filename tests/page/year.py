"""A year of an invented organisation, reported on: the forms agree with each other, mistakes are told, and the
page is worth showing to a manager.

Usage: year.py PAGE_YEAR [--keep DIRECTORY]"""
import csv
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from page import examine  # noqa: E402

PROGRAM = sys.argv[1]
KEEP = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None

with tempfile.TemporaryDirectory() as folder:
    subprocess.run([PROGRAM, folder, "make"], check=True, stdout=subprocess.DEVNULL)
    pathlib.Path(folder, "key").write_text("", encoding="ascii")

    def report(*options, status=0):
        result = subprocess.run([PROGRAM, folder, "report", *options], capture_output=True,
                                encoding="utf-8", check=False)
        assert result.returncode == status, (options, result.returncode, result.stderr)
        return result.stdout if status < 2 else result.stderr

    march = ("--period", "2026-03")
    whole = json.loads(report(*march, "--format", "json"))
    promises = {promise["promise"]: promise for promise in whole["promises"]}
    tables = {part["table"]: part for section in whole["sections"]
              for part in section["parts"] if "table" in part}
    charts = {row["chart"]: row for row in tables["controlCharts"]["rows"]
              if row["kind"] == "xbar"}

    # What was put into the year is found: the slow station, the clear culprit among the hours.
    assert promises["fourDay"]["state"] == "bad" and promises["fourDay"]["trend"] == "worse"
    assert tables["ranking"]["rows"][-1]["station"].startswith("XA-05")
    assert tables["ranking"]["rows"][-1]["name"] == "Service center 西安"
    slow = charts["repair.days/station:XA-05 西安"]
    assert slow["violations"] >= 5 and slow["standing"] == "out of control", slow
    reasons = [point["why"] for section in whole["sections"] for part in section["parts"]
               if part.get("figure") == "controlChart" for point in part["points"] if "why" in point]
    assert reasons and all(re.search(r"Behind it: \d+ events?: \S+", why) for why in reasons), reasons
    assert any(re.search(r": (E\d+), E\d+, E\d+ and \d+ more\.$", why) for why in reasons), reasons
    assert tables["defects"]["rows"][0]["defect"] == "battery"
    groups = {row["group"]: row for row in tables["hotlineByGroup"]["rows"]}
    assert max(groups, key=lambda name: groups[name]["wait"]) == "notebooks"
    # Of a month whose 90 days have not passed nothing is said; the newest of which it can be stands in.
    assert "of 2025-12" in promises["rr90"]["detail"], promises["rr90"]

    broken = [row["violations"] > 0 for row in tables["controlCharts"]["rows"]]
    assert broken == sorted(broken, reverse=True), "what breaks rules stands first"

    # Sums agree, and the forms with each other.
    assert sum(row["received"] for row in tables["openByStation"]["rows"]) == \
        promises["r14"]["achieved"]["whole"]
    ages = next(part for section in whole["sections"] for part in section["parts"]
                if part.get("figure") == "openByAge")
    ages = [point["values"][0] for point in ages["points"]]
    assert sum(row["open"] for row in tables["openByPeriod"]["rows"]) < sum(ages), "April is not reported on"
    for name in ("openByStation", "openByModel", "openByGroup"):
        bands = [[row[band] for band in ("upTo4", "upTo14", "upTo30", "upTo60", "upTo140", "over140")]
                 for row in tables[name]["rows"]]
        assert [sum(band) for band in zip(*bands)] == ages, name
        assert sum(row["open"] for row in tables[name]["rows"]) == sum(ages), name
    for name in ("requested", "open", "overdue"):
        assert sum(row[name] for row in tables["supplyByPart"]["rows"]) == \
            sum(row[name] for row in tables["supplyByStation"]["rows"]), name
    assert sum(row["timedOut"] for row in tables["hotlineByHour"]["rows"]) == \
        sum(row["timedOut"] for row in tables["hotlineByGroup"]["rows"])
    rows = list(csv.DictReader(io.StringIO(report(*march, "--table", "ranking"))))
    assert [row["station"] for row in rows] == [row["station"] for row in tables["ranking"]["rows"]]
    assert rows[0]["fourDayPart"] == str(tables["ranking"]["rows"][0]["fourDay"]["part"])
    text = report(*march)
    assert "XA-05 西安" in text and "89." in text and "✘ missed" in text, text[:2000]
    assert report(*march) == text
    blocks = report(*march, "--format", "csv").split("\n\n")
    assert blocks[0].startswith("table,report\ntitle,scope,from,to,") and len(blocks) > 20
    assert any(block.startswith("table,promises\n") for block in blocks)
    assert report(*march, "--json") == report(*march, "--format", "json")
    assert "target no target" not in text

    # One of something is spoken of as one: days have few of anything.
    for day in range(1, 29):
        told = report("--period", f"2026-03-{day:02}", "--format", "json", "--station", "XA-05 西安")
        plural = re.search(r"(?<![\d.,:-])1 (repairs|returns|lines|calls|first contacts|complaints|appointments|"
                           r"call-backs|charges|causes|defects|events|surveys|facts|points)\b[^\"]*", told)
        assert not plural, (day, plural.group())

    # One station alone has its own numbers only.
    one = json.loads(report(*march, "--format", "json", "--station", "XA-05 西安"))
    assert [row["station"] for section in one["sections"] for part in section["parts"]
            if part.get("table") == "ranking" for row in part["rows"]] == ["XA-05 西安"]

    # As it was known in the middle of the month; and on an empty one.
    before = json.loads(report(*march, "--as-of", "2026-03-15", "--format", "json"))
    assert before["notes"][0]["text"].startswith("The period was not over")
    assert before["promises"][0]["achieved"]["whole"] < promises["r14"]["achieved"]["whole"]
    empty = json.loads(report("--period", "2020-01", "--format", "json"))
    assert all(promise["state"] in ("unknown", "") for promise in empty["promises"])
    for period in ("2026-W12", "2026-03-20", "2026", "2026-01-01:2026-02-20"):
        assert report("--period", period).startswith("Service quality")

    # Of what is not there yet, and of what nobody has told of.
    later = report("--as-of", "2030-01-01", "--period", "2031")
    assert "had not begun" in later and "Nothing is known of what happened after 2026-04-0" in later
    told = report(*march, "--station", "XA-5", "--model", "NB-16", "--part", "none", status=1)
    assert not told
    told = subprocess.run([PROGRAM, folder, "report", *march, "--station", "XA-5", "--model", "NB-16", "--part",
                           "none"], capture_output=True, encoding="utf-8", check=False).stderr
    assert told == "carehub-quality report: nothing is known of station XA-5\n" \
        "carehub-quality report: nothing is known of part none\n", told
    assert report("--period", "2020-01", "--station", "XA-05 西安").startswith("Service quality")
    assert "no customer group: vip" in report(*march, "--group", "vip", status=64)
    assert "There are: ranking " in report(*march, "--table", "nothing", status=2)

    # Mistakes.
    assert "no period" in report("--period", "March", status=64)
    assert "no moment" in report(*march, "--as-of", "yesterday", status=64)
    assert "no such format" in report(*march, "--format", "pdf", status=64)
    assert "not understood" in report("--nonsense", "1", status=64)
    assert "a value is missing" in report("--period", status=64)
    assert "no such table" in report(*march, "--table", "nothing", status=2)
    assert "nowhere/page.html" in report(*march, "-o", f"{folder}/nowhere/page.html", status=2)

    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run([PROGRAM, folder, "report", *march], stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 2 and b"standard output: No space left on device" in done.stderr, done

    # Other terms than those of the names are told.
    config = pathlib.Path(folder, "quality.conf")
    usual = config.read_text(encoding="utf-8")
    config.write_text(usual + "[quality]\nopen = 15d\nfix = 36h\n", encoding="utf-8")
    told = report(*march)
    assert "▲ Names tell the usual terms; here 14 days of open repairs are 15.0 d, 4 days of repairing are 36.0 h.\n" \
        in told, told[:900]
    config.write_text(usual, encoding="utf-8")
    assert "usual terms" not in text

    # What is missing of the log is told in every form.
    subprocess.run([PROGRAM, folder, "gap"], check=True)
    gap = "The log has gaps: entries 12 to 40 (behind one of 2026-04-0"
    for form in ("text", "csv", "html", "json"):
        assert gap in report(*march, "--format", form, status=1), form

    # The page: by the name of the file.
    page = pathlib.Path(folder, "page.html")
    report(*march, "-o", str(page), status=1)
    print(f"{examine(page, KEEP)} figures looked at")
