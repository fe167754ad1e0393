# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""How much others may send, what guessing mailboxes gets them, and what `cas report` says of it (CAS §8.5, §18)."""

import json
import sqlite3
import unittest

import dkim

from .cas_py import Intent, RsaKey, SigningKey
from .harness import WorldCase, cas, message, txt
from .peer import connect, dot


class RatesCase(WorldCase):
    def recipient(self, address, source=None, sender="ada@west.example", before=()):
        """The octets that RCPT gets, in a session of its own."""
        with connect(self.south, source) as peer:
            for line in (f"MAIL FROM:<{sender}>", *before):
                self.assertEqual(peer.cmd(line).code, 250, line)
            peer.send(f"RCPT TO:<{address}>\r\n")
            return peer._line()

    def deliver(self, address, source=None, sender="ada@west.example", author=None):
        with connect(self.south, source) as peer:
            peer.pipeline(f"MAIL FROM:<{sender}>", f"RCPT TO:<{address}>", "DATA")
            peer.send(dot(message(author or sender, address)))
            return peer.reply()


class Guessing(RatesCase):
    @classmethod
    def build(cls, world):
        limits = {"exempt": ["127.9.9.9"], "signer_unknown_per_day": 3, "network_unknown_per_hour": 4}
        cls.south = world.server("south.example", mailboxes=["suzie"], mode="optional", users=["suzie"],
                                 settings={"limits": limits})
        cls.south.add_domain("strict.south.example", ["olga"], mode="required")
        cls.south.add_domain("shy.south.example", ["olga"], mode="required")
        cls.south.domains[-1]["more"] = {"screener": "defer"}
        cls.key = SigningKey()
        for name in ("west.example", "sub.west.example", "east.example", "fair.example"):
            world.publish(f"s1._domainkey.{name}. 5 IN TXT {txt(cls.key.dns_record())}")

    def confirm(self, recipients, domain):
        return "CONFIRM " + Intent(domain=domain, selector="s1", sender=f"ada@{domain}", recipients=recipients,
                                   author=f"ada@{domain}").line(self.key, message(f"ada@{domain}", recipients[0]))

    def signed(self, name, at, domain, source="127.8.1.1"):
        """What is said of one of two recipients that one intent lists."""
        line = self.confirm([f"{n}@{at}" for n in ("nobody", "olga", "postmaster")], domain)
        return self.recipient(f"{name}@{at}", source, f"ada@{domain}", [line])

    def use_up(self, domain, source="127.8.1.1"):
        said = [self.signed("nobody", "strict.south.example", domain, source) for _ in range(3)]
        self.assertTrue(all(line.startswith(b"550 5.1.1 [CAS:unknown]") for line in said), said)

    def assert_hidden(self, domain):
        """Existing or not, with a Screener that defers or without one: one reply, octet for octet."""
        said = {self.signed(name, at, domain) for name in ("nobody", "olga")
                for at in ("strict.south.example", "shy.south.example")}
        self.assertEqual(len(said), 1, said)
        self.assertTrue(next(iter(said)).startswith(b"451 4.7.0 [CAS:pending retry="), said)

    def test_a_signer_that_guesses_learns_no_more(self):
        self.assertTrue(self.signed("olga", "strict.south.example", "west.example").startswith(b"250 2.1.5 [CAS:confirmed]"))
        self.use_up("west.example")
        self.assert_hidden("west.example")
        self.assert_hidden("sub.west.example")
        self.assertTrue(self.signed("postmaster", "strict.south.example", "west.example").startswith(b"250 "))
        self.assertTrue(self.signed("olga", "strict.south.example", "east.example").startswith(b"250 "), "another one")
        self.south.restart()
        self.assert_hidden("west.example")

    def test_exempt_networks_are_told_and_not_counted(self):
        for _ in range(2):
            self.use_up("fair.example", "127.9.9.9")
        self.assertTrue(self.signed("olga", "strict.south.example", "fair.example").startswith(b"250 "))

    def test_a_network_that_guesses_gets_no_answer_for_an_hour(self):
        source = "127.6.6.1"
        for n in range(4):
            self.assertTrue(self.recipient(f"guess{n}@south.example", source).startswith(b"550 5.1.1 "))
        said = {self.recipient(f"{name}@south.example", "127.6.6.77") for name in ("suzie", "nobody")}
        self.assertEqual(len(said), 1, said)
        self.assertTrue(next(iter(said)).startswith(b"451 4.7.28 [CAS:rate]"), said)
        self.assertTrue(self.recipient("postmaster@south.example", source).startswith(b"250 "))
        self.assertTrue(self.recipient("suzie@south.example", "127.6.7.1").startswith(b"250 "), "its neighbours")
        self.south.submit("suzie", "suzie@south.example", message("suzie@south.example", "suzie@south.example"))


class Rates(RatesCase):
    @classmethod
    def build(cls, world):
        limits = {"exempt": [], "mailbox_messages_per_hour": 3, "network_messages_per_hour": 5}
        cls.south = world.server("south.example", mailboxes=["suzie", "bob", "eve"], settings={"limits": limits})

    def test_a_mailbox_gets_so_many_messages_an_hour(self):
        for n in range(3):
            self.assertEqual(self.deliver("suzie@south.example", f"127.5.{n}.1").code, 250)
        self.assertTrue(self.recipient("suzie@south.example", "127.5.9.1").startswith(b"451 4.7.28 [CAS:rate]"))
        self.assertTrue(self.recipient("bob@south.example", "127.5.9.1").startswith(b"250 "))

    def test_a_network_sends_so_many_messages_an_hour(self):
        for n in range(5):
            self.assertEqual(self.deliver("bob@south.example" if n < 2 else "eve@south.example", f"127.4.4.{n}").code, 250)
        said = {self.recipient(f"{name}@south.example", "127.4.4.99") for name in ("bob", "nobody")}
        self.assertEqual({line[:21] for line in said}, {b"451 4.7.28 [CAS:rate]"})
        self.assertEqual(len(said), 1)
        self.assertTrue(self.recipient("postmaster@south.example", "127.4.4.99").startswith(b"250 "))


class NewDomains(RatesCase):
    @classmethod
    def build(cls, world):
        limits = {"exempt": [], "new_domain": "7d", "new_domain_messages_per_day": 2}
        cls.south = world.server("south.example", mailboxes=["suzie", "bob"], settings={"limits": limits})
        cls.key = SigningKey()
        rsa = RsaKey(world.directory / "fresh.pem")
        cls.pem = (world.directory / "fresh.pem").read_bytes()
        world.publish(f"s1._domainkey.fresh.example. 5 IN TXT {txt(rsa.dns_record())}")
        for name in ("west.example", "old.example"):
            world.publish(f"s1._domainkey.{name}. 5 IN TXT {txt(cls.key.dns_record())}")

    def age(self):
        """Makes the server's memory a year old."""
        self.south.stop()
        with sqlite3.connect(self.south.directory / "state" / "cas.db") as db:
            changed = db.execute("UPDATE memory SET value = value - 31536000 WHERE kind = 'reputation' AND name = 'began'")
            self.assertEqual(changed.rowcount, 1)
        db.close()
        self.south.start()

    def signed(self, domain):
        """A confirmed message; the replies to RCPT and to the end of data."""
        octets = message(f"ada@{domain}", "suzie@south.example")
        line = Intent(domain=domain, selector="s1", sender=f"ada@{domain}", recipients=["suzie@south.example"],
                      author=f"ada@{domain}").line(self.key, octets)
        with connect(self.south, "127.3.3.3") as peer:
            peer.cmd(f"MAIL FROM:<ada@{domain}>")
            self.assertEqual(peer.cmd(f"CONFIRM {line}").code, 250)
            reply = peer.cmd("RCPT TO:<suzie@south.example>")
            if reply.code != 250:
                return reply.status
            peer.cmd("DATA")
            peer.send(dot(octets))
            return peer.reply().status

    def dkim_signed(self):
        octets = message("ada@fresh.example", "bob@south.example")
        octets = dkim.sign(octets, b"s1", b"fresh.example", self.pem) + octets
        with connect(self.south, "127.3.3.4") as peer:
            peer.pipeline("MAIL FROM:<ada@fresh.example>", "RCPT TO:<bob@south.example>", "DATA")
            peer.send(dot(octets))
            return peer.reply().status

    def test_a_new_domain_sends_so_much_a_day(self):
        self.assertEqual([self.signed("old.example") for _ in range(4)], ["250 2.0.0"] * 4)  # nobody is new to a new server
        self.age()
        self.assertEqual([self.signed("west.example") for _ in range(3)], ["250 2.0.0"] * 2 + ["451 4.7.28"])
        self.assertEqual([self.dkim_signed() for _ in range(3)], ["250 2.0.0"] * 2 + ["451 4.7.28"])
        self.assertEqual(self.deliver("bob@south.example", sender="ada@fresh.example").code, 250, "nothing proves that one")


class Report(RatesCase):
    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example", mailboxes=["suzie"], mode="required")
        cls.south.domains[0]["more"] = {"observe": True}
        cls.south.add_domain("quiet.example", ["suzie"])
        world.publish('_dmarc.forged.example. 5 IN TXT "v=DMARC1; p=reject"')

    def report(self, *more):
        return cas("report", "--config", self.south.config, *more)

    def counts(self, *more):
        rows = json.loads(self.report("--json", *more))["rows"]
        return {(row["domain"], c["rule"], c["admission"], c.get("observed")): (c["recipients"], c["senders"])
                for row in rows for c in row["counts"]}

    def test_what_was_decided_and_what_would_have_been(self):
        self.assertIn("No mail", self.report())
        for n in range(3):
            self.assertEqual(self.deliver("suzie@south.example", sender="ada@west.example" if n else "").code, 250)
        self.assertTrue(self.recipient("nobody@south.example").startswith(b"550 "))
        self.assertEqual(self.deliver("suzie@quiet.example", sender="x@forged.example").code, 250)
        for _ in range(2):
            counts = self.counts()
            self.assertEqual(counts["south.example", "optional", "unconfirmed", "required"],
                             (3, [{"domain": "west.example", "recipients": 2}, {"domain": "-", "recipients": 1}]))
            self.assertEqual(counts["south.example", "mailbox-unknown", "refused", "required"][0], 1)
            self.assertEqual(counts["quiet.example", "optional", "unconfirmed", "dmarc-fail: reject"][0], 1)
            self.assertNotIn(("quiet.example", "optional", "unconfirmed", None), counts)
            self.south.restart()
        text = self.report("--domain", "south.example", "--since", "1d")
        self.assertIn("would have been refused (required): 4 of 4; most from: west.example (3), <> (1)", text)
        self.assertNotIn("quiet.example", text)
        self.assertEqual(len(self.counts("--domain", "quiet.example")), 1)

    def test_a_wrong_time_is_told(self):
        with self.assertRaisesRegex(AssertionError, "at most 60d"):
            self.report("--since", "1y")


if __name__ == "__main__":
    unittest.main()
