#!/usr/bin/env python3
"""A believable day of the web shop and the service site: the HTTP requests that they post.

    website.py --day 2026-03-02 --seed 7 --out DIR [--expect FILE]
    website.py ... --url http://127.0.0.1:7780 [--answers FILE]

The first writes each request as it goes over the wire, DIR/NNN-NAME.http, and who they are in
DIR/senders.d/NAME.conf with their secrets beside it, as the adapter wants them:

    carehub-website translate --time-zone Asia/Shanghai DIR/*.http

The second posts the day as well, in its order, over one connection, and counts what it is told; 429 and
503 are obeyed.  The same arguments give the same bytes, on every machine, but a webhook is signed with
the moment at which it is sent: in the files that is the day's, in what is posted it is now.

Three speak: the site itself (CloudEvents with a token, one by one or in batches; Standard Webhooks;
warranties), the shop on Shopify, and the galleries' shop on WooCommerce.  The people and units are those
of people.py, and many of them have a unit at a repair station today.  Bad as in life: webhooks come
twice, one altered; one is signed with a secret that nobody gave out, one was heard last week and is
played again; a shop's signature under another shop's name; a batch with a bad one in it, of which
nothing may be taken; broken JSON, a form where JSON belongs; a type that nobody knows; registrations
with a serial number of noughts, a day that does not exist, nobody to call, and of somebody else's unit.

--expect writes what a correct reader answers and has then, one `name<TAB>value` a line.  --answers
writes every answer: name, status, body."""
import argparse
import base64
import hashlib
import hmac
import http.client
import json
import os
import random
import sys
import time as clock
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from urllib.parse import quote, urlsplit

from people import population, written_mobile, written_name
from repairs import STATIONS, day_of, orders_of
from tills import cards_of

ZONE = timezone(timedelta(hours=8))
SITE, SHOP, GALLERY = "urn:web:site", "urn:web:shop", "urn:web:gallery"
SHOP_DOMAIN, GALLERY_URL = "mingyuan-shop.example", "https://gallery.mingyuan.example/"
TOKEN = "a-token-of-the-demonstration"
SITE_SECRET = "whsec_" + base64.b64encode(b"the demonstration's site").decode()
SHOP_SECRETS = {SHOP: "shop-secret-of-the-demonstration", GALLERY: "gallery-secret-of-the-demonstration"}
SENDERS = {
    "site": ("[sender]\nsource = %s\nsecret_files = %%s\ntoken_files = %%s\nverifies = yes\nsigns_in = yes\n"
             % SITE, {"secret": SITE_SECRET, "token": TOKEN}),
    "shop": ("[sender]\nkind = shopify\nsource = %s\nshop = %s\nsecret_files = %%s\n"
             "time_zone = Asia/Shanghai\n" % (SHOP, SHOP_DOMAIN), {"secret": SHOP_SECRETS[SHOP]}),
    "gallery": ("[sender]\nkind = woocommerce\nsource = %s\nshop = %s\nsecret_files = %%s\n"
                "time_zone = Asia/Shanghai\n" % (GALLERY, GALLERY_URL), {"secret": SHOP_SECRETS[GALLERY]}),
}
VERIFIED = "ASSURANCE_VERIFIED"
TRIES = 20  # of one request, when the adapter says later
PRAISE = ("维修很快, 谢谢", "服务态度好", "The technician was very kind.", "等了三天才有备件", "网站很好用",
          "电话一直占线, 但是修得不错", "价格有点贵")
WRATH = (("LATE", "修了两周还没修好!"), ("PRICE", "报价比门店贵一倍"), ("MANNER", "前台态度很差, 要求道歉"))


@dataclass
class Request:
    name: str
    at: datetime  # true local time
    path: str
    headers: dict
    body: bytes
    status: int  # what it is to be answered with
    signed: str = ""  # the webhook's id, which a signature of now is made for
    secret: str = SITE_SECRET
    events: list = field(default_factory=list)  # types that are new by it
    seen: int = 0  # events of it that came before


# ---- How it is signed ----

def mac(key, message):
    return base64.b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def signature(request, stamp):
    """Headers of Standard Webhooks, for a moment in seconds."""
    key = base64.b64decode(request.secret[len("whsec_"):])
    text = ("%s.%d." % (request.signed, stamp)).encode() + request.body
    return {"webhook-id": request.signed, "webhook-timestamp": str(stamp),
            "webhook-signature": "v1," + mac(key, text)}


def encoded(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def headers_at(request, stamp):
    return {**request.headers, **(signature(request, stamp) if request.signed else {})}


# ---- Who and what ----

def money(fen):
    return "%d.%02d" % divmod(fen, 100)


def whole(at):
    return at.replace(tzinfo=ZONE).isoformat()


def party(person, signed_in=True):
    """A customer as the site knows him."""
    out = {"name": {"full": person.name}, "phones": [{"value": person.mobile, "assurance": VERIFIED}]}
    if person.shares_mobile:
        out["phones"][0]["assurance"] = "ASSURANCE_CLAIMED"  # the code went to somebody else's telephone
    if person.email:
        out["emails"] = [{"value": person.email, "assurance": VERIFIED}]
    if person.common_id and signed_in:
        out.update(commonId=person.common_id, commonIdAssurance=VERIFIED)
    return out


class Day:
    def __init__(self, seed, day):
        self.rng = random.Random("website:%d:%s" % (seed, day))
        self.seed = seed
        self.day = day
        self.world = population(seed)
        self.requests = []
        self.numbers = Counter()
        # Whoever has a unit at a station is on the site more than others.
        self.repairs = []
        for station in STATIONS[:4]:
            orders = orders_of(seed, self.world, station[0], day)
            self.repairs += list({o.number: o for o, _ in day_of(orders, day)}.values())
        self.accounts = [p for p in self.world.people if p.common_id]
        waiting = {o.unit.owner.number for o in self.repairs}
        self.busy = [p for p in self.accounts if p.number in waiting]

    # Small things

    def moment(self, first=8, last=22):
        return datetime.combine(self.day, time(first)) + timedelta(
            seconds=self.rng.randrange((last - first) * 3600))

    def next(self, kind):
        self.numbers[kind] += 1
        return "%s%s%03d" % (kind, self.day.strftime("%y%m%d"), self.numbers[kind])

    def visitor(self):
        return self.rng.choice(self.busy if self.busy and self.rng.random() < 0.5 else self.accounts)

    def add(self, *args, **more):
        request = Request(*args, **more)
        self.requests.append(request)
        return request

    def again(self, request, name, at, status, events=0, **changes):
        """The same once more, or with something changed; nothing is new by it."""
        values = {**request.__dict__, "name": name, "at": at, "status": status, "events": [],
                  "seen": events, **changes}
        return self.add(**values)

    # The site

    def event(self, kind, at, data, number):
        return {"specversion": "1.0", "id": number, "source": SITE, "type": "website." + kind,
                "time": whole(at), "datacontenttype": "application/json", "data": data}

    def binary(self, event, status=200):
        headers = {"Authorization": "Bearer " + TOKEN, "Content-Type": "application/json"}
        for name, value in event.items():
            if name not in ("data", "datacontenttype"):
                headers["ce-" + name] = quote(value, safe="!#$&'()*+,-./:;<=>?@[]^_`{|}~")
        return self.add("binary-" + event["type"][8:], datetime.fromisoformat(event["time"]).replace(
            tzinfo=None), "/events", headers, encoded(event["data"]), status, events=[event["type"]])

    def structured(self, event, name=None, status=200):
        return self.add(name or "structured-" + event["type"][8:], datetime.fromisoformat(
            event["time"]).replace(tzinfo=None), "/events", {
                "Authorization": "Bearer " + TOKEN,
                "Content-Type": "application/cloudevents+json; charset=utf-8"},
            encoded(event), status, events=[event["type"]] if status == 200 else [])

    def batch(self, events, at, status=200, name="batch"):
        return self.add(name, at, "/events", {
            "Authorization": "Bearer " + TOKEN, "Content-Type": "application/cloudevents-batch+json"},
            encoded(events), status, events=[e["type"] for e in events] if status == 200 else [])

    def webhook(self, kind, at, data):
        body = encoded({"type": "website." + kind, "timestamp": whole(at), "data": data})
        return self.add("webhook-" + kind, at, "/webhooks/site", {"Content-Type": "application/json"},
                        body, 200, signed=self.next("msg_"), events=["website." + kind])

    def accounts_and_consents(self):
        for i, person in enumerate(self.rng.sample(self.accounts, 8)):
            at = self.moment()
            self.binary(self.event("account.created", at, {
                "accountId": "A" + person.common_id[4:], "site": "mingyuan.example",
                "emailVerified": "ANSWER_YES" if person.email else "ANSWER_NO",
                "phoneVerified": "ANSWER_NO" if person.shares_mobile else "ANSWER_YES",
                "customer": party(person)}, self.next("acc-")))
            scope = {"purpose": "CONSENT_PURPOSE_MARKETING",
                     "channel": self.rng.choice(("CONTACT_CHANNEL_EMAIL", "CONTACT_CHANNEL_SMS"))}
            if i % 4 != 3:
                self.structured(self.event("consent.given", at + timedelta(seconds=20), {
                    "scopes": [scope], "policyVersion": "2026-01", "evidenceId": self.next("click-"),
                    "doubleOptIn": "ANSWER_YES", "customer": party(person)}, self.next("con-")))
                if i % 4 == 1:
                    self.structured(self.event("consent.withdrawn", at + timedelta(minutes=40), {
                        "scopes": [scope], "customer": party(person), "remarks": "太多短信"},
                        self.next("con-")))
        # Those who have a unit at a station look into their account, and give a telephone number.
        for person in self.busy[:12]:
            self.binary(self.event("account.updated", self.moment(), {
                "accountId": "A" + person.common_id[4:], "site": "mingyuan.example",
                "changed": ["phones"], "customer": party(person)}, self.next("acc-")))

    def members_agree(self):
        """Members who were at the shops say that they may be written to by mail; one thinks better of it in the
        afternoon.  Drawn apart: the rest of the day does not change."""
        rng = random.Random("members:%s" % self.day)
        cards = cards_of(self.world, self.seed, self.day)
        members = [p for p in self.world.people
                   if p.member_card in cards and p.email and not p.shares_mobile]
        scope = {"purpose": "CONSENT_PURPOSE_MARKETING", "channel": "CONTACT_CHANNEL_EMAIL"}
        for i, person in enumerate(members[:16]):
            at = datetime.combine(self.day, time(9)) + timedelta(seconds=rng.randint(0, 6 * 3600))
            customer = {**party(person), "memberCard": person.member_card,
                        "memberCardAssurance": VERIFIED}
            self.structured(self.event("consent.given", at, {
                "scopes": [scope], "policyVersion": "2026-01", "evidenceId": "member-%d" % i,
                "doubleOptIn": "ANSWER_YES", "customer": customer}, "con-member-%d" % i))
            if i == 5:
                self.structured(self.event("consent.withdrawn", at + timedelta(hours=2), {
                    "scopes": [scope], "customer": customer}, "con-member-%d-no" % i))

    def voices(self):
        for _ in range(9):
            person, at = self.visitor(), self.moment()
            self.webhook("feedback.given", at, {
                "feedbackId": self.next("F"), "channel": "CONTACT_CHANNEL_WEB",
                "satisfaction": self.rng.choice(("SATISFACTION_SATISFIED", "SATISFACTION_SATISFIED",
                                                 "SATISFACTION_SO_SO", "SATISFACTION_TERRIBLE")),
                "customer": party(person), "remarks": self.rng.choice(PRAISE)})
        for order in self.rng.sample(self.repairs, 3):
            reason, words = self.rng.choice(WRATH)
            self.webhook("complaint.filed", self.moment(), {
                "complaintId": self.next("C"), "reasonCode": reason,
                "regarding": {"repairOrderId": order.number, "station": {"stationId": order.station}},
                "severity": "SEVERITY_NORMAL", "channel": "CONTACT_CHANNEL_WEB",
                "customer": party(order.unit.owner), "complaintText": words})

    def survey(self, person, at):
        answers = [{"questionId": "Q%d" % i, "dimension": word, "score": {"unscaled": str(self.rng.randint(1, 5))},
                    "expectation": {"unscaled": expected}, "scaleMin": {"unscaled": "1"}, "scaleMax": {"unscaled": "5"}}
                   for i, (word, expected) in enumerate((("speed", "4"), ("price", "3"), ("manner", "5")), 1)]
        return self.event("survey.answered", at, {
            "surveyId": "after-repair", "wave": self.day.strftime("%Y-%m"), "responseId": self.next("R"),
            "channel": "CONTACT_CHANNEL_WEB", "answers": answers, "complete": "ANSWER_YES",
            "customer": party(person)}, self.next("sur-"))

    def surveys(self):
        for hour in (12, 21):
            at = datetime.combine(self.day, time(hour, 5))
            self.batch([self.survey(self.visitor(), at - timedelta(minutes=5 * i)) for i in range(8)], at)

    # Warranties

    def registration(self, name, person, owned, at, status, events, unit=None, customer=None):
        values = {"unit": {"serialNumber": owned.serial, "model": owned.product.model,
                           "brand": owned.product.brand,
                           "purchaseDate": owned.purchase_date.isoformat(), **(unit or {})},
                  "dealer": owned.store, "invoiceNumber": owned.receipt,
                  "customer": customer or party(person)}
        return self.add("warranty-" + name, at, "/warranty/site", {"Content-Type": "application/json"},
                        encoded(values), status, signed=self.next("war_"),
                        events=["website.warranty." + kind for kind in events])

    def warranties(self):
        owners = [p for p in self.accounts if self.world.units_of[p.number] and not p.shares_mobile]
        owners = self.rng.sample(owners, 12)
        for person in owners[:9]:
            self.registration("registered", person, self.world.units_of[person.number][0], self.moment(9, 20),
                              200, ["registered"])
        first = next(r for r in self.requests if r.name == "warranty-registered")
        # The button pressed twice: the same answer, and nothing new.
        self.again(first, "warranty-pressed-twice", first.at + timedelta(seconds=2), 200, 0,
                   signed=self.next("war_"))
        owner, stranger = owners[0], owners[9]
        self.registration("of-somebody-else", stranger, self.world.units_of[owner.number][0],
                          self.moment(20, 22), 409, ["refused"])
        at, person = self.moment(9, 20), owners[10]
        unit = self.world.units_of[person.number][0]
        self.registration("no-serial", person, unit, at, 400, ["refused"], unit={"serialNumber": "0000000"})
        self.registration("no-such-day", person, unit, at + timedelta(minutes=1), 400, ["refused"],
                          unit={"purchaseDate": "2026-02-30"})
        self.registration("nobody", person, unit, at + timedelta(minutes=2), 400, ["refused"],
                          customer={"name": {"full": person.name}})
        self.registration("at-last", person, unit, at + timedelta(minutes=3), 200, ["registered"])

    # The shop on Shopify

    def shopify(self, topic, at, body, kind, number):
        raw = encoded(body)
        return self.add("shopify-" + topic.replace("/", "-"), at, "/shopify", {
            "Content-Type": "application/json", "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": mac(SHOP_SECRETS[SHOP].encode(), raw),
            "X-Shopify-Shop-Domain": SHOP_DOMAIN, "X-Shopify-API-Version": "2026-01",
            "X-Shopify-Webhook-Id": self.next("hook-"), "X-Shopify-Event-Id": number,
            "X-Shopify-Triggered-At": whole(at)}, raw, 200, events=["website." + kind])

    def shop_customer(self, person, at):
        family, given = (person.family, person.given)
        return {"id": 7000000000000 + person.number, "first_name": given, "last_name": family,
                "email": person.email or None, "phone": None, "verified_email": bool(person.email),
                "state": "enabled", "updated_at": whole(at), "created_at": "2025-05-01T10:00:00+08:00",
                "default_address": {"address1": person.household.street, "city": person.household.city,
                                    "province": person.household.region, "country_code": "CN",
                                    "zip": person.household.postcode, "phone": written_mobile(
                                        self.rng, person.mobile)}}

    def shop_order(self, person, at):
        lines = []
        for product in self.rng.sample(self.world.products, self.rng.choice((1, 1, 1, 2))):
            lines.append({"id": 9000000000000 + self.day.toordinal() * 1000 + len(self.requests) * 4 + len(lines),
                          "sku": product.sku, "name": product.name, "quantity": 1,
                          "price": money(product.price), "total_discount": "0.00", "tax_lines": []})
        total = sum(int(entry["price"].replace(".", "")) for entry in lines)
        number = self.next("")
        return {"id": 5000000000000 + int(number), "name": "#" + number, "order_number": int(number),
                "created_at": whole(at), "updated_at": whole(at), "currency": "CNY", "test": False,
                "email": person.email or None, "phone": None, "financial_status": "paid",
                "line_items": lines, "total_line_items_price": money(total), "total_discounts": "0.00",
                "total_tax": money(total * 13 // 113), "total_price": money(total), "taxes_included": True,
                "tax_lines": [{"title": "VAT", "rate": 0.13, "price": money(total * 13 // 113)}],
                "payment_gateway_names": ["alipay"], "source_name": "web", "note": None,
                "shipping_lines": [{"code": "standard", "price": "0.00"}],
                "customer": self.shop_customer(person, at),
                "billing_address": {"first_name": person.given, "last_name": person.family,
                                    "address1": person.household.street, "city": person.household.city,
                                    "country_code": "CN", "zip": person.household.postcode,
                                    "phone": written_mobile(self.rng, person.mobile)}}

    def shop(self):
        for i in range(14):
            person, at = self.visitor(), self.moment(8, 20)
            order = self.shop_order(person, at)
            placed = self.shopify("orders/create", at, order, "order.placed", self.next("ev-"))
            if i in (2, 9):  # it took too long to answer: the same again
                self.again(placed, "shopify-orders-create-again", at + timedelta(seconds=6), 200, 1)
            if i % 3 == 0:
                at += timedelta(minutes=self.rng.randint(5, 60))
                order = {**order, "updated_at": whole(at), "note": "请周末送货"}
                self.shopify("orders/updated", at, order, "order.amended", self.next("ev-"))
            if i in (4, 11):
                at += timedelta(minutes=self.rng.randint(5, 60))
                order = {**order, "updated_at": whole(at), "cancelled_at": whole(at),
                         "cancel_reason": "customer", "financial_status": "refunded"}
                self.shopify("orders/cancelled", at, order, "order.cancelled", self.next("ev-"))
            if i == 6:  # whoever knows one shop's signature tries it on another
                self.again(placed, "shopify-of-another-shop", at + timedelta(hours=1), 401,
                           headers={**placed.headers, "X-Shopify-Shop-Domain": "other-shop.example"})
        for person in self.rng.sample(self.busy, min(4, len(self.busy))):
            at = self.moment()
            self.shopify("customers/update", at, self.shop_customer(person, at), "account.updated",
                         self.next("ev-"))

    # The galleries' shop on WooCommerce

    def woo(self, topic, at, body, kind, number):
        raw = encoded(body)
        resource, _, event = topic.partition(".")
        return self.add("woocommerce-" + topic.replace(".", "-"), at, "/woocommerce", {
            "Content-Type": "application/json", "X-WC-Webhook-Source": GALLERY_URL,
            "X-WC-Webhook-Topic": topic, "X-WC-Webhook-Resource": resource, "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": mac(SHOP_SECRETS[GALLERY].encode(), raw), "X-WC-Webhook-ID": "3",
            "X-WC-Webhook-Delivery-ID": number}, raw, 200, events=["website." + kind])

    def woo_order(self, person, at, status):
        product = self.rng.choice(self.world.products)
        home = {"first_name": person.given, "last_name": person.family, "address_1": person.household.street,
                "city": person.household.city, "state": person.household.region, "country": "CN",
                "postcode": person.household.postcode, "email": person.email,
                "phone": written_mobile(self.rng, person.mobile)}
        utc = at - timedelta(hours=8)
        number = int(self.next(""))
        return {"id": number, "number": str(number), "order_key": "wc_order_%d" % number, "status": status,
                "currency": "CNY", "prices_include_tax": True, "date_created": at.isoformat(),
                "date_created_gmt": utc.isoformat(), "date_modified": at.isoformat(),
                "date_modified_gmt": utc.isoformat(), "customer_id": person.number,
                "total": money(product.price), "total_tax": money(product.price * 13 // 113),
                "discount_total": "0.00", "shipping_total": "0.00", "payment_method": "wechat",
                "created_via": "checkout", "customer_note": "", "billing": home,
                "shipping": {"first_name": "", "last_name": "", "address_1": ""},
                "line_items": [{"id": 1, "sku": product.sku, "name": product.name, "quantity": 1,
                                "subtotal": money(product.price), "total": money(product.price)}],
                "tax_lines": [], "shipping_lines": [], "coupon_lines": [], "refunds": []}

    def gallery(self):
        self.add("woocommerce-ping", datetime.combine(self.day, time(8, 1)), "/woocommerce",
                 {"Content-Type": "application/x-www-form-urlencoded"}, b"webhook_id=3", 200)
        for i in range(6):
            person, at = self.visitor(), self.moment(9, 20)
            order = self.woo_order(person, at, "processing")
            self.woo("order.created", at, order, "order.placed", self.next("dl-"))
            if i in (1, 4):
                at += timedelta(minutes=self.rng.randint(5, 90))
                utc = (at - timedelta(hours=8)).isoformat()
                order = {**order, "status": "cancelled" if i == 4 else "on-hold",
                         "date_modified": at.isoformat(), "date_modified_gmt": utc}
                self.woo("order.updated", at, order, "order.cancelled" if i == 4 else "order.amended",
                         self.next("dl-"))

    # What goes wrong

    def mishaps(self):
        hooks = [r for r in self.requests if r.name == "webhook-feedback.given"]
        first, second, third, fourth = hooks[:4]
        self.again(first, "webhook-resent", first.at + timedelta(seconds=5), 200, 1)
        self.again(second, "webhook-altered-under-its-id", second.at + timedelta(hours=1), 409,
                   body=second.body.replace(b"CHANNEL_WEB", b"CHANNEL_APP"))
        self.again(third, "webhook-badly-signed", third.at + timedelta(minutes=3), 401,
                   secret="whsec_" + base64.b64encode(b"a secret that nobody gave out").decode())
        old = int((datetime.combine(self.day, time(3)) - timedelta(days=7)).replace(tzinfo=ZONE).timestamp())
        played = self.again(fourth, "webhook-played-again", fourth.at + timedelta(hours=2), 401, signed="")
        played.headers = {**fourth.headers, **signature(fourth, old)}
        at = self.moment()
        good, bad = self.survey(self.visitor(), at), self.survey(self.visitor(), at)
        del bad["id"]
        self.batch([good, bad], at, 400, "batch-with-a-bad-one")
        self.structured({**good, "type": "website.lunch.eaten"}, "structured-unknown-type", 400)
        broken = self.structured(good, "structured-broken", 400)
        broken.body = broken.body[:-25]
        form = self.structured(good, "structured-as-a-form", 415)
        form.headers = {**form.headers, "Content-Type": "application/x-www-form-urlencoded"}
        self.again(form, "structured-without-token", at + timedelta(minutes=1), 401,
                   headers={"Content-Type": "application/cloudevents+json"})

    def work(self):
        self.accounts_and_consents()
        self.members_agree()
        self.voices()
        self.surveys()
        self.warranties()
        self.shop()
        self.gallery()
        self.mishaps()
        order = sorted(range(len(self.requests)), key=lambda i: (self.requests[i].at, i))
        self.requests = [self.requests[i] for i in order]


# ---- As files ----

def raw(request, headers):
    lines = ["POST %s HTTP/1.1" % request.path, "Host: care.mingyuan.example"]
    lines += ["%s: %s" % item for item in headers.items()]
    lines.append("Content-Length: %d" % len(request.body))
    return "\r\n".join(lines + ["", ""]).encode("utf-8") + request.body


def write_senders(folder):
    place = os.path.join(os.path.abspath(folder), "senders.d")
    os.makedirs(place, exist_ok=True)
    for name, (text, secrets) in SENDERS.items():
        paths = []
        for kind, secret in secrets.items():
            path = os.path.join(place, "%s.%s" % (name, kind))
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
                out.write(secret + "\n")
            paths.append(path)
        with open(os.path.join(place, name + ".conf"), "w", encoding="utf-8") as out:
            out.write(text % tuple(paths))


def write(folder, requests):
    os.makedirs(folder, exist_ok=True)
    for i, request in enumerate(requests, 1):
        stamp = int(request.at.replace(tzinfo=ZONE).timestamp())
        with open(os.path.join(folder, "%03d-%s.http" % (i, request.name)), "wb") as out:
            out.write(raw(request, headers_at(request, stamp)))
    write_senders(folder)


def write_expected(path, requests):
    found = Counter()
    for request in requests:
        found["answers %d" % request.status] += 1
        found["events that came before"] += request.seen
        for kind in request.events:
            found["events " + kind] += 1
    with open(path, "w", encoding="utf-8") as out:
        out.writelines("%s\t%d\n" % item for item in sorted(found.items()))


# ---- Over the wire ----

def post(connection, request):
    """Status and body; later, when the adapter says so."""
    for _ in range(TRIES):
        headers = headers_at(request, int(clock.time()))
        connection.request("POST", request.path, body=request.body, headers={
            name: value.encode("utf-8") for name, value in headers.items()})
        answer = connection.getresponse()
        body = answer.read().decode("utf-8", "replace")
        if answer.status not in (429, 503):
            break
        clock.sleep(min(10, int(answer.headers.get("Retry-After", "1"))))
    return answer.status, body


def post_all(url, requests, answers):
    """Prints the answers by status, as the expectations count them; 1 when one is not what it should be."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=30)
    found, wrong = Counter(), 0
    for i, request in enumerate(requests, 1):
        status, body = post(connection, request)
        found["answers %d" % status] += 1
        answers.write("%03d-%s\t%d\t%s\n" % (i, request.name, status, body.strip()))
        if status != request.status:
            wrong += 1
            sys.stderr.write("%03d-%s: expected %d, got %d: %s\n" % (
                i, request.name, request.status, status, body.strip()))
    connection.close()
    for item in sorted(found.items()):
        print("%s\t%d" % item)
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser(description="Makes a day of the website, and posts it.")
    parser.add_argument("--day", type=date.fromisoformat, default=date(2026, 3, 2))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", help="folder for the requests and who sends them")
    parser.add_argument("--expect", help="file for what a correct reader answers and has")
    parser.add_argument("--url", help="post them there")
    parser.add_argument("--answers", default=os.devnull, help="file for all the answers")
    args = parser.parse_args()
    day = Day(args.seed, args.day)
    day.work()
    if args.out:
        write(args.out, day.requests)
    if args.expect:
        write_expected(args.expect, day.requests)
    if not args.url:
        return 0
    with open(args.answers, "w", encoding="utf-8") as answers:
        return post_all(args.url, day.requests, answers)


if __name__ == "__main__":
    sys.exit(main())
