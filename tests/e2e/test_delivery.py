# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Several recipients, several ends: delivered, later, never. What waits can be seen; what failed is told to the sender."""

import json
import re
import unittest

from .harness import WorldCase, cas, message, poll
from .peer import Sink


class Delivery(WorldCase):
    """North sends to south (CAS) and to west (a server without CAS that answers what the test says)."""

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.south = world.server("south.example", mailboxes=["suzie", "bob"])
        cls.said = {}
        address = world.new_address()
        cls.sink = Sink(address, world.port, lambda verb, argument: cls.answer(verb, argument),
                        certificate=world.certificate("mx.west.example"))
        cls.addClassCleanup(cls.sink.close)
        world.publish(f"west.example. 5 IN MX 10 mx.west.example.\nmx.west.example. 5 IN A {address}")

    @classmethod
    def answer(cls, verb, argument):
        for (wanted, part), reply in list(cls.said.items()):
            if verb == wanted and part in argument:
                return reply
        return None

    def setUp(self):
        self.said.clear()

    def send(self, token, *recipients, **body):
        self.north.submit("joe", list(recipients), message("joe@north.example", list(recipients), token, **body))

    def west(self, token):
        return [m for m in self.sink.messages if token.encode() in m[2]]

    def test_three_recipients_in_two_domains_end_in_three_ways(self):
        self.said["RCPT", "later@west.example"] = "451 4.2.0 not now"
        self.send("three-1", "suzie@south.example", "nobody@south.example", "later@west.example")
        mail = self.south.await_mail("suzie", "three-1")
        self.assert_results(mail, "mx.south.example", "cas=pass", "policy.cas=confirmed")

        report = self.north.await_mail("joe", "nobody@south.example")
        self.assertEqual(report.get_content_type(), "multipart/report")
        self.assertEqual(report["Return-Path"], "<>")
        self.assertEqual(report["Auto-Submitted"].split()[0], "auto-replied")
        self.assertIn(b"5.1.1", report.raw)
        self.assertIn(b"Final-Recipient: rfc822; nobody@south.example", report.raw)
        self.assertNotIn(b"suzie@south.example\n", report.raw.split(b"message/delivery-status", 1)[1]
                         .split(b"\n--", 1)[0])

        poll(lambda: "RCPT TO:<later@west.example>" in str(self.sink.commands), "west was asked")
        listing = poll(lambda: self.waiting("not now"), "the queue shows the recipient that waits, and why")
        states = dict(re.findall(r"<(\S+@(?:south|west)\.example)>\s+(\S+)", listing))
        self.assertEqual(states["suzie@south.example"], "delivered")
        self.assertEqual(states["nobody@south.example"], "failed")
        self.assertIn(states["later@west.example"], ("waiting", "in-flight"))
        self.said.clear()
        poll(lambda: self.west("three-1"), "the recipient that waited gets it")
        self.north.await_empty_queue()
        self.assertEqual(len(self.west("three-1")), 1)
        self.assertEqual(self.west("three-1")[0][1], ["later@west.example"])
        self.assertEqual(len(self.south.find("suzie", "three-1")), 1)

    def test_a_530_without_tls_is_not_the_last_word(self):
        """CAS §9.6: a server whose TLS is out of order cannot offer CAS; its domain may still take confirmed mail."""
        self.said["STARTTLS", ""] = "454 4.7.0 TLS not available"
        self.said["RCPT", "ann@west.example"] = "530 5.7.0 [CAS:required] mail to this domain must be confirmed"
        self.send("clear-1", "ann@west.example")
        poll(lambda: self.waiting("[CAS:required]"), "the message waits")
        self.said.clear()
        poll(lambda: self.west("clear-1"), "it goes when TLS is back")
        self.north.await_empty_queue()
        self.assertEqual(self.north.find("joe", "clear-1"), [])

    def waiting(self, reason):
        listing = self.north.queue()
        return listing if reason in listing else None

    def test_one_transaction_carries_the_recipients_of_a_domain(self):
        self.send("shared-1", "suzie@south.example", "bob@south.example")
        for mailbox in ("suzie", "bob"):
            mail = self.south.await_mail(mailbox, "shared-1")
            self.assert_results(mail, "mx.south.example", "cas=pass")
        self.north.await_empty_queue()

    def test_receiver_without_cas_gets_ordinary_mail(self):
        self.send("plain-1", "walter@west.example")
        (_, to, octets), = poll(lambda: self.west("plain-1"), "west has it")
        self.assertEqual(to, ["walter@west.example"])
        received = octets.split(b"\r\nFrom:")[0]
        self.assertRegex(received, rb"^DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=north\.example;")
        self.assertRegex(received, rb"(?m)^Received: from \S+ by mx\.north\.example with ESMTPSA")
        self.assertNotIn(b"127.", received)  # from where a user submits is nobody's business
        self.assertFalse([c for c in self.sink.commands if c.startswith("CONFIRM")])

    def test_refused_at_the_end_of_data_is_reported_with_the_reply(self):
        self.said["END", ""] = "554 5.6.0 we do not like it"
        self.send("refused-1", "walter@west.example")
        report = self.north.await_mail("joe", "we do not like it")
        self.assertIn(b"554", report.raw)
        self.assertIn(b"refused-1", report.raw)  # whose message it was
        self.said.clear()
        self.north.await_empty_queue()
        self.assertEqual(self.west("refused-1"), [])

    def test_deferred_at_the_end_of_data_and_at_mail_is_tried_again(self):
        for stage in ("END", "MAIL", "DATA"):
            token = f"defer-{stage}"
            self.said[stage, ""] = "451 4.3.0 later"
            before = len(self.sink.commands)
            self.send(token, "walter@west.example")
            poll(lambda: sum(c.startswith("MAIL") for c in self.sink.commands[before:]) >= 2, "tried again")
            self.assertEqual(self.west(token), [])
            self.said.clear()
            poll(lambda: self.west(token), f"{token} arrives")
        self.north.await_empty_queue()

    def test_domain_that_does_not_exist_is_reported(self):
        self.send("nowhere-1", "x@nowhere.example")
        report = self.north.await_mail("joe", "x@nowhere.example")
        self.assertIn(b"5.1.2", report.raw)

    def test_null_mx_is_reported(self):
        """RFC 7505."""
        self.world.publish("nomail.example. 5 IN MX 0 .")
        self.send("nomail-1", "x@nomail.example")
        self.assertIn(b"5.1.10", self.north.await_mail("joe", "x@nomail.example").raw)

    def test_second_mx_takes_what_the_first_cannot(self):
        dead = self.world.new_address()
        self.world.publish(f"two.example. 5 IN MX 10 dead.two.example.\ndead.two.example. 5 IN A {dead}\n")
        self.world.dns.remove("two.example.", "MX")
        self.world.publish("two.example. 5 IN MX 10 dead.two.example.\ntwo.example. 5 IN MX 20 mx.west.example.")
        self.send("second-1", "walter@two.example")
        poll(lambda: self.west("second-1"), "the second MX has it")

    def test_nobody_is_told_about_a_report(self):
        """RFC 5321 §6.1: a report that cannot be delivered ends there."""
        count = len(self.north.mail("joe"))
        self.send("loop-1", "nobody2@south.example")
        self.north.await_mail("joe", "nobody2@south.example")
        self.north.await_empty_queue()
        self.assertEqual(len(self.north.mail("joe")), count + 1)

    def test_trace_tells_the_life_of_a_message(self):
        self.said["END", ""] = "451 4.3.0 busy just now"
        self.send("trace-1", "walter@west.example")
        listing = poll(lambda: self.waiting("busy just now"), "it waits")
        identifier = next(e for e in self.listed_entries() if "walter@west.example" in json.dumps(e))["id"]
        self.assertIn(identifier, listing)
        trace = cas("trace", identifier, "--config", self.north.config)
        self.assertIn("busy just now", trace)
        self.assertIn("joe@north.example", trace)
        self.said.clear()
        cas("queue", "retry", identifier, "--config", self.north.config)
        poll(lambda: self.west("trace-1"), "it arrives")
        self.north.await_empty_queue()
        self.assertIn("walter@west.example", cas("trace", identifier, "--config", self.north.config))

    def listed_entries(self):
        listed = json.loads(cas("queue", "list", "--json", "--config", self.north.config))
        return listed if isinstance(listed, list) else listed["messages"]

    def test_what_waits_survives_a_crash(self):
        self.said["MAIL", ""] = "451 4.3.0 closed"
        self.send("crash-1", "walter@west.example")
        poll(lambda: self.waiting("closed"), "it waits")
        self.north.kill()
        self.north.start()
        self.assertIn("walter@west.example", self.north.queue())
        self.said.clear()
        poll(lambda: self.west("crash-1"), "it arrives")
        self.north.await_empty_queue()
        self.assertEqual(len(self.west("crash-1")), 1)

    def test_a_large_body_that_waits_survives_a_crash(self):
        body = "".join(f"{n:060}\r\n" for n in range(20000))
        self.said["MAIL", ""] = "451 4.3.0 closed"
        self.send("crash-2", "walter@west.example", body=body)
        poll(lambda: self.waiting("closed"), "it waits")
        self.north.kill()
        self.north.start()
        self.said.clear()
        poll(lambda: self.west("crash-2"), "it arrives")
        self.north.await_empty_queue()
        (_, _, octets), = self.west("crash-2")
        self.assertEqual(octets.split(b"\r\n\r\n", 1)[1], body.encode())


class Damage(WorldCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.south = world.server("south.example")

    def test_a_body_that_the_disk_changed_is_not_delivered(self):
        self.south.kill()
        self.north.submit("joe", "suzie@south.example",
                          message("joe@north.example", "suzie@south.example", "changed-1", "unchanged\r\n" * 5000))
        poll(lambda: "suzie@south.example" in self.north.queue(), "it waits")
        self.north.kill()
        changed = 0
        for segment in (self.north.directory / "state" / "cas.db.bodies").iterdir():
            octets = segment.read_bytes()
            changed += octets.count(b"unchanged")
            segment.write_bytes(octets.replace(b"unchanged", b"different", 1))
        self.assertTrue(changed)
        self.south.start()
        self.north.start()
        poll(lambda: "a stored message is damaged" in self.north.queue(), "it was tried, and the reason is told")
        self.assertIn("suzie@south.example", self.north.queue())
        self.assertEqual(self.south.mail("suzie"), [])


class Lifetime(WorldCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"],
                                 settings={"queue": {"lifetime": "3s", "first_retry": "1s", "max_retry": "1s"}})
        world.publish(f"dead.example. 5 IN MX 10 mx.dead.example.\nmx.dead.example. 5 IN A {world.new_address()}")

    def test_what_cannot_be_delivered_in_its_lifetime_comes_back(self):
        self.north.submit("joe", "x@dead.example", message("joe@north.example", "x@dead.example", "old-1"))
        report = self.north.await_mail("joe", "x@dead.example")
        self.assertEqual(report.get_content_type(), "multipart/report")
        self.assertIn(b"Action: failed", report.raw)
        self.north.await_empty_queue()


class Fallback(WorldCase):
    """outbound.fallback: what happens to mail for domains that do not speak CAS (CAS §9.6)."""

    @classmethod
    def build(cls, world):
        cls.sink = Sink(world.new_address(), world.port)
        cls.addClassCleanup(cls.sink.close)
        address = cls.sink._server.server_address[0]
        world.publish(f"west.example. 5 IN MX 10 mx.west.example.\nmx.west.example. 5 IN A {address}")
        cls.hold = world.server("hold.example", mailboxes=["joe"], users=["joe"],
                                settings={"outbound": {"fallback": "hold"}})
        cls.bounce = world.server("bounce.example", mailboxes=["joe"], users=["joe"],
                                  settings={"outbound": {"fallback": "bounce"}})
        cls.tls_only = world.server("tls.example", mailboxes=["joe"], users=["joe"],
                                    settings={"outbound": {"require_tls": True}})

    def send(self, server, token):
        server.submit("joe", "w@west.example", message(f"joe@{server.domain}", "w@west.example", token))

    def test_hold_keeps_it_and_bounce_returns_it(self):
        self.send(self.hold, "hold-1")
        poll(lambda: "4.7.0" in self.hold.queue(), "it is held")
        self.send(self.bounce, "bounce-1")
        self.assertIn(b"5.7.0", self.bounce.await_mail("joe", "w@west.example").raw)
        self.assertEqual(self.sink.messages, [])

    def test_require_tls_does_not_speak_in_the_clear(self):
        self.send(self.tls_only, "tls-1")
        poll(lambda: "w@west.example" in self.tls_only.queue() and "4.7" in self.tls_only.queue(), "it waits")
        self.assertEqual(self.sink.messages, [])


if __name__ == "__main__":
    unittest.main()
