#!/usr/bin/env python3
"""CloudEvents, shops' resources, signatures and trace contexts of other makers through carehub-website:
expected and got, file by file.

usage: website.py CAREHUB_WEBSITE CASES

CASES is the program of tests/samples/website_cases.c: it puts the W3C's header values and the webhook vectors to
the decoders, which no command of the adapter does.

The files are not part of the project: they lie in $CAREHUB_SAMPLES/website (by default ../shared/samples beside
the project), with what a correct reader finds in manifest.tsv.  Without them the test is skipped."""
import base64
import datetime
import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
import tempfile

SKIPPED = 77
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
wrong = []


def say(name, fact, expected, got):
    same = expected == got
    if not same:
        wrong.append(name)
    print(f"{name}\t{fact}\texpected {expected}\tgot {got}\t{'ok' if same else 'WRONG'}")


def run(*words, text=None):
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def plain(event):
    """What makes two CloudEvents the same: times as moments, and a media type without its charset."""
    event = dict(event)
    if "time" in event:
        event["time"] = moment(event["time"])
    if "datacontenttype" in event:
        event["datacontenttype"] = event["datacontenttype"].split(";")[0]
    return event


def cloudevents(program, folder):
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as stream:
        expected = json.load(stream)
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".http"):
            continue
        code, out, _ = run(program, "parse", os.path.join(folder, name))
        want = plain(expected[(int(name.split("-")[0]) - 1) // 2])
        got = plain(json.loads(out)) if code == 0 else {"exit": code}
        if "datacontenttype" not in want or "data" not in want:
            got.pop("datacontenttype", None)
            want.pop("datacontenttype", None)
        say(f"cloudevents/{name}", "event", want, got)
    print("cloudevents/expected.json\tis what the five above are held against")
    with open(os.path.join(folder, "bad.json"), encoding="utf-8") as stream:
        for what, body in json.load(stream):
            code, out, err = run(program, "parse", "-", text=body)
            word = {"missing-id": "id: is missing", "missing-source": "source: is missing",
                    "bad-specversion": "specversion: must be 1.0", "empty-type": "type: must not be empty",
                    "bad-time": "time: is no date", "both-data": "data: and data_base64 exclude",
                    "not-json": "is no JSON"}[what]
            say("cloudevents/bad.json", what, word, word
                if code != 0 and out == "" and word in err else f"exit {code} {out}{err}")


def feature(program, path):
    """The requests of the official conformance scenarios, and the attributes they must have."""
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    for outline in text.split("Scenario Outline:")[1:]:
        request = re.search(r'"""\n(.*?)"""', outline, re.S).group(1)
        request = "\n".join(line.strip() for line in request.split("\n"))
        attributes = dict(re.findall(r"\|\s*(\w+) \|\s*(\S[^|]*?)\s*\|", outline.split("Examples")[0]))
        for media in re.findall(r"\|\s*((?:application)\S.*?)\s*\|", outline.split("Examples")[1]):
            # Content-Length counts the indented body of the file; here it is counted anew.
            head, body = request.replace("<contentType>", media).split("\n\n", 1)
            raw = re.sub("Content-Length: .*", f"Content-Length: {len(body.encode())}", head) + "\n\n" + body
            code, out, err = run(program, "parse", "-", text=raw)
            want = {key: value.replace("<contentType>", media) for key, value in attributes.items()
                    if key != "key"}
            got = json.loads(out) if code == 0 else {"exit": code, "why": err}
            data = got.pop("data", None)
            say("http-protocol-binding.feature", media, {**plain(want), "data": {
                "message": "Hello World!"}}, {**plain(got), "data": data})


def schema(path, program):
    """What the official schema requires is required here."""
    with open(path, encoding="utf-8") as stream:
        required = json.load(stream)["required"]
    whole = {"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}
    for name in required:
        body = json.dumps({key: value for key, value in whole.items() if key != name})
        say("cloudevents.json", f"required {name}", True,
            run(program, "parse", "-", text=body)[0] != 0)


def money(value):
    return f"{int(value['minorUnits']) / 100:.2f} {value['currency']}"


def translated(program, path, *options):
    code, out, err = run(program, "translate", "--quiet", *options, path)
    return code, [json.loads(line) for line in out.splitlines()], err


# What each file is in our terms; figures come from the manifest's words or, where it has none, from the file.
def shops(program, folder):
    def check(name, count, *options):
        path = os.path.join(folder, name)
        code, events, err = translated(program, path, *options)
        say(name, "events", (0, count), (code, len(events)))
        with open(path, encoding="utf-8") as stream:
            return json.load(stream), [event["data"] for event in events], [
                event["type"] for event in events], err

    raw, data, types, _ = check("shopify/order.json", 1)
    order, raw = data[0], raw["order"]
    say("shopify/order.json", "type", ["website.order.placed"], types)
    say("shopify/order.json", "order, total, lines, customer, mailbox", (
        str(raw["id"]), f"{raw['total_price']} {raw['currency']}", len(raw["line_items"]),
        str(raw["customer"]["id"]), raw["email"]), (
        order["orderId"], money(order["totals"]["grand"]), len(order["lines"]),
        order["customer"]["localId"], order["customer"]["emails"][0]["value"]))
    say("shopify/order.json", "order 450789469, 409.94 USD, 3 lines", ("450789469", "409.94 USD", 3), (
        order["orderId"], money(order["totals"]["grand"]), len(order["lines"])))
    say("shopify/order.json", "sum of lines", sum(
        float(line["price"]) * line["quantity"] for line in raw["line_items"]), sum(
        int(line["amount"]["minorUnits"]) for line in order["lines"]) / 100)

    raw, data, types, _ = check("shopify/customer.json", 1)
    say("shopify/customer.json", "type, customer", (["website.account.created"], "207119551"),
        (types, data[0]["customer"]["localId"]))
    say("shopify/customer.json", "a mailbox of somebody who never signed in is claimed",
        "ASSURANCE_CLAIMED", data[0]["customer"]["emails"][0]["assurance"])

    raw, data, types, _ = check("shopify/refund.json", 1)
    say("shopify/refund.json", "type, refund, money, lines", (
        ["website.refund.issued"], "509562969", "209.00 USD", len(raw["refund"]["refund_line_items"])), (
        types, data[0]["refundId"], money(data[0]["amount"]), len(data[0]["lines"])))

    # It is "pending": nothing has left yet.  The same one underway is a dispatch.
    raw, data, _, _ = check("shopify/fulfillment.json", 0)
    raw["fulfillment"]["status"] = "success"
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(raw["fulfillment"], file)
        file.flush()
        code, events, _ = translated(program, file.name, "--topic", "shopify:fulfillments/update")
    say("shopify/fulfillment.json", "when its status is success", (
        0, "website.order.dispatched", ["1Z2345"]), (
        code, events[0]["type"], events[0]["data"]["trackingNumbers"]))

    raw, data, types, _ = check("woocommerce/orders-created.json", 1)
    order = data[0]
    say("woocommerce/orders-created.json", "order 727, 29.35 USD, 2 lines, a guest, his number", (
        ["website.order.placed"], "727", "29.35 USD", 2, None, "(555) 555-5555"), (
        types, order["orderId"], money(order["totals"]["grand"]), len(order["lines"]),
        order["customer"].get("localId"), order["customer"]["phones"][0]["value"]))
    _, events, _ = translated(program, os.path.join(folder, "woocommerce/orders-created.json"))
    say("woocommerce/orders-created.json", "the time is that of date_created_gmt",
        moment(raw["date_created_gmt"] + "Z"), moment(events[0]["time"]))
    raw, data, types, _ = check("woocommerce/customers-created.json", 1)
    say("woocommerce/customers-created.json", "customer 25 john.doe@example.com", (
        ["website.account.created"], "25", "john.doe@example.com"), (
        types, data[0]["customer"]["localId"], data[0]["customer"]["emails"][0]["value"]))
    check("woocommerce/webhooks-created.json", 0)  # the description of a hook is no event


def signatures(cases, path):
    """Each row, with Python's HMAC as the independent reckoner; and each with one bit of its body changed."""
    with open(path, encoding="utf-8") as stream:
        rows = [line.rstrip("\n").split("\t") for line in stream][1:]
    for id, stamp, secret, body, signature in rows:
        raw = base64.b64decode(body)
        mac = hmac.new(base64.b64decode(secret.removeprefix("whsec_")),
                       f"{id}.{stamp}.".encode() + raw, hashlib.sha256).digest()
        say("stdwebhooks-vectors.tsv", f"{id} python", signature,
            "v1," + base64.b64encode(mac).decode())
        altered = base64.b64encode(bytes([raw[0] ^ 1]) + raw[1:]).decode()
        for what, given, expected in (("as it is", body, "ok"), ("altered", altered, "denied")):
            _, out, _ = run(cases, "signature", id, stamp, secret, given, signature)
            say("stdwebhooks-vectors.tsv", f"{id} {what}", expected, out.strip())


def traces(cases, path):
    with open(path, encoding="utf-8") as stream:
        rows = [line.rstrip("\n").split("\t") for line in stream][1:]
    for name, value, accept in rows:
        _, out, _ = run(cases, "traceparent", value.replace("\\t", "\t"))
        say("traceparent-cases.tsv", f"{name} {value!r}", accept.split()[0], out.strip())
    say("traceparent-cases.tsv", "cases", 31, len(rows))


def main():
    program, cases = sys.argv[1:3]
    samples = os.environ.get("CAREHUB_SAMPLES", os.path.join(ROOT, "..", "shared", "samples"))
    folder = os.path.join(samples, "website")
    if not os.path.isdir(folder):
        print(f"skipped: no samples in {samples}; set CAREHUB_SAMPLES")
        return SKIPPED
    cloudevents(program, os.path.join(folder, "cloudevents"))
    feature(program, os.path.join(folder, "http-protocol-binding.feature"))
    schema(os.path.join(folder, "cloudevents.json"), program)
    shops(program, folder)
    signatures(cases, os.path.join(folder, "stdwebhooks-vectors.tsv"))
    traces(cases, os.path.join(folder, "traceparent-cases.tsv"))
    known = {"cloudevents", "shopify", "woocommerce", "cloudevents.json", "http-protocol-binding.feature",
             "stdwebhooks-vectors.tsv", "traceparent-cases.tsv"}
    say("website", "files that nobody looks at", [], sorted(set(os.listdir(folder)) - known))
    print(f"{len(set(wrong))} files wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
