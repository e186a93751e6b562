"""The messages of docs/protocol.md, and as much of Protocol Buffers as they need."""
import struct

# One line a message, with the kind's number if it is one of the bus: its fields in the order of their
# numbers, with their type where it is not an integer, and `*` where they are repeated; `-` is passed over.

SCHEMA = """
AckRange - first last
Nack - sequence delay_ms park reason:text
Checkpoint - source:text checkpoint:bytes sequence
Limits - event_bytes frame_bytes events_per_frame id_bytes
Receipt - outcome sequence customer reason field:text detail:text retry_after_ms frame
Filter - types:text* sources:text* customers*
Start - from sequence time_us snapshot:text* incarnation:fixed
Delivery - sequence part attempt mode arrival_us customer customer_now event:bytes personal:bytes
    job:text last table:text record:bytes peer:text
Event - id:text source:text type:text subject:text time_us sent_us dataschema:text - - - -
    checkpoint:bytes digest:bytes data:bytes personal:bytes
HELLO 1 version agent:text session:bytes checkpoint_sources:text*
PUBLISH 2 frame events:bytes*
SUBSCRIBE 3 handle name:text filter:Filter start:Start update credit ack_wait_ms max_attempts
    must_exist position position_incarnation:fixed no_ack max_lag_events stop_sequence stop_at_head
GRANT 4 handle deliveries
ACK 5 handle up_to ranges:AckRange* nacks:Nack* job:text
DETACH 6 handle delete drain
REQUEST 7 request operation:text body:bytes
PING 8 token
BYE 9 reason:text
WELCOME 65 version session:bytes resumed incarnation:fixed head credit heartbeat_ms limits:Limits
    checkpoints:Checkpoint* peer:text time_us
RECEIPTS 66 frame first receipts:Receipt* durability
CREDIT 67 events
SUBSCRIBED 68 handle generation cursor head moves
DELIVER 69 handle deliveries:Delivery*
MARK 70 handle what first last detail:text job:text
REPLY 71 request status detail:text body:bytes more
PONG 72 token head
REFUSED 73 reason detail:text kind fatal about
"""
MESSAGES, NUMBERS = {}, {}  # name -> {number: (name, type, repeated)}; name <-> kind
for row in SCHEMA.replace("\n    ", " ").split("\n")[1:-1]:
    title, kind_number, *words = row.split()
    columns = {}
    for place, word in enumerate(words, 1):
        label, _, form = word.rstrip("*").partition(":")
        if label != "-":
            columns[place] = (label, form or "int", word.endswith("*"))
    MESSAGES[title] = columns
    if kind_number != "-":
        NUMBERS[title] = int(kind_number)
KINDS = {number: title for title, number in NUMBERS.items()}


def varint(number):
    out = bytearray()
    number &= (1 << 64) - 1
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def encode_one(number, form, value):
    if form == "int":
        return varint(number << 3) + varint(int(value))
    if form == "fixed":
        return varint(number << 3 | 1) + struct.pack("<Q", value)
    if form == "text":
        value = value.encode()
    elif form != "bytes":
        value = encode(form, value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def encode(title, values):
    out = b""
    for number, (name, form, repeated) in MESSAGES[title].items():
        for one in values.get(name, ()) if repeated else filter(None, [values.get(name)]):
            out += encode_one(number, form, one)
    return out


def scan(data):
    """(number, wire type, value) of every field."""
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = read_varint(data, at)
        elif wire == 1:
            value, at = struct.unpack_from("<Q", data, at)[0], at + 8
        elif wire == 2:
            length, at = read_varint(data, at)
            value, at = data[at:at + length], at + length
            if len(value) < length:
                raise ValueError("a field is longer than its message")
        elif wire == 5:
            value, at = struct.unpack_from("<I", data, at)[0], at + 4
        else:
            raise ValueError("no such wire type")
        yield number, wire, value


def decode(title, data):
    empty = {"int": 0, "fixed": 0, "text": "", "bytes": b""}
    values = {name: [] if repeated else empty.get(form, {})
              for name, form, repeated in MESSAGES[title].values()}
    for number, _, value in scan(data):
        name, form, repeated = MESSAGES[title].get(number, (None, None, None))
        if name is None:
            continue  # of a later version
        if form not in empty:
            value = decode(form, value)
        elif form == "text":
            value = value.decode()
        if repeated:
            values[name].append(value)
        else:
            values[name] = value
    return values
