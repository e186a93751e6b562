"""Segments by what the records say, language, group and age: heard live and from the journal, by those who may have the values, and
the same in a book that is made anew."""
import json
import subprocess

from lib import BIN, Hub, event, running, until, wire

EARLIEST, CAUGHT_UP = 1, 1
LANGUAGE, PHONE = 6, 2
DEFINITIONS = """
[segment chinese]
where = language = "zh"
[segment best]
where = group = "high-value" and age >= 18
"""


def told(n, key, **what):
    """Somebody with card and telephone orders something, and says this of himself."""
    return event("website.order.placed", key, "/site",
                 {"orderId": key, "lines": [{"productId": "TV"}],
                  "customer": {"memberCard": f"M100{n}", "memberCardAssurance": "ASSURANCE_VERIFIED",
                               "phones": [{"value": f"1380000000{n}"}], **what}})


with Hub() as hub:
    ops = hub.peer("ops", roles="operator, consumer", topics=">")
    site = hub.peer("site", roles="producer", sources="/site", types="website.>", region="CN")
    wall = hub.peer("wall", roles="consumer", topics="customer.record.*, values.language")
    deaf = hub.peer("deaf", roles="consumer", topics="customer.>")
    peer = hub.peer("marketing", roles="producer, consumer", sources="/carehub/marketing",
                    types="marketing.>", topics="website.>, marketing.>, customer.record.*, values.group, "
                    "values.language, values.birth_date")
    hub.start()
    config = hub.root / "marketing.conf"
    (hub.root / "definitions").write_text(DEFINITIONS)
    config.write_text(f"[hub]\nendpoint = {hub.address}\nserver_key = {hub.server_key}\n"
                      f"key_file = {peer.key_file}\n[module]\nbook = {hub.root}/book\n"
                      f"[segments]\ndefinitions = {hub.root}/definitions\nzone = UTC\n")

    def module(*words, status=(0,)):
        done = subprocess.run([BIN / "carehub-marketing", words[0], "--config", config, *words[1:]],
                              capture_output=True, text=True, timeout=100)
        assert done.returncode in status, (words, done)
        return done.stdout

    def members(segment):
        out = module("segments", "--json", "members", segment, status=(0, 1, 3))
        return {row["customer"] for row in json.loads(out)["members"]} if out else set()

    def tables():
        return [line for line in module("status", "--tables").splitlines()
                if line.startswith("table ") and line.split()[1] != "sweeps"]

    heard_of = []  # whose each of them is

    def changes(client, name):
        """Field and value of everything that this subscriber is told of records."""
        subscription, heard = client.subscribe(
            name=name, start={"from": EARLIEST}, credit=256, filter={"types": ["customer.record.*"]}), []
        heard_of.clear()
        while True:
            kind, body = subscription.next(30)
            if kind == "mark" and body["what"] == CAUGHT_UP:
                return heard
            for number, _, change in wire.scan(body["personal"]):
                fields = {n: value for n, _, value in wire.scan(change)}
                assert number == 101
                heard.append((fields[1], fields.get(3, b"").decode()))
                heard_of.append(str(body["customer"]))

    # Before the module ever ran: 1 is all, 2 speaks English, 3 is a child, 4 says nothing.
    hub.run(site, "publish", input="".join([
        told(1, "a1", language="zh-CN", customerGroup="high-value", birthDate="1980-02-29"),
        told(2, "a2", language="en", customerGroup="high-value", birthDate="1990-01-01"),
        told(3, "a3", language="zh", customerGroup="high-value", birthDate="2020-01-01"),
        told(4, "a4")]))
    numbers = [hub.ask(ops, "customer", f"M100{n}")[0]["customer"]["customerNumber"] for n in range(1, 5)]
    one, two, three, four = (f"{int(number):012}" for number in numbers)
    with running([BIN / "carehub-marketing", "run", "--config", config]):
        until(lambda: members("chinese") == {one, three})
        until(lambda: members("best") == {one, two})
        # Live: 1 speaks English now, 4 has said who he is.
        hub.run(site, "publish", input=told(1, "b1", language="en") + told(
            4, "b4", language="zh-Hant", customerGroup="high-value", birthDate="2000-12-31"))
        until(lambda: members("chinese") == {three, four})
        until(lambda: members("best") == {one, two, four})
    module("run", "--once")
    module("run", "--once")  # it hears what it said itself
    before, head = tables(), hub.status(ops)["head"]
    assert json.loads(module("segments", "--json", "why", "chinese", four))["holds"]

    # The book anew: equal to the last byte, and nothing is said again.
    module("rebuild")
    module("run", "--once")
    assert tables() == before, set(tables()) ^ set(before)
    assert hub.status(ops)["head"] == head

    # Who may have the language hears that; who may hear of records alone hears no value.
    with hub.client(wall) as client:
        heard = changes(client, "wall")
        assert {field for field, _ in heard} == {LANGUAGE}, heard
        assert sorted(value for _, value in heard) == ["en", "en", "zh", "zh-CN", "zh-Hant"], heard
    with hub.client(deaf) as client:
        assert changes(client, "deaf") == []
    # All that was ever told, folded, is what the record says.
    with hub.client(ops) as client:
        heard = changes(client, "ops")
    assert (PHONE, "+8613800000001") in heard, heard
    fields = {"CUSTOMER_FIELD_PHONE": PHONE, "CUSTOMER_FIELD_BIRTH_DATE": 5, "CUSTOMER_FIELD_LANGUAGE": LANGUAGE,
              "CUSTOMER_FIELD_CUSTOMER_GROUP": 7, "CUSTOMER_FIELD_MEMBER_CARD": 9}
    for n in range(1, 5):
        told_of, record = {}, hub.ask(ops, "customer", f"M100{n}")[0]["customer"]
        for (field, value), whose in zip(heard, heard_of):
            if whose == record["customerNumber"]:
                told_of[field] = value
        assert told_of == {fields[v["field"]]: v["value"] for v in record["values"]}, (told_of, record)
    hub.stop()
