#!/usr/bin/env python3
"""What carehub-parts answers is read by those who wrote readers of their own: the npm packages edifact and
node-x12 (tests/peers/edi), and Perl's Business::Edifact::Interchange where Debian's package is installed.

usage: parts_answers.py CAREHUB_PARTS CORPUS

Every interchange of the fuzzers' corpus is answered; each answer must be read by all of them alike, with
counts that are right and the reference of what it answers."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

SKIPPED = 77
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PEER = os.path.join(ROOT, "tests", "peers", "edi")
PERL = r"""
use Business::Edifact::Interchange;
my $x = Business::Edifact::Interchange->new;
$x->parse_file($ARGV[0]);
print join(",", map { $_->reference_number . "/" . $_->type } @{$x->messages});
"""


def has_perl():
    return shutil.which("perl") is not None and subprocess.run(
        ["perl", "-MBusiness::Edifact::Interchange", "-e", "1"], capture_output=True,
        check=False).returncode == 0


def npm(path):
    run = subprocess.run(["node", os.path.join(PEER, "read.js"), path], capture_output=True,
                         text=True, check=False)
    if run.returncode != 0:
        raise AssertionError(run.stderr)
    return json.loads(run.stdout)


def check_contrl(segments):
    tags = [tag for tag, _ in segments]
    assert tags[:3] == ["UNB", "UNH", "UCI"] and tags[-2:] == ["UNT", "UNZ"], tags
    assert int(segments[-2][1][0][0]) == len(segments) - 2, "UNT"
    assert segments[-1][1][1] == segments[0][1][4], "UNZ"
    # It goes back to where the subject came from.
    assert segments[2][1][1][0] == segments[0][1][2][0], "sender"
    assert segments[2][1][3][0] in ("4", "7", "8"), "action"
    return "%d segments, %s" % (len(segments), "/".join(segments[2][1][3]))


def check_x12(segments):
    tags = [tag for tag, _ in segments]
    assert tags[0] == "ISA" and tags[-1] == "IEA", tags
    assert int(segments[0][1][12][0]) == int(segments[-1][1][1][0]), "IEA"
    return "%d segments" % len(segments)


def answers(text):
    """Each answer of a file by itself: they end with UNZ or IEA."""
    answer = []
    for line in text.splitlines(keepends=True):
        answer.append(line)
        if line.startswith(("UNZ", "IEA")):
            yield "".join(answer)
            answer = []
    assert not answer, answer


def main():
    program, corpus = sys.argv[1:]
    if shutil.which("node") is None or not os.path.isdir(os.path.join(PEER, "node_modules")):
        print("skipped: the npm readers are not here: npm ci in tests/peers/edi")
        return SKIPPED
    perl = has_perl()
    if not perl:
        print("Business::Edifact::Interchange is not here (libbusiness-edifact-interchange-perl)")
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "answer")
        for name in sorted(os.listdir(corpus)):
            run = subprocess.run([program, "show", "--answer", os.path.join(corpus, name)],
                                 capture_output=True, check=False)
            if run.returncode == 2 and not run.stdout:
                print(f"{name}\tholds no interchange")
                continue
            run.check_returncode()
            for answer in answers(run.stdout.decode("ascii")):
                x12 = answer.startswith("ISA")
                # node-x12 knows of no TA1 outside of a group, where X12.5 has it: that is taken out.
                answer = "".join(line for line in answer.splitlines(keepends=True)
                                 if not line.startswith("TA1"))
                if x12 and "GS*" not in answer:
                    print(f"{name}\tTA1 alone")
                    continue
                with open(path, "w", encoding="ascii", newline="") as stream:
                    stream.write(answer)
                segments = npm(path)
                print(f"{name}\t{check_x12(segments) if x12 else check_contrl(segments)}\tok")
                if perl and not x12:
                    read = subprocess.run(["perl", "-e", PERL, path], capture_output=True,
                                          text=True, check=True).stdout
                    assert read == "1/CONTRL", read
                count += 1
    assert count > 20, count
    print(f"{count} answers read by others")
    return 0


if __name__ == "__main__":
    sys.exit(main())
