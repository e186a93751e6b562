#!/usr/bin/env python3
"""A believable day of the call center: its telephone exchange, and what its agents write at their desks.

    pbx.py --day 2026-03-02 --seed 7 --out DIR [--expect FILE]
    pbx.py ... --serve PORT [--logs DIR] [--speed 3600] [--secret S]

The first writes files: DIR/ami.raw, the manager port's bytes as somebody heard them who listened all day
(Asterisk, AMI 13), with the time of each piece in ami.raw.idx; the exchange's own books of the same
calls, DIR/queue_log and DIR/Master.csv; DIR/agents, who is who; and DIR/desk/*.jsonl.

    carehub-callcenter translate --time-zone Asia/Shanghai DIR/ami.raw
    carehub-callcenter translate --format desk DIR/desk/*

The second is that exchange, on a port of 127.0.0.1 (0: any; it is printed): it lets clients log in, with
MD5 or plainly, answers Ping, QueueStatus and CoreShowChannels, and when somebody is logged in it plays the
day, so many times faster, but a telephone rings for at least 25 ms.  Its clock shows that day's time, and
it says so with every event, as an exchange does with `timestampevents = yes` in manager.conf.  Its books
grow in --logs as the day goes on.  Once, in the middle of a talk, it breaks the line, and goes on meanwhile: what was missed only
its books know.  It ends when the day is over, or when nobody has come for half a minute.

The same arguments give the same bytes, on every machine.  Callers are those of people.py, and every other
one has a unit at a repair station today.  They are taken, wait and hang up, are put through, or their time
in the queue is over; some share the household's telephone, some come with +86 or through a company's
switch with an extension, some hide their number.  Agents do not always answer, and call people back.
One of the site's own events holds a line "Event: Hangup", which is none.  At the desks one program writes
its file twice, and three lines are none.

--expect writes what a correct reader finds, one `name<TAB>value` a line."""
import argparse
import os
import sys
from datetime import date

from calls import AGENTS, Day, is_event
from desks import Desks
from manager_port import BANNER, Server
from repairs import ZONE


def write(folder, day, desk_files):
    os.makedirs(os.path.join(folder, "desk"), exist_ok=True)
    with open(os.path.join(folder, "ami.raw"), "wb") as raw, open(
            os.path.join(folder, "ami.raw.idx"), "w", encoding="ascii") as index:
        first = day.spoken[0].at.replace(tzinfo=ZONE).timestamp()
        pieces = [(first, BANNER), (first, "Response: Success\r\nMessage: Authentication accepted\r\n\r\n")]
        pieces += [(s.at.replace(tzinfo=ZONE).timestamp(), s.text) for s in day.spoken if is_event(s)]
        for at, text in pieces:
            data = text.encode("utf-8")
            index.write("%d\t%.3f\t%d\n" % (raw.tell(), at, len(data)))
            raw.write(data)
    for name, kind in (("queue_log", "queue_log"), ("Master.csv", "cdr_book")):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
            out.writelines(s.text for s in day.spoken if s.kind == kind)
    with open(os.path.join(folder, "agents"), "w", encoding="utf-8") as out:
        out.writelines("%s %s\n" % agent for agent in AGENTS)
    for name, text in desk_files:
        with open(os.path.join(folder, "desk", name), "w", encoding="utf-8") as out:
            out.write(text)


def main():
    parser = argparse.ArgumentParser(description="Makes a day of the call center, and is its exchange.")
    parser.add_argument("--day", type=date.fromisoformat, default=date(2026, 3, 2))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", help="folder for captures, books and desks")
    parser.add_argument("--expect", help="file for what a correct reader finds")
    parser.add_argument("--serve", type=int, metavar="PORT", help="be the exchange; 0: any port")
    parser.add_argument("--logs", help="folder in which the exchange keeps its books")
    parser.add_argument("--speed", type=float, default=3600)
    parser.add_argument("--user", default="carehub")
    parser.add_argument("--secret", default="demonstration")
    args = parser.parse_args()
    if args.speed < 1:
        parser.error("--speed is 1 or more")
    day = Day(args.seed, args.day)
    day.work()
    desk_files = Desks(day).files()
    if args.out:
        write(args.out, day, desk_files)
    if args.expect:
        with open(args.expect, "w", encoding="utf-8") as out:
            out.writelines("%s\t%d\n" % item for item in sorted(day.found.items()))
    if args.serve is None:
        return 0
    server = Server(day, args)
    print(server.server.getsockname()[1], flush=True)
    return server.serve()


if __name__ == "__main__":
    sys.exit(main())
