# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""The transcripts of testdata/, which the pure session plays, played on a real socket (testdata/README.md)."""

import pathlib
import re
import unittest

from .harness import WorldCase
from .peer import Closed, Peer

TESTDATA = pathlib.Path(__file__).parents[2] / "testdata"
SETTABLE = {"message": 65536, "recipients": 100}  # limits that the configuration knows, and the least it takes
NOT_FOR_SOCKETS = {
    "confirm-not-offered.smtp": "a real server always speaks CAS under TLS",
    "smtputf8-not-offered.smtp": "a real server always offers SMTPUTF8",
    "chunking-not-offered.smtp": "a real server always offers CHUNKING",
}
PORTS = {  # what is offered: (port of the listener relative to the world's, role, tls)
    frozenset(): (1, "mx", "off"),
    frozenset({"starttls"}): (0, "mx", "starttls"),
    frozenset({"tls"}): (2, "mx", "implicit"),
    frozenset({"submission", "starttls"}): (3, "submission", "starttls"),
    frozenset({"submission", "tls"}): (4, "submission", "implicit"),
}
ESCAPES = {b"r": b"\r", b"n": b"\n", b"t": b"\t", b"0": b"\0", b"\\": b"\\"}


def unescape(text):
    def one(found):
        word = found[1]
        return bytes([int(word[1:], 16)]) if word[:1] == b"x" else ESCAPES[word]

    return re.sub(rb"\\(x[0-9A-Fa-f]{2}|[rnt0\\])", one, text.encode())


class Transcript:
    """Settings, and steps: [octets of one flight, the lines (mark, text) that are said after it]."""

    def __init__(self, path):
        self.name = path.name
        self.offers, self.limits, self.unknown, self.stubs = set(), {}, set(), set()
        self.steps = [[b"", []]]
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("! "):
                self.setting(*line[2:].split())
            elif line and not line.startswith("#"):
                self.spoken(line[:2], line[3:])

    def setting(self, word, *rest):
        if word == "offer":
            self.offers |= set(rest)
        elif word == "limit":
            self.limits[rest[0]] = int(rest[1])
        elif word == "rcpt" and rest[1:3] == ("550", "5.1.1"):
            self.unknown.add(rest[0])
        else:
            self.stubs.add(word)

    def spoken(self, mark, text):
        if mark[0] == "C":
            if self.steps[-1][1]:
                self.steps.append([b"", []])
            self.steps[-1][0] += unescape(text) if mark == "C~" else text.encode() + b"\r\n"
        elif mark[0] == "S":
            self.steps[-1][1].append((mark, text))

    def why_not(self):
        """Why it cannot be played on a socket, if so."""
        if self.stubs:
            return "depends on stubs: " + ", ".join(sorted(self.stubs))
        if any(name not in SETTABLE or value < SETTABLE[name] for name, value in self.limits.items()):
            return "limits that no configuration sets: " + ", ".join(sorted(self.limits))
        return NOT_FOR_SOCKETS.get(self.name)


class Transcripts(WorldCase):
    @classmethod
    def build(cls, world):
        cls.transcripts = [Transcript(path) for path in sorted(TESTDATA.glob("*.smtp"))]
        cls.servers = {}
        for transcript in cls.transcripts:
            key = cls.key(transcript)
            if transcript.why_not() is None and key not in cls.servers:
                cls.servers[key] = cls.make(world, transcript)

    @staticmethod
    def key(transcript):
        return tuple(sorted(transcript.limits.items())) + tuple(sorted(transcript.unknown))

    @classmethod
    def make(cls, world, transcript):
        number = len(cls.servers)
        server = world.server(f"b{number}.example", mailboxes=[], users=["joe"], settings={"limits": transcript.limits})
        server.host = "mx.b.example"
        mailboxes = set()
        for other in cls.transcripts:
            for octets, _ in other.steps:
                found = re.findall(r"RCPT TO:<([^>@]+)@b\.example>", octets.decode(errors="replace"), re.IGNORECASE)
                mailboxes |= {name for name in found if re.fullmatch(r"[\w.+-]+", name)}
        mailboxes -= {address.split("@")[0] for address in transcript.unknown}
        server.domains = [dict(name="b.example", mailboxes=sorted(mailboxes), mode="optional", signing=False),
                          dict(name="bücher.example", mailboxes=["jürgen"], mode="optional", signing=False),
                          dict(name="a.example", mailboxes=["joe"], mode="optional", signing=False)]
        server.users = {"joe@a.example": ["joe@a.example"]}
        server.listeners = [(world.port + offset, role, tls) for offset, role, tls in PORTS.values() if offset]
        return server

    def test_every_transcript(self):
        played = 0
        for transcript in self.transcripts:
            with self.subTest(transcript.name):
                reason = transcript.why_not()
                if reason:
                    print(f"{transcript.name}: not played, {reason}")
                    continue
                played += 1
                self.play(transcript)
        self.assertGreaterEqual(played, 15)

    def play(self, transcript):
        offered = frozenset(transcript.offers & {"starttls", "tls", "submission"})
        offset, _, tls = PORTS[offered]
        with Peer(self.servers[self.key(transcript)].address, self.world.port + offset) as peer:
            if tls == "implicit":
                peer.wrap()
            for octets, lines in transcript.steps:
                peer.send(octets)
                self.hear(transcript, peer, octets, lines)
                if re.search(rb"(?im)^STARTTLS\r\n", octets) and lines[-1][1].startswith("220"):
                    peer.wrap()
            if transcript.steps[-1][1][-1][1][:3] in ("221", "421"):
                self.assertTrue(peer.at_end(), "the connection ends")

    def hear(self, transcript, peer, octets, expected):
        heard = []
        while len(heard) < len(expected):
            try:
                heard += self.offered(transcript, peer.reply().lines)
            except Closed:
                self.fail(f"after {octets!r}: the connection ended before {expected[len(heard)][1]!r}")
        for (mark, text), line in zip(expected, heard, strict=True):
            self.assertTrue(agrees(mark, text, line), f"after {octets!r}: expected {text!r}, heard {line!r}")

    @staticmethod
    def offered(transcript, lines):
        """Under TLS a real server always offers CAS and REQUIRETLS; the pure session of a transcript when told to."""
        unsaid = {"CAS 1": "cas", "REQUIRETLS": "requiretls"}
        kept = [line for line in lines if unsaid.get(line[4:], "") in transcript.offers | {""}]
        return [line[:3] + "-" + line[4:] for line in kept[:-1]] + [kept[-1][:3] + " " + kept[-1][4:]]


def agrees(mark, text, line):
    """The text as a whole; of what the world answers (2xx with an enhanced code, 550 5.1.1) only the codes."""
    if mark == "S~":
        return re.fullmatch(text, line) is not None
    answer = re.match(r"2\d\d 2\.\d\.\d |550 5\.1\.1 ", text)
    return line.startswith(answer[0]) if answer else line == text


if __name__ == "__main__":
    unittest.main()
