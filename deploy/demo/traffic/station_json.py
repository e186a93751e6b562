"""Repairs as CloudEvents: in files of JSON lines, as messages for a broker, as rows of an outbox table."""
import json
import uuid

from repairs import SYMPTOMS, ZONE, day_of


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
