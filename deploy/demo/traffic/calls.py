"""What happens at the call center in a day, as its telephone exchange tells and books it.

    day = Day(seed, date(2026, 3, 2))
    day.work()
    for spoken in day.spoken: ...       events of the manager port, and lines of queue_log and Master.csv, in their order
    for told in day.told: ...           calls as their callers remember them
"""
import csv
import io
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from people import population
from repairs import STATIONS, ZONE, day_of, orders_of

SYSTEM = "cc01"
AGENTS = (("201", "陈芳"), ("202", "Li Na"), ("203", "赵敏"), ("204", "Zhou, Jie"), ("205", "孙磊"),
          ("206", "O'Neill"), ("207", "吴洋"), ("208", "高静"))
QUEUES = {  # hotline group: what is dialled, agents
    "appliances": ("4001", (0, 1, 2)), "notebooks": ("4002", (2, 3, 4)), "setup": ("4003", (5, 6)),
    "video": ("4004", (4, 6)), "games": ("4005", (1, 7))}
GROUP_OF = {"television": "appliances", "notebook": "notebooks", "projector": "video", "soundbar": "setup",
            "game console": "games", "camera": "setup", "lens": "setup", "headphones": "appliances"}
CALLS, CALL_BACKS = 90, 8
PATIENCE_S, QUEUE_TIMEOUT_S, RING_S = 75, 120, 15


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


def is_event(spoken):
    return spoken.kind not in ("queue_log", "cdr_book")


def stamped(spoken):
    """An event's text with the exchange's own time, at the place where Asterisk writes it."""
    head, privilege, rest = spoken.text.split("\r\n", 2)
    at = "%d.%06d" % (epoch(spoken.at), spoken.at.microsecond)
    return "\r\n".join((head, privilege, "Timestamp: " + at, rest))
