# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""SMTP by hand, octet by octet: a client that says anything (Peer) and a server that answers what it is told (Sink)."""

import re
import socket
import socketserver
import ssl
import threading

from .harness import BOUND, TcpServer, client_tls


class Reply:
    """One reply: code, enhanced code ("" without one), lines, and all of it as text."""

    def __init__(self, lines):
        self.lines = [line.decode("utf-8", "replace") for line in lines]
        self.code = int(self.lines[0][:3])
        found = re.match(r"\d{3}[ -](\d\.\d{1,3}\.\d{1,3})", self.lines[0])
        self.enhanced = found[1] if found else ""
        self.text = "\n".join(self.lines)

    @property
    def status(self):
        """"550 5.7.5": what behaviour follows."""
        return f"{self.code} {self.enhanced}".strip()

    def __repr__(self):
        return f"<{self.text}>"


class Closed(Exception):
    """The other side hung up."""


class Peer:
    """A client. `source` is the loopback address to come from."""

    def __init__(self, address, port, source=None, timeout=BOUND):
        self.sock = socket.create_connection((address, port), timeout,
                                             source_address=(source, 0) if source else None)
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send(self, octets):
        self.sock.sendall(octets if isinstance(octets, bytes) else octets.encode())

    def _line(self):
        while b"\n" not in self._buffer:
            try:
                got = self.sock.recv(65536)
            except (ConnectionError, ssl.SSLError):
                got = b""
            if not got:
                raise Closed
            self._buffer += got
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def reply(self):
        lines = [self._line()]
        while lines[-1][3:4] == b"-":
            lines.append(self._line())
        return Reply(lines)

    def replies(self, count):
        return [self.reply() for _ in range(count)]

    def cmd(self, line):
        self.send(line + ("\r\n" if isinstance(line, str) else b"\r\n"))
        return self.reply()

    def pipeline(self, *lines):
        """All lines in one write, then one reply for each."""
        self.send("".join(line + "\r\n" for line in lines))
        return self.replies(len(lines))

    def wrap(self):
        self.sock = client_tls().wrap_socket(self.sock)
        self._buffer = b""

    def begin(self, tls=True, helo="client.example"):
        """Greeting, EHLO, STARTTLS, EHLO; the last EHLO's reply."""
        assert self.reply().code == 220
        hello = self.cmd(f"EHLO {helo}")
        if tls:
            assert self.cmd("STARTTLS").code == 220
            self.wrap()
            hello = self.cmd(f"EHLO {helo}")
        assert hello.code == 250, hello
        return hello

    def at_end(self):
        """True when the server hangs up and says nothing more."""
        try:
            self._line()
        except Closed:
            return True
        return False


def connect(server, source=None, tls=True):
    """A peer past EHLO on the MX port of a server."""
    peer = Peer(server.address, server.smtp_port, source)
    try:
        peer.hello = peer.begin(tls)
    except BaseException:
        peer.close()
        raise
    return peer


def dot(octets):
    """A message in the form DATA wants (RFC 5321 §4.5.2)."""
    stuffed = re.sub(rb"(?m)^\.", b"..", octets)
    return stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n"


def chunk(octets, last=False):
    """BDAT and its octets (RFC 3030)."""
    return b"BDAT %d%s\r\n" % (len(octets), b" LAST" if last else b"") + octets


class Sink:
    """A small SMTP server without CAS. `answer(verb, argument)` gives a reply line or None for the ordinary one; it is
    asked for STARTTLS, MAIL, RCPT, DATA and, as "END", for the end of data. With "CHUNKING" among its keywords it takes
    BDAT, unless `knows_bdat` is false. Messages land in `messages` as (from, to, octets); `connections` counts,
    `open_sockets` are those that still stand. With `lmtp` it speaks LMTP (RFC 2033), and "END" is asked once for each
    recipient; with a port of None the address is the path of a Unix socket."""

    def __init__(self, address, port, answer=None, certificate=None, keywords=("PIPELINING", "8BITMIME"), lmtp=False,
                 knows_bdat=True):
        self.knows_bdat = knows_bdat
        self.answer = answer or (lambda verb, argument: None)
        self.messages = []
        self.commands = []
        self.connections = 0
        self.open_sockets = []
        self.keywords = list(keywords) + (["STARTTLS"] if certificate else [])
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
        sink = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                session = _SinkSession(sink, self.request)
                sink.connections += 1
                sink.open_sockets.append(self.request)
                try:
                    session.run()
                except (OSError, ValueError):
                    pass
                finally:
                    sink.open_sockets.remove(self.request)
                    session.file.close()
                    session.sock.close()

        class UnixServer(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

        self.lmtp = lmtp
        self._server = UnixServer(address, Handler) if port is None else TcpServer((address, port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class _SinkSession:
    def __init__(self, sink, sock):
        self.sink, self.sock, self.file = sink, sock, sock.makefile("rb")
        self.sender, self.to, self.chunks = None, [], b""

    def say(self, text):
        self.sock.sendall(text.encode() + b"\r\n")

    def run(self):
        self.say("220 sink ESMTP")
        while line := self.file.readline():
            verb, _, argument = line.decode("utf-8", "replace").rstrip("\r\n").partition(" ")
            verb = verb.upper()
            self.sink.commands.append(f"{verb} {argument}".strip())
            if verb == "QUIT":
                return self.say("221 bye")
            if verb == "STARTTLS" and self.sink.tls:
                reply = self.sink.answer(verb, argument) or "220 go"
                self.say(reply)
                if not reply.startswith("2"):
                    continue
                self.sock = self.sink.tls.wrap_socket(self.sock, server_side=True)
                self.file = self.sock.makefile("rb")
            elif verb == ("LHLO" if self.sink.lmtp else "EHLO"):
                for word in ["250-sink"] + ["250-" + k for k in self.sink.keywords] + ["250 SIZE"]:
                    self.say(word)
            elif verb == "BDAT" and "CHUNKING" in self.sink.keywords and self.sink.knows_bdat:
                self.chunk(argument)
            else:
                self.transaction(verb, argument)

    def transaction(self, verb, argument):
        known = {"MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", "RSET": "250 ok", "NOOP": "250 ok"}
        reply = self.sink.answer(verb, argument) or known.get(verb, "502 unknown")
        if verb == "DATA" and not self.to:
            reply = "503 no recipients"
        self.say(reply)
        if verb in ("MAIL", "RSET"):
            self.sender, self.to, self.chunks = argument, [], b""
        if verb == "RCPT" and reply.startswith("2"):
            self.to.append(argument[argument.index("<") + 1:argument.index(">")])
        if verb == "DATA" and reply.startswith("3"):
            self.data()

    def data(self):
        lines = []
        while (line := self.file.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        for to in ([[to] for to in self.to] if self.sink.lmtp else [self.to]):
            reply = self.sink.answer("END", to[0] if self.sink.lmtp else "") or "250 ok"
            if reply.startswith("2"):
                self.sink.messages.append((self.sender, to, b"".join(lines)))
            self.say(reply)

    def chunk(self, argument):
        size, _, last = argument.partition(" ")
        self.chunks += self.file.read(int(size))
        if not self.to:
            return self.say("503 no recipients")
        if not last:
            return self.say("250 ok")
        reply = self.sink.answer("END", "") or "250 ok"
        if reply.startswith("2"):
            self.sink.messages.append((self.sender, self.to, self.chunks))
        self.sender, self.to, self.chunks = None, [], b""
        return self.say(reply)
