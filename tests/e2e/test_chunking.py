# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""BDAT (RFC 3030): one message whichever way it came, chunks that may not come, and what our client makes of servers."""

import base64
import os
import random
import unittest

from . import wire
from .cas_py import Intent, SigningKey
from .harness import PASSWORD, WorldCase, message, poll, txt
from .peer import Closed, Peer, Sink, chunk, connect, dot

MAIL = "MAIL FROM:<ada@west.example>"
RCPT = "RCPT TO:<suzie@south.example>"
MIB = 1 << 20
# A sanitizer keeps freed memory in quarantine (256 MiB unless told otherwise) and shadows an eighth of it.
GROWTH = (350 if os.environ.get("CAS_SANITIZE") else 12) * MIB
SMUGGLED = (b"\r\n.\r\nRSET\r\nMAIL FROM:<evil@west.example>\r\nRCPT TO:<suzie@south.example>\r\nDATA\r\n"
            b"Subject: smuggled\r\n\r\nx\r\n.\r\n")


def cuts(octets, *places):
    """The octets cut at these places."""
    borders = [0, *places, len(octets)]
    return [octets[a:b] for a, b in zip(borders, borders[1:])]


def body_of(octets):
    return octets.split(b"\n\n", 1)[1]


def ways_to_cut(octets):
    """Places to cut a message at, in many ways; a place that is named twice makes an empty chunk."""
    between = octets.index(b"\r\n\r\n") + 3  # the CR and the LF of the empty line
    dice = random.Random(len(octets))
    return [[], [len(octets)], [0, 1, 1], [between], list(range(between - 2, between + 2)), [len(octets) - 1],
            list(range(1, len(octets)))] + [sorted(dice.randrange(len(octets)) for _ in range(k)) for k in range(1, 6)]


class ChunkCase(WorldCase):
    def setUp(self):
        self.token = self.id().rsplit(".", 1)[1]

    def octets(self, number=1, body="Hello.\r\n.\r\n..dots\r\n"):
        return message("Ada <ada@west.example>", "suzie@south.example", f"{self.token}-{number}.", body)

    def connect(self):
        peer = connect(self.south)
        self.addCleanup(peer.close)
        return peer

    def send_chunks(self, peer, chunks, *before):
        """In one flight; the replies to the lines before, and to each chunk."""
        lines = "".join(line + "\r\n" for line in before).encode()
        peer.send(lines + b"".join(chunk(c, n == len(chunks) - 1) for n, c in enumerate(chunks)))
        return peer.replies(len(before)), peer.replies(len(chunks))

    def await_number(self, number=1):
        return self.south.await_mail("suzie", f"Subject: {self.token}-{number}.")

    def assert_nothing_came(self, words):
        self.south.await_empty_queue()
        self.assertEqual(self.south.find("suzie", words), [])
        self.assertEqual(self.south.find("suzie", "smuggled"), [])


class Server(ChunkCase):
    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example", mailboxes=["suzie", "bob"])
        cls.key = SigningKey()
        world.publish(f"s1._domainkey.west.example. 5 IN TXT {txt(cls.key.dns_record())}")

    def confirm(self, octets, **changes):
        facts = dict(domain="west.example", selector="s1", sender="ada@west.example",
                     recipients=["suzie@south.example"], author="ada@west.example")
        return "CONFIRM " + Intent(**{**facts, **changes}).line(self.key, octets)

    def test_plain_in_any_chunking_is_the_message(self):
        with self.connect() as peer:
            for n, places in enumerate(ways_to_cut(self.octets())):
                chunks = cuts(self.octets(n), *places)
                envelope, replies = self.send_chunks(peer, chunks, MAIL, RCPT)
                self.assertEqual([r.code for r in envelope + replies], [250] * (2 + len(chunks)), replies)
                mail = self.await_number(n)
                self.assertEqual(body_of(mail.raw), b"Hello.\n.\n..dots\n")
                self.assert_results(mail, "mx.south.example", "cas=none")

    def test_confirmed_in_any_chunking(self):
        """CAS §4.4: DATA and BDAT in any chunking give one digest."""
        for n, places in enumerate(ways_to_cut(self.octets())):
            octets = self.octets(n)
            chunks = cuts(octets, *places)
            with self.connect() as peer:
                replies = peer.pipeline(MAIL, self.confirm(octets), RCPT)
                self.assertIn("[CAS:confirmed]", replies[2].text)
                _, replies = self.send_chunks(peer, chunks)
                self.assertEqual([r.code for r in replies], [250] * len(chunks), replies)
            self.assert_results(self.await_number(n), "mx.south.example", "cas=pass")

    def test_the_same_message_by_data_and_by_bdat_is_delivered_once(self):
        """The ledger compares digests (CAS §10.2): the second showing is swallowed."""
        octets = self.octets()
        line = self.confirm(octets)
        with self.connect() as peer:
            self.assertEqual(peer.pipeline(MAIL, line, RCPT, "DATA")[-1].code, 354)
            peer.send(dot(octets))
            self.assertEqual(peer.reply().code, 250)
            for chunks in ([octets], cuts(octets, 5, 50, 55), [octets[:-2], b""]):
                peer.pipeline(MAIL, line, RCPT)
                _, replies = self.send_chunks(peer, chunks)
                self.assertEqual([r.code for r in replies], [250] * len(chunks))
                self.assertIn("received before", replies[-1].text)
        self.await_number()

    def test_a_changed_octet_is_refused_at_the_last_chunk(self):
        octets = self.octets()
        with self.connect() as peer:
            peer.pipeline(MAIL, self.confirm(octets), RCPT)
            _, replies = self.send_chunks(peer, cuts(octets.replace(b"Hello", b"Hullo"), 10))
            self.assertEqual([r.status for r in replies], ["250 2.0.0", "550 5.7.7"])
        self.assert_nothing_came(self.token)

    def test_a_last_line_without_its_end_gets_one(self):
        octets = self.octets()
        with self.connect() as peer:
            peer.pipeline(MAIL, self.confirm(octets), RCPT)
            _, replies = self.send_chunks(peer, [octets[:-2]])
            self.assertEqual(replies[0].code, 250, replies)
        self.assertTrue(self.await_number().raw.endswith(b"..dots\n"))

    def test_bare_line_ends_are_refused_where_they_stand(self):
        with self.connect() as peer:
            for n, bad in enumerate((b"a\nb", b"a\rb", b"a\0b", b"a\r")):
                _, replies = self.send_chunks(peer, [self.octets(n), bad, b"more\r\n", b"end\r\n"], MAIL, RCPT)
                taken = 2 if bad == b"a\r" else 1  # a CR at the end may wait for its LF
                expected = ["250 2.0.0"] * taken + ["550 5.6.0"] + ["503 5.5.1"] * (3 - taken)
                self.assertEqual([r.status for r in replies], expected)
            self.assertEqual(peer.cmd("NOOP").code, 250)
        self.assert_nothing_came(self.token)

    def test_chunks_behind_a_failed_confirm_are_dropped(self):
        """CAS §5.4, from a client that does not wait."""
        octets = self.octets()
        line = self.confirm(octets, author="ada@elsewhere.example")
        with self.connect() as peer:
            for _ in range(2):
                envelope, replies = self.send_chunks(peer, [octets, SMUGGLED, SMUGGLED], MAIL, line, RCPT)
                self.assertEqual([r.status for r in envelope], ["250 2.1.0", "550 5.7.1", "503 5.5.1"])
                self.assertEqual([r.status for r in replies], ["503 5.5.1"] * 3)
            self.assertEqual(peer.cmd("NOOP").code, 250)
        self.assert_nothing_came(self.token)

    def test_a_confirm_that_is_too_long_is_a_failed_one(self):
        """CAS §5.4, §15.2."""
        octets = self.octets()
        line = self.confirm(octets) + "A" * 8192
        with self.connect() as peer:
            for _ in range(2):
                envelope, replies = self.send_chunks(peer, [octets, SMUGGLED], MAIL, line, RCPT)
                self.assertEqual([r.status for r in envelope], ["250 2.1.0", "500 5.5.2", "503 5.5.1"])
                self.assertIn("[CAS:too-long]", envelope[1].text)
                self.assertEqual([r.status for r in replies], ["503 5.5.1"] * 2)
            self.assertEqual([r.status for r in peer.pipeline(MAIL, line)], ["250 2.1.0", "421 4.7.0"])
            self.assertTrue(peer.at_end())
        self.assert_nothing_came(self.token)

    def test_what_was_not_ended_is_forgotten(self):
        octets = self.octets(body=("x" * 70 + "\r\n") * 10000)
        begin = f"{MAIL}\r\n{RCPT}\r\n".encode()
        with self.connect() as peer:
            for word in ("RSET", "EHLO client.example"):
                peer.send(begin + chunk(octets) + chunk(octets))
                self.assertEqual([r.code for r in peer.replies(4)], [250] * 4)
                self.assertEqual(peer.cmd(word).code, 250)
                peer.send(chunk(b"more\r\n", last=True))
                self.assertEqual(peer.reply().code, 503)
            peer.send(begin + chunk(octets) + b"BDAT 1000 LAST\r\nnot all of it")
            self.assertEqual([r.code for r in peer.replies(3)], [250] * 3)
        with self.connect() as peer:
            _, replies = self.send_chunks(peer, cuts(self.octets(2), 10), MAIL, RCPT)
            self.assertEqual(replies[-1].code, 250)
        self.await_number(2)
        self.assert_nothing_came(f"Subject: {self.token}-1.")


class Memory(ChunkCase):
    """A chunk may be as large as the message; memory does not grow with it."""

    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example", mailboxes=["suzie"])

    def stream(self, peer, size):
        """So many octets of lines."""
        lines = (b"y" * 998 + b"\r\n") * 256
        for _ in range(size // len(lines)):
            peer.send(lines)
        peer.send(lines[:size % len(lines)])

    def small(self, peer, number):
        _, replies = self.send_chunks(peer, [self.octets(number)], MAIL, RCPT)
        self.assertEqual(replies[0].code, 250)
        self.await_number(number)

    def test_twenty_megabytes_in_one_chunk(self):
        """The first one fills the caches of the store, the second one needs no more than they hold."""
        size = 20 * 1000 * 1000
        peaks = []
        with self.connect() as peer:
            for number in (1, 2):
                head = self.octets(number, body="")
                peer.pipeline(MAIL, RCPT)
                peer.send(b"BDAT %d LAST\r\n" % (len(head) + size) + head)
                self.stream(peer, size)
                self.assertEqual(peer.reply().status, "250 2.0.0")
                self.south.await_empty_queue(bound=120)
                peaks.append(self.south.peak_memory())
        grown = peaks[1] - peaks[0]
        print(f"peak memory grew by {grown / MIB:.1f} MiB")
        self.assertLess(grown, GROWTH)
        delivered, = self.south.find("suzie", f"Subject: {self.token}-2.")
        self.assertEqual(len(body_of(delivered)), size // 1000 * 999)

    def test_a_chunk_beyond_the_limit_is_dropped_as_it_comes(self):
        limit = 52428800
        with self.connect() as peer:
            self.small(peer, 1)
            before = self.south.peak_memory()
            for envelope, status in (((MAIL, RCPT), "552 5.3.4"), ((), "503 5.5.1")):
                peer.pipeline(*envelope)
                peer.send(b"BDAT %d\r\n" % (limit + 1))
                self.stream(peer, limit + 1)
                self.assertEqual(peer.reply().status, status)
            grown = self.south.peak_memory() - before
            self.small(peer, 2)
        print(f"peak memory grew by {grown / MIB:.1f} MiB")
        self.assertLess(grown, GROWTH)


class Drain(ChunkCase):
    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example", mailboxes=["suzie"])

    def test_a_message_of_several_chunks_may_end_after_sigterm(self):
        """As in the middle of DATA; its 250 counts."""
        peer = self.connect()
        first, second, third = cuts(self.octets(body="x\r\n" * 50000), 1000, 60000)
        peer.pipeline(MAIL, RCPT)
        peer.send(chunk(first) + chunk(second)[:20000])
        self.assertEqual(peer.reply().code, 250)
        self.south.process.terminate()
        poll(lambda: not self.accepts(), "no new connections")
        peer.send(chunk(second)[20000:] + chunk(third, last=True))
        self.assertEqual([r.code for r in peer.replies(2)], [250, 250])
        self.assertEqual(self.south.stop(), 0)
        self.south.start()
        self.await_number()

    def accepts(self):
        try:
            with Peer(self.south.address, self.south.smtp_port, timeout=2) as peer:
                return peer.reply().code == 220
        except (OSError, Closed):
            return False


class Client(wire.TapCase):
    """North sends to south through a tap, and to sinks with CHUNKING and without."""

    @classmethod
    def build(cls, world):
        super().build(world)
        cls.said, cls.sinks = {}, {}
        for name, keywords in (("east", ["CHUNKING", "PIPELINING"]), ("slow", ["CHUNKING"]), ("west", ["PIPELINING"])):
            address = world.new_address()
            cls.sinks[name] = Sink(address, world.port, lambda verb, _: cls.said.get(verb), keywords=keywords)
            cls.addClassCleanup(cls.sinks[name].close)
            world.publish(f"{name}.example. 5 IN MX 10 mx.{name}.example.\nmx.{name}.example. 5 IN A {address}")

    def setUp(self):
        self.said.clear()
        self.tap.conversations.clear()
        self.tap.rule, self.tap.hide = None, []

    def send(self, token, recipient="suzie@south.example", body="Hello.\r\n.\r\n..dots\r\n"):
        self.north.submit("joe", recipient, message("joe@north.example", recipient, token, body))

    def arrived(self, sink, token):
        return [m for m in self.sinks[sink].messages if token.encode() in m[2]]

    def verbs(self, commands):
        return [c.split()[0] if isinstance(c, str) else c.split()[0].decode() for c in commands]

    def test_a_confirmed_message_goes_as_one_chunk(self):
        large = ("." * 70 + "\r\n") + ("z" * 70 + "\r\n") * 10000 + "z\r\n" * 100000
        for token, body in (("chunk-small", "Hello.\r\n.\r\n"), ("chunk-large", large)):
            self.tap.conversations.clear()
            self.send(token, body=body)
            mail = self.south.await_mail("suzie", f"Subject: {token}\n")
            self.assert_results(mail, "mx.south.example", "cas=pass", "policy.cas=confirmed")
            self.assertEqual(body_of(mail.raw), body.replace("\r\n", "\n").encode())
            self.north.await_empty_queue()
            conversation, = self.tap.with_data()
            self.assertEqual(self.verbs(conversation.client.commands)[-5:], ["MAIL", "CONFIRM", "RCPT", "BDAT", "QUIT"])
            self.assertRegex(conversation.client.commands[-2], rb"^BDAT \d+ LAST\r\n$")
            self.assertEqual(conversation.round_trips(), 2)
            replies = conversation.transaction()[1][1]
            self.assertEqual(replies.count(b"\r\n"), 3, "the replies to MAIL, CONFIRM and RCPT come first")

    def test_submission_takes_chunks_too(self):
        octets = message("joe@north.example", "suzie@south.example", "submitted-1")
        with Peer(self.north.address, self.north.submission_port) as peer:
            self.assertIn("CHUNKING", peer.begin().text)
            peer.send(chunk(octets, last=True))
            self.assertEqual(peer.reply().status, "503 5.5.1")
            secret = base64.b64encode(f"\0joe@north.example\0{PASSWORD}".encode()).decode()
            self.assertEqual(peer.cmd(f"AUTH PLAIN {secret}").code, 235)
            peer.send(b"MAIL FROM:<joe@north.example>\r\nRCPT TO:<suzie@south.example>\r\n"
                      + chunk(octets[:30]) + chunk(octets[30:], last=True))
            self.assertEqual([r.code for r in peer.replies(4)], [250] * 4)
        self.assert_results(self.south.await_mail("suzie", "submitted-1"), "mx.south.example", "cas=pass")

    def test_a_server_that_does_not_offer_it_gets_data(self):
        self.tap.hide = [b"CHUNKING"]
        self.send("no-chunks")
        self.assert_results(self.south.await_mail("suzie", "no-chunks"), "mx.south.example", "cas=pass")
        self.north.await_empty_queue()
        conversation, = self.tap.with_data()
        self.assertEqual(self.verbs(conversation.client.commands)[-5:], ["MAIL", "CONFIRM", "RCPT", "DATA", "QUIT"])
        self.send("no-chunks-2", "walter@west.example")
        poll(lambda: self.arrived("west", "no-chunks-2"), "west has it")
        self.assertEqual([v for v in self.verbs(self.sinks["west"].commands) if v != "QUIT"],
                         ["EHLO", "MAIL", "RCPT", "DATA"])

    def test_plain_with_and_without_pipelining(self):
        for sink in ("east", "slow"):
            before = len(self.sinks[sink].commands)
            self.send(f"plain-{sink}", f"walter@{sink}.example")
            (_, to, octets), = poll(lambda sink=sink: self.arrived(sink, f"plain-{sink}"), f"{sink} has it")
            self.assertEqual(to, [f"walter@{sink}.example"])
            self.assertTrue(octets.endswith(b"\r\n\r\nHello.\r\n.\r\n..dots\r\n"))
            self.assertEqual(self.verbs(self.sinks[sink].commands[before:])[:4], ["EHLO", "MAIL", "RCPT", "BDAT"])

    def test_no_chunk_for_nobody(self):
        self.said["RCPT"] = "550 5.1.1 no such user"
        before = len(self.sinks["east"].commands)
        self.send("nobody-1", "nobody@east.example")
        self.north.await_mail("joe", "nobody@east.example")
        verbs = self.verbs(self.sinks["east"].commands[before:])
        self.assertIn("RCPT", verbs)
        self.assertNotIn("BDAT", verbs)
        self.assertNotIn("DATA", verbs)

    def test_a_chunk_that_is_deferred_or_refused(self):
        self.said["END"] = "451 4.3.0 later"
        self.send("later-1", "walter@east.example")
        poll(lambda: "4.3.0 later" in self.north.queue(), "it waits")
        self.assertEqual(self.arrived("east", "later-1"), [])
        self.said.clear()
        poll(lambda: self.arrived("east", "later-1"), "it arrives")
        self.north.await_empty_queue()
        self.said["END"] = "554 5.6.0 we do not like it"
        self.send("never-1", "walter@east.example")
        self.assertIn(b"never-1", self.north.await_mail("joe", "we do not like it").raw)
        self.north.await_empty_queue()

    def test_a_confirm_that_fails_ends_with_rset_and_no_chunk(self):
        """CAS §9.3: a signature that does not verify is a matter of our set-up; the fallback decides, in one session."""
        self.tap.rule = lambda c, who, octets: octets.replace(b";k=p;", b";k=t;") if who == "C" else octets
        self.send("rset-1")
        self.assert_results(self.south.await_mail("suzie", "rset-1"), "mx.south.example", "cas=none")
        self.north.await_empty_queue()
        conversation, = self.tap.with_data()
        self.assertEqual(self.verbs(conversation.client.commands)[-8:],
                         ["MAIL", "CONFIRM", "RCPT", "RSET", "MAIL", "RCPT", "BDAT", "QUIT"])

    def assert_once(self, token):
        self.assert_results(self.south.await_mail("suzie", f"Subject: {token}\n"), "mx.south.example", "cas=pass")
        self.north.await_empty_queue()
        self.south.await_empty_queue()
        self.assertEqual(len(self.south.find("suzie", f"Subject: {token}\n")), 1)
        commands = [c for conversation in self.tap.conversations for c in conversation.client.commands]
        self.assertEqual(len({c.split(b";")[1] for c in commands if c.startswith(b"CONFIRM")}), 1)
        self.assertEqual(sum(c.startswith(b"BDAT") for c in commands), 3)

    def test_a_lost_reply_to_the_last_chunk_is_one_delivery(self):
        self.tap.rule = wire.cut(wire.final_reply, times=2)
        self.send("lost-chunk", body=("y" * 70 + "\r\n") * 10000)
        self.assert_once("lost-chunk")
        self.assertEqual(len(self.tap.with_data()), 3)

    def test_cut_in_the_middle_of_a_chunk(self):
        def middle(conversation, direction, octets):
            return direction == "C" and conversation.client.in_chunk and not wire.end_of_data(conversation, direction,
                                                                                              octets)

        self.tap.rule = wire.cut(middle, times=2)
        self.send("cut-chunk", body=("y" * 70 + "\r\n") * 10000)
        self.assert_once("cut-chunk")
        self.assertEqual(len(self.tap.with_data()), 1)


if __name__ == "__main__":
    unittest.main()
