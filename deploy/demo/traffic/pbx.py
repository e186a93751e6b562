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
import csv
import hashlib
import io
import json
import os
import random
import selectors
import socket
import sys
import time as clock
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone

from people import population
from stations import STATIONS, SYMPTOMS, day_of, orders_of

ZONE = timezone(timedelta(hours=8))
SYSTEM = "cc01"
BANNER = "Asterisk Call Manager/13.0.0\r\n"
AGENTS = (("201", "陈芳"), ("202", "Li Na"), ("203", "赵敏"), ("204", "Zhou, Jie"), ("205", "孙磊"),
          ("206", "O'Neill"), ("207", "吴洋"), ("208", "高静"))
QUEUES = {  # hotline group: what is dialled, agents
    "appliances": ("4001", (0, 1, 2)), "notebooks": ("4002", (2, 3, 4)), "setup": ("4003", (5, 6)),
    "video": ("4004", (4, 6)), "games": ("4005", (1, 7))}
GROUP_OF = {"television": "appliances", "notebook": "notebooks", "projector": "video", "soundbar": "setup",
            "game console": "games", "camera": "setup", "lens": "setup", "headphones": "appliances"}
CALLS, CALL_BACKS = 90, 8
PATIENCE_S, QUEUE_TIMEOUT_S, RING_S = 75, 120, 15
RING_LEAST_S = 0.025  # of the server's clock
NOBODY_S = 30
QUIET_S = 1.5  # at the end, so that the last is answered


# ---- Channels and what is said of them ----

@dataclass
class Channel:
    name: str
    uniqueid: str
    linkedid: str
    number: str
    exten: str
    started: datetime
    caller: str = ""

    def snapshot(self, prefix=""):
        number = self.number or "<unknown>"
        return [(prefix + key, value) for key, value in (
            ("Channel", self.name), ("ChannelState", "6"), ("ChannelStateDesc", "Up"),
            ("CallerIDNum", number), ("CallerIDName", self.caller or "<unknown>"),
            ("ConnectedLineNum", "<unknown>"), ("ConnectedLineName", "<unknown>"), ("Language", "zh"),
            ("AccountCode", ""), ("Context", "inbound"), ("Exten", self.exten), ("Priority", "1"),
            ("Uniqueid", self.uniqueid), ("Linkedid", self.linkedid))]


@dataclass
class Spoken:
    """A moment: an event of the manager port, or a line of one of the books."""
    at: datetime
    kind: str  # class of the event; "queue_log", "cdr"
    text: str
    name: str = ""
    pairs: dict = field(default_factory=dict)


@dataclass
class Told:
    """A call as its caller remembers it, for the desks."""
    call_id: str
    person: object
    group: str
    agent: tuple
    ended: datetime


def seconds(span):
    return int(span.total_seconds())


def epoch(at):
    return int(at.replace(tzinfo=ZONE).timestamp())


class Day:
    def __init__(self, seed, day):
        self.rng = random.Random("pbx:%d:%s" % (seed, day))
        self.day = day
        self.world = population(seed)
        self.spoken, self.told = [], []
        self.count = self.sequence = 0
        self.free = [datetime.combine(day, time(8))] * len(AGENTS)
        self.found = Counter()
        self.break_at = None
        self.transfers = ("8021", QUEUES["setup"][0])  # to somebody's telephone, to another queue
        waiting = []
        for station in STATIONS[:4]:
            orders = orders_of(seed, self.world, station[0], day)
            waiting += list({o.number: o for o, _ in day_of(orders, day)}.values())
        self.waiting = waiting

    # What is written down

    def event(self, at, kind, name, channel, *more):
        pairs = [("Event", name), ("Privilege", kind + ",all"), ("SystemName", SYSTEM)]
        pairs += channel.snapshot() if channel is not None else []
        pairs += more
        text = "".join("%s: %s\r\n" % pair for pair in pairs) + "\r\n"
        self.spoken.append(Spoken(at, kind, text, name, dict(pairs)))

    def log(self, at, channel, queue, agent, word, *data):
        fields = [epoch(at), channel.uniqueid, queue, agent, word] + list(data)
        self.spoken.append(Spoken(at, "queue_log", "|".join(str(f) for f in fields) + "\n"))

    def book(self, at, channel, to, application, data, answered, disposition):
        """A row of Master.csv, and the event of the same."""
        def shown(moment):
            return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else ""

        total = seconds(at - channel.started)
        billed = seconds(at - answered) if answered else 0
        clid = '"%s" <%s>' % (channel.caller, channel.number)
        row = ["", channel.number, channel.exten, "inbound", clid, channel.name, to, application, data,
               shown(channel.started), shown(answered), shown(at), total, billed, disposition,
               "DOCUMENTATION", channel.uniqueid, "", "", channel.linkedid, self.sequence]
        self.sequence += 1
        out = io.StringIO()
        writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerow(row)
        self.spoken.append(Spoken(at, "cdr_book", out.getvalue()))
        self.event(at, "cdr", "Cdr", None, ("AccountCode", ""), ("Source", channel.number),
                   ("Destination", channel.exten), ("DestinationContext", "inbound"), ("CallerID", clid),
                   ("Channel", channel.name), ("DestinationChannel", to),
                   ("LastApplication", application), ("LastData", data),
                   ("StartTime", shown(channel.started)), ("AnswerTime", shown(answered)),
                   ("EndTime", shown(at)), ("Duration", total), ("BillableSeconds", billed),
                   ("Disposition", disposition), ("AMAFlags", "DOCUMENTATION"),
                   ("UniqueID", channel.uniqueid), ("UserField", ""))

    def channel(self, at, name, number, exten, first=None, caller=""):
        self.count += 1
        uniqueid = "%s-%d.%d" % (SYSTEM, epoch(at), self.count)
        channel = Channel("%s-%08x" % (name, self.count), uniqueid, first.linkedid if first else uniqueid,
                          number, exten, at, caller)
        self.event(at, "call", "Newchannel", channel)
        return channel

    def hang_up(self, at, channel, cause=16):
        self.event(at, "call", "Hangup", channel, ("Cause", cause), ("Cause-txt", "Normal Clearing"))

    # Who calls

    def number_of(self, person, i):
        """As the network tells it."""
        if i % 13 == 5:
            return ""
        if i % 13 == 9:
            return "anonymous"
        if person.household.home_phone and self.rng.random() < 0.35:
            return person.household.home_phone
        if person.work_phone and self.rng.random() < 0.3:
            return person.work_phone.partition("转")[0].replace("-", "")  # the switch's own number
        return self.rng.choices((person.mobile, "+86" + person.mobile, "0" + person.mobile), (70, 22, 8))[0]

    def somebody(self, i):
        """Person, group: of a repair under way, or anybody with a unit."""
        unit = self.rng.choice(self.waiting).unit if i % 2 else self.rng.choice(self.world.units)
        return unit.owner, GROUP_OF[unit.product.category]

    # A stay in a queue

    def ring(self, at, caller, queue, agent, last):
        """A telephone rings; True when it is taken, with the agent's channel and the moment."""
        number, name = AGENTS[agent]
        who = (("Queue", queue), ("MemberName", name), ("Interface", "PJSIP/" + number))
        leg = self.channel(at, "PJSIP/" + number, number, caller.exten, caller)
        self.event(at + timedelta(milliseconds=4), "agent", "AgentCalled", caller,
                   *(leg.snapshot("Dest") + list(who)))
        taken = last or self.rng.random() < 0.85
        rang = self.rng.randint(2, 9) if taken else RING_S
        at += timedelta(seconds=rang)
        if taken:
            self.event(at, "agent", "AgentConnect", caller, *(leg.snapshot("Dest") + list(who) + [
                ("RingTime", rang), ("HoldTime", seconds(at - self.joined))]))
            self.log(at, caller, queue, name, "CONNECT", seconds(at - self.joined), leg.uniqueid, rang)
            self.event(at + timedelta(milliseconds=2), "call", "BridgeEnter", leg, ("BridgeNumChannels", 2))
            return leg, at
        self.event(at, "agent", "AgentRingNoAnswer", caller, *(leg.snapshot("Dest") + list(who) + [
            ("RingTime", rang * 1000)]))
        self.log(at, caller, queue, name, "RINGNOANSWER", rang * 1000)
        self.hang_up(at + timedelta(milliseconds=1), leg, 19)
        self.book(at + timedelta(milliseconds=2), leg, "", "AppQueue", "(Outgoing Line)", None, "NO ANSWER")
        return None, at

    def talk(self, at, caller, leg, queue, agent, goes_to):
        """Until somebody hangs up, or puts the caller through."""
        number, name = AGENTS[agent]
        began = at
        at += timedelta(seconds=self.rng.randint(60, 600))
        if self.rng.random() < 0.25:  # the agent asks a colleague
            held = began + (at - began) / 3
            self.event(held, "call", "Hold", leg, ("MusicClass", "default"))
            self.event(held + timedelta(seconds=20), "call", "Unhold", leg)
        reason = self.rng.choice(("agent", "caller"))
        word = "COMPLETEAGENT" if reason == "agent" else "COMPLETECALLER"
        if goes_to:
            reason, word = "transfer", "BLINDTRANSFER"
            self.event(at, "call", "BlindTransfer", None, ("Result", "Success"), *(
                leg.snapshot("Transferer") + caller.snapshot("Transferee") + [
                    ("IsExternal", "Yes"), ("Context", "inbound"), ("Extension", goes_to)]))
        talked, waited = seconds(at - began), seconds(began - self.joined)
        if reason == "caller":
            self.event(at, "call", "HangupRequest", caller)
        at += timedelta(milliseconds=5)
        self.event(at, "agent", "AgentComplete", caller, *(leg.snapshot("Dest") + [
            ("Queue", queue), ("MemberName", name), ("Interface", "PJSIP/" + number),
            ("HoldTime", waited), ("TalkTime", talked), ("Reason", reason)]))
        data = (goes_to, "inbound", waited, talked, 1) if goes_to else (waited, talked, 1)
        self.log(at, caller, queue, name, word, *data)
        self.hang_up(at + timedelta(milliseconds=1), leg)
        self.book(at + timedelta(milliseconds=2), leg, "", "AppQueue", "(Outgoing Line)", began, "ANSWERED")
        self.free[agent] = at + timedelta(seconds=self.rng.randint(20, 90))
        return at + timedelta(milliseconds=3)

    def leave(self, at, caller, queue, timed_out):
        waited = seconds(at - self.joined)
        if not timed_out:
            self.event(at, "call", "HangupRequest", caller)
        self.event(at + timedelta(milliseconds=1), "agent", "QueueCallerAbandon", caller, ("Queue", queue),
                   ("Position", 1), ("OriginalPosition", 1), ("HoldTime", waited))
        self.event(at + timedelta(milliseconds=2), "agent", "QueueCallerLeave", caller, ("Queue", queue),
                   ("Count", 0), ("Position", 1))
        self.log(at, caller, queue, "NONE", "EXITWITHTIMEOUT" if timed_out else "ABANDON", 1, 1, waited)
        if timed_out:  # the dial plan goes on, and says so
            self.event(at + timedelta(milliseconds=3), "user", "UserEvent", caller,
                       ("UserEvent", "QueueResult"), ("Status", "TIMEOUT"))
            self.event(at + timedelta(milliseconds=4), "dialplan", "Newexten", caller,
                       ("Application", "VoiceMail"), ("AppData", "hotline@default,u"))

    def available(self, agent, at):
        """From when on; most are out for lunch."""
        at = max(at, self.free[agent])
        lunch = at.hour == 12 and agent % 4
        return datetime.combine(self.day, time(13)) if lunch else at

    def queue(self, at, caller, queue, goes_to=""):
        """One stay; its outcome, the agent, and when it was over."""
        self.joined = at
        self.event(at, "dialplan", "Newexten", caller, ("Application", "Queue"), ("AppData", queue + ",tT"))
        self.event(at, "agent", "QueueCallerJoin", caller, ("Queue", queue), ("Position", 1), ("Count", 1))
        self.log(at, caller, queue, "NONE", "ENTERQUEUE", "", caller.number, 1)
        self.found["events callcenter.call.queued"] += 1
        patience = timedelta(seconds=self.rng.choice((PATIENCE_S, 3 * PATIENCE_S)))
        limit = timedelta(seconds=QUEUE_TIMEOUT_S)
        members = sorted(QUEUES[queue][1], key=lambda agent: self.available(agent, at))
        at += timedelta(milliseconds=300)
        for turn in range(3):
            agent = members[turn % len(members)]
            start = self.available(agent, at)
            if start - self.joined > min(patience, limit) - timedelta(seconds=RING_S):
                break
            leg, at = self.ring(start, caller, queue, agent, last=False)
            self.free[agent] = at + timedelta(seconds=10)
            if leg is not None:
                self.found["events callcenter.call.connected"] += 1
                self.event(at, "agent", "QueueCallerLeave", caller, ("Queue", queue), ("Count", 0),
                           ("Position", 1))
                if self.break_at is None and at.time() > time(12):
                    self.break_at = at + timedelta(seconds=10)
                return "completed", agent, self.talk(at, caller, leg, queue, agent, goes_to)
        timed_out = patience > limit
        at = max(at + timedelta(seconds=1), self.joined + min(patience, limit))
        self.leave(at, caller, queue, timed_out)
        return "timedout" if timed_out else "abandoned", None, at + timedelta(milliseconds=20)

    def call(self, i, at):
        person, group = self.somebody(i)
        number = self.number_of(person, i)
        hotline = QUEUES[group][0]
        latin = person.latin if person.name == person.latin else ""
        caller = self.channel(at, "PJSIP/trunk", number, hotline, caller=latin if number else "")
        self.event(at + timedelta(milliseconds=2), "dialplan", "Newexten", caller,
                   ("Application", "Answer"), ("AppData", ""))
        if i == 7:  # somebody's dial plan lets callers say what they like
            self.event(at + timedelta(milliseconds=3), "user", "UserEvent", caller, ("UserEvent", "Survey"),
                       ("Event", "Hangup"), ("Note", "a: b: c"))
        goes_to = ""
        if i >= 10 and group != "setup" and self.transfers:
            goes_to = self.transfers[0]
        outcome, agent, at = self.queue(at + timedelta(milliseconds=600), caller, group, goes_to)
        self.found["events callcenter.call." + outcome] += 1
        if agent is not None:
            self.told.append(Told(caller.linkedid, person, group, AGENTS[agent], at))
        if outcome == "completed" and goes_to:
            self.transfers = self.transfers[1:]
        if outcome == "completed" and goes_to == QUEUES["setup"][0]:
            outcome, _, at = self.queue(at + timedelta(seconds=1), caller, "setup")
            self.found["events callcenter.call." + outcome] += 1
        self.hang_up(at + timedelta(milliseconds=50), caller)
        self.book(at + timedelta(milliseconds=60), caller, "", "Queue", group + ",tT",
                  caller.started + timedelta(milliseconds=2), "ANSWERED")

    def call_back(self, i, at):
        """An agent calls somebody: never in a queue, so the books alone tell it."""
        person, _ = self.somebody(i)
        number, _ = AGENTS[i % len(AGENTS)]
        phone = self.channel(at, "PJSIP/" + number, number, "9" + person.mobile)
        trunk = self.channel(at + timedelta(milliseconds=90), "PJSIP/trunk", person.mobile, "s", phone)
        answered = i % 3 != 2
        at += timedelta(seconds=self.rng.randint(5, 12))
        taken = at if answered else None
        at += timedelta(seconds=self.rng.randint(30, 200) if answered else 10)
        self.hang_up(at, trunk, 16 if answered else 19)
        self.hang_up(at + timedelta(milliseconds=1), phone)
        self.book(at + timedelta(milliseconds=5), phone, trunk.name, "Dial", "PJSIP/trunk", taken,
                  "ANSWERED" if answered else "NO ANSWER")
        self.found["events callcenter.call.logged"] += 1

    def work(self):
        opening = datetime.combine(self.day, time(9))
        self.spoken.append(Spoken(opening - timedelta(minutes=5), "queue_log", "%d|NONE|NONE|NONE|QUEUESTART|\n"
                                  % epoch(opening - timedelta(minutes=5))))
        # Most people call when the hotline has opened.
        moments = sorted(opening + timedelta(seconds=int(self.rng.triangular(0, *(
            (10800, 1800) if i % 2 else (36000, 18000))))) for i in range(CALLS))
        for i, at in enumerate(moments):
            self.call(i, at)
        for i in range(CALL_BACKS):
            self.call_back(i, opening + timedelta(seconds=self.rng.randint(3600, 36000)))
        self.spoken.sort(key=lambda spoken: spoken.at)


# ---- Desks ----

class Desks:
    def __init__(self, day):
        self.day, self.rng = day, random.Random("desks:%s" % day.day)
        self.lines, self.numbers = [], Counter()

    def write(self, at, kind, data):
        self.numbers[kind] += 1
        number = "%s-%s-%03d" % (kind.split(".")[0][0].upper() + kind.split(".")[1][0].upper(),
                                 self.day.day.strftime("%y%m%d"), self.numbers[kind])
        data = {key: value.replace("{}", number) if isinstance(value, str) else value
                for key, value in data.items()}
        self.lines.append(json.dumps({
            "type": kind, "id": number, "time": at.replace(tzinfo=ZONE).isoformat(timespec="seconds"),
            "data": data}, ensure_ascii=False, separators=(",", ":")))
        self.day.found["events callcenter." + kind] += 1
        return number

    def party(self, person):
        return {"name": {"full": person.name}, "phones": [{"value": person.mobile}]}

    def repair(self, told, owner, at):
        units = self.day.world.units_of[told.person.number]
        if units:
            unit = units[0]
            defect = unit.product.parts[0].defect
            self.write(at, "repair.registered", {
                "registrationId": "{}", "callId": told.call_id, "agent": owner,
                "unit": {"serialNumber": unit.serial, "model": unit.product.model, "brand": "Mingyuan"},
                "symptomCodes": [defect], "customer": self.party(told.person),
                "problemText": SYMPTOMS[defect]})

    def after(self, i, told):
        """What an agent writes when he has hung up."""
        owner = {"agentId": told.agent[0], "group": told.group}
        at, person = told.ended + timedelta(seconds=self.rng.randint(15, 80)), told.person
        if i % 6 == 3:
            self.write(at, "complaint.filed", {
                "complaintId": "{}", "regarding": {"callId": told.call_id}, "reasonCode": "LATE",
                "channel": "CONTACT_CHANNEL_PHONE", "owner": owner, "customer": self.party(person),
                "complaintText": "等了很久, 没有人回电话"})
        elif i % 6 == 1:
            self.repair(told, owner, at)
        else:
            self.write(at, "case.logged", {
                "caseId": "{}", "kind": "CASE_KIND_" + ("STATUS" if i % 2 else "CONSULT"), "owner": owner,
                "group": told.group, "channel": "CONTACT_CHANNEL_PHONE", "callId": told.call_id,
                "resolved": "ANSWER_YES" if i % 5 else "ANSWER_NO", "customer": self.party(person),
                "questionText": "机器什么时候修好?" if i % 2 else "怎么连接 Wi-Fi?"})
        if i % 8 == 5:
            due = epoch(at + timedelta(days=1)) * 1000000
            self.write(at + timedelta(seconds=5), "callback.scheduled", {
                "callbackId": "{}", "reason": "CALLBACK_REASON_PROMISED", "dueTimeUs": str(due),
                "agent": owner, "customer": self.party(person)})
            self.write(at + timedelta(hours=2), "callback.done", {
                "callbackId": "CS-%s-%03d" % (self.day.day.strftime("%y%m%d"),
                                              self.numbers["callback.scheduled"]),
                "agent": owner, "outcomeCode": "REACHED", "customer": self.party(person)})

    def letters(self):
        for i, channel in enumerate(("EMAIL", "WEB", "FAX", "MAIL")):
            person = self.rng.choice([p for p in self.day.world.people if p.email])
            party = self.party(person)
            party["emails"] = [{"value": person.email}]
            at = datetime.combine(self.day.day, time(10 + i))
            self.write(at, "message.received", {
                "messageId": "{}", "channel": "CONTACT_CHANNEL_" + channel, "group": "appliances",
                "customer": party, "subjectText": "保修", "bodyText": "请问还在保修期内吗?"})

    def files(self):
        """Name, text of each; the second has the first's lines again."""
        for i, told in enumerate(self.day.told):
            self.after(i, told)
        self.letters()
        # A call is the exchange's to tell; a line that is cut; one without who owns it.
        bad = [self.lines[0].replace("case.logged", "call.completed").replace("complaint.filed", "call.completed"),
               self.lines[1][:len(self.lines[1]) // 2],
               '{"type":"case.logged","id":"X-1","data":{"caseId":"X-1","kind":"CASE_KIND_OTHER"}}']
        half = len(self.lines) // 2
        stamp = self.day.day.strftime("%Y%m%d")
        morning = "\n".join(self.lines[:half] + bad) + "\n"
        self.day.found["desk lines that are none"] = 2 * len(bad)
        self.day.found["desk lines that came before"] = half
        return (("desk-%s-1.jsonl" % stamp, morning), ("desk-%s-1-again.jsonl" % stamp, morning),
                ("desk-%s-2.jsonl" % stamp, "\n".join(self.lines[half:]) + "\n"))


# ---- As files ----

def is_event(spoken):
    return spoken.kind not in ("queue_log", "cdr_book")


def stamped(spoken):
    """An event's text with the exchange's own time, at the place where Asterisk writes it."""
    head, privilege, rest = spoken.text.split("\r\n", 2)
    at = "%d.%06d" % (epoch(spoken.at), spoken.at.microsecond)
    return "\r\n".join((head, privilege, "Timestamp: " + at, rest))


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


# ---- As an exchange ----

class Server:
    """The manager port: one client at a time, on one thread."""

    def __init__(self, day, options):
        self.day, self.options = day, options
        self.left = deque(day.spoken)
        self.now = day.spoken[0].at
        self.channels, self.waiting = {}, {}  # by Uniqueid: what is there now; since when
        self.client, self.inbox, self.challenge = None, b"", ""
        self.within = False
        self.mask = ()
        self.broken = False
        self.selector = selectors.DefaultSelector()
        self.server = socket.create_server(("127.0.0.1", options.serve))
        self.selector.register(self.server, selectors.EVENT_READ)
        self.books = {}
        if options.logs:
            os.makedirs(options.logs, exist_ok=True)
            for kind, name in (("queue_log", "queue_log"), ("cdr_book", "Master.csv")):
                self.books[kind] = open(os.path.join(options.logs, name), "w", encoding="utf-8")

    # What it says

    def send(self, text):
        if self.client is None:
            return
        try:
            self.client.sendall(text.encode("utf-8"))
        except OSError:
            self.lose()

    def answer(self, action, response, *lines):
        own = ["ActionID: " + action["actionid"]] if "actionid" in action else []
        self.send("\r\n".join(["Response: " + response] + own + list(lines) + ["", ""]))

    def list(self, action, items, done):
        own = [("ActionID", action["actionid"])] if "actionid" in action else []
        self.answer(action, "Success", "EventList: start", "Message: will follow")
        for item in items + [[("Event", done), ("EventList", "Complete"), ("ListItems", len(items))]]:
            self.send("".join("%s: %s\r\n" % pair for pair in [item[0]] + own + item[1:]) + "\r\n")

    def lose(self):
        if self.client is not None:
            self.selector.unregister(self.client)
            self.client.close()
        self.client, self.inbox = None, b""
        self.within = False

    # What it hears

    def login(self, action):
        key = hashlib.md5((self.challenge + self.options.secret).encode()).hexdigest()
        good = action.get("username") == self.options.user and (
            action.get("key") == key or action.get("secret") == self.options.secret)
        if not good:
            self.answer(action, "Error", "Message: Authentication failed")
            self.lose()
            return
        mask = action.get("events", "on").lower()
        self.mask = ("call", "agent", "cdr", "user", "dialplan") if mask in ("on", "all") else mask.split(",")
        self.answer(action, "Success", "Message: Authentication accepted")
        self.within = True

    def queues(self, action):
        items = []
        for queue, (_, members) in QUEUES.items():
            items.append([("Event", "QueueParams"), ("Queue", queue), ("Max", 0),
                          ("Calls", sum(entry["Queue"] == queue for entry, _ in self.waiting.values()))])
            items += [[("Event", "QueueMember"), ("Queue", queue), ("Name", AGENTS[m][1]),
                       ("Location", "PJSIP/" + AGENTS[m][0]), ("Status", 1)] for m in members]
            items += [[("Event", "QueueEntry"), ("Queue", queue), ("Position", 1),
                       ("Channel", entry["Channel"]), ("Uniqueid", uniqueid),
                       ("CallerIDNum", entry["CallerIDNum"]), ("Wait", seconds(self.now - since))]
                      for uniqueid, (entry, since) in self.waiting.items() if entry["Queue"] == queue]
        self.list(action, items, "QueueStatusComplete")

    def shown(self, action):
        keys = ("Channel", "ChannelState", "CallerIDNum", "Exten", "Uniqueid", "Linkedid")
        self.list(action, [[("Event", "CoreShowChannel")] + [(key, pairs[key]) for key in keys]
                           for pairs in self.channels.values()], "CoreShowChannelsComplete")

    def act(self, action):
        name = action.get("action", "").lower()
        if name == "challenge":
            self.challenge = "%09d" % random.randrange(10 ** 9)
            self.answer(action, "Success", "Challenge: " + self.challenge)
        elif name == "login":
            self.login(action)
        elif not self.within:
            self.answer(action, "Error", "Message: Permission denied")
        elif name == "ping":
            self.answer(action, "Success", "Ping: Pong", "Timestamp: %d.%06d" % (
                epoch(self.now), self.now.microsecond))
        elif name == "queuestatus":
            self.queues(action)
        elif name == "coreshowchannels":
            self.shown(action)
        elif name == "logoff":
            self.answer(action, "Goodbye", "Message: Thanks for all the fish.")
            self.lose()
        else:
            self.answer(action, "Error", "Message: Invalid/unknown command")

    def hear(self):
        try:
            data = self.client.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.lose()
            return
        self.inbox = self.inbox[-65536:] + data.replace(b"\r\n", b"\n")
        while self.client is not None and b"\n\n" in self.inbox:
            text, _, self.inbox = self.inbox.partition(b"\n\n")
            pairs = [line.split(":", 1) for line in text.decode("utf-8", "replace").split("\n") if ":" in line]
            self.act({key.strip().lower(): value.strip() for key, value in pairs})

    def wait(self, timeout):
        for key, _ in self.selector.select(max(0, timeout)):
            if key.fileobj is not self.server:
                self.hear()
                continue
            client, _ = self.server.accept()
            if self.client is not None:
                client.close()  # one is enough
                continue
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.client = client
            self.selector.register(client, selectors.EVENT_READ)
            self.send(BANNER)

    # The day

    def note(self, spoken):
        """What is there now, for those who come later."""
        uniqueid = spoken.pairs.get("Uniqueid")
        if spoken.name == "Newchannel":
            self.channels[uniqueid] = spoken.pairs
        elif spoken.name == "Hangup":
            self.channels.pop(uniqueid, None)
            self.waiting.pop(uniqueid, None)
        elif spoken.name == "QueueCallerJoin":
            self.waiting[uniqueid] = spoken.pairs, spoken.at
        elif spoken.name == "QueueCallerLeave":
            self.waiting.pop(uniqueid, None)

    def play(self, spoken):
        self.now = spoken.at
        if not is_event(spoken):
            if spoken.kind in self.books:
                self.books[spoken.kind].write(spoken.text)
                self.books[spoken.kind].flush()
            return
        self.note(spoken)
        if self.within and spoken.kind in self.mask:
            self.send(stamped(spoken))

    def serve(self):
        """0 when somebody heard the day, and came back; 1 when nobody came."""
        limit = clock.monotonic() + NOBODY_S
        while not self.within:
            self.wait(0.2)
            if clock.monotonic() > limit:
                return 1
        began, first, delay = clock.monotonic(), self.left[0].at, 0
        while self.left:
            spoken = self.left.popleft()
            due = began + (spoken.at - first).total_seconds() / self.options.speed + delay
            while (now := clock.monotonic()) < due:
                self.wait(due - now)
            if not self.broken and self.day.break_at is not None and spoken.at >= self.day.break_at:
                self.broken = True
                self.lose()
            self.play(spoken)
            if spoken.name == "AgentCalled":
                delay += RING_LEAST_S
        limit = clock.monotonic() + NOBODY_S
        while not self.within and clock.monotonic() < limit:
            self.wait(0.2)
        limit = clock.monotonic() + QUIET_S
        while (now := clock.monotonic()) < limit:
            self.wait(limit - now)
        heard = self.within
        self.lose()
        return 0 if heard else 1


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
