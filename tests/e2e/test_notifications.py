# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Delivery status notifications (RFC 3461, RFC 3464): who is told what, as mail programs read it; and the suppression
list."""

import json
import smtplib
import subprocess
import unittest

from .harness import CAS, WorldCase, cas, message, poll
from .peer import Sink, connect, dot


def status_groups(report):
    """The groups of fields of message/delivery-status: that of the message, then one a recipient."""
    part, = [p for p in report.walk() if p.get_content_type() == "message/delivery-status"]
    return part.get_payload()


class Notifications(WorldCase):
    """North's users ask; south speaks CAS and DSN, west neither, and of old.example nobody can be reached."""

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe", "postmaster"], users=["joe"],
                                 settings={"queue": {"first_retry": "1s", "max_retry": "1s", "delay_warning": "2s"}})
        cls.south = world.server("south.example", mailboxes=["suzie"])
        cls.east = world.server("east.example", mailboxes=["eve"])
        cls.east.host = "mx.provider.example"  # below no domain that anybody signs for
        world.dns.remove("east.example.", "MX")
        cls.east.public_names()
        cls.said = {}
        cls.west = cls.sink(world, "west.example", ())
        cls.told = cls.sink(world, "told.example", ("DSN",))
        cls.victim = cls.sink(world, "victim.example", ())

    @classmethod
    def sink(cls, world, domain, keywords):
        address = world.new_address()
        sink = Sink(address, world.port, lambda verb, argument: cls.said.get((domain, verb)),
                    keywords=("PIPELINING", "8BITMIME", *keywords))
        cls.addClassCleanup(sink.close)
        world.publish(f"{domain}. 5 IN MX 10 mx.{domain}.\nmx.{domain}. 5 IN A {address}")
        return sink

    def setUp(self):
        self.said.clear()

    def send(self, token, recipient, mail=(), rcpt=(), **fields):
        octets = message("joe@north.example", recipient, token, **fields)
        with self.north.login("joe") as client:
            client.sendmail("joe@north.example", [recipient], octets, mail_options=mail, rcpt_options=rcpt)

    def report(self, token, action):
        """The one notification of that action about the message with the token."""
        def found():
            return [m for m in self.north.find("joe", token) if f"\nAction: {action}\n".encode() in m]
        poll(found, f"{token} is told to be {action}")
        self.assertEqual(len(found()), 1)
        report = self.north.await_mail("joe", found()[0])
        self.assertEqual(report.get_content_type(), "multipart/report")
        self.assertEqual(report.get_param("report-type"), "delivery-status")
        self.assertEqual(report["Return-Path"], "<>")
        self.assertEqual(report["Auto-Submitted"], "auto-replied")
        groups = status_groups(report)
        self.assertEqual(groups[1]["Action"], action)
        return report, groups

    def test_relayed_where_the_next_server_does_not_tell(self):
        self.send("relayed-1", "walter@west.example", mail=["RET=HDRS", "ENVID=QQ+2B314"],
                  rcpt=["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;Walter+2Bx@old.example"])
        report, (whole, one) = self.report("relayed-1", "relayed")
        self.assertEqual(whole["Original-Envelope-Id"], "QQ+314")
        self.assertEqual(whole["Reporting-MTA"], "dns; mx.north.example")
        self.assertTrue(whole["Arrival-Date"])
        self.assertEqual(one["Original-Recipient"], "rfc822; Walter+x@old.example")
        self.assertEqual(one["Final-Recipient"], "rfc822; walter@west.example")
        self.assertEqual(one["Remote-MTA"], "dns; mx.west.example")
        self.assertTrue(one["Status"].startswith("2."))
        self.assertIn("does not tell when it has delivered", report.get_body(("plain",)).get_content())
        self.assertIn("MAIL FROM:<joe@north.example> SIZE=", str(self.west.commands))
        self.assertNotIn("NOTIFY", str(self.west.commands))

    def test_what_was_asked_is_passed_on_and_nothing_told(self):
        self.send("passed-1", "tom@told.example", mail=["RET=FULL", "ENVID=QQ+2B314"],
                  rcpt=["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;Tom@old.example"])
        poll(lambda: self.told.messages, "it was handed on")
        mail = next(c for c in self.told.commands if c.startswith("MAIL"))
        self.assertIn(" RET=FULL ENVID=QQ+2B314", mail)
        self.assertIn("RCPT TO:<tom@told.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Tom@old.example", self.told.commands)
        self.north.await_empty_queue()
        self.assertEqual(self.north.find("joe", "passed-1"), [])

    def test_delivered_is_told_by_the_last_server_and_signed(self):
        for server, mailbox in ((self.south, "suzie"), (self.east, "eve")):
            token = f"delivered-{mailbox}"
            self.send(token, f"{mailbox}@{server.domain}", rcpt=["NOTIFY=SUCCESS"])
            server.await_mail(mailbox, token)
            report, (whole, one) = self.report(token, "delivered")
            self.assertEqual(whole["Reporting-MTA"], f"dns; {server.host}")
            self.assertEqual(one["Final-Recipient"], f"rfc822; {mailbox}@{server.domain}")
            # East's own name is in no domain that it signs for: it reports in the name of the recipient's.
            author = "postmaster@" + ("mx.south.example" if server is self.south else "east.example")
            self.assertIn(author, report["From"])
            self.assert_results(report, "mx.north.example", "dkim=pass", f"header.d={server.domain}", "cas=pass")

    def test_nothing_is_told_that_nobody_asked_for(self):
        self.send("quiet-1", "walter@west.example")
        self.send("quiet-2", "suzie@south.example", rcpt=["NOTIFY=FAILURE,DELAY"])
        self.said["west.example", "RCPT"] = "550 5.1.1 no such user"
        self.send("quiet-3", "walter@west.example", rcpt=["NOTIFY=NEVER"])
        self.north.await_empty_queue()
        self.south.await_empty_queue()
        for token in ("quiet-1", "quiet-2", "quiet-3"):
            self.assertEqual(self.north.find("joe", token), [])

    def test_a_failure_returns_the_message_when_asked(self):
        self.said["west.example", "RCPT"] = "550 5.7.1 [CAS:refused] the recipient does not accept this mail"
        self.send("failed-1", "walter@west.example", mail=["RET=FULL"], body="The whole of it.\r\n")
        report, (_, one) = self.report("failed-1", "failed")
        self.assertIn("walter@west.example", report["Subject"])
        self.assertEqual(one["Status"], "5.7.1")
        self.assertTrue(one["Diagnostic-Code"].startswith("smtp; 550 5.7.1 [CAS:refused]"))
        text = report.get_body(("plain",)).get_content()
        self.assertIn("does not want mail from this address", text)
        self.assertIn("[CAS:refused]", text)
        returned, = [p for p in report.walk() if p.get_content_type() == "message/rfc822"]
        self.assertIn("The whole of it.", returned.get_payload(0).get_content())

    def test_our_own_conclusion_is_no_servers_word(self):
        self.send("own-1", "x@nowhere.example")
        _, (_, one) = self.report("own-1", "failed")
        self.assertTrue(one["Diagnostic-Code"].startswith("x-cas; "))
        self.assertIsNone(one["Remote-MTA"])

    def test_a_delay_is_told_once(self):
        self.said["west.example", "MAIL"] = "451 4.7.1 greylisted"
        self.send("delayed-1", "walter@west.example")
        report, (_, one) = self.report("delayed-1", "delayed")
        self.assertEqual(one["Status"], "4.7.1")
        self.assertTrue(one["Will-Retry-Until"])
        self.assertIn("must not send it again", report.get_body(("plain",)).get_content())
        tries = len(self.west.commands)
        poll(lambda: sum(c.startswith("MAIL") for c in self.west.commands[tries:]) >= 2, "it is tried again and again")
        self.said.clear()
        self.north.await_empty_queue()
        self.assertEqual(len(self.north.find("joe", "delayed-1")), 1)

    def say(self, sender, source=None, token="x"):
        with connect(self.south, source) as peer:
            self.assertEqual(peer.cmd(f"MAIL FROM:<{sender}>").code, 250)
            self.assertEqual(peer.cmd("RCPT TO:<suzie@south.example> NOTIFY=SUCCESS,FAILURE,DELAY").code, 250)
            self.assertEqual(peer.cmd("DATA").code, 354)
            peer.send(dot(message(sender, "suzie@south.example", token)))
            self.assertEqual(peer.reply().code, 250)
        self.south.await_mail("suzie", token)
        self.south.await_empty_queue()

    def test_a_forged_sender_is_told_nothing(self):
        self.say("ann@victim.example", token="forged-1")
        self.assertEqual(self.victim.messages, [])

    def test_a_sender_whose_domain_names_the_client_is_told(self):
        source = self.world.new_address()
        self.world.publish(f"spf.example. 5 IN TXT \"v=spf1 ip4:{source} -all\"\nspf.example. 5 IN MX 10 mx.west.example.")
        self.say("ann@spf.example", source, token="spf-1")
        _, to, octets = poll(lambda: [m for m in self.west.messages if b"spf-1" in m[2]], "the report came")[0]
        self.assertEqual(to, ["ann@spf.example"])
        self.assertIn(b"Action: delivered\r\n", octets)

    def test_malformed_wishes_are_refused(self):
        with connect(self.south) as peer:
            self.assertIn("250-DSN", peer.hello.text.replace("250 DSN", "250-DSN"))
            self.assertEqual(peer.cmd("MAIL FROM:<a@b.example> RET=ALL").status, "501 5.5.4")
            self.assertEqual(peer.cmd("MAIL FROM:<a@b.example> ENVID=+0A").status, "501 5.5.4")
            self.assertEqual(peer.cmd("MAIL FROM:<a@b.example> ENVID=x").code, 250)
            self.assertEqual(peer.cmd("RCPT TO:<suzie@south.example> NOTIFY=NEVER,DELAY").status, "501 5.5.4")
            self.assertEqual(peer.cmd("RCPT TO:<suzie@south.example> ORCPT=suzie").status, "501 5.5.4")
            long = "RCPT TO:<suzie@south.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;" + "a" * 490
            self.assertEqual(peer.cmd(long).code, 250)  # RFC 3461 §5


class Behind(WorldCase):
    """Mailboxes behind other servers: LMTP delivers for good, SMTP does not say."""

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        address = world.new_address()
        for n, way in ((1, "lmtp"), (2, "smtp")):
            sink = Sink(address, world.port + n, lmtp=way == "lmtp")
            cls.addClassCleanup(sink.close)
            cls.north.add_domain(f"{way}.example", ["ann"])
            cls.north.domains[n]["deliver"] = f"{way}:{address}:{world.port + n}"

    def test_what_is_told_of_them(self):
        for way, action in (("lmtp", "delivered"), ("smtp", "relayed")):
            with self.subTest(way), self.north.login("joe") as client:
                to = f"ann@{way}.example"
                client.sendmail("joe@north.example", [to], message("joe@north.example", to, way),
                                rcpt_options=["NOTIFY=SUCCESS"])
                _, one = status_groups(self.north.await_mail("joe", f"Final-Recipient: rfc822; {to}"))
                self.assertEqual(one["Action"], action)


class Suppression(WorldCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"],
                                 settings={"queue": {"first_retry": "1s", "max_retry": "1s", "suppression": True}})
        cls.said = {}
        address = world.new_address()
        cls.sink = Sink(address, world.port, lambda verb, argument: cls.answer(verb, argument))
        cls.addClassCleanup(cls.sink.close)
        world.publish(f"west.example. 5 IN MX 10 mx.west.example.\nmx.west.example. 5 IN A {address}")

    @classmethod
    def answer(cls, verb, argument):
        return next((reply for part, reply in cls.said.items() if verb == "RCPT" and part in argument), None)

    def send(self, to, token):
        self.north.submit("joe", to, message("joe@north.example", to, token))

    def refused(self, to):
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as caught:
            self.send(to, "never")
        return caught.exception.recipients[to]

    def command(self, *words, **options):
        return cas("suppression", *words, "--config", self.north.config, **options)

    def rows(self):
        return json.loads(self.command("list", "--json"))["suppressed"]

    def test_a_mailbox_that_is_gone_is_refused_until_somebody_lifts_it(self):
        self.said["gone@"] = "550 5.1.1 no such user"
        self.said["policy@"] = "550 5.7.1 no such user, says the policy"
        self.said["postmaster@"] = "550 5.1.1 no such user"
        for name in ("gone", "policy", "postmaster"):
            self.send(f"{name}@west.example", f"{name}-1")
            self.north.await_mail("joe", f"Final-Recipient: rfc822; {name}@west.example")
        self.assertEqual(sorted(row["address"] for row in self.rows()), ["gone@west.example", "postmaster@west.example"])
        code, text = self.refused("Gone@west.example")
        self.assertEqual(code, 550)
        self.assertIn(b"5.1.1", text)
        self.assertIn(b"no such user", text)
        self.assertIn(b"cas suppression remove", text)
        self.send("policy@west.example", "policy-2")
        self.send("postmaster@west.example", "postmaster-2")  # never refused
        self.assertIn("gone@west.example", self.command("list"))
        self.said.clear()
        self.command("remove", "gone@west.example")
        self.send("gone@west.example", "gone-2")
        poll(lambda: [m for m in self.sink.messages if b"gone-2" in m[2]], "mail goes there again")

    def test_addresses_are_entered_by_hand(self):
        self.assertIn("1 address entered", self.command("add", "kim@west.example", "--reason", "she asked us"))
        self.assertIn(b"she asked us", self.refused("kim@west.example")[1])
        printed = self.command("import", "--json", stdin="# old list\nlee@west.example\r\n\nKim@west.example\n")
        self.assertEqual(json.loads(printed), {"entered": 2, "new": 1})
        self.refused("lee@west.example")
        for name in ("kim", "lee"):
            self.assertEqual(json.loads(self.command("remove", f"{name}@west.example", "--json")), {"removed": 1})
        bad = subprocess.run([CAS, "suppression", "import", "--config", self.north.config], input="a@b.example\nnonsense\n",
                             capture_output=True, text=True, timeout=60)
        self.assertEqual(bad.returncode, 65)
        self.assertIn("line 2", bad.stderr)
        gone = subprocess.run([CAS, "suppression", "remove", "x@b.example", "--config", self.north.config],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(gone.returncode, 65)
        self.assertIn("not suppressed", gone.stderr)


if __name__ == "__main__":
    unittest.main()
