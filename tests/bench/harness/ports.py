"""Loopback ports, and whose they are.

A test server that failed to start while another one holds its port makes every figure a lie, so a
server counts as started only when the listening socket belongs to its own process tree.
"""

import os
import socket
import time

LISTEN = "0A"  # the state column of /proc/net/tcp


class NotListening(Exception):
    pass


def free_port():
    """A port that nobody has now; the owner check covers the moment until it is taken."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listening_inodes(port):
    """The inodes of the sockets that listen on `port`, on any address."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as lines:
                next(lines)
                for line in lines:
                    fields = line.split()
                    if fields[3] == LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port:
                        inodes.add(fields[9])
        except FileNotFoundError:
            pass
    return inodes


def process_tree(pid):
    """`pid` and all that descend from it, as far as they still live."""
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as stat:
                # The command in parentheses may hold blanks: count from behind it.
                parents[int(name)] = int(stat.read().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            pass
    tree = [pid] if pid in parents else []
    for member in tree:
        tree.extend(child for child, parent in parents.items() if parent == member)
    return tree


def socket_inodes(pid):
    inodes = set()
    try:
        for fd in os.listdir(f"/proc/{pid}/fd"):
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
            if target.startswith("socket:["):
                inodes.add(target[len("socket:["):-1])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return inodes


def wait_listening(process, port, seconds):
    """Return once `process` or a descendant listens on `port`; raise NotListening when it dies,
    takes longer than `seconds`, or when somebody else has the port."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NotListening(f"ended with status {process.returncode}")
        listening = listening_inodes(port)
        ours = set().union(*(socket_inodes(pid) for pid in process_tree(process.pid)), set())
        if listening and listening <= ours:
            return
        if listening:
            raise NotListening(f"port {port} belongs to somebody else")
        time.sleep(0.02)
    raise NotListening(f"does not listen on port {port} after {seconds} s")
