# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""The milter protocol, octet by octet and without any library: an MTA that asks, and a filter that is asked."""

import contextlib
import socket
import socketserver
import struct
import threading

from .harness import BOUND, TcpServer

ALL_ACTIONS, ALL_STEPS = 0x1FF, 0x1FFFFF
SILENT = dict(L=0x80, C=0x1000, H=0x2000, M=0x4000, R=0x8000, T=0x10000, U=0x20000, N=0x40000, B=0x80000)


def packet(code, data=b""):
    return struct.pack(">I", len(data) + 1) + code.encode() + data


def texts(*values):
    return b"".join((v if isinstance(v, bytes) else v.encode()) + b"\0" for v in values)


def read_packet(stream):
    """Letter and data; none at the end of the connection."""
    head = stream.read(5)
    if len(head) < 5:
        return None
    size = struct.unpack(">I", head[:4])[0]
    return chr(head[4]), stream.read(size - 1)


class Mta:
    """A connection to a milter, as Postfix makes it."""

    def __init__(self, where, steps=ALL_STEPS, actions=ALL_ACTIONS):
        if isinstance(where, tuple):
            self.socket = socket.create_connection(where, timeout=BOUND)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(BOUND)
            self.socket.connect(str(where))
        self.stream = self.socket.makefile("rb")
        self.send("O", struct.pack(">III", 6, actions, steps))
        code, data = self.read()
        assert code == "O", code
        self.version, self.actions, self.steps = struct.unpack(">III", data[:12])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def send(self, code, data=b""):
        self.socket.sendall(packet(code, data))

    def read(self):
        return read_packet(self.stream)

    def ask(self, code, data=b""):
        self.send(code, data)
        return self.read()

    def connect(self, address, helo="client.example"):
        self.send("C", texts("client.example") + b"4" + struct.pack(">H", 25) + texts(address))
        self.send("H", texts(helo))

    def mail(self, sender, user=None):
        if user:
            self.send("D", b"M" + texts("{auth_type}", "PLAIN", "{auth_authen}", user))
        return self.ask("M", texts(f"<{sender}>"))

    def rcpt(self, recipient):
        return self.ask("R", texts(f"<{recipient}>"))

    def data(self, octets):
        """Everything that is answered to the end of the message; the verdict is the last."""
        header, _, body = octets.partition(b"\r\n\r\n")
        fields = []
        for line in header.split(b"\r\n"):
            if line[:1] in b" \t":
                fields[-1] += b"\n" + line
            else:
                fields.append(line)
        for field in fields:
            name, _, value = field.partition(b":")
            self.send("L", texts(name, value))
        self.send("N")
        for at in range(0, len(body), 65535):
            self.send("B", body[at:at + 65535])
        self.send("E")
        replies = []
        while True:
            reply = self.read()
            replies.append(reply)
            if reply is None or reply[0] in "acrtdy":
                return replies


class Filter(TcpServer):
    """A milter. `plan` is called with the message (a dict) at its end and returns packets; without one it accepts. `seen` has
    every message; `rcpt_plan(recipient)` may return a packet for a recipient."""

    def __init__(self, address, port=0, plan=None, actions=ALL_ACTIONS, steps=0):
        self.plan, self.actions, self.steps, self.rcpt_plan = plan, actions, steps, None
        self.seen, self.connections = [], 0
        super().__init__((address, port), _Conversation)
        self.place = "%s:%d" % self.server_address
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self.shutdown()
        self.server_close()


class _Conversation(socketserver.StreamRequestHandler):
    timeout = BOUND

    def handle(self):
        self.server.connections += 1
        self.message = dict(fields=[], body=b"", recipients=[], macros={}, letters="")
        with contextlib.suppress(OSError):
            while (got := read_packet(self.rfile)) is not None:
                if got[0] == "Q":
                    return
                self.wfile.write(self.answer(*got))

    def answer(self, code, data):
        message = self.message
        message["letters"] += code
        words = [w.decode(errors="replace") for w in data.split(b"\0")[:-1]]
        if code == "O":
            _, _, steps = struct.unpack(">III", data[:12])
            self.steps = steps & self.server.steps
            return packet("O", struct.pack(">III", 6, self.server.actions, self.steps))  # whatever was offered, as rspamd does
        if code == "D":
            pairs = data[1:].split(b"\0")[:-1]
            message["macros"].update({pairs[n].decode(): pairs[n + 1].decode() for n in range(0, len(pairs), 2)})
            return b""
        if code == "A":
            return b""
        if code == "C":
            message["client"] = data
        elif code == "H":
            message["helo"] = words[0]
        elif code == "M":
            message["sender"] = words[0]
        elif code == "R":
            message["recipients"].append(words[0])
            if self.server.rcpt_plan and (answer := self.server.rcpt_plan(words[0])):
                return answer
        elif code == "L":
            message["fields"].append(tuple(data.split(b"\0")[:2]))
        elif code in "BE":
            message["body"] += data
            if code == "E":
                self.server.seen.append(message)
                return self.server.plan(message) if self.server.plan else packet("a")
        return b"" if self.steps & SILENT.get(code, 0) else packet("c")
