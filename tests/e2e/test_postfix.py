# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Debian's Postfix, which knows nothing of CAS, writes to mailboxes that are exempt, screened, blocked or only observed: what
CAS answers is what a common mail server understands, and nothing is lost or doubled by it."""

import json
import re
import smtplib
import subprocess
import unittest

import dkim

from . import postfix
from .harness import WorldCase, cas, message, poll, txt

ANN = "ann@quiet.example"


@unittest.skipIf(postfix.why_not(), postfix.why_not() or "")
class FromPostfix(WorldCase):
    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example", mailboxes=("suzie", "kim", "lee", "max", "pat", "bob", "eve", "open", "door", "abel"))
        cls.south.domains[0]["more"] = {"screener": "hold"}
        cls.south.add_domain("strict.example", ["olga", "otto"], mode="required")
        cls.south.add_domain("watch.example", ["walter", "wanda"], mode="required", observe=True, screener="hold")
        there = (cls.south.address, cls.south.smtp_port)
        domains = ("south.example", "strict.example", "watch.example")
        cls.postfix = postfix.Postfix(world, "quiet.example", {name: there for name in domains})
        cls.addClassCleanup(cls.postfix.close)
        # SPF speaks for quiet.example; for signed.example only its DKIM signature does, for nobody.example nothing.
        cls.world.publish(f'quiet.example. 5 IN TXT "v=spf1 ip4:{cls.postfix.address} -all"')
        cls.pem = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                                 check=True, capture_output=True).stdout
        public = subprocess.run(["openssl", "pkey", "-pubout"], input=cls.pem, check=True, capture_output=True).stdout
        record = "v=DKIM1; k=rsa; p=" + "".join(public.decode().splitlines()[1:-1])
        cls.world.publish(f"s1._domainkey.signed.example. 5 IN TXT {txt(record)}")

    def tool(self, *arguments):
        return cas(*arguments, "--config", self.south.config)

    def send(self, to, token, author=ANN, envelope=ANN):
        recipients = [to] if isinstance(to, str) else to
        octets = message(author, recipients, token)
        if author.endswith("@signed.example"):
            octets = dkim.sign(octets, b"s1", b"signed.example", self.pem) + octets
        self.postfix.send(envelope, recipients, octets)

    def inbox(self, mailbox, domain="south.example"):
        return self.subjects(self.south.mail(mailbox, domain))

    def screened(self, mailbox, domain="south.example"):
        return self.subjects(self.south.folder(mailbox, "Screener", domain))

    def subjects(self, messages):
        return [re.search(rb"^Subject: (.*)$", m, re.M).group(1).decode() for m in messages]

    def await_bounce(self, token):
        """The one notification, its folded lines joined."""
        found = poll(lambda: self.postfix.bounces(token), f"Postfix bounces {token}")
        self.assertEqual(len(found), 1)
        return re.sub(r"\s+", " ", found[0])

    def await_deferred(self, mailbox, word):
        poll(lambda: word in self.postfix.deferred().get(mailbox, ""), f"{mailbox} is deferred with {word}")

    def log_line(self, *words):
        """The server's line about it."""
        return poll(lambda: next((line for line in self.south.log.read_text().splitlines() if all(w in line for w in words)),
                                 None), f"a line with {words}")

    # ---- One recipient ----

    def test_an_exempt_address_gets_what_its_neighbour_does_not(self):
        self.tool("exempt", "add", self.postfix.address, "--for", "olga@strict.example", "--reason", "no CAS there")
        self.send("olga@strict.example", "to-the-exempt")
        poll(lambda: self.inbox("olga", "strict.example") == ["to-the-exempt"], "it arrives")
        self.log_line("olga@strict.example", "rule=exempt")
        self.send("otto@strict.example", "to-the-neighbour")
        bounce = self.await_bounce("to-the-neighbour")
        self.assertIn("otto@strict.example", bounce)
        self.assertIn("530 5.7.0 [CAS:required]", bounce)
        self.assertEqual(self.inbox("otto", "strict.example"), [])

    def test_an_unsigned_stranger_waits_and_is_let_in_once(self):
        self.send("kim@south.example", "held-by-spf")
        poll(lambda: self.screened("kim") == ["held-by-spf"], "it waits")
        [sender] = json.loads(self.tool("screener", "list", "kim@south.example", "--json"))["senders"]
        self.assertEqual((sender["sender"], sender["proven"]), ("spf:" + ANN, True))
        self.assertEqual(self.inbox("kim"), [])
        self.assertEqual(self.postfix.deferred().get("kim@south.example"), None, "Postfix is done with it")
        self.tool("screener", "approve", "kim@south.example", sender["sender"])
        poll(lambda: self.inbox("kim") == ["held-by-spf"], "it arrives")
        self.assertEqual(self.screened("kim"), [])
        self.send("kim@south.example", "no-stranger")
        poll(lambda: self.inbox("kim") == ["held-by-spf", "no-stranger"], "the next is no stranger's")

    def test_a_signature_stands_for_the_author(self):
        self.send("pat@south.example", "held-by-dkim", author="dan@signed.example")
        poll(lambda: self.screened("pat") == ["held-by-dkim"], "it waits")
        [sender] = json.loads(self.tool("screener", "list", "pat@south.example", "--json"))["senders"]
        self.assertEqual((sender["sender"], sender["proven"]), ("dan@signed.example", True))
        self.tool("screener", "approve", "pat@south.example", "dan@signed.example")
        poll(lambda: self.inbox("pat") == ["held-by-dkim"], "it arrives")

    def test_a_blocked_sender_is_bounced_by_its_own_server(self):
        self.tool("block", "add", "mallory@quiet.example", "--for", "suzie@south.example")
        self.send("suzie@south.example", "blocked", author="mallory@quiet.example", envelope="mallory@quiet.example")
        bounce = self.await_bounce("blocked")
        self.assertIn("550 5.7.1 [CAS:refused]", bounce)
        self.assertNotIn("blocked", self.inbox("suzie") + self.screened("suzie"))

    def test_what_a_mailbox_defers_stays_with_postfix_until_it_is_approved(self):
        self.tool("screener", "mode", "lee@south.example", "defer")
        self.send("lee@south.example", "deferred")
        self.await_deferred("lee@south.example", "451 4.7.0 [CAS:pending")
        self.assertEqual(self.inbox("lee") + self.screened("lee"), [])
        self.tool("screener", "approve", "lee@south.example", "spf:" + ANN)
        self.postfix.flush()
        poll(lambda: self.inbox("lee") == ["deferred"], "approved, and sent again")
        poll(lambda: "lee@south.example" not in self.postfix.deferred(), "Postfix is done with it")

    # ---- Several ----

    def test_several_recipients_of_one_transaction_have_each_their_own_fate(self):
        self.tool("screener", "mode", "open@south.example", "off")
        self.tool("screener", "mode", "max@south.example", "defer")
        self.tool("block", "add", ANN, "--for", "eve@south.example")
        recipients = [f"{name}@south.example" for name in ("open", "bob", "eve", "nobody", "max")] + ["otto@strict.example"]
        self.send(recipients, "to-many")
        poll(lambda: self.inbox("open") == ["to-many"], "the open mailbox has it")
        poll(lambda: self.screened("bob") == ["to-many"], "the screened one holds it")
        self.log_line("max@south.example", "admission=deferred", "452 4.5.3")
        bounce = self.await_bounce("to-many")
        for recipient, why in (("eve@south.example", "[CAS:refused]"), ("nobody@south.example", "550 5.1.1"),
                               ("otto@strict.example", "530 5.7.0 [CAS:required]")):
            self.assertRegex(bounce, rf"<{re.escape(recipient)}>: host [^<]*{re.escape(why)}")
        for recipient in ("open", "bob", "max"):
            self.assertNotIn(f"<{recipient}@south.example>:", bounce)
        self.tool("screener", "approve", "max@south.example", "spf:" + ANN)
        poll(lambda: (self.postfix.flush(), self.inbox("max"))[1] == ["to-many"], "what was deferred arrives")
        poll(lambda: "max@south.example" not in self.postfix.deferred(), "Postfix is done with it")
        self.assertEqual((self.inbox("open"), self.screened("bob")), (["to-many"], ["to-many"]), "nobody has it twice")
        self.assertEqual(self.inbox("eve") + self.screened("eve") + self.inbox("otto", "strict.example"), [])

    def test_a_mailbox_that_defers_keeps_no_neighbour_waiting(self):
        self.tool("screener", "mode", "door@south.example", "off")
        self.tool("screener", "mode", "abel@south.example", "defer")
        self.send(["abel@south.example", "door@south.example"], "to-two")
        self.await_deferred("abel@south.example", "[CAS:pending")
        poll(lambda: (self.postfix.flush(), "to-two" in self.inbox("door"))[1], "the open mailbox has it")
        self.assertEqual(self.inbox("door").count("to-two"), 1)
        self.assertEqual(self.inbox("abel") + self.screened("abel"), [])
        self.tool("screener", "approve", "abel@south.example", "spf:" + ANN)
        self.postfix.flush()
        poll(lambda: self.inbox("abel") == ["to-two"], "approved, and taken at the next try")

    # ---- Only watching ----

    def test_a_domain_that_observes_takes_all_and_says_what_it_would_have_done(self):
        self.tool("block", "add", "mallory@quiet.example", "--for", "wanda@watch.example")
        self.send("walter@watch.example", "watched")
        self.send("wanda@watch.example", "watched-too", author="mallory@quiet.example", envelope="mallory@quiet.example")
        poll(lambda: self.inbox("walter", "watch.example") == ["watched"], "it arrives")
        poll(lambda: self.inbox("wanda", "watch.example") == ["watched-too"], "and so does that of who is blocked")
        self.log_line("walter@watch.example", "observed=required")
        self.log_line("wanda@watch.example", "observed=required")  # the first of those that would have applied
        self.assertEqual(self.screened("walter", "watch.example") + self.screened("wanda", "watch.example"), [])


@unittest.skipIf(postfix.why_not(), postfix.why_not() or "")
class BehindCas(WorldCase):
    """Postfix has the mailboxes, and is told whose message it is."""

    @classmethod
    def build(cls, world):
        cls.south = world.server("south.example", users=["suzie"], settings={"outbound": {"idle_timeout": "5s"}})
        cls.behind = {}
        for name, more in (("told.example", "smtpd_authorized_xclient_hosts = 127.0.0.0/8"), ("untold.example", "")):
            cls.behind[name] = postfix.Postfix(world, name, {"south.example": (cls.south.address, cls.south.smtp_port)}, more=more)
            cls.addClassCleanup(cls.behind[name].close)
            cls.south.add_domain(name, None, recipients="callout", xclient=True)
            cls.south.domains[-1]["deliver"] = f"smtp:{cls.behind[name].address}:{cls.behind[name].port}"

    def deliver(self, domain, tokens, source="127.79.1.1", helo="client.example"):
        with smtplib.SMTP(self.south.address, self.south.smtp_port, local_hostname=helo, source_address=(source, 0)) as client:
            for token in tokens:
                client.sendmail("eve@quiet.example", [f"bob@{domain}"], message("eve@quiet.example", f"bob@{domain}", token))
        for token in tokens:
            poll(lambda: self.behind[domain].bounces(token), f"{token} arrives")

    def clients(self, domain):
        return re.findall(r"smtpd\[\d+\]: \w+: client=\S*\[(\S+?)\]", self.behind[domain].log())

    def test_it_is_told_who_the_client_is(self):
        self.deliver("told.example", ["one", "two"])
        self.deliver("told.example", ["three"], "127.79.1.2", "other.example")
        told = [client for client in self.clients("told.example") if client.startswith("127.79.")]  # others: who asks for the mailbox
        self.assertEqual(told[-3:], ["127.79.1.1", "127.79.1.1", "127.79.1.2"])
        self.assertIn("from other.example (unknown [127.79.1.2])", self.behind["told.example"].bounces("three")[0])

    def test_mail_of_our_own_users_is_nobody_else_s(self):
        self.deliver("told.example", ["before"])
        before = len(self.clients("told.example"))
        self.south.submit("suzie", ["bob@told.example"], message("suzie@south.example", "bob@told.example", "ours"))
        poll(lambda: self.behind["told.example"].bounces("ours"), "it arrives")
        clients = self.clients("told.example")[before:]
        self.assertEqual(len(clients), 1)
        self.assertFalse(clients[0].startswith("127.79."), "a connection that was kept spoke for somebody")

    def test_one_that_does_not_let_us_gets_its_mail(self):
        self.deliver("untold.example", ["plain"])
        self.deliver("untold.example", ["plain-too"])
        self.assertNotIn("127.79.1.1", self.clients("untold.example"))
        told = [line for line in self.south.log.read_text().splitlines() if " xclient-refused " in line]
        self.assertEqual(len(told), 1, "once a day")
        self.assertIn("XCLIENT is not offered there", told[0])


if __name__ == "__main__":
    unittest.main()
