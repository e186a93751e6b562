"""Repairs as the log of a workflow program, XES."""
from xml.sax.saxutils import quoteattr

from drop import money
from repairs import ZONE

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
