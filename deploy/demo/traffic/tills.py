#!/usr/bin/env python3
"""A believable day of the shops' tills: POSLog files of three makers, as they arrive in a drop folder.

    tills.py --day 2026-03-02 --seed 7 --stores 3 --out DIR [--expect FILE]

Every till writes a file an hour, STORE_TILL_YYYYMMDD_HH.xml.  The first store's tills speak POSLog 2.1
(NCR's extensions), the second's 2.2 (Wincor Nixdorf's, in GB18030), the third's 6.0 (namespaces that
switch in the middle), and so on round.  The same arguments give the same bytes, on every machine.

The people are those of people.py.  Most receipts name nobody; some have a member card, a few a name, a
phone that a household shares, or both.  There are lines voided in each maker's way, returns, post-voids,
receipts broken off, put aside and fetched again, practice, goods sold by weight and by the metre, cash
carried to and fro, a file that is sent twice, and a till whose clock is nearly eight hours fast.

--expect writes what a correct reader finds, one `name<TAB>value` a line."""
import argparse
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from xml.sax.saxutils import escape, quoteattr

from people import population, written_mobile

ARTS = "http://www.nrf-arts.org/IXRetail/namespace/"
ARTS_6 = "http://www.nrf-arts.org/IXRetail/v6.0.0/poslog"
ACS = "http://www.ncr.com/rsd/acs/tlog/markup/poslog/2.1"
WN = "http://www.wincor-nixdorf.com"

TILLS_PER_STORE = 3
FAST_CLOCK = timedelta(hours=7, minutes=42)
OPERATORS = (("1001", "梅"), ("1002", "Chen Jie"), ("1003", "小李"), ("1004", "Anna"), ("1005", "国栋"))

# Small things that people buy beside the products: number, name, price in fen, unit, department.
SMALL = (
    ("6901234500017", "HDMI 线 2米", 5900, "EA", "Accessories"),
    ("6901234500024", "AA 电池 4节", 1990, "EA", "Accessories"),
    ("6901234500031", "存储卡 128GB", 12900, "EA", "Accessories"),
    ("6901234500048", "手机壳 & 贴膜", 3900, "EA", "Accessories"),
    ("6901234500055", "充电器 65W", 14900, "EA", "Accessories"),
    ("2100000000012", "散装网线", 350, "MTR", "Bulk"),
    ("2100000000029", "散装螺丝", 2880, "KGM", "Bulk"),
)
CONTRACT = ("9900000000015", "延保两年", 29900, "EA", "Service")


def money(fen):
    sign = "-" if fen < 0 else ""
    return "%s%d.%02d" % (sign, abs(fen) // 100, abs(fen) % 100)


@dataclass
class Line:
    number: int
    item: str
    name: str
    department: str
    price: int
    thousandths: int  # of a unit
    unit: str
    amount: int
    kind: str = "Stock"
    serial: str = ""
    discount: int = 0
    voids: int = 0  # the number of the line that this one cancels
    back: bool = False
    original: object = None
    keyed: bool = False

    @property
    def quantity(self):
        if self.thousandths % 1000 == 0:
            return str(self.thousandths // 1000)
        return ("%d.%03d" % divmod(self.thousandths, 1000)).rstrip("0")


@dataclass
class Payment:
    number: int
    kind: str
    amount: int
    change: int = 0
    brand: str = ""


@dataclass
class Receipt:
    sequence: int
    begin: datetime
    end: datetime
    operator: tuple
    lines: list = field(default_factory=list)
    payments: list = field(default_factory=list)
    customer: object = None
    phone: str = ""
    card: str = ""
    swiped: bool = True
    status: str = ""  # TransactionStatus
    training: bool = False
    cancelled: bool = False
    link: tuple = ()  # reason, business date, sequence
    control: str = ""
    cash: tuple = ()  # element, amount

    def counting(self):
        gone = {line.voids for line in self.lines if line.voids}
        return [line for line in self.lines if not line.voids and line.number not in gone]

    @property
    def total(self):
        return sum((line.amount - line.discount) * (-1 if line.back else 1)
                   for line in self.counting())

    @property
    def tax(self):
        return int(self.total * 13 / 113 + (0.5 if self.total >= 0 else -0.5))


# ---- A day at one till ----

class Till:
    def __init__(self, world, seed, day, store, number):
        self.world, self.day, self.store, self.number = world, day, store, number
        self.rng = random.Random("tills:%d:%s:%s:%d" % (seed, day, store, number))
        self.sequence = self.rng.randrange(1000, 9000)
        self.clock = datetime(day.year, day.month, day.day, 9, 30)
        self.operator = self.rng.choice(OPERATORS)
        self.receipts = []

    def start(self, **more):
        self.sequence += 1
        begin = self.clock
        self.clock += timedelta(seconds=self.rng.randrange(35, 240))
        receipt = Receipt(self.sequence, begin, self.clock, self.operator, **more)
        self.receipts.append(receipt)
        return receipt

    def article(self, number, member):
        rng = self.rng
        if rng.random() < 0.3:
            product = rng.choices(self.world.products, [p.weight for p in self.world.products])[0]
            serial = "MY%s%02d%02d%06d" % (product.model.replace("-", ""), self.day.year % 100, self.day.month,
                                         rng.randrange(10 ** 6))
            line = Line(number, product.sku, product.name, product.category, product.price, 1000,
                        "EA", product.price, serial=serial)
        else:
            item, name, price, unit, department = rng.choice(SMALL)
            amount_of = {"EA": rng.choice((1, 1, 1, 2, 3)) * 1000, "MTR": rng.randrange(100, 3000, 25),
                         "KGM": rng.randrange(40, 900)}[unit]
            line = Line(number, item, name, department, price, amount_of, unit,
                        (price * amount_of + 500) // 1000, keyed=unit != "EA")
        if member and rng.random() < 0.5:
            line.discount = line.amount // 20
        return line

    def ring_up(self, receipt, member=False):
        rng = self.rng
        number = 0
        for _ in range(rng.choices((1, 2, 3, 4, 6), (40, 28, 16, 10, 6))[0]):
            number += 1
            line = self.article(number, member)
            receipt.lines.append(line)
            if line.serial and rng.random() < 0.25:
                number += 1
                item, name, price, unit, department = CONTRACT
                receipt.lines.append(Line(number, item, name, department, price, 1000, unit, price,
                                          kind="ServiceContract"))
        if rng.random() < 0.08:  # a slip of the hand
            wrong = rng.choice(receipt.lines)
            number += 1
            receipt.lines.append(Line(number, wrong.item, wrong.name, wrong.department, wrong.price,
                                      wrong.thousandths, wrong.unit, wrong.amount, wrong.kind,
                                      wrong.serial, wrong.discount, voids=wrong.number, keyed=True))

    def pay(self, receipt):
        rng = self.rng
        number = len(receipt.lines) + 1
        total = receipt.total
        if total == 0:
            return
        if total < 0:
            receipt.payments.append(Payment(number, "Cash", total))
            return
        kind = rng.choices(("MobilePayment", "CreditDebit", "Cash"), (55, 25, 20))[0]
        if kind == "Cash":
            note = next((n for n in (1000, 2000, 5000, 10000) if n >= total), 0)
            given = note or -(-total // 10000) * 10000
            receipt.payments.append(Payment(number, kind, given, given - total))
        elif kind == "CreditDebit" and total > 500000 and rng.random() < 0.3:
            receipt.payments.append(Payment(number, kind, total // 2, brand="UnionPay"))
            receipt.payments.append(Payment(number + 1, kind, total - total // 2, brand="Visa"))
        else:
            brand = rng.choice(("UnionPay", "Visa", "MasterCard")) if kind == "CreditDebit" else ""
            receipt.payments.append(Payment(number, kind, total, brand=brand))

    def who(self, receipt):
        rng = self.rng
        if rng.random() > 0.26:
            return  # as most
        person = rng.choice(self.world.people)
        if person.member_card and rng.random() < 0.75:
            receipt.card = person.member_card
            receipt.swiped = rng.random() < 0.85
        if not receipt.card or rng.random() < 0.35:
            receipt.customer = person
            home = person.household.home_phone
            receipt.phone = (home[:3] + "-" + home[3:] if home and rng.random() < 0.4
                             else written_mobile(rng, person.mobile))

    def sale(self):
        receipt = self.start()
        self.who(receipt)
        self.ring_up(receipt, bool(receipt.card))
        self.pay(receipt)
        return receipt

    def give_back(self):
        sold = [r for r in self.receipts if r.payments and r.total > 0 and not r.status]
        if not sold:
            return
        old = self.rng.choice(sold)
        line = self.rng.choice(old.counting())
        receipt = self.start(customer=old.customer, phone=old.phone, card=old.card)
        receipt.lines.append(Line(1, line.item, line.name, line.department, line.price,
                                  line.thousandths, line.unit, line.amount, line.kind, line.serial,
                                  line.discount, back=True, original=old, keyed=True))
        self.pay(receipt)

    def post_void(self):
        last = self.receipts[-1] if self.receipts else None
        if last is None or not last.payments or last.status or last.total <= 0:
            return
        receipt = self.start(status="PostVoided", customer=last.customer, phone=last.phone,
                             card=last.card, link=("Voided", self.day, last.sequence))
        receipt.lines, receipt.payments = list(last.lines), list(last.payments)

    def put_aside(self):
        receipt = self.start(status="Suspended")
        self.ring_up(receipt)
        self.clock += timedelta(minutes=self.rng.randrange(2, 15))
        again = self.start(link=("Resume", self.day, receipt.sequence))
        again.lines = list(receipt.lines)
        self.pay(again)

    def work(self):
        rng = self.rng
        self.start(control="OperatorSignOn")
        self.start(cash=("TenderLoan", 100000))
        if self.number == 2:
            for _ in range(3):  # the apprentice
                receipt = self.start(training=True)
                self.ring_up(receipt)
                self.pay(receipt)
        while self.clock.hour < 21:
            what = rng.choices(("sale", "back", "void", "cancel", "aside", "drawer"),
                               (86, 4, 2, 3, 2, 3))[0]
            if what == "sale":
                self.sale()
            elif what == "back":
                self.give_back()
            elif what == "void":
                self.post_void()
            elif what == "cancel":
                self.ring_up(self.start(cancelled=True))
            elif what == "aside":
                self.put_aside()
            else:
                self.start(control="NoSale")
            self.clock += timedelta(seconds=rng.randrange(60, 1500))
        self.start(cash=("TenderPickup", 100000 + rng.randrange(0, 900000, 1000)))
        self.start(control="OperatorSignOff")
        return self.receipts


# ---- XML ----

def element(name, text, **attributes):
    return "<%s%s>%s</%s>" % (name, attrs(attributes), escape(str(text)), name)


def attrs(attributes):
    return "".join(" %s=%s" % (k.replace("_", ":"), quoteattr(str(v)))
                   for k, v in attributes.items() if v != "")


class Dialect:
    """What all three have in common; each overrides what it does its own way."""
    version = ""
    encoding = "UTF-8"
    void_by_link = True  # else by opposite amounts
    change_line = False  # change is a line of its own

    def __init__(self, till):
        self.till = till

    def root(self):
        return '<POSLog xmlns="%s">' % ARTS

    def time(self, moment):
        if self.till.number == 3 and self.version == "2.2":
            moment += FAST_CLOCK
        return moment.strftime("%Y-%m-%dT%H:%M:%S")

    def place(self):
        return element("RetailStoreID", self.till.store)

    def head(self, r):
        flags = {}
        if r.cancelled:
            flags["CancelFlag"] = "true"
        if r.training:
            flags["TrainingModeFlag"] = "true"
        return ("<Transaction%s>" % attrs(flags) + self.place()
                + element("WorkstationID", self.till.number)
                + element("SequenceNumber", r.sequence)
                + element("BusinessDayDate", self.till.day.isoformat())
                + element("BeginDateTime", self.time(r.begin))
                + element("EndDateTime", self.time(r.end))
                + element("OperatorID", r.operator[0], OperatorName=r.operator[1])
                + element("CurrencyCode", "CNY"))

    def retail_attributes(self, r):
        return attrs({"Version": self.version, "TransactionStatus": r.status})

    def link(self, reason, day, sequence):
        return ('<TransactionLink ReasonCode="%s">' % reason + self.place()
                + element("WorkstationID", self.till.number)
                + element("SequenceNumber", sequence)
                + element("BusinessDayDate", day.isoformat()) + "</TransactionLink>")

    def line_open(self, number, void=False, **attributes):
        if void:
            attributes["VoidFlag"] = "true"
        return "<LineItem%s>" % attrs(attributes) + element("SequenceNumber", number)

    def line_close(self, _number):
        return "</LineItem>"

    def modifier(self, line):
        if not line.discount:
            return ""
        return ("<RetailPriceModifier><SequenceNumber>1</SequenceNumber>"
                + element("Amount", money(line.discount), Action="Subtract")
                + element("PromotionID", "MEMBER-5") + "</RetailPriceModifier>")

    def sale_parts(self, line, sign):
        return (element("ItemID", line.item)
                + '<POSIdentity POSIDType="EAN">' + element("POSItemID", line.item) + "</POSIdentity>"
                + element("MerchandiseHierarchy", line.department, Level="Department")
                + element("Description", line.name)
                + element("RegularSalesUnitPrice", money(line.price))
                + element("ActualSalesUnitPrice", money(line.price))
                + element("ExtendedAmount", money(sign * line.amount))
                + (element("ExtendedDiscountAmount", money(sign * line.discount))
                   if line.discount else "")
                + element("Quantity", ("-" if sign < 0 else "") + line.quantity,
                          UnitOfMeasureCode=line.unit)
                + (element("SerialNumber", line.serial) if line.serial else "")
                + self.modifier(line))

    def sale(self, line):
        name = "Return" if line.back else "Sale"
        sign = -1 if line.voids and not self.void_by_link else 1
        out = self.line_open(line.number, bool(line.voids),
                             EntryMethod="Keyed" if line.keyed else "Scanned")
        out += "<%s%s>" % (name, attrs({"ItemType": line.kind})) + self.sale_parts(line, sign)
        if line.back:
            out += element("ReasonCode", "DEFECT")
            out += self.link("Return", self.till.day, line.original.sequence)
        if line.voids and self.void_by_link:
            out += element("ItemLink", line.voids)
        return out + "</%s>" % name + self.line_close(line.number)

    def payment(self, p):
        kind = "Refund" if p.amount < 0 else "Sale"
        out = self.line_open(p.number, EntryMethod="MSR" if p.kind == "CreditDebit" else "")
        out += "<Tender%s>" % attrs({"TenderType": p.kind, "TypeCode": kind})
        out += element("Amount", money(abs(p.amount)))
        if p.change and not self.change_line:
            out += "<TenderChange>" + element("Amount", money(p.change)) + "</TenderChange>"
        if p.brand:
            out += ("<Authorization>" + element("AuthorizationCode", "%06d" % (p.amount % 999983))
                    + "</Authorization><CreditDebit%s/>" % attrs({"CardType": p.brand}))
        return out + "</Tender>" + self.line_close(p.number)

    def rest_of_lines(self, r, number):
        """Tax, rewards, members, from that line number on."""
        out = self.line_open(number) + ('<Tax TaxType="VAT">' + element("TaxableAmount", money(r.total - r.tax))
                                        + element("Amount", money(r.tax)) + element("Percent", "13")
                                        + "</Tax>") + self.line_close(number)
        return out

    def totals(self, r):
        sign = -1 if r.status == "PostVoided" else 1
        return "".join(element("Total", money(sign * value), TotalType=kind) for kind, value in (
            ("TransactionNetAmount", r.total - r.tax), ("TransactionTaxAmount", r.tax),
            ("TransactionGrandAmount", r.total)))

    def name(self, person):
        return ("<Name>" + element("Name", person.given, TypeCode="GivenName")
                + element("Name", person.family, TypeCode="FamilyName")
                + element("FullName", person.name) + "</Name>")

    def card(self, r):
        return element("LoyaltyAccountID", r.card)

    def customer(self, r):
        if r.customer is None:
            return ""
        p = r.customer
        home = "-" in r.phone and r.phone.startswith("0")
        out = "<Customer%s>" % attrs({"Gender": "Female" if p.gender == "f" else "Male"}) + self.name(p)
        if not r.card:  # the address for the delivery
            h = p.household
            out += ("<Address>" + element("AddressLine", h.street) + element("City", h.city)
                    + element("PostalCode", h.postcode) + element("Country", "CN") + "</Address>")
        out += element("TelephoneNumber", r.phone, TypeCode="Home" if home else "Mobile")
        if p.email:
            out += "<EMail>" + element("EMailAddress", p.email) + "</EMail>"
        return out + "</Customer>"

    def loyalty(self, r):
        if not r.card:
            return ""
        entry = attrs({"EntryMethod": "Scanned" if r.swiped else "Keyed"})
        return "<LoyaltyAccount%s>" % entry + self.card(r) + "</LoyaltyAccount>"

    def retail(self, r):
        out = "<RetailTransaction%s>" % self.retail_attributes(r)
        out += "".join(self.sale(line) for line in r.lines)
        out += "".join(self.payment(p) for p in r.payments)
        number = len(r.lines) + len(r.payments) + 1
        if self.change_line:
            for p in r.payments:
                if p.change:
                    out += (self.line_open(number) + '<TenderChange TenderType="Cash">'
                            + element("Amount", money(p.change)) + "</TenderChange>"
                            + self.line_close(number))
                    number += 1
        out += self.rest_of_lines(r, number) + self.totals(r)
        if r.link:
            out += self.link(*r.link)
        return out + self.customer(r) + self.loyalty(r) + "</RetailTransaction>"

    def control(self, r):
        return "<ControlTransaction><%s/></ControlTransaction>" % r.control

    def cash(self, r):
        kind, amount = r.cash
        return ('<TenderControlTransaction><%s TenderType="Cash">' % kind
                + element("Amount", money(amount)) + "</%s></TenderControlTransaction>" % kind)

    def tail(self, _r):
        return ""

    def transaction(self, r):
        body = self.control(r) if r.control else self.cash(r) if r.cash else self.retail(r)
        return self.head(r) + body + self.tail(r) + "</Transaction>\n"

    def file(self, receipts):
        text = '<?xml version="1.0" encoding="%s"?>\n' % self.encoding + self.root() + "\n"
        text += "".join(self.transaction(r) for r in receipts) + "</POSLog>\n"
        return text.encode(self.encoding)


class Dialect21(Dialect):
    """NCR: void lines take back by opposite amounts, members and rewards in its own namespace."""
    version = "2.1"
    void_by_link = False

    def root(self):
        return '<POSLog xmlns="%s" xmlns:acs="%s">' % (ARTS, ACS)

    def modifier(self, line):
        return "<acs:OperatorSequence>%d</acs:OperatorSequence>" % (line.number + 100)

    def sale_parts(self, line, sign):
        plain = Line(**{**line.__dict__, "discount": 0})  # discounts are rewards here
        return Dialect.sale_parts(self, plain, sign)

    def rest_of_lines(self, r, number):
        out = Dialect.rest_of_lines(self, r, number)
        gone = {line.voids for line in r.lines if line.voids}
        for line in r.lines:
            if line.discount and not line.voids and line.number not in gone:
                number += 1
                sign = 1 if line.back else -1
                out += self.line_open(number, EntryMethod="acs:Auto") + (
                    '<LoyaltyReward acs:detailedData="true">' + element("PromotionID", "MEMBER-5")
                    + "<acs:RewardCategory>Monetary</acs:RewardCategory>"
                    "<acs:RewardType>PercentOff</acs:RewardType><acs:ExtendedRewardAmount>"
                    + money(sign * line.discount) + "</acs:ExtendedRewardAmount>"
                    "<acs:OperatorSequenceReference>%d</acs:OperatorSequenceReference></LoyaltyReward>"
                    % (line.number + 100)) + self.line_close(number)
        if r.card:
            number += 1
            out += (self.line_open(number, EntryMethod="MSR" if r.swiped else "Keyed")
                    + "<acs:LoyaltyMembership><acs:LoyaltyID>%s</acs:LoyaltyID>"
                    "<acs:HouseholdID>0000000000</acs:HouseholdID></acs:LoyaltyMembership>" % r.card
                    + self.line_close(number))
        return out

    def loyalty(self, _r):
        return ""


class Dialect22(Dialect):
    """Wincor Nixdorf: void lines name the line they cancel; the card hangs on the customer."""
    version = "2.2"
    encoding = "GB18030"

    def root(self):
        return '<POSLog xmlns="%s" xmlns:WN="%s">' % (ARTS, WN)

    def name(self, person):
        return Dialect.name(self, person).replace("<Name><Name", "<CustomerName><Name").replace(
            "</FullName></Name>", "</FullName></CustomerName>")

    def customer(self, r):
        if not r.card:
            return Dialect.customer(self, r)
        card = "<WN:LoyaltyCardID>%s</WN:LoyaltyCardID>" % r.card
        known = Dialect.customer(self, r) or "<Customer></Customer>"
        return known.replace("</Customer>", card + "</Customer>")

    def loyalty(self, _r):
        return ""

    def tail(self, _r):
        return "<WN:PosVersion>5.5.2.102</WN:PosVersion>"


class Dialect60(Dialect):
    """6.0: units for stores, numbers behind lines, offsets in times, change in a line of its own."""
    change_line = True

    def root(self):
        return '<POSLog xmlns="%s" MajorVersion="6" MinorVersion="0" FixVersion="0">' % ARTS_6

    def time(self, moment):
        return Dialect.time(self, moment) + "+08:00"

    def place(self):
        return "<BusinessUnit>" + element("UnitID", self.till.store, TypeCode="RetailStore") + "</BusinessUnit>"

    def head(self, r):
        return Dialect.head(self, r).replace("<Transaction", '<Transaction xmlns="%s"' % ARTS, 1)

    def line_open(self, number, void=False, **attributes):
        return Dialect.line_open(self, number, void, **attributes).replace(
            element("SequenceNumber", number), "")

    def line_close(self, number):
        return element("SequenceNumber", number) + "</LineItem>"

    def link(self, reason, day, sequence):
        return Dialect.link(self, reason, day, sequence).replace(
            element("BusinessDayDate", day.isoformat()),
            "<BusinessDayDate>" + element("Date", day.isoformat()) + "</BusinessDayDate>")

    def card(self, r):
        return "<LoyaltyCard>" + element("PrimaryAccountNumber", r.card) + "</LoyaltyCard>"


DIALECTS = (Dialect21, Dialect22, Dialect60)


# ---- What a correct reader finds ----

def kind_of(r):
    if r.control:
        return "pos.control.recorded"
    if r.cash:
        return "pos.cash.moved"
    if r.training:
        return "pos.training.completed"
    if r.cancelled:
        return "pos.sale.cancelled"
    if r.status == "Suspended":
        return "pos.sale.suspended"
    if r.status == "PostVoided":
        return "pos.sale.voided"
    lines = r.counting()
    return "pos.return.completed" if lines and all(line.back for line in lines) else "pos.sale.completed"


def expect(found, receipts):
    for r in receipts:
        kind = kind_of(r)
        found["events " + kind] += 1
        if r.card and not r.training:
            found["events pos.loyalty.seen"] += 1
        if r.customer is not None and not r.training:
            found["customers named"] += 1
        if kind == "pos.sale.completed":
            found["sales in fen"] += r.total
        if kind == "pos.return.completed":
            found["returns in fen"] -= r.total
        if not r.control and not r.cash:
            found["lines"] += len(r.lines)
            found["void lines"] += sum(1 for line in r.lines if line.voids)
            found["thousandths sold"] += sum(
                line.thousandths for line in r.counting() if not line.back)
            found["weighed lines"] += sum(1 for line in r.lines if line.unit != "EA")


def cards_of(world, seed, day, stores=3):
    """The member cards that were shown at these shops' tills that day."""
    cards = set()
    for store in world.stores[:stores]:
        for number in range(1, TILLS_PER_STORE + 1):
            till = Till(world, seed, day, store, number)
            till.work()
            cards |= {r.card for r in till.receipts if r.card and kind_of(r) == "pos.sale.completed"}
    return cards


def main():
    parser = argparse.ArgumentParser(description="Writes a day of POSLog files.")
    parser.add_argument("--day", type=date.fromisoformat, default=date(2026, 3, 2))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--stores", type=int, default=3)
    parser.add_argument("--out", required=True, help="folder for the files")
    parser.add_argument("--expect", help="file for what a correct reader finds")
    args = parser.parse_args()
    world = population(args.seed)
    if not 1 <= args.stores <= len(world.stores):
        parser.error("--stores is 1 to %d" % len(world.stores))
    os.makedirs(args.out, exist_ok=True)
    found = Counter()
    for i, store in enumerate(world.stores[:args.stores]):
        for number in range(1, TILLS_PER_STORE + 1):
            till = Till(world, args.seed, args.day, store, number)
            dialect = DIALECTS[i % len(DIALECTS)](till)
            hours = {}
            for receipt in till.work():
                hours.setdefault(receipt.begin.hour, []).append(receipt)
            expect(found, till.receipts)
            for hour, receipts in sorted(hours.items()):
                name = "%s_%d_%s_%02d" % (store, number, args.day.strftime("%Y%m%d"), hour)
                content = dialect.file(receipts)
                # The line was down at eleven: the till did not know that its file had come through.
                for copy in ("", "_again") if number == 1 and hour == 11 else ("",):
                    with open(os.path.join(args.out, name + copy + ".xml"), "wb") as stream:
                        stream.write(content)
    if args.expect:
        with open(args.expect, "w", encoding="utf-8") as stream:
            stream.writelines("%s\t%d\n" % item for item in sorted(found.items()))


if __name__ == "__main__":
    main()
