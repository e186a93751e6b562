#!/usr/bin/env python3
"""Real POSLog files of other makers through carehub-pos: expected and got, file by file.

usage: pos.py CAREHUB_POS

The files are not part of the project: they lie in $CAREHUB_SAMPLES/pos (by default ../shared/samples
beside the project), with what a correct reader finds in manifest.tsv.  Without them the test is skipped.

Each figure is had three times: from the manifest's words, by a reader of the XML that shares nothing
with ours (Python's, over expat; and xmllint's XPath where it is installed), and from the events."""
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from decimal import Decimal

SKIPPED = 77
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ARTS = "{http://www.nrf-arts.org/IXRetail/namespace/}"
ACS = "{http://www.ncr.com/rsd/acs/tlog/markup/poslog/2.1}"

# Where the manifest's words have which figure.
WORDS = {
    "poslog21-ncr-first20.xml": (
        r"(?P<transactions>\d+) Transaction = (?P<retail>\d+) Retail \+ (?P<control>\d+) Control; "
        r"(?P<lines>\d+) Sale lines qty (?P<quantity>[\d.]+) \((?P<weighed>\d+) weighed, "
        r"(?P<void_lines>\d+) VoidFlag\); (?P<taxes>\d+) Tax; (?P<tenders>\d+) Tender "
        r"\((?P<CreditDebit>\d+) CreditDebit, (?P<Cash>\d+) Cash\); sum TransactionGrandAmount "
        r"(?P<grand>[\d.]+), tax (?P<tax>[\d.]+); (?P<members>\d+) loyalty id"),
    "poslog21-ncr-small.xml": (
        r"(?P<transactions>\d+) Transaction \((?P<control>\d+) ControlTransaction OperatorSignOn, "
        r"(?P<retail>\d+) RetailTransaction total (?P<grand>[\d.]+), (?P<lines>\d+) sale line "
        r"(?P<quantity>[\d.]+) kg, CreditDebit [\d.]+, loyalty (?P<card>\d+)\)"),
    "poslog22-wincor-void.xml": (
        r"(?P<transactions>\d+) Transaction (?P<identity>[\d/]+), .* net quantity (?P<quantity>\d+), "
        r"grand total (?P<grand>\d+)"),
}


def promised(name, words):
    match = re.search(WORDS[name], words)
    if match is None:
        sys.exit(f"{name}: the manifest's words have changed: {words}")
    facts = match.groupdict()
    return {key: value if key in ("card", "identity") else Decimal(value)
            for key, value in facts.items()}


def counted(path):
    """What the XML says, read the plain way."""
    facts = Counter()
    for transaction in ElementTree.parse(path).getroot().iter(ARTS + "Transaction"):
        facts["transactions"] += 1
        facts["control"] += len(transaction.findall(ARTS + "ControlTransaction"))
        facts["identity"] = "/".join(transaction.findtext(ARTS + part) for part in (
            "RetailStoreID", "WorkstationID", "SequenceNumber"))
        for retail in transaction.findall(ARTS + "RetailTransaction"):
            facts["retail"] += 1
            for total in retail.findall(ARTS + "Total"):
                figure = {"TransactionGrandAmount": "grand", "TransactionTaxAmount": "tax"}.get(
                    total.get("TotalType"))
                if figure:
                    facts[figure] += Decimal(total.text)
            void = {line.findtext(ARTS + "SequenceNumber"): line.get("VoidFlag") == "true"
                    for line in retail.findall(ARTS + "LineItem")}
            for line in retail.findall(ARTS + "LineItem"):
                facts["taxes"] += len(line.findall(ARTS + "Tax"))
                for card in line.iter(ACS + "LoyaltyID"):
                    facts["members"] += 1
                    facts["card"] = card.text
                for tender in line.findall(ARTS + "Tender"):
                    facts["tenders"] += 1
                    facts[tender.get("TenderType")] += 1
                for sale in line.findall(ARTS + "Sale"):
                    quantity = Decimal(sale.findtext(ARTS + "Quantity"))
                    facts["lines"] += 1
                    facts["weighed"] += line.get(ACS + "weightItem") == "true"
                    facts["void_lines"] += void[line.findtext(ARTS + "SequenceNumber")]
                    # A void line is negative here, or takes away the line that it names.
                    named = sale.findtext(ARTS + "ItemLink")
                    facts["quantity"] += -quantity if named and quantity > 0 else quantity
    return facts


def decimal(value):
    return Decimal(int(value.get("unscaled", 0))).scaleb(-value.get("scale", 0))


def fen(value):
    return Decimal(int(value.get("minorUnits", 0))).scaleb(-2)


def translated(events):
    """What the events say."""
    facts = Counter()
    for event in events:
        data = event["data"]
        if event["type"] == "pos.loyalty.seen":
            facts["members"] += 1
            facts["card"] = data["customer"]["memberCard"]
            continue
        facts["transactions"] += 1
        facts["control"] += event["type"] == "pos.control.recorded"
        store, till, _, number = event["subject"].split("/")
        facts["identity"] = "/".join((store, till, number))
        if "transaction" not in data:
            continue
        transaction = data["transaction"]
        facts["retail"] += 1
        facts["differ"] += transaction.get("totalsDiffer") != "ANSWER_NO"
        facts["grand"] += fen(transaction["totals"]["grand"])
        facts["tax"] += fen(transaction["totals"]["tax"])
        facts["taxes"] += len(transaction.get("taxes", []))
        for line in transaction.get("lines", []):
            facts["lines"] += 1
            facts["weighed"] += line["quantity"].get("scale", 0) > 0
            facts["void_lines"] += "voidsLine" in line
            facts["quantity"] += 0 if line.get("voided") else decimal(line["quantity"])
        for tender in transaction.get("tenders", []):
            facts["tenders"] += 1
            facts[tender["tenderType"]] += 1
    return facts


def xpath(path):
    """A third opinion on three of the figures."""
    if shutil.which("xmllint") is None:
        return {}
    facts = {}
    for name, expression in (
            ("transactions", "count(//*[local-name()='Transaction'])"),
            ("lines", "count(//*[local-name()='LineItem']/*[local-name()='Sale'])"),
            ("grand", "sum(//*[local-name()='Total'][@TotalType='TransactionGrandAmount'])")):
        run = subprocess.run(["xmllint", "--nonet", "--xpath", expression, path],
                             capture_output=True, text=True, check=True)
        facts[name] = round(Decimal(run.stdout.strip()), 2)
    return facts


def check(program, folder, name, words):
    path = os.path.join(folder, name)
    run = subprocess.run([program, "translate", path], capture_output=True, text=True, check=False)
    got = translated(json.loads(line) for line in run.stdout.splitlines())
    ours, plain, third = promised(name, words), counted(path), xpath(path)
    wrong = run.returncode != 0 or got["differ"] != 0
    if wrong:
        print(f"{name}: exit {run.returncode}, {got['differ']} receipts do not add up\n{run.stderr}")
    facts = [fact for fact in ("transactions", "retail", "control", "identity", "lines", "quantity",
                               "weighed", "void_lines", "taxes", "tax", "tenders", "CreditDebit",
                               "Cash", "grand", "members", "card") if fact in ours or plain[fact]]
    for fact in facts:
        opinions = {"manifest": ours.get(fact), "xml": plain[fact], "xmllint": third.get(fact)}
        same = all(value is None or value == got[fact] for value in opinions.values())
        wrong = wrong or not same
        print(f"{name}\t{fact}\t" + "\t".join(
            f"{who} {value}" for who, value in opinions.items() if value is not None)
              + f"\tgot {got[fact]}\t{'ok' if same else 'WRONG'}")
    return wrong


def main():
    program = sys.argv[1]
    samples = os.environ.get("CAREHUB_SAMPLES", os.path.join(ROOT, "..", "shared", "samples"))
    folder = os.path.join(samples, "pos")
    manifest = os.path.join(samples, "manifest.tsv")
    if not os.path.isdir(folder) or not os.path.isfile(manifest):
        print(f"skipped: no samples in {samples}; set CAREHUB_SAMPLES")
        return SKIPPED
    with open(manifest, encoding="utf-8") as stream:
        words = {row[0]: row[4] for row in (line.rstrip("\n").split("\t") for line in stream)
                 if len(row) > 4}
    names = sorted(os.listdir(folder))
    unknown = [name for name in names if name not in WORDS]
    for name in unknown:
        print(f"{name}: no expectation written for it here")
    wrong = [name for name in names if name in WORDS and check(program, folder, name,
                                                               words["pos/" + name])]
    print(f"{len(names)} files, {len(wrong) + len(unknown)} wrong")
    return 1 if wrong or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
