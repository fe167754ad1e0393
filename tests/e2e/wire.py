# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""A tap between two servers: ends STARTTLS on both sides, which opportunistic TLS cannot notice, writes down who spoke
when, and may change or cut what passes. One thread a connection, so the order written down is the order that was."""

import copy
import re
import select
import socket
import socketserver
import ssl
import threading

from .harness import TcpServer, WorldCase, client_tls

class ClientOctets:
    """Tells a client's commands from its messages, by DATA (RFC 5321) and by BDAT (RFC 3030)."""

    def __init__(self):
        self.at_end = False  # the last octet ended a message: the final dot's LF, or the last of a BDAT LAST
        self.commands = []
        self._line = b""  # not ended yet
        self._in_data = False
        self._chunk, self._last = 0, False  # octets to come, and whether they are the last of the message

    @property
    def in_chunk(self):
        return self._chunk > 0

    def data_begins(self):
        """The server said 354."""
        self._in_data = True

    def feed(self, octets):
        while octets:
            self.at_end = False
            octets = self._chunk_octets(octets) if self._chunk else self._line_octets(octets)

    def _chunk_octets(self, octets):
        taken = min(self._chunk, len(octets))
        self._chunk -= taken
        self.at_end = self._last and not self._chunk
        return octets[taken:]

    def _line_octets(self, octets):
        part, lf, rest = octets.partition(b"\n")
        self._line += part + lf
        if lf:
            line, self._line = self._line, b""
            if self._in_data:
                self.at_end = line == b".\r\n"
                self._in_data = not self.at_end
            else:
                self._command(line)
        return rest

    def _command(self, line):
        self.commands.append(line)
        found = re.fullmatch(rb"BDAT (\d+)( LAST)?\r\n", line, re.IGNORECASE)
        if found:
            self._chunk, self._last = int(found[1]), bool(found[2])
            self.at_end = self._last and not self._chunk


class Conversation:
    """What passed over one connection: (direction, octets), "C" from the client, "S" from the server."""

    def __init__(self):
        self.events = []
        self.client = ClientOctets()
        self.ends = []  # the places in `events` at whose end a message ended
        self.over = False
        self._reply = b""  # a line of the server's that has not ended yet

    def note(self, direction, octets):
        if self.events and self.events[-1][0] == direction:
            self.events[-1] = (direction, self.events[-1][1] + octets)
        else:
            self.events.append((direction, octets))
        if direction == "S":
            *lines, self._reply = (self._reply + octets).split(b"\n")
            if any(line.startswith(b"354") for line in lines):
                self.client.data_begins()
        else:
            self.client.feed(octets)
            if self.client.at_end:
                self.ends.append(len(self.events) - 1)

    def said(self, direction):
        return b"".join(octets for who, octets in self.events if who == direction)

    def transaction(self):
        """The events from MAIL through the reply to the end of data."""
        events = list(self.events)
        start = next(n for n, (who, octets) in enumerate(events) if who == "C" and octets.startswith(b"MAIL"))
        end = next(n for n in self.ends if n > start)
        return events[start:end + 2]

    def round_trips(self):
        """How often the client waited for the server in the transaction."""
        return sum(1 for who, _ in self.transaction() if who == "S")


class Wire:
    """Listens on address:port and connects on to `upstream`, (address, port). `rule(conversation, direction, octets)`
    gives what is passed on instead, or None to cut both connections; `hide` are EHLO keywords that do not pass."""

    def __init__(self, address, port, upstream, certificate=None, rule=None, hide=()):
        self.conversations = []
        self.upstream, self.rule, self.hide = upstream, rule, [k.encode() for k in hide]
        self.torn_handshakes = 0  # so many connections are cut where the TLS handshake would begin
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
        wire = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                conversation = Conversation()
                wire.conversations.append(conversation)
                try:
                    with socket.create_connection(wire.upstream, timeout=10) as up:
                        _Tap(wire, conversation, self.request, up).run()
                except OSError:
                    pass
                conversation.over = True

        self._server = TcpServer((address, port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def with_data(self):
        """The conversations in which a message was sent."""
        return [c for c in list(self.conversations) if c.ends]


class _Tap:
    def __init__(self, wire, conversation, client, server):
        self.wire, self.conversation = wire, conversation
        self.client, self.server = client, server

    def run(self):
        try:
            while self.pump():
                pass
        finally:
            for sock in (self.client, self.server):
                sock.close()

    def pump(self):
        """Passes on what there is; False when the conversation is over."""
        waiting = [s for s in (self.client, self.server) if isinstance(s, ssl.SSLSocket) and s.pending()]
        ready = waiting or select.select([self.client, self.server], [], [])[0]
        for sock in ready:
            octets = _receive(sock)
            if octets is None:
                continue
            direction = "C" if sock is self.client else "S"
            if octets and self.wire.hide and direction == "S":
                octets = _without(octets, self.wire.hide)
            if octets and self.wire.rule:
                octets = self.wire.rule(self.conversation, direction, octets)
            if not octets:
                return False
            self.conversation.note(direction, octets)
            _send(self.server if direction == "C" else self.client, octets)
            if direction == "C" and octets.upper() == b"STARTTLS\r\n":
                self.start_tls()
                return True  # `ready` names the sockets of before
        return True

    def start_tls(self):
        self.server.setblocking(True)
        reply = self.server.recv(4096)
        self.conversation.note("S", reply)
        _send(self.client, reply)
        if reply.startswith(b"220") and self.wire.torn_handshakes > 0:
            self.wire.torn_handshakes -= 1
            raise ConnectionError("torn")
        if reply.startswith(b"220"):
            self.client = self.wire.tls.wrap_socket(self.client, server_side=True)
            self.server = client_tls().wrap_socket(self.server)


def _receive(sock):
    """What has arrived: empty at the end, None when it was nothing for us (a TLS session ticket)."""
    sock.setblocking(False)
    try:
        return sock.recv(65536)
    except (ssl.SSLWantReadError, BlockingIOError):
        return None
    except OSError:
        return b""


def _send(sock, octets):
    sock.setblocking(True)
    sock.sendall(octets)


def _without(octets, keywords):
    """An EHLO reply without the lines of these keywords."""
    lines = octets.splitlines(keepends=True)
    one_reply = all(line.startswith(b"250-") for line in lines[:-1]) and lines[-1].startswith(b"250 ")
    if len(lines) < 2 or not one_reply:
        return octets
    kept = [line for line in lines if line[4:].split()[0].upper() not in keywords]
    return b"".join(line[:3] + b"-" + line[4:] for line in kept[:-1]) + kept[-1][:3] + b" " + kept[-1][4:]


def cut(when, times=1):
    """A rule that cuts the first `times` conversations for which when(conversation, direction, octets) holds."""
    left = [times]

    def rule(conversation, direction, octets):
        if left[0] > 0 and when(conversation, direction, octets):
            left[0] -= 1
            return None
        return octets

    return rule


def final_reply(conversation, direction, _):
    """The reply to the end of data, about to be passed on: the server has it, the client will never know."""
    return direction == "S" and conversation.client.at_end


def end_of_data(conversation, direction, octets):
    """The final dot or the end of the last chunk, about to be passed on: the server has the message but for its end."""
    if direction != "C":
        return False
    client = copy.deepcopy(conversation.client)
    client.feed(octets)
    return client.at_end


class TapCase(WorldCase):
    """North writes to south through a tap."""

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.south = world.server("south.example", mailboxes=["suzie", "bob"])
        address = world.new_address()
        cls.tap = Wire(address, world.port, (cls.south.address, cls.south.smtp_port),
                       world.certificate("mx.south.example"))
        cls.addClassCleanup(cls.tap.close)
        world.publish(f"mx.south.example. 5 IN A {address}")
