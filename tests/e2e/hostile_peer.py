# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""A mail server that misbehaves at a chosen place in the dialog, in a chosen way. STATES names the places, WAYS what may
happen at each; judge() says what must become of a message to a server that does it every time."""

import select
import socket
import socketserver
import ssl
import struct
import threading

from .harness import TcpServer

ENVELOPE = ("mail", "rcpt1", "rcpt2", "data")
STATES = ("connect", "greeting", "ehlo", "starttls", "handshake", "ehlo2", "confirm", *ENVELOPE, "bdat", "body", "dot",
          "rset", "quit")

# What is said instead of the reply, and then the connection stands.
SAID = {
    "4xx": b"451 4.3.0 not now\r\n",
    "5xx": b"554 5.3.0 never\r\n",
    "3xx": b"354 out of place\r\n",
    "2xx": b"250 out of place\r\n",
    "garbage": bytes(range(1, 256)) * 8 + b"\r\n",
    "nul": b"250 o\0k\r\n",
    "bare-lf": b"250 ok\n250 ok\n",
    "no-code": b"hello there\r\n",
    "bad-code": b"999 of a kind\r\n",
    "two-codes": b"250-one\r\n550 two\r\n",
    "escapes": b"451 4.3.0 \x1b[2J\x1b]0;owned\x07\r\n",
}
SILENT = ("hang", "close", "reset", "drip", "half-line")
FLOODS = ("endless-lines", "endless-line")
ANY = (*SILENT, "421", *FLOODS, "4xx", "5xx", "garbage", "nul", "bare-lf", "no-code", "bad-code", "two-codes", "escapes",
       "early")

WAYS = {state: ANY for state in STATES}
WAYS.update({
    "connect": ("refused", "reset", "close"),
    "greeting": (*ANY, "3xx"),
    "handshake": ("hang", "close", "reset", "garbage", "half"),
    "mail": (*ANY, "3xx"),
    "data": (*ANY, "2xx"),
    "bdat": (*ANY, "5xx-unread"),
    "body": ("hang", "close", "reset", "4xx", "5xx", "421"),
    "dot": (*ANY, "3xx", "250-close", "250-reset"),
    "rset": ("hang", "close", "reset", "421", "4xx", "5xx", "garbage", "early"),
})

# Of what is seen: where the end of the data was sent and the reply is none, nobody can know (RFC 5321 §4.5.3.2.6).
REASONS = {
    "hang": "timed out", "drip": "timed out", "half-line": "timed out", "close": "closed|lost|ended|End of file|reset",
    "reset": "reset|closed|lost|peer", "refused": "refused", "421": "421|going away",
    "endless-lines": "too long", "endless-line": "too long|malformed", "4xx": "not now", "5xx": "never",
    "garbage": "malformed|no reply line", "nul": "malformed", "bare-lf": "malformed|timed out", "no-code": "no reply line",
    "bad-code": "no reply line", "two-codes": "code changes", "escapes": "4\\.3\\.0", "early": "out of turn|does not fit",
    "3xx": "does not fit|out of place", "2xx": "does not fit", "half": "timed out|TLS|handshake",
}
IN_DOUBT = "may have been delivered"


def cells():
    """Every (state, way)."""
    return [(state, way) for state in STATES for way in WAYS[state]]


def judge(state, way):
    """(outcomes, reason) of a message to a@ and b@ ("rcpt1", "rcpt2") of a server that always does this. Outcomes: "delivered",
    "waits", "bounced", for each recipient; the reason is a pattern for the queue's words."""
    if state == "quit" or (state in ("dot", "bdat") and way in ("early", "250-close")):
        return ("delivered", "delivered"), None
    if state == "dot" and way == "250-reset":
        return ("any", "any"), None  # the reply may be lost
    if state == "starttls" and way in ("4xx", "5xx", "escapes") or (state, way) == ("handshake", "garbage"):
        return ("delivered", "delivered"), None  # opportunistic (RFC 7435)
    if way == "5xx" and state in ("mail", "data", "dot", "bdat", "body", "confirm"):
        return ("bounced", "bounced"), None
    if way == "5xx-unread":
        return ("bounced", "bounced"), None
    reason = REASONS[way]
    if state in ("dot", "bdat") and way not in ("4xx", "421", "escapes"):
        reason = IN_DOUBT
    if state == "body" and way in ("hang", "close", "reset"):
        reason = IN_DOUBT + "|" + reason
    if state in ("rcpt1", "rcpt2") and way in ("5xx", "4xx", "escapes"):
        other = "delivered"
        this = "bounced" if way == "5xx" else "waits"
        return ((this, other) if state == "rcpt1" else (other, this)), reason
    return ("waits", "waits"), reason


class Gone(Exception):
    """This connection is over."""


class HostilePeer:
    """Listens on every address at `port`. `choose(address)` is asked once a connection: (state, way) or None to behave.
    `messages` are those that were told 250 in the end, as (address, recipients, octets); `done` counts (address, state,
    way) that happened; `keywords(address)` are what EHLO offers."""

    def __init__(self, addresses, port, certificate, choose, keywords):
        self.choose, self.keywords = choose, keywords
        self.messages, self.done = [], {}
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(*certificate)
        self.port = port
        self._servers = {}
        for address in addresses:
            self.listen(address)

    def listen(self, address):
        peer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                _Session(peer, address, self.request).run()

        server = TcpServer((address, self.port), Handler)
        self._servers[address] = server
        # One thread accepts for one address: they are many, so they look seldom.
        threading.Thread(target=server.serve_forever, args=(0.5,), daemon=True).start()

    def refuse(self, address):
        """Nobody listens there until listen()."""
        server = self._servers.pop(address)
        server.shutdown()
        server.server_close()

    def close(self):
        self.over.set()
        stopping = [threading.Thread(target=s.shutdown) for s in self._servers.values()]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()
        for server in self._servers.values():
            server.server_close()

    def note(self, address, state, way):
        with self.lock:
            key = (address, state, way)
            self.done[key] = self.done.get(key, 0) + 1

    def took(self, address, recipients, octets):
        with self.lock:
            self.messages.append((address, list(recipients), octets))


class _Session:
    def __init__(self, peer, address, sock):
        self.peer, self.address, self.sock = peer, address, sock
        self.plan = peer.choose(address)
        self.state = self.plan[0] if self.plan else None
        self.extra = b""
        self.buffer = b""
        self.recipients, self.chunks = [], b""

    def run(self):
        try:
            self.dialog()
        except (Gone, OSError, ValueError):
            pass
        finally:
            try:
                self.sock.close()
            except OSError:
                pass

    # ---- Misbehaving ----

    def say(self, state, octets):
        """The reply, or what happens in its place."""
        if state != self.state:
            self.sock.sendall(octets)
            return True
        way = self.plan[1]
        self.peer.note(self.address, state, way)
        if way == "early":
            self.sock.sendall(octets + b"250 early\r\n")
            return True
        if way in ("250-close", "250-reset"):
            self.sock.sendall(octets)
            way = way[4:]
        if way in SAID:
            self.sock.sendall(SAID[way])
            return False
        self.end(way)
        raise Gone

    def end(self, way):
        """What has no reply behind it."""
        if way == "reset":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif way == "421":
            self.sock.sendall(b"421 4.3.2 going away\r\n")
        elif way == "half-line":
            self.sock.sendall(b"250 no end")
            self.wait()
        elif way == "hang":
            self.wait()
        elif way == "drip":
            while not self.wait(0.2):
                self.sock.sendall(b"2")
        elif way in FLOODS:
            block = b"250-x\r\n" * 2000 if way == "endless-lines" else b"250 " + b"x" * 16384
            while not self.peer.over.is_set():
                self.sock.sendall(block)

    def wait(self, seconds=None):
        """Until the client is gone, or so long; what it says is thrown away."""
        self.sock.settimeout(seconds if seconds else 120)
        try:
            while self.sock.recv(65536):
                if seconds:
                    return False
            return True
        except TimeoutError:
            return False
        finally:
            self.sock.settimeout(120)

    # ---- Behaving ----

    def line(self):
        while b"\n" not in self.buffer:
            self.more()
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.rstrip(b"\r").decode("latin-1")

    def more(self):
        got = self.sock.recv(65536)
        if not got:
            raise Gone
        self.buffer += got

    def dialog(self):
        self.sock.settimeout(120)
        if self.state == "connect":
            self.peer.note(self.address, *self.plan)
            return self.end(self.plan[1])
        self.say("greeting", b"220 peer ESMTP\r\n")
        inside = False
        while True:
            verb, _, argument = self.line().partition(" ")
            verb = verb.upper()
            if verb in ("EHLO", "HELO"):
                self.hello(inside)
            elif verb == "STARTTLS":
                inside = self.start_tls() or inside
            elif verb == "QUIT":
                self.say("quit", b"221 bye\r\n")
                return
            else:
                self.transaction(verb, argument)

    def hello(self, inside):
        words = list(self.peer.keywords(self.address)) + ["SIZE 0"]
        if not inside and "NOTLS" not in words:
            words.insert(0, "STARTTLS")
        lines = [b"250-peer"] + [b"250-" + w.encode() for w in words[:-1]] + [b"250 " + words[-1].encode()]
        self.say("ehlo2" if inside else "ehlo", b"\r\n".join(lines) + b"\r\n")

    def start_tls(self):
        if not self.say("starttls", b"220 go\r\n"):
            return False
        if self.state == "handshake":
            way = self.plan[1]
            self.peer.note(self.address, "handshake", way)
            if way in ("garbage", "half"):
                self.sock.recv(16384)
            if way == "garbage":
                self.sock.sendall(b"250 this is no TLS record at all\r\n" * 4)
            if way == "half":
                self.sock.sendall(b"\x16\x03\x03\x40\x00\x02")
                self.wait()
            self.end(way)
            raise Gone
        self.sock = self.peer.tls.wrap_socket(self.sock, server_side=True)
        self.buffer = b""
        return True

    def transaction(self, verb, argument):
        if verb == "MAIL":
            self.recipients, self.chunks = [], b""
            self.say("mail", b"250 2.1.0 ok\r\n")
        elif verb == "RCPT":
            to = argument[argument.index("<") + 1:argument.index(">")]
            if to.startswith("no@"):
                return self.sock.sendall(b"450 4.2.1 not him\r\n")
            if self.say("rcpt2" if to.startswith("b@") else "rcpt1", b"250 2.1.5 ok\r\n"):
                self.recipients.append(to)
        elif verb == "CONFIRM":
            self.say("confirm", b"250 2.7.0 [CAS:ok] confirmed\r\n")
        elif verb == "RSET":
            self.say("rset", b"250 2.0.0 ok\r\n")
        elif verb == "DATA":
            self.data()
        elif verb == "BDAT":
            self.chunk(argument)
        else:
            self.sock.sendall(b"502 5.5.1 unknown\r\n")

    def data(self):
        if not self.recipients:
            return self.sock.sendall(b"503 5.5.1 no recipients\r\n")
        if not self.say("data", b"354 go\r\n"):
            return
        if self.state == "body":
            # In the same breath: before anything of the message was read.
            self.peer.note(self.address, *self.plan)
            if self.plan[1] == "5xx-unread":
                self.sock.recv(65536)
                self.sock.sendall(SAID["5xx"])
                raise Gone
            if self.plan[1] == "half-read":
                self.sock.recv(65536)
                self.peer.over.wait(120)
                raise Gone
            if self.plan[1] in SAID:
                self.sock.sendall(SAID[self.plan[1]])
                self.settle()
            self.end(self.plan[1])
            raise Gone
        octets = bytearray(self.buffer)
        while (end := octets.find(b"\r\n.\r\n", max(0, len(octets) - 65540))) < 0:
            got = self.sock.recv(65536)
            if not got:
                raise Gone
            octets += got
        self.buffer = bytes(octets[end + 5:])
        self.take("dot", bytes(octets[:end]))

    def chunk(self, argument):
        size, _, last = argument.partition(" ")
        if self.state == "bdat" and self.plan[1] == "5xx-unread":
            self.peer.note(self.address, *self.plan)
            self.sock.sendall(SAID["5xx"])
            self.settle()
            raise Gone
        while len(self.buffer) < int(size):
            self.more()
        self.chunks += self.buffer[:int(size)]
        self.buffer = self.buffer[int(size):]
        if not self.recipients:
            return self.sock.sendall(b"503 5.5.1 no recipients\r\n")
        if not last:
            return self.sock.sendall(b"250 2.0.0 ok\r\n")
        self.take("bdat", self.chunks)

    def take(self, state, octets):
        """The end of the data: recorded before the reply leaves, taken back where another reply left."""
        told = state != self.state or self.plan[1] in ("early", "250-close", "250-reset")
        if told:
            self.peer.took(self.address, self.recipients, octets)
        self.say(state, b"250 2.0.0 taken\r\n")

    def settle(self):
        """Reads what comes until the client has closed: without it the system would send RST behind our last words."""
        if not isinstance(self.sock, ssl.SSLSocket):
            self.sock.shutdown(socket.SHUT_WR)
        deadline = 50
        while deadline and not self.peer.over.is_set():
            if select.select([self.sock], [], [], 0.2)[0] and not self.sock.recv(65536):
                return
            deadline -= 1
