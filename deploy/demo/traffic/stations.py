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
import csv
import io
import json
import os
import random
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from xml.sax.saxutils import quoteattr

from people import population, written_land_line, written_mobile, written_name

ZONE = timezone(timedelta(hours=8))
FAST_CLOCK = timedelta(minutes=47)
HISTORY_DAYS = 45  # longer than any repair takes
OPEN, CLOSE = time(9, 0), time(18, 0)
STATIONS = (  # number, name; the form follows from the place in the list
    ("SH12", "上海徐汇技术中心"), ("GZ03", "广州天河特约站"), ("BJ01", "Beijing Chaoyang Service"),
    ("CD05", "成都武侯维修部"), ("SH14", "上海浦东特约站"), ("GZ07", "广州海珠特约站"),
    ("BJ04", "Beijing Haidian Service"), ("CD09", "成都锦江维修部"))
ONLINE = {"mqtt": ("SH16", "上海虹桥特约站"), "outbox": ("GZ09", "广州番禺特约站")}
TECHNICIANS = ("T01", "T02", "T03", "T05", "T08")
SYMPTOMS = {"NO_POWER": "不开机", "LINES": "屏幕有竖线", "BROKEN_SCREEN": "屏幕破裂",
            "DARK_PICTURE": "画面很暗", "BATTERY": "电池不耐用", "KEYS": "键盘失灵, 部分按键没反应",
            "NOISE": "风扇声音大", "SHUTTER": "快门卡住", "SPOTS": "照片有黑点", "FOCUS": "不能对焦",
            "WORN": "耳罩磨损", "NO_DISC": "不读盘", "NO_PICTURE": "无画面 \"HDMI\" 无信号",
            "NO_SOUND": "没有声音"}


# ---- What happens ----

@dataclass
class Event:
    kind: str  # the last two parts of the type: "order.received"
    at: datetime  # true local time
    values: dict = field(default_factory=dict)
    seq: int = 0


@dataclass
class Order:
    number: str
    station: str
    unit: object
    name: str
    phones: str
    email: str
    card: str
    in_warranty: bool
    symptom: str
    part: object
    events: list = field(default_factory=list)

    def add(self, kind, at, **values):
        self.events.append(Event(kind, at, values))
        return at


def working(at):
    """The moment itself, or the next at which the station is open."""
    if at.time() >= CLOSE:
        at = datetime.combine(at.date() + timedelta(days=1), OPEN) + timedelta(
            minutes=at.minute % 30)
    elif at.time() < OPEN:
        at = datetime.combine(at.date(), OPEN) + timedelta(minutes=at.minute % 30)
    return at


def later(rng, at, least, most):
    """Some working minutes later."""
    return working(at + timedelta(minutes=rng.randint(least, most), seconds=rng.randint(0, 59)))


def days_later(rng, at, least, most):
    at = at + timedelta(days=rng.randint(least, most))
    return datetime.combine(at.date(), OPEN) + timedelta(minutes=rng.randint(5, 500))


def written_phones(rng, person):
    """What the desk writes into its one field for telephones."""
    mobile = written_mobile(rng, person.mobile)
    home = person.household.home_phone
    if person.work_phone and rng.random() < 0.7:
        return rng.choice((person.work_phone, person.work_phone + "、" + person.mobile))
    if home and rng.random() < 0.5:
        return rng.choice((mobile + "/" + written_land_line(home), person.mobile + " " + home,
                           written_land_line(home)))
    return mobile


def open_order(rng, world, station, day, k):
    unit = rng.choice(world.units)
    person = unit.owner
    # Now and then somebody else of the household brings it.
    others = [p for p in world.people if p.household is person.household and p is not person]
    if others and rng.random() < 0.12:
        person = rng.choice(others)
    part = rng.choice(unit.product.parts)
    return Order("%s-%s-%03d" % (station, day.strftime("%y%m%d"), k), station, unit,
                 written_name(rng, person), written_phones(rng, person),
                 person.email if rng.random() < 0.4 else "",
                 person.member_card if rng.random() < 0.3 else "",
                 (day - unit.purchase_date).days < 365, part.defect, part)


def wait_for_answer(rng, order, at):
    """A quote, and the customer's answer; None when that is the end of it."""
    total = order.part.price + 8000
    quote = order.number + "-Q1"
    at = order.add("quote.made", at, quote=quote, total=total)
    order.add("wait.started", at + timedelta(seconds=5), reason="customer")
    at = days_later(rng, at, 0, 4) if rng.random() < 0.6 else later(rng, at, 60, 240)
    at = max(at, order.events[-1].at + timedelta(minutes=3))
    declined = rng.random() < 0.2
    order.add("wait.ended", at, reason="customer")
    order.add("quote.declined" if declined else "quote.approved", at + timedelta(seconds=5),
              quote=quote, total=total, reason="TOO_EXPENSIVE")
    if not declined:
        return at + timedelta(seconds=5)
    at = order.add("order.cancelled", at + timedelta(minutes=2), reason="QUOTE_DECLINED")
    order.add("order.returned", days_later(rng, at, 0, 3), verdict="repairable", total=0)
    return None


def wait_for_part(rng, order, at):
    at = order.add("part.requested", at, part=order.part)
    least, most = 1, 3
    if rng.random() < 0.12:
        at = order.add("part.backordered", later(rng, at, 30, 200), part=order.part)
        least, most = 5, 7
    at = days_later(rng, at, least, most)
    return order.add("part.arrived", at, part=order.part)


def mend(rng, order, at):
    attempt = 1
    while True:
        technician = rng.choice(TECHNICIANS)
        at = order.add("work.started", later(rng, at, 10, 180), stage="repair", who=technician)
        at = order.add("order.repaired", later(rng, at, 15, 150), who=technician, attempt=attempt,
                       part=order.part)
        passed = attempt == 3 or rng.random() < 0.88
        at = order.add("order.checked", later(rng, at, 5, 90), who=rng.choice(TECHNICIANS),
                       passed=passed, attempt=attempt)
        if passed:
            return at
        attempt += 1
        at = order.add("order.restarted", at + timedelta(minutes=1), attempt=attempt)


def live(rng, order, at):
    """The life of an order, from the front desk on."""
    at = order.add("order.received", at, who="D0%d" % rng.randint(1, 3))
    if rng.random() < 0.04:
        at = later(rng, at, 30, 300)
        order.add("order.cancelled", at, reason="CUSTOMER_CHANGED_MIND")
        order.add("order.returned", at + timedelta(minutes=10), verdict="repairable", total=0)
        return
    technician = rng.choice(TECHNICIANS)
    at = order.add("work.started", later(rng, at, 20, 300), stage="diagnosis", who=technician)
    at = order.add("order.diagnosed", later(rng, at, 10, 60), who=technician)
    if not order.in_warranty:
        at = wait_for_answer(rng, order, later(rng, at, 5, 30))
        if at is None:
            return
    if rng.random() < 0.55:
        at = wait_for_part(rng, order, later(rng, at, 5, 60))
    at = mend(rng, order, at)
    at = order.add("customer.informed", later(rng, at, 5, 45))
    order.add("order.returned", days_later(rng, at, 1, 3) if rng.random() < 0.6 else
              later(rng, at, 60, 300), verdict="fixed",
              total=0 if order.in_warranty else order.part.price + 8000)


def orders_of(seed, world, station, day):
    """Every order that the station took in during the last weeks, as far as it will ever go."""
    orders = []
    for back in range(HISTORY_DAYS, -1, -1):
        taken = day - timedelta(days=back)
        rng = random.Random("stations:%d:%s:%s" % (seed, station, taken))
        count = rng.randint(2, 4) if taken.weekday() == 6 else rng.randint(5, 11)
        for k in range(1, count + 1):
            order = open_order(rng, world, station, taken, k)
            live(rng, order, datetime.combine(taken, OPEN) + timedelta(
                minutes=rng.randint(1, 500), seconds=rng.randint(0, 59)))
            for seq, event in enumerate(order.events, 1):
                event.seq = seq
            orders.append(order)
    return orders


def left_lying(seed, world, station, day):
    """A unit that came in 18 days ago and still waits for its part: the station tells of it once more with
    every day, as it does of all that is open."""
    taken = day - timedelta(days=18)
    rng = random.Random("stations:left:%d:%s:%s" % (seed, station, taken))
    order = open_order(rng, world, station, taken, 90)
    order.in_warranty = True
    at = order.add("order.received", datetime.combine(taken, time(10, 14, 30)), who="D02")
    at = order.add("work.started", later(rng, at, 20, 60), stage="diagnosis", who="T02")
    at = order.add("order.diagnosed", later(rng, at, 10, 60), who="T02")
    at = order.add("part.requested", later(rng, at, 5, 60), part=order.part)
    order.add("part.backordered", later(rng, at, 30, 200), part=order.part)
    for seq, event in enumerate(order.events, 1):
        event.seq = seq
    return [(order, event) for event in order.events]


def day_of(orders, day):
    """(order, event) of the day in the order in which they happened."""
    today = [(order, event) for order in orders for event in order.events if event.at.date() == day]
    return sorted(today, key=lambda pair: (pair[1].at, pair[0].number, pair[1].seq))


# ---- As files ----

class Drop:
    """What a run writes, and what a reader is to find in it."""

    def __init__(self, folder):
        self.folder = folder
        self.expected = []
        self.types = Counter()
        self.ids = set()

    def write(self, name, content, events=None, rejected=0, incomplete=0, sent=None):
        """`sent` is when the file came to the hub's side, which its last change tells: without it the
        months since that day would be taken for an error of the station's clock."""
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode("utf-8"))
        if sent is not None:
            os.utime(path, times=(sent.timestamp(), sent.timestamp()))
        if events is None:
            return
        self.expected += [(name + " events", len(events)), (name + " rejected", rejected),
                          (name + " incomplete", incomplete)]
        for order, event in events:
            identity = (order.station, order.number, event.seq)
            if identity not in self.ids:
                self.types["repair." + event.kind] += 1
            self.ids.add(identity)

    def write_expected(self, path):
        rows = self.expected + sorted(self.types.items()) + [("distinct events", len(self.ids))]
        with open(path, "w", encoding="utf-8") as out:
            out.writelines("%s\t%s\n" % row for row in rows)


def money(fen):
    return "%d.%02d" % divmod(fen, 100)


# ---- CSV ----

ENGLISH = ("order_no", "seq", "time", "action", "customer", "phones", "email", "card", "brand",
           "model", "serial", "bought", "warranty", "symptom", "defect", "part_no", "part_name",
           "quantity", "amount", "reason", "result", "attempt", "staff", "stage", "quote_no")
CHINESE = ("工单号", "序号", "时间", "动作", "姓名", "电话", "邮箱", "会员卡", "品牌", "型号", "机身号",
           "购买日期", "保修", "故障描述", "故障代码", "备件号", "备件名", "数量", "金额", "原因", "结果",
           "次数", "员工", "环节", "报价单")
ACTIONS = {  # kind: in English, in Chinese
    "order.received": ("received", "收机"), "work.started": ("started", "开工"),
    "order.diagnosed": ("diagnosed", "检测"), "quote.made": ("quoted", "报价"),
    "quote.approved": ("approved", "同意报价"), "quote.declined": ("declined", "拒绝报价"),
    "wait.started": ("waiting", "等待"), "wait.ended": ("resumed", "继续"),
    "part.requested": ("part ordered", "申请备件"), "part.backordered": ("backorder", "缺货"),
    "part.arrived": ("part in", "到件"), "order.repaired": ("repaired", "修好"),
    "order.checked": ("tested", "检验"), "order.restarted": ("redo", "返工"),
    "customer.informed": ("called", "通知客户"), "order.returned": ("returned", "还机"),
    "order.cancelled": ("cancelled", "取消")}
RESULTS = {"fixed": ("OK", "修复"), "repairable": ("not repaired", "未修"), True: ("pass", "合格"),
           False: ("fail", "不合格")}
STAGES = {"diagnosis": ("diagnosis", "检测"), "repair": ("repair", "维修")}

FIELDS = """id = {%(order_no)s}/{%(seq)s}
time = {%(time)s}
repair_order_id = {%(order_no)s}
customer.name.full = {%(customer)s}
customer.phones = {%(phones)s}
customer.emails = {%(email)s}
customer.member_card = {%(card)s}
unit.brand = {%(brand)s}
unit.model = {%(model)s}
unit.serial_number = {%(serial)s}
unit.purchase_date = {%(bought)s}
"""
SECTIONS = {
    "order.received": "coverage = {%(warranty)s} -> map coverage\nproblem_text = {%(symptom)s}\n"
                      "agent.agent_id = {%(staff)s}\nrequired = customer.phones\n",
    "work.started": "stage = {%(stage)s} -> map stages\ntechnician.agent_id = {%(staff)s}\n",
    "order.diagnosed": "defect_codes = {%(defect)s}\ntechnician.agent_id = {%(staff)s}\n",
    "quote.made": "quote_id = {%(quote_no)s}\ntotal = {%(amount)s} -> money CNY\n",
    "quote.approved": "quote_id = {%(quote_no)s}\ntotal = {%(amount)s} -> money CNY\n",
    "quote.declined": "quote_id = {%(quote_no)s}\nreason_code = {%(reason)s}\n",
    "wait.started": "reason = {%(reason)s}\n",
    "wait.ended": "reason = {%(reason)s}\n",
    "part.requested": "parts[0].part_number = {%(part_no)s}\nparts[0].description = {%(part_name)s}\n"
                      "parts[0].quantity = {%(quantity)s}\n",
    "part.backordered": "parts[0].part_number = {%(part_no)s}\n",
    "part.arrived": "parts[0].part_number = {%(part_no)s}\nparts[0].quantity = {%(quantity)s}\n",
    "order.repaired": "defect_codes = {%(defect)s}\ntechnician.agent_id = {%(staff)s}\n"
                      "attempt = {%(attempt)s}\n",
    "order.checked": "passed = {%(result)s} -> map answers\ninspector.agent_id = {%(staff)s}\n"
                     "attempt = {%(attempt)s}\n",
    "order.restarted": "attempt = {%(attempt)s}\n",
    "customer.informed": "channel = phone\n",
    "order.returned": "verdict = {%(result)s} -> map results\ntotal = {%(amount)s} -> money CNY\n",
    "order.cancelled": "reason_code = {%(reason)s}\n",
}


def csv_mapping(station, columns, language, charset):
    names = dict(zip(ENGLISH, columns))
    out = ["# How the files of %s are read: one row is one step of a repair.\n[file]\nformat = csv\n"
           "charset = %s\nextra_columns = ignore\n\n[station]\nsource = /stations/%s\nid = %s\n"
           "zone = Asia/Shanghai\n\n[all]\n" % (station[1], charset, station[0].lower(), station[0])]
    out.append(FIELDS % names)
    if language == 1:
        out.append("sent = {发送时间}\n"
                   "# The stamp changes when a day is sent again, the record does not.\n"
                   "digest = fields\n")
    for kind, section in SECTIONS.items():
        out.append("\n[event repair.%s]\nwhen = {%s} is %s\n" % (
            kind, names["action"], ACTIONS[kind][language]))
        out.append(section % names)
    words = {"coverage": {("Y", "是")[language]: "in_warranty", ("N", "否")[language]: "out_of_warranty"},
             "stages": {STAGES[key][language]: key for key in STAGES},
             "results": {RESULTS[key][language]: key for key in ("fixed", "repairable")},
             "answers": {RESULTS[True][language]: "yes", RESULTS[False][language]: "no"}}
    for name, values in words.items():
        out.append("\n[values %s]\n" % name + "".join("%s = %s\n" % pair for pair in values.items()))
    return "".join(out)


def csv_values(order, event, language, clock):
    """One row, by the English names of its columns."""
    values = event.values
    part = values.get("part")
    about = event.kind in ("order.received", "order.returned", "quote.made")
    unit = order.unit
    row = dict.fromkeys(ENGLISH, "")
    row.update(order_no=order.number, seq=event.seq, time=clock(event.at),
               action=ACTIONS[event.kind][language], brand=unit.product.brand,
               model=unit.product.model, serial=unit.serial)
    if about:
        row.update(customer=order.name, phones=order.phones, email=order.email, card=order.card)
    if event.kind == "order.received":
        row.update(bought=unit.purchase_date.strftime(("%Y-%m-%d", "%Y年%m月%d日")[language]),
                   warranty=(("Y", "N"), ("是", "否"))[language][not order.in_warranty],
                   symptom=SYMPTOMS[order.symptom])
    if event.kind in ("order.diagnosed", "order.repaired"):
        row.update(defect=order.symptom)
    if part is not None and event.kind.startswith("part."):
        row.update(part_no=part.number, part_name=part.name, quantity="1")
    if "total" in values:
        row.update(amount=money(values["total"]))
    if "reason" in values:
        row.update(reason=values["reason"])
    if "verdict" in values:
        row.update(result=RESULTS[values["verdict"]][language])
    if "passed" in values:
        row.update(result=RESULTS[values["passed"]][language])
    if "stage" in values:
        row.update(stage=STAGES[values["stage"]][language])
    row.update(staff=values.get("who", ""), quote_no=values.get("quote", ""),
               attempt=values.get("attempt", ""))
    return row


def csv_text(header, rows, line_end):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=line_end)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()


def write_csv_utf8(drop, station, orders, day, left):
    """Latin headings, CRLF and a byte order mark, as spreadsheets write it."""
    number = station[0]
    today = left + day_of(orders, day)

    def row_of(pair):
        values = csv_values(*pair, 0, lambda at: at.strftime("%Y-%m-%d %H:%M:%S"))
        return [values[name] for name in ENGLISH]

    rows = [row_of(pair) for pair in today]
    lines = csv_text(ENGLISH, rows, "\r\n").split("\r\n")
    # A day that does not exist, a row that lost its end, an inch sign that nobody quoted.
    broken = list(rows[0])
    broken[0], broken[2] = number + "-BAD-1", "2026-02-30 10:00:00"
    lines.insert(3, ",".join('"%s"' % str(v).replace('"', '""') for v in broken))
    lines.insert(5, number + "-BAD-2,1,2026-03-02 11:00:00,received,Li")
    lines.insert(7, number + '-BAD-3,1,2026-03-02 11:30:00,received,Li,5" disc' + "," * 19)
    content = "\ufeff" + "\r\n".join(lines)
    stamp = day.strftime("%Y%m%d")
    drop.write("%s/%s-%s.csv" % (number, number, stamp), content, today, rejected=3)
    # The line failed in the evening: the whole day once more.
    drop.write("%s/%s-%s-again.csv" % (number, number, stamp), content, today, rejected=3)
    # And a file that is still being written.
    last = today[-3:]
    partial = csv_text(ENGLISH, [row_of(pair) for pair in last], "\r\n")
    drop.write("%s/%s-%s-late.csv" % (number, number, stamp), partial[:-30], last[:-1], incomplete=1)
    drop.write("mappings/%s.ini" % number, csv_mapping(station, ENGLISH, 0, "UTF-8"))


def write_csv_gb18030(drop, station, orders, day, _left):
    """Chinese headings, and a clock that is 47 minutes fast: it also stamps the sending."""
    number = station[0]
    today = day_of(orders, day)

    def clock(at):
        at += FAST_CLOCK
        return "%d/%d/%d %d:%02d:%02d" % (at.year, at.month, at.day, at.hour, at.minute, at.second)

    def content(sent):
        rows = []
        for pair in today:
            values = csv_values(*pair, 1, clock)
            rows.append([values[name] for name in ENGLISH] + [clock(sent)])
        lines = csv_text(CHINESE + ("发送时间",), rows, "\n").split("\n")
        bad = list(rows[0])
        bad[0], bad[3] = number + "-BAD-1", "吃饭"
        lines.insert(4, ",".join(str(v).replace(",", "") for v in bad))
        encoded = [line.encode("gb18030") for line in lines]
        # Half a character, as a field that was cut to its width.
        encoded.insert(6, (number + "-BAD-2,1,2026/3/2 9:00:00,收机,").encode("gb18030") +
                       "王芳".encode("gb18030")[:3] + b"," * 21)
        return b"\n".join(encoded)

    name = "%s/%s_%s" % (number, number, day.strftime("%Y%m%d"))
    # Sent, and sent again with every row stamped anew.
    for suffix, sent in ((".csv", time(21, 30)), ("_2.csv", time(22, 10))):
        sent = datetime.combine(day, sent)
        drop.write(name + suffix, content(sent), today, rejected=2, sent=sent.replace(tzinfo=ZONE))
    drop.write("mappings/%s.ini" % number, csv_mapping(station, CHINESE, 1, "GB18030"))


# ---- JSON lines ----

def json_data(order, event):
    """The event's message in proto3's JSON."""
    values = event.values
    unit = order.unit
    data = {"repairOrderId": order.number, "station": {"stationId": order.station}}
    person = {"name": {"full": order.name},
              "phones": [{"value": phone} for phone in order.phones.replace("、", "/").split("/")]}
    if order.email:
        person["emails"] = [{"value": order.email}]
    if order.card:
        person["memberCard"] = order.card
    amount = {"minorUnits": str(values.get("total", 0)), "currency": "CNY"}
    part = [{"partNumber": order.part.number, "description": order.part.name,
             "quantity": {"unscaled": "1"}}]
    staff = {"agentId": values.get("who", "")}
    reason = {"reason": "WAIT_REASON_" + values.get("reason", "").upper()}
    quote = {"quoteId": values.get("quote", ""), "total": amount, "customer": person}
    extra = {
        "order.received": {
            "unit": {"serialNumber": unit.serial, "model": unit.product.model,
                     "brand": unit.product.brand, "purchaseDate": unit.purchase_date.isoformat()},
            "intake": "INTAKE_WAY_COUNTER", "agent": staff, "customer": person,
            "coverage": "COVERAGE_IN_WARRANTY" if order.in_warranty else "COVERAGE_OUT_OF_WARRANTY",
            "problemText": SYMPTOMS[order.symptom]},
        "work.started": {"stage": "REPAIR_STAGE_" + values.get("stage", "").upper(),
                         "technician": staff},
        "order.diagnosed": {"defectCodes": [order.symptom], "technician": staff},
        "quote.made": quote, "quote.approved": quote,
        "quote.declined": {"quoteId": quote["quoteId"], "reasonCode": values.get("reason", "")},
        "wait.started": reason, "wait.ended": reason,
        "part.requested": {"parts": part}, "part.backordered": {"parts": part},
        "part.arrived": {"parts": part},
        "order.repaired": {"defectCodes": [order.symptom], "parts": part, "technician": staff,
                           "attempt": values.get("attempt", 0)},
        "order.checked": {"passed": "ANSWER_YES" if values.get("passed") else "ANSWER_NO",
                          "inspector": staff, "attempt": values.get("attempt", 0)},
        "order.restarted": {"attempt": values.get("attempt", 0)},
        "customer.informed": {"channel": "CONTACT_CHANNEL_PHONE"},
        "order.returned": {"verdict": "REPAIR_VERDICT_" + values.get("verdict", "").upper(),
                           "total": amount, "customer": person},
        "order.cancelled": {"reasonCode": values.get("reason", "")},
    }
    data.update(extra[event.kind])
    return data


def json_event(order, event):
    return json.dumps({
        "specversion": "1.0", "id": "%s/%d" % (order.number, event.seq),
        "type": "repair." + event.kind, "subject": order.number,
        "time": event.at.replace(tzinfo=ZONE).isoformat(), "data": json_data(order, event)},
        ensure_ascii=False, separators=(",", ":"))


def json_mapping(station):
    return ("# %s sends CloudEvents of the project's own schema.\n[file]\nformat = cloudevents\n\n"
            "[station]\nsource = /stations/%s\nzone = Asia/Shanghai\n" % (
                station[1], station[0].lower()))


def spoil(lines, number, day):
    """A program that logs into its own output, a line cut in the middle, a field of another schema."""
    lines.insert(2, "%s 09:12:44 INFO  flushed 2 records" % day)
    lines.insert(5, lines[0][:len(lines[0]) // 2])
    lines.insert(8, json.dumps({"specversion": "1.0", "id": number + "-BAD-3/1",
                                "type": "repair.order.repaired",
                                "data": {"repairOrderId": number + "-BAD-3", "colour": "red"}}))


def write_json_lines(drop, station, orders, day, _left):
    number = station[0]
    today = day_of(orders, day)
    lines = [json_event(*pair) for pair in today]
    spoil(lines, number, day)
    drop.write("%s/%s-%s.jsonl" % (number, number, day.strftime("%Y%m%d")), "\n".join(lines) + "\n",
               today, rejected=3)
    drop.write("mappings/%s.ini" % number, json_mapping(station))


# ---- Messages and rows ----

def write_messages(drop, station, orders, day, _left):
    """For a broker: whoever was cut off does not know what came through, and says it again."""
    number = station[0]
    today = day_of(orders, day)
    lines = [json_event(*pair) for pair in today]
    last_hour = lines[-10:]
    spoil(lines, number, day)
    drop.write("%s/%s-%s.mqtt.jsonl" % (number, number, day.strftime("%Y%m%d")),
               "\n".join(lines + last_hour) + "\n", today + today[-10:], rejected=3)
    drop.write("mappings/%s.ini" % number, json_mapping(station))


def write_rows(drop, station, orders, day, _left):
    """For an outbox table, where all is JSON and an id stands once: what is bad is bad as an event."""
    number = station[0]
    today = day_of(orders, day)

    def row(name, order, kind, at, payload):
        return {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, name)), "aggregatetype": "repair",
                "aggregateid": order, "type": kind, "created_at": at.replace(tzinfo=ZONE).isoformat(),
                "payload": payload}

    rows = [row("%s/%d" % (order.number, event.seq), order.number, "repair." + event.kind, event.at,
                json_data(order, event)) for order, event in today]
    bad = number + "-BAD-"
    rows.insert(3, row(bad + "1", bad + "1", "repair.lunch.eaten", today[0][1].at, {}))
    rows.insert(6, row(bad + "2", bad + "2", "repair.order.repaired", today[0][1].at,
                       {"repairOrderId": bad + "2", "colour": "red"}))
    drop.write("%s/%s-%s.outbox.jsonl" % (number, number, day.strftime("%Y%m%d")), "".join(
        json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in rows), today, rejected=2)


# ---- XES ----

XES_NAMES = {  # kind: activity, transition
    "order.received": ("Register", "complete"), "work.started": (None, "start"),
    "order.diagnosed": ("Analyze Defect", "complete"), "quote.made": ("Quote", "complete"),
    "quote.approved": ("Approve", "complete"), "quote.declined": ("Decline", "complete"),
    "wait.started": ("Wait", "start"), "wait.ended": ("Wait", "complete"),
    "part.requested": ("Order Part", "start"), "part.backordered": ("Backorder", "complete"),
    "part.arrived": ("Order Part", "complete"), "order.repaired": ("Repair", "complete"),
    "order.checked": ("Test Repair", "complete"), "order.restarted": ("Restart Repair", "complete"),
    "customer.informed": ("Inform User", "complete"), "order.returned": ("Return", "complete"),
    "order.cancelled": ("Cancel", "complete")}
XES_FIELDS = {
    "order.received": "unit.serial_number = {trace:unit:serial}\nunit.model = {trace:unit:model}\n"
                      "customer.name.full = {trace:customer:name}\n"
                      "customer.phones = {trace:customer:phones}\nproblem_text = {?symptom}\n",
    "work.started": "technician.agent_id = {org:resource}\nstage = {concept:name} -> map stages\n",
    "order.diagnosed": "technician.agent_id = {org:resource}\ndefect_codes = {defectType}\n",
    "quote.made": "quote_id = {quote}\ntotal = {amount} -> money CNY\n",
    "quote.approved": "quote_id = {quote}\ntotal = {amount} -> money CNY\n",
    "quote.declined": "quote_id = {quote}\nreason_code = {reason}\n",
    "wait.started": "reason = {reason}\n", "wait.ended": "reason = {reason}\n",
    "part.requested": "parts[0].part_number = {part}\n",
    "part.backordered": "parts[0].part_number = {part}\n",
    "part.arrived": "parts[0].part_number = {part}\n",
    "order.repaired": "technician.agent_id = {org:resource}\nattempt = {attempt}\n",
    "order.checked": "inspector.agent_id = {org:resource}\npassed = {defectFixed}\n",
    "order.restarted": "attempt = {attempt}\n", "customer.informed": "",
    "order.returned": "total = {amount} -> money CNY\nverdict = {verdict}\n",
    "order.cancelled": "reason_code = {reason}\n",
}


def xes_mapping(station):
    out = ["# %s exports its workflow log: a trace is a repair order.\n[file]\nformat = xes\n"
           "extra_columns = ignore\n\n[station]\nsource = /stations/%s\nid = %s\n"
           "zone = Asia/Shanghai\n\n[all]\nid = {trace:concept:name}/{event:index}\n"
           "time = {time:timestamp}\nrepair_order_id = {trace:concept:name}\n" % (
               station[1], station[0].lower(), station[0])]
    for kind, fields in XES_FIELDS.items():
        name, transition = XES_NAMES[kind]
        out.append("\n[event repair.%s]\nwhen = {concept:name} is %s\nwhen = "
                   "{lifecycle:transition} is %s\n%s" % (
                       kind, name or "Analyze Defect | Repair", transition, fields))
    out.append("\n[values stages]\nAnalyze Defect = diagnosis\nRepair = repair\n")
    return "".join(out)


def xes_attribute(kind, key, value):
    return "<%s key=%s value=%s/>" % (kind, quoteattr(key), quoteattr(str(value)))


def xes_event(event):
    values = event.values
    name, transition = XES_NAMES[event.kind]
    name = name or {"diagnosis": "Analyze Defect", "repair": "Repair"}[values["stage"]]
    out = [xes_attribute("string", "concept:name", name),
           xes_attribute("string", "lifecycle:transition", transition),
           xes_attribute("string", "org:resource", values.get("who", "System")),
           xes_attribute("date", "time:timestamp",
                         event.at.replace(tzinfo=ZONE).isoformat(timespec="milliseconds"))]
    for key in ("quote", "reason", "verdict"):
        if key in values:
            out.append(xes_attribute("string", key, values[key]))
    if "attempt" in values:
        out.append(xes_attribute("int", "attempt", values["attempt"]))
    if "total" in values:
        out.append(xes_attribute("float", "amount", money(values["total"])))
    if "passed" in values:
        out.append(xes_attribute("boolean", "defectFixed", "true" if values["passed"] else "false"))
    if "part" in values:
        out.append(xes_attribute("string", "part", values["part"].number))
    return out


def write_xes(drop, station, orders, day, _left):
    """Every order with news today, from its beginning: most of it is known from the days before."""
    number = station[0]
    out = ['<?xml version="1.0" encoding="UTF-8"?>',
           '<log xes.version="1.0" xmlns="http://www.xes-standard.org/">',
           "\t" + xes_attribute("string", "concept:name", number)]
    told = []
    touched = [o for o in orders if any(e.at.date() == day for e in o.events)]
    for order in touched:
        out += ["\t<trace>", "\t\t" + xes_attribute("string", "concept:name", order.number),
                "\t\t" + xes_attribute("string", "unit:serial", order.unit.serial),
                "\t\t" + xes_attribute("string", "unit:model", order.unit.product.model),
                "\t\t" + xes_attribute("string", "customer:name", order.name),
                "\t\t" + xes_attribute("string", "customer:phones", order.phones)]
        for event in order.events:
            if event.at.date() > day:
                continue
            attributes = xes_event(event)
            if event.kind == "order.diagnosed":
                attributes.append(xes_attribute("string", "defectType", order.symptom))
            out += ["\t\t<event>"] + ["\t\t\t" + a for a in attributes] + ["\t\t</event>"]
            told.append((order, event))
        out.append("\t</trace>")
    # An order without a number, an event without a time, one that nobody knows.
    out += ["\t<trace>", "\t\t<event>"] + ["\t\t\t" + a for a in xes_event(touched[0].events[0])]
    out += ["\t\t</event>", "\t</trace>", "\t<trace>",
            "\t\t" + xes_attribute("string", "concept:name", number + "-BAD-2"), "\t\t<event>",
            "\t\t\t" + xes_attribute("string", "concept:name", "Register"),
            "\t\t\t" + xes_attribute("string", "lifecycle:transition", "complete"), "\t\t</event>",
            "\t\t<event>", "\t\t\t" + xes_attribute("string", "concept:name", "Lunch"),
            "\t\t</event>", "\t</trace>", "</log>", ""]
    drop.write("%s/%s-%s.xes" % (number, number, day.strftime("%Y%m%d")), "\n".join(out), told,
               rejected=3)
    drop.write("mappings/%s.ini" % number, xes_mapping(station))


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
