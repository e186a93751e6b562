"""What happens at the repair stations in a day: the life of each repair, whatever file tells of it later.

    orders = orders_of(seed, population(seed), "SH12", day)      as far as they will ever go
    for order, event in day_of(orders, day): ...

The same seed and day give the same repairs, and days fit together."""
import random
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta, timezone

from people import written_land_line, written_mobile, written_name

ZONE = timezone(timedelta(hours=8))
HISTORY_DAYS = 45  # longer than any repair takes
OPEN, CLOSE = time(9, 0), time(18, 0)
STATIONS = (  # number, name
    ("SH12", "上海徐汇技术中心"), ("GZ03", "广州天河特约站"), ("BJ01", "Beijing Chaoyang Service"),
    ("CD05", "成都武侯维修部"), ("SH14", "上海浦东特约站"), ("GZ07", "广州海珠特约站"),
    ("BJ04", "Beijing Haidian Service"), ("CD09", "成都锦江维修部"))
TECHNICIANS = ("T01", "T02", "T03", "T05", "T08")
SYMPTOMS = {"NO_POWER": "不开机", "LINES": "屏幕有竖线", "BROKEN_SCREEN": "屏幕破裂",
            "DARK_PICTURE": "画面很暗", "BATTERY": "电池不耐用", "KEYS": "键盘失灵, 部分按键没反应",
            "NOISE": "风扇声音大", "SHUTTER": "快门卡住", "SPOTS": "照片有黑点", "FOCUS": "不能对焦",
            "WORN": "耳罩磨损", "NO_DISC": "不读盘", "NO_PICTURE": "无画面 \"HDMI\" 无信号",
            "NO_SOUND": "没有声音"}


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
