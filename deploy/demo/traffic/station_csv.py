"""Repairs as the stations' tables: CSV in UTF-8, and in GB18030 with Chinese headings, each with its mapping."""
import csv
import io
from datetime import datetime, time, timedelta

from drop import money
from repairs import SYMPTOMS, ZONE, day_of

FAST_CLOCK = timedelta(minutes=47)

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
