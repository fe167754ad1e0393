# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Properties of CAS §21 that only a socket can show: replies that do not depend on whether a mailbox exists, octet for
octet, and a log without control characters whatever a peer says."""

import base64
import json
import re

from .cas_py import Intent, SigningKey
from .harness import WorldCase, message, txt
from .peer import Closed, Peer, Sink, connect, dot

KNOWN, UNKNOWN = "olga@strict.south.example", "nobody@strict.south.example"


class SilentReplies(WorldCase):
    """CAS §8.5."""

    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example", mode="optional")
        cls.south.add_domain("strict.south.example", ["olga", "postmaster", "abuse"], mode="required")
        cls.key, cls.evil = SigningKey(), SigningKey()
        world.publish(f"s1._domainkey.west.example. 5 IN TXT {txt(cls.key.dns_record())}")
        world.publish(f"test._domainkey.west.example. 5 IN TXT {txt(cls.key.dns_record('t=y; '))}")

    def intent(self, recipients, key=None, **changes):
        facts = dict(domain="west.example", selector="s1", sender="ada@west.example", recipients=recipients,
                     author="ada@west.example")
        return Intent(**{**facts, **changes}).line(key or self.key, message("ada@west.example", KNOWN))

    def octets(self, lines, count, tls=True, pipelined=True):
        """What the server says, as octets, to these lines behind MAIL."""
        with connect(self.south, tls=tls) as peer:
            said = []
            if pipelined:
                peer.send("".join(line + "\r\n" for line in ("MAIL FROM:<ada@west.example>", *lines)))
                said = [peer._line() for _ in range(count + 1)]
            else:
                for line in ("MAIL FROM:<ada@west.example>", *lines):
                    peer.send(line + "\r\n")
                    said.append(peer._line())
            return said[1:]

    def assert_alike(self, lines_for, index, code, tls=True):
        """lines_for(recipient) for a known and an unknown recipient: all replies are the same octets, none names them."""
        for pipelined in (True, False):
            answers = []
            for recipient in (KNOWN, UNKNOWN):
                lines = lines_for(recipient)
                said = self.octets(lines, len(lines), tls, pipelined)
                self.assertTrue(said[index].startswith(code.encode()), said)
                for line in said:
                    self.assertNotIn(recipient.split("@")[0].encode(), line)
                answers.append(said)
            self.assertEqual(answers[0], answers[1])

    def test_required_without_confirm(self):
        for tls in (True, False):
            self.assert_alike(lambda r: [f"RCPT TO:<{r}>", "DATA", "RSET"], 0, "530 5.7.0", tls=tls)

    def test_required_with_several_recipients(self):
        self.assert_alike(lambda r: [f"RCPT TO:<{r}>", f"RCPT TO:<{KNOWN}>", f"RCPT TO:<{UNKNOWN}>", "DATA"], 0, "530 5.7.0")

    def test_after_a_confirm_that_failed(self):
        """Whatever it failed for: grammar, time, envelope, alignment, key, signature."""
        for code, line in (("501 5.5.4", lambda r: "v=CAS1;"), ("504 5.7.6", lambda r: "v=CAS2;x"),
                           ("451 4.7.0", lambda r: self.intent([r], issued=1000000000)),
                           ("550 5.7.1", lambda r: self.intent([r], sender="other@west.example")),
                           ("550 5.7.1", lambda r: self.intent([r], author="ceo@bank.example")),
                           ("550 5.7.5", lambda r: self.intent([r], selector="none")),
                           ("550 5.7.5", lambda r: self.intent([r], key=self.evil))):
            self.assert_alike(lambda r: [f"CONFIRM {line(r)}", f"RCPT TO:<{r}>", "DATA"], 0, code)

    def test_after_a_confirm_under_a_testing_key(self):
        self.assert_alike(lambda r: [f"CONFIRM {self.intent([r], selector='test')}", f"RCPT TO:<{r}>"], 1, "530 5.7.0")

    def test_recipient_that_the_intent_does_not_list(self):
        listed = "somebody@strict.south.example"
        self.assert_alike(lambda r: [f"CONFIRM {self.intent([listed])}", f"RCPT TO:<{r}>"], 1, "550 5.7.1")

    def test_other_verbs_tell_nothing_either(self):
        """RFC 5321 §3.5.3: VRFY need not tell."""
        for verb in ("VRFY", "EXPN"):
            said = [self.octets([f"{verb} {r}"], 1) for r in (KNOWN, UNKNOWN)]
            self.assertEqual(said[0], said[1])

    def test_signer_is_told(self):
        """The other side of the promise: who has signed hears of each recipient."""
        line = self.intent([KNOWN, UNKNOWN])
        said = self.octets([f"CONFIRM {line}", f"RCPT TO:<{KNOWN}>", f"RCPT TO:<{UNKNOWN}>"], 3)
        self.assertTrue(said[1].startswith(b"250 2.1.5 [CAS:confirmed]"), said)
        self.assertTrue(said[2].startswith(b"550 5.1.1 [CAS:unknown]"), said)


# Octets that end a line, steer a terminal, or are no text; without CR and LF, which would end the command.
HOSTILE = b"a\x1b[31m\x07\x08\x7f\xc2\x85\xc2\x9b\xe2\x80\xa8\xe2\x80\xae\xff\xed\xa0\x80\\x0A\"b"
HOSTILE_REPLY = "550 5.1.1 a\x1b[31m\x07\x7f\u0085\u2028\u202e b"


class CleanLogs(WorldCase):
    """CAS §18, §21."""

    @classmethod
    def build(cls, world):
        address = world.new_address()
        cls.sink = Sink(address, world.port, lambda verb, _: HOSTILE_REPLY if verb == "RCPT" else None)
        world.publish(f"mx.sink.example. 5 IN A {address}\nsink.example. 5 IN MX 10 mx.sink.example.")
        cls.text = world.server("text.example", mailboxes=["suzie"], users=["suzie"])
        cls.json = world.server("json.example", mailboxes=["suzie"], users=["suzie"],
                                settings={"log": {"level": "debug", "format": "json"}})

    @classmethod
    def tearDownClass(cls):
        cls.sink.close()
        super().tearDownClass()

    def say(self, peer, *lines):
        """Says them one by one; what is answered does not matter here."""
        for line in lines:
            try:
                peer.send(line + b"\r\n")
                peer.reply()
            except (Closed, OSError):
                return

    def provoke(self, server):
        h = HOSTILE
        with connect(server) as peer:
            self.say(peer, b"EHLO " + h, b"MAIL FROM:<" + h + b"@x.example>", b'MAIL FROM:<"' + h + b'"@x.example>',
                     b"MAIL FROM:<x@x.example> " + h, b"MAIL FROM:<x@x.example>", b"RCPT TO:<" + h + b"@" + server.domain.encode() + b">",
                     b'RCPT TO:<"\\' + h + b'"@nowhere.example>', b"CONFIRM " + h, b"MAIL FROM:<x@x.example>",
                     b"CONFIRM v=CAS1;i=" + h, h, b"\0", b"HELP\0" + h)
        with connect(server) as peer:  # SMTPUTF8, where local parts may be anything in UTF-8
            self.say(peer, "MAIL FROM:<é\u2028\u202e@x.example> SMTPUTF8".encode(), "RCPT TO:<\u2028\u009b@x.example>".encode(),
                     f"RCPT TO:<suzie@{server.domain}>".encode(), b"DATA")
            octets = message("x@x.example", "suzie@" + server.domain, server.domain)
            octets = b"From: " + h + b" <x@x.example>\r\n" + octets.replace(b"Subject: ", b"Subject: " + h).replace(b"Message-ID: <", b"Message-ID: <" + h)
            self.say(peer, dot(octets).rstrip(b"\r\n"))
        with connect(server) as peer:
            self.say(peer, b"MAIL FROM:<x@x.example>", f"RCPT TO:<suzie@{server.domain}>".encode(), b"DATA", b"no header " + h + b"\r\n.")
        self.provoke_auth(server)
        token = f"sunk-{server.domain}"  # another server's words: they come back in the report
        server.submit("suzie", "x@sink.example", message(f"suzie@{server.domain}", "x@sink.example", token))
        server.await_mail("suzie", token)

    def provoke_auth(self, server):
        login = b"\0" + HOSTILE + b"\r\nforged line\n\0" + b"secret-" + HOSTILE
        for octets in (login, b"x\0" + HOSTILE + b"\0y", HOSTILE, "\0\u2028\u202ename\0password".encode()):
            with Peer(server.address, server.submission_port) as peer:
                peer.begin()
                self.say(peer, b"AUTH PLAIN " + base64.b64encode(octets), b"AUTH " + HOSTILE, b"QUIT")

    def assert_clean(self, server):
        log = server.log.read_bytes()
        self.assertNotRegex(log, rb"[\x00-\x09\x0b-\x1f\x7f]")
        text = log.decode("utf-8")  # strict
        self.assertNotRegex(text, "[\u0080-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
        self.assertNotIn("secret-", text)
        self.assertNotRegex(text, "(?m)^forged line")
        return text.split("\n")[:-1]

    def assert_reached(self, shown):
        """So that the test is none that cannot fail: hostile octets did reach the log, made harmless."""
        for words in ("<é" r"\xE2\x80\xA8", r"\xE2\x80\xA8\xE2\x80\xAEname", r"a?[31m??\xC2\x85\xE2\x80\xA8\xE2\x80\xAE b"):
            self.assertIn(words, shown)

    def test_text_log_has_one_line_an_event_and_no_control_characters(self):
        self.provoke(self.text)
        self.text.restart()
        lines = self.assert_clean(self.text)
        for line in lines:
            self.assertRegex(line, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warning|error) \S+ \S+ \S+( |$)")
        shown = "\n".join(lines)
        for event in (" confirm ", " rcpt ", " auth ", " refused "):
            self.assertIn(event, shown)
        self.assert_reached(shown)

    def test_json_log_has_one_object_an_event_and_no_control_characters(self):
        self.provoke(self.json)
        self.json.restart()
        events = [json.loads(line) for line in self.assert_clean(self.json)]
        self.assertTrue(all(re.fullmatch(r"[a-z-]+", e["event"]) for e in events))
        self.assert_reached(" ".join(text for e in events for text in e["fields"].values()))


if __name__ == "__main__":
    import unittest

    unittest.main()
