"""Adds up the results of several ctest runs and prints `N passed, N failed, N skipped`.

With --skips FILE a skipped test whose name is not a line of the file counts as failed: in continuous
integration nothing may be left out unnoticed.
"""
import argparse
import sys
import xml.etree.ElementTree as tree


def outcomes(path):
    for case in tree.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.get("status") == "fail":
            yield case.get("name"), "failed"
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            yield case.get("name"), "skipped"
        else:
            yield case.get("name"), "passed"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--skips")
    parser.add_argument("results", nargs="+")
    arguments = parser.parse_args()
    allowed = None
    if arguments.skips:
        with open(arguments.skips, encoding="utf-8") as lines:
            allowed = {line.split("#")[0].strip() for line in lines} - {""}
    count = {"passed": 0, "failed": 0, "skipped": 0}
    for path in arguments.results:
        build = path.rsplit("/", 1)[-1].removesuffix(".xml")
        for name, outcome in outcomes(path):
            if outcome == "skipped" and allowed is not None and name not in allowed:
                print(f"{build}: {name} was skipped and is not on the list of skips")
                outcome = "failed"
            elif outcome != "passed":
                print(f"{build}: {name} {outcome}")
            count[outcome] += 1
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**count))
    return 1 if count["failed"] or not count["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
