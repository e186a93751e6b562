"""The event socket of a FreeSWITCH exchange with mod_callcenter, for tests, by what its documentation and sources say: it
logs clients in, answers what they ask, and tells events of a script, plain or as JSON.  No live one stood behind it.

    with FreeSwitch(password="ClueCon") as exchange:
        ... connect a client to 127.0.0.1:exchange.port ...
        exchange.ready.wait(10)                     it has asked for the channels
        call = Call(exchange, "13800138000", "repair@default", "王芳").create().join()

As a program it writes a believable day as a capture: freeswitch.py FILE
"""
import json
import pathlib
import sys
import time
import urllib.parse
import uuid

from one_client import OneClient

SAFE = "/,()!*'$-_.~"  # what the exchange leaves as it is beside letters and digits


def plain(headers, body=""):
    """An event as the exchange writes it."""
    text = "".join(f"{name}: {urllib.parse.quote(str(value), safe=SAFE)}\n" for name, value in headers.items())
    if body:
        text += f"Content-Length: {len(body.encode())}\n"
    text = (text + "\n" + body).encode()
    return b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(text) + text


def as_json(headers, body=""):
    members = {name: str(value) for name, value in headers.items()}
    if body:
        members |= {"Content-Length": str(len(body.encode())), "_body": body}
    text = json.dumps(members).encode()
    return b"Content-Length: %d\nContent-Type: text/event-json\n\n" % len(text) + text


def reply(text):
    return f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode()


def answer(text):
    return b"Content-Type: api/response\nContent-Length: %d\n\n" % len(text.encode()) + text.encode()


GREETING = b"Content-Type: auth/request\n\n"
FAREWELL = (b"Content-Type: text/disconnect-notice\nContent-Length: 67\n\n"
            b"Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n")


class Teller:
    """Whoever tells events: numbers and dates them."""
    core = str(uuid.UUID(int=0xC0))
    sequence = 0
    form = staticmethod(plain)

    def now(self):
        return time.time()

    def event(self, name, headers, body=""):
        Teller.sequence += 1
        now = self.now()
        utc = time.gmtime(now)
        self.send(self.form({
            "Event-Name": name, "Core-UUID": self.core, "FreeSWITCH-Hostname": "fs1",
            "FreeSWITCH-Switchname": "fs1", "FreeSWITCH-IPv4": "192.0.2.1", "FreeSWITCH-IPv6": "::1",
            "Event-Date-Local": time.strftime("%Y-%m-%d %H:%M:%S", utc),
            "Event-Date-GMT": time.strftime("%a, %d %b %Y %H:%M:%S GMT", utc),
            "Event-Date-Timestamp": int(now * 1e6), "Event-Calling-File": "switch_channel.c",
            "Event-Calling-Function": "tests", "Event-Calling-Line-Number": 1,
            "Event-Sequence": Teller.sequence, **headers}, body))


class Paper(Teller):
    """Events on paper, by a clock of its own."""

    def __init__(self, begin=1795290136.0):
        self.text, self.clock, self.channels, self.members = [GREETING, reply("+OK accepted"),
            reply("+OK event listener enabled plain")], begin, {}, []

    def now(self):
        return self.clock

    def wait(self, seconds):
        self.clock += seconds

    def send(self, data):
        self.text.append(data)

    def bytes(self):
        return b"".join(self.text)


class FreeSwitch(OneClient, Teller):
    def __init__(self, password="ClueCon", port=0):
        self.password = password
        self.agents = {}     # name: contact
        self.queues = []     # beside those of members
        self.members = []    # of queues: rows
        self.channels = {}   # uuid: call uuid
        self.miscount = 0    # what is told too many in row_count
        self.mute = False    # answers nothing any more
        self.subscribed = "" # what events were asked for
        super().__init__(port)

    def hang_up(self, farewell=False):
        """The line breaks; or the exchange stops, and says so."""
        super().hang_up(FAREWELL if farewell else b"")

    def _talk(self, client):
        within, self.form = False, plain
        self.send(GREETING)
        for text in self.heard(client, b"\n\n"):
            command = text.strip()
            if command.startswith("auth "):
                within = command[5:] == self.password
                self.logins, self.refused = self.logins + within, self.refused + (not within)
                self.send(reply("+OK accepted" if within else "-ERR invalid"))
                if not within:
                    self.send(FAREWELL)
                    return
            elif not within:
                self.send(reply("-ERR command not found"))
            elif self.mute:
                continue
            elif command.startswith("event "):
                self.subscribed += command[5:]
                self.form = as_json if command.startswith("event json") else plain
                self.send(reply(f"+OK event listener enabled {command.split()[1]}"))
            elif command.startswith("api "):
                self._api(command[4:].strip())
            elif command == "exit":
                self.send(reply("+OK bye") + FAREWELL)
                return
            else:
                self.send(reply("+OK"))

    def _table(self, columns, rows):
        lines = ["|".join(columns)] + ["|".join(map(str, row)) for row in rows] if rows else []
        self.send(answer("".join(line + "\n" for line in lines) + "+OK\n"))

    def _api(self, command):
        words = command.split()
        if words[:3] == ["callcenter_config", "agent", "list"]:
            self._table(["name", "system", "uuid", "type", "contact", "status", "state"],
                        [(name, "single_box", "", "callback", contact, "Available", "Waiting")
                         for name, contact in self.agents.items()])
        elif words == ["callcenter_config", "queue", "list"]:
            names = dict.fromkeys([*self.queues, *(row[0] for row in self.members)])
            self.send(answer("name|strategy|moh_sound\n"
                             + "".join(f"{name}|longest-idle-agent|local_stream://moh\n" for name in names) + "+OK\n"))
        elif words[:4] == ["callcenter_config", "queue", "list", "members"]:
            self._table(["queue", "system", "uuid", "session_uuid", "cid_number", "cid_name", "system_epoch",
                         "joined_epoch", "state"], [row for row in self.members if row[0] == words[4]])
        elif words[:2] == ["show", "channels"]:
            rows = [{"uuid": one, "call_uuid": call} for one, call in self.channels.items()]
            listed = {"row_count": len(rows) + self.miscount} | ({"rows": rows} if rows else {})
            self.send(answer(json.dumps(listed)))
            self.ready.set()
        elif words[:1] == ["uptime"]:
            self.pings += 1
            self.send(answer("4711\n"))
        else:
            self.send(answer(f"-ERR {words[0] if words else ''} Command not found!\n"))


class Call:
    """One caller, in the words of FreeSWITCH: each method tells what it tells."""
    count = 0

    def __init__(self, exchange, number, queue, name="", dialled="400"):
        Call.count += 1
        self.exchange, self.queue, self.number, self.name = exchange, queue, number, name
        self.dialled, self.id = dialled, str(uuid.UUID(int=0xCA11 << 64 | Call.count))
        self.member = str(uuid.UUID(int=0x3E3 << 64 | Call.count))
        self.created = exchange.now()
        self.answered = self.joined = 0
        self.leg = None

    def _channel(self, one, state="answered", direction="inbound", call=None, **more):
        name = f"sofia/external/{self.number}@192.0.2.9" if direction == "inbound" else f"sofia/internal/{self.agent}"
        created = self.created if direction == "inbound" else self.called
        return {"Channel-State": "CS_HANGUP" if state == "hangup" else "CS_EXECUTE",
                "Channel-Call-State": state.upper(), "Channel-State-Number": 4, "Channel-Name": name,
                "Unique-ID": one, "Call-Direction": direction, "Presence-Call-Direction": direction,
                "Channel-HIT-Dialplan": "true", "Channel-Call-UUID": call or self.id, "Answer-State": state,
                "Caller-Direction": direction, "Caller-Dialplan": "XML", "Caller-Caller-ID-Name": self.name,
                "Caller-Caller-ID-Number": self.number, "Caller-Network-Addr": "192.0.2.9",
                "Caller-ANI": self.number,
                "Caller-Destination-Number": self.dialled if direction == "inbound" else self.agent.split("@")[0],
                "Caller-Unique-ID": one, "Caller-Source": "mod_sofia", "Caller-Context": "public",
                "Caller-Channel-Name": name, "Caller-Profile-Index": 1,
                "Caller-Channel-Created-Time": int(created * 1e6),
                "Caller-Channel-Answered-Time": int(self.answered * 1e6), "Caller-Channel-Hangup-Time": 0,
                "variable_direction": direction, "variable_uuid": one, "variable_default_language": "zh", **more}

    def _tell(self, event, one, body="", **more):
        self.exchange.event(event, self._channel(one, **more), body)
        return self

    def _info(self, action, headers, **more):
        channel = {} if headers is None else headers
        self.exchange.event("CUSTOM", {
            "Event-Subclass": "callcenter::info", **channel, "CC-Queue": self.queue, "CC-Action": action, **more,
            "CC-Member-UUID": self.member, "CC-Member-Session-UUID": self.id,
            "CC-Member-CID-Name": self.name, "CC-Member-CID-Number": self.number})
        return self

    def create(self):
        self.exchange.channels[self.id] = self.id
        return self._tell("CHANNEL_CREATE", self.id, state="ringing")

    def answer(self):
        self.answered = self.exchange.now()
        return self._tell("CHANNEL_ANSWER", self.id)

    def join(self):
        self.joined = int(self.exchange.now())
        self.answered = self.answered or self.exchange.now()
        self.exchange.members.append((self.queue, "single_box", self.member, self.id, self.number, self.name,
                                      self.joined, self.joined, "Waiting"))
        return self._info("member-queue-start", self._channel(self.id))

    def ring(self, agent):
        self.agent, self.called = agent, self.exchange.now()
        self._info("agent-offering", None, **{"CC-Agent": agent, "CC-Agent-Type": "callback",
                                              "CC-Agent-System": "single_box"})
        self.leg = str(uuid.UUID(int=0xA6 << 64 | Call.count << 16 | Teller.sequence & 0xFFFF))
        self.exchange.channels[self.leg] = self.id
        return self._tell("CHANNEL_CREATE", self.leg, state="ringing", direction="outbound", call=self.leg,
                          variable_cc_side="agent", variable_cc_member_session_uuid=self.id)

    def _leg_gone(self, cause):
        self.exchange.channels.pop(self.leg, None)
        self._tell("CHANNEL_HANGUP_COMPLETE", self.leg, state="hangup", direction="outbound", call=self.leg,
                   **{"Hangup-Cause": cause, "variable_cc_side": "agent", "variable_cc_member_session_uuid": self.id,
                      "Caller-Channel-Hangup-Time": int(self.exchange.now() * 1e6)})

    def miss(self, cause="NO_ANSWER"):
        self._leg_gone(cause)
        return self._info("bridge-agent-fail", None, **{"CC-Hangup-Cause": cause, "CC-Agent": self.agent})

    def _left(self):
        self.exchange.members[:] = [row for row in self.exchange.members if row[3] != self.id]

    def connect(self):
        self.taken = int(self.exchange.now())
        return self._info("bridge-agent-start", self._channel(self.leg, direction="outbound", call=self.leg), **{
            "CC-Agent": self.agent, "CC-Agent-UUID": self.leg, "CC-Agent-Called-Time": int(self.called),
            "CC-Agent-Answered-Time": self.taken, "CC-Member-Joined-Time": self.joined})

    def complete(self, by="caller", late=False, stays=False):
        """He is done; with `late` the queue looks after the channels are gone, as it looks ten times a second; with
        `stays` the dial plan has him again."""
        times = {"CC-Agent": self.agent, "CC-Agent-UUID": self.leg, "CC-Agent-Called-Time": int(self.called),
                 "CC-Agent-Answered-Time": self.taken, "CC-Member-Joined-Time": self.joined}
        gone = {"variable_sip_hangup_disposition": "recv_bye" if by == "caller" else "send_bye",
                "variable_cc_side": "member", "variable_cc_queue_answered_epoch": self.taken}
        if by == "transfer":
            gone["variable_endpoint_disposition"] = "BLIND_TRANSFER"
        if late:
            self.hang_up(**gone)
        self._left()
        self._info("bridge-agent-end", self._channel(self.leg, state="hangup", direction="outbound", call=self.leg),
                   **times, **{"CC-Hangup-Cause": "NORMAL_CLEARING", "CC-Bridge-Terminated-Time": int(self.exchange.now())})
        self._info("member-queue-end", self._channel(
            self.id, state="answered" if stays or by == "transfer" else "hangup", **({} if stays else gone)), **times, **{
                "CC-Hangup-Cause": "NORMAL_CLEARING", "CC-Cause": "Terminated",
                "CC-Member-Leaving-Time": int(self.exchange.now())})
        return self if late or stays else self.hang_up(**gone)

    def leave(self, reason="BREAK_OUT", state="hangup"):
        self._left()
        return self._info("member-queue-end", self._channel(self.id, state=state), **{
            "CC-Member-Leaving-Time": int(self.exchange.now()), "CC-Member-Joined-Time": self.joined,
            "CC-Cause": "Cancel", "CC-Cancel-Reason": reason})

    def say(self, subclass, **more):
        """What the dial plan tells by its `event`."""
        return self._tell("CUSTOM", self.id, **{"Event-Subclass": subclass, **more})

    def hang_up(self, cause="NORMAL_CLEARING", **more):
        now = self.exchange.now()
        if self.leg in self.exchange.channels:
            self._leg_gone(cause)
        self.exchange.channels.pop(self.id, None)
        return self._tell("CHANNEL_HANGUP_COMPLETE", self.id, state="hangup", **{
            "Hangup-Cause": cause, "variable_hangup_cause": cause, "variable_hangup_cause_q850": 16,
            "Caller-Channel-Hangup-Time": int(now * 1e6), "variable_duration": int(now - self.created),
            "variable_billsec": int(now - self.answered) if self.answered else 0, **more})


def day(paper):
    """A believable day: {outcome: how many}."""
    served = Call(paper, "13800138000", "repair@default", "王芳").create().answer().join()
    paper.wait(3)
    served.ring("1001@default")
    paper.wait(5)
    served.miss().ring("1002@default")
    paper.wait(4)
    served.connect()
    paper.wait(30)
    served.complete()
    late = Call(paper, "+8613900139000", "repair@default", "O'Brien, Pat: \"home\" 100%").create().join()
    late.ring("1001@default")
    paper.wait(2)
    late.connect()
    paper.wait(9)
    late.complete(by="agent", late=True)
    passed_on = Call(paper, "02155512345", "games@default", "陈伟 %E7").create().join().ring("1003@default").connect()
    paper.wait(60)
    passed_on.complete(by="transfer")
    gone = Call(paper, "anonymous", "repair@default", "Anonymous").create().join()
    paper.wait(7)
    gone.leave().hang_up("ORIGINATOR_CANCEL")
    waited = Call(paper, "13700137000", "repair@default").create().join()
    paper.wait(20)
    waited.leave("TIMEOUT", state="answered").hang_up()
    empty = Call(paper, "13700137001", "night@default").create().join()
    empty.leave("NO_AGENT_TIMEOUT", state="answered").hang_up()
    pressed = Call(paper, "13700137002", "repair@default").create().join()
    pressed.leave("EXIT_WITH_KEY", state="answered")
    pressed.queue = "sales@default"
    pressed.join().leave("BREAK_OUT", state="answered").hang_up()
    asked = Call(paper, "13600136000", "repair@default", "李娜").create().join().ring("1002@default").connect()
    paper.wait(11)
    asked.complete(by="agent", stays=True).say("CSAT", Score=5).hang_up()
    Call(paper, "201", "", dialled="600").create().answer().hang_up()
    Call(paper, "202", "", dialled="601").create().hang_up("USER_BUSY")
    return {"completed": 4, "abandoned": 1, "timedout": 4, "logged": 2}


def main():
    paper = Paper()
    day(paper)
    pathlib.Path(sys.argv[1]).write_bytes(paper.bytes())


if __name__ == "__main__":
    main()
