"""What the call center's agents write at their desks, of the calls that they had."""
import json
import random
from collections import Counter
from datetime import datetime, time, timedelta

from calls import epoch
from repairs import SYMPTOMS, ZONE


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
