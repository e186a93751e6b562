#!/usr/bin/env python3
"""A believable day of the repair stations: the files that they drop, and how each is to be read.

    stations.py --day 2026-03-02 --seed 7 --stations 4 [--online mqtt outbox] --out DIR [--expect FILE]

Each station has a folder with its files and a mapping in DIR/mappings/STATION.ini.  The first station
writes CSV in UTF-8, the second CSV in GB18030 with Chinese headings, the third JSON lines of
CloudEvents, the fourth XES logs, and so on round:

    carehub-repair translate --mapping DIR/mappings/SH12.ini DIR/SH12/*

With --online there are more that drop no files.  Each line of `mqtt`'s is a message for an MQTT broker, a
CloudEvent; the lines of `outbox`'s are rows for the table of that name in its database:

    send mqtt PORT stations/sh16/repairs DIR/SH16/*
    send outbox "host=/tmp dbname=shop" DIR/GZ09/*

The same arguments give the same bytes, on every machine.  Days fit together: a unit that came in on
Friday is repaired on Monday, so several days can be made one by one and read in order.

The people and units are those of people.py.  Units are received, diagnosed, quoted, wait for their
owners and for parts, are repaired, fail their check and are repaired again, go back or are cancelled.  One lies at the first station since 18 days.
Fields hold two numbers, extensions and wide digits; households share a phone.  The first station sends
its whole day twice and is still writing a last file; the second sends its day twice too, stamped anew,
by a clock that is 47 minutes fast; the one that publishes was cut off and says its last ten again; in
every station's files a few records are broken.

--expect writes what a correct reader finds, one `name<TAB>value` a line."""
import argparse
from datetime import date

from drop import Drop
from people import population
from repairs import STATIONS, left_lying, orders_of
from station_csv import write_csv_gb18030, write_csv_utf8
from station_json import write_json_lines, write_messages, write_rows
from station_xes import write_xes

# The form follows from a station's place in the list; these have none.
ONLINE = {"mqtt": ("SH16", "上海虹桥特约站"), "outbox": ("GZ09", "广州番禺特约站")}
WRITERS = (write_csv_utf8, write_csv_gb18030, write_json_lines, write_xes)
ONLINE_WRITERS = {"mqtt": write_messages, "outbox": write_rows}


def main():
    parser = argparse.ArgumentParser(description="Makes a day of the repair stations.")
    parser.add_argument("--day", type=date.fromisoformat, required=True)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--stations", type=int, default=4, choices=range(1, len(STATIONS) + 1))
    parser.add_argument("--online", nargs="*", default=(), choices=ONLINE, help="those without files, too")
    parser.add_argument("--out", required=True)
    parser.add_argument("--expect", help="write what a correct reader finds")
    args = parser.parse_args()
    world = population(args.seed)
    drop = Drop(args.out)
    writers = [(station, WRITERS[i % len(WRITERS)]) for i, station in enumerate(STATIONS[:args.stations])]
    writers += [(ONLINE[way], ONLINE_WRITERS[way]) for way in args.online]
    for station, writer in writers:
        writer(drop, station, orders_of(args.seed, world, station[0], args.day), args.day,
               left_lying(args.seed, world, station[0], args.day))
    if args.expect:
        drop.write_expected(args.expect)


if __name__ == "__main__":
    main()
