# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Other mail servers -> CAS -> CAS -> other mail servers, by the lines of docs/recipes.md: confirmed between the two in the middle, and
the message arrives as it was written."""

import smtplib
import unittest

import dkim
import dns.resolver

from . import mtas, postfix
from .harness import WorldCase, message, poll
from .peer import Sink

BODY = ("Grüße, ärger dich nicht.\r\n"
        ".a line with a dot before it\r\n"
        "..and one with two\r\n"
        ".\r\n" +
        "x" * 998 + "\r\n"
        "\ttabs  and blanks at the end \t \r\n"
        "From the start of a line\r\n"
        "\r\n\r\n"
        "-- \r\nlast\r\n").encode()


def letter(sender, to, token):
    header = (f"From: \"J. O. E.\" (a comment) <{sender}>\r\n"
              f"To: Bob\r\n\t<{to}>\r\n"
              f"Subject: {token}\r\n"
              "  and a folded\r\n\tend =?utf-8?q?=C3=BC?=\r\n"
              "Date: Fri, 27 Nov 2026 14:00:00 +0000\r\n"
              f"Message-ID: <{token}@client.example>\r\n"
              "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
              "X-Odd.Name_1:no blank before it\r\nX-Empty: \r\n")
    return header.encode() + b"\r\n" + BODY


class Interop:
    """One program twice: before north.example, for whose users it sends, and behind far.example."""

    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"])
        cls.front = world.port + 10
        cls.north.tables = mtas.recipe("cas front", front=f"{cls.north.address}:{cls.front}")
        cls.before = cls.program(world, "before.example")
        cls.addClassCleanup(cls.before.close)
        cls.behind = cls.program(world, "far.example")
        cls.addClassCleanup(cls.behind.close)
        cls.south = world.server("south.example", mailboxes=["suzie"])
        cls.south.add_domain("far.example", None)
        lines = mtas.recipe("cas behind", domain="far.example", behind=f"{cls.behind.address}:{cls.behind.port}").splitlines()
        keys = {key: value.strip('"') for key, value in (line.split(" = ") for line in lines if " = " in line)}
        cls.south.domains[-1]["deliver"] = cls.place() or keys["deliver"]
        cls.south.domains[-1]["more"] = {"recipients": keys["recipients"]}

    @classmethod
    def place(cls):
        """Where it is handed to, if not by SMTP."""
        return None

    def lookup(self, name, timeout=5):
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [self.world.dns.address], self.world.dns.port
        answer = resolver.resolve(name.decode() if isinstance(name, bytes) else name, "TXT")
        return b"".join(answer[0].strings)

    def received(self, token):
        found = [octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for octets in self.inbox()
                 if f"Subject: {token}\n".encode() in octets.replace(b"\r\n", b"\n")]
        return found[0] if found else None

    def inbox(self):
        return self.behind.mail("bob")

    def hand_in(self, octets, to):
        self.before.send("joe@north.example", [to], octets)

    def test_it_arrives_confirmed_and_as_it_was_written(self):
        octets = letter("joe@north.example", "bob@far.example", "there")
        self.hand_in(octets, "bob@far.example")
        got = poll(lambda: self.received("there"), "it arrives")
        self.assertTrue(got.endswith(octets), got.decode(errors="replace"))
        header = got[:-len(octets)]
        self.assertIn(b"cas=pass policy.cas=confirmed", header.replace(b"\r\n", b"").replace(b"\t", b" "))
        self.assertTrue(dkim.verify(got, dnsfunc=self.lookup), "north.example's signature")

    def test_who_is_not_there_is_refused_at_rcpt(self):
        with smtplib.SMTP(self.south.address, self.south.smtp_port, local_hostname="client.example") as client:
            client.ehlo()
            client.mail("eve@elsewhere.example")
            self.assertEqual(client.rcpt("nobody@far.example")[0], 550)
            self.assertEqual(client.rcpt("bob@far.example")[0], 250)

    def test_who_writes_to_nobody_hears_it_from_the_server_that_sends(self):
        """It never becomes mail of the receiving CAS, which would have to bounce it."""
        self.hand_in(letter("joe@north.example", "nobody@far.example", "to-nobody"), "nobody@far.example")
        notification = self.north.await_mail("joe", "to-nobody").raw.decode(errors="replace")
        self.assertIn("Reporting-MTA: dns; mx.north.example", notification)
        self.assertRegex(notification, r"Final-Recipient: rfc822; *nobody@far\.example")
        self.assertRegex(notification, r"Diagnostic-Code: smtp; 550")
        self.assertNotIn("to-nobody", "".join(octets.decode(errors="replace") for octets in self.inbox()))
        self.south.await_empty_queue()


@unittest.skipIf(postfix.why_not(), postfix.why_not() or "")
class PostfixBothSides(Interop, WorldCase):
    @classmethod
    def program(cls, world, domain):
        more = mtas.recipe("postfix front", front_postfix=f"[{cls.north.address}]:{cls.front}") + mtas.recipe("postfix behind")
        more += f"virtual_mailbox_maps = inline:{{{{bob@{domain} = bob/}}}}\n"
        return postfix.Postfix(world, domain, {"elsewhere.example": (cls.north.address, cls.front)}, more=more)

    def inbox(self):
        new = self.behind.folder / "mail" / "bob" / "new"
        return [path.read_bytes() for path in new.iterdir()] if new.exists() else []


@unittest.skipIf(mtas.why_no_exim(), mtas.why_no_exim() or "")
class EximBothSides(Interop, WorldCase):
    @classmethod
    def program(cls, world, domain):
        return mtas.Exim(world, domain, (cls.north.address, cls.front))


@unittest.skipIf(mtas.why_no_opensmtpd(), mtas.why_no_opensmtpd() or "")
class OpenSmtpdBothSides(Interop, WorldCase):
    @classmethod
    def program(cls, world, domain):
        return mtas.OpenSmtpd(world, domain, (cls.north.address, cls.front))


class OpenSmtpdWithUsers(OpenSmtpdBothSides):
    """It says of a user that is not there what it does not say of a name in a virtual table."""

    @classmethod
    def program(cls, world, domain):
        return mtas.OpenSmtpd(world, domain, (cls.north.address, cls.front), users=True)


@unittest.skipIf(mtas.why_no_dovecot(), mtas.why_no_dovecot() or "")
@unittest.skipIf(postfix.why_not(), postfix.why_not() or "")
class DovecotBehind(Interop, WorldCase):
    """Before it is Postfix: Dovecot takes no mail from users."""

    bare = False

    @classmethod
    def program(cls, world, domain):
        if domain == "far.example":
            return mtas.Dovecot(world, domain, bare=cls.bare)
        return PostfixBothSides.program.__func__(cls, world, domain)

    @classmethod
    def place(cls):
        return f"lmtp:unix:{cls.behind.socket}"


class DovecotWithBareNames(DovecotBehind):
    bare = True


@unittest.skipIf(mtas.why_no_rspamd(), mtas.why_no_rspamd() or "")
class RspamdAsked(WorldCase):
    """A content filter that sites keep, asked before the commit."""

    @classmethod
    def build(cls, world):
        cls.rspamd = mtas.Rspamd(world)
        cls.addClassCleanup(cls.rspamd.close)
        cls.south = world.server("south.example", mailboxes=["suzie"])
        cls.south.tables = f'[[filter]]\nmilter = "{cls.rspamd.address}:{cls.rspamd.port}"\n'

    def send(self, token, body):
        with smtplib.SMTP(self.south.address, self.south.smtp_port, local_hostname="client.example") as client:
            client.sendmail("ann@elsewhere.example", ["suzie@south.example"],
                            message("ann@elsewhere.example", "suzie@south.example", token, body=body))

    def test_what_it_passes_arrives_with_its_header_field(self):
        self.send("clean", "Shall we meet on Monday?\r\n")
        self.assertIn("X-Spam-Status", self.south.await_mail("suzie", "clean"))

    def test_what_it_refuses_is_refused(self):
        with self.assertRaises(smtplib.SMTPDataError) as refused:
            self.send("gtube", "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n")
        self.assertEqual(refused.exception.smtp_code, 554)
        self.assertEqual(self.south.find("suzie", "gtube"), [])


@unittest.skipIf(mtas.why_no_clamav(), mtas.why_no_clamav() or "")
class ClamAvAsked(WorldCase):
    @classmethod
    def build(cls, world):
        cls.clamav = mtas.ClamAv(world)
        cls.addClassCleanup(cls.clamav.close)
        cls.south = world.server("south.example", mailboxes=["suzie"])
        cls.south.tables = f'[[filter]]\nmilter = "{cls.clamav.address}:{cls.clamav.port}"\n'

    def send(self, token, body):
        with smtplib.SMTP(self.south.address, self.south.smtp_port, local_hostname="client.example") as client:
            client.sendmail("ann@elsewhere.example", ["suzie@south.example"],
                            message("ann@elsewhere.example", "suzie@south.example", token, body=body))

    def test_what_is_clean_arrives_with_its_header_field(self):
        self.send("clean", "Shall we meet on Monday?\r\n")
        self.assertEqual(self.south.await_mail("suzie", "clean")["X-Virus-Status"], "Clean")

    def test_what_is_infected_is_refused(self):
        with self.assertRaises(smtplib.SMTPDataError) as refused:
            self.send("infected", f"{mtas.VIRUS}\r\n")
        self.assertEqual(refused.exception.smtp_code, 550)
        self.assertEqual(self.south.find("suzie", "infected"), [])


@unittest.skipIf(mtas.why_no_sendmail(), mtas.why_no_sendmail() or "")
class SendmailAsks(WorldCase):
    """Sendmail has the mailboxes and asks by milter."""

    @classmethod
    def build(cls, world):
        cls.honest, cls.stranger = world.new_address(), world.new_address()
        cls.south = world.server("south.example")
        cls.south.domains = [dict(name="south.example", mailboxes=None, mode="optional", signing=True, milter=True, authentication="act")]
        place = (cls.south.address, world.port + 1)
        cls.south.tables = f'[[listen]]\naddress = "{place[0]}:{place[1]}"\nrole = "milter"\n'
        cls.sendmail = mtas.Sendmail(world, "south.example", f"S=inet:{place[1]}@{place[0]}, F=T, T=C:30s;S:30s;R:60s;E:5m", world.port + 2)
        cls.addClassCleanup(cls.sendmail.close)
        cls.sink = Sink(cls.sendmail.address, world.port + 2)
        cls.addClassCleanup(cls.sink.close)
        world.publish(f'honest.example. 5 IN TXT "v=spf1 ip4:{cls.honest} -all"\n'
                      'bank.example. 5 IN TXT "v=spf1 -all"\n_dmarc.bank.example. 5 IN TXT "v=DMARC1; p=reject"')

    def send(self, source, sender, token, extra=""):
        with smtplib.SMTP(self.sendmail.address, self.sendmail.port, local_hostname="client.example", source_address=(source, 0)) as client:
            client.sendmail(sender, ["bob@south.example"], message(sender, "bob@south.example", token, extra=extra))

    def test_what_was_found_is_told_and_what_claims_to_be_ours_removed(self):
        self.send(self.honest, "ann@honest.example", "told",
                  "Authentication-Results: mx.south.example; dmarc=pass\r\nCAS-Confirmation: 1.k.p.0.a.b.c\r\n")
        [octets] = poll(lambda: [m[2] for m in self.sink.messages if b"Subject: told" in m[2]], "it is handed on")
        self.assertEqual(octets.count(b"Authentication-Results:"), 1)
        self.assertRegex(octets.replace(b"\r\n", b""), rb"Authentication-Results: mx\.south\.example;.*spf=pass")
        self.assertNotIn(b"CAS-Confirmation", octets)

    def test_what_may_not_come_is_refused(self):
        with self.assertRaises(smtplib.SMTPDataError) as refused:
            self.send(self.stranger, "ceo@bank.example", "forged")
        self.assertEqual(refused.exception.smtp_code, 550)
        self.assertIn(b"5.7.", refused.exception.smtp_error)

    def test_what_its_own_host_sends_is_signed(self):
        self.send("127.0.0.1", "joe@south.example", "ours")
        [octets] = poll(lambda: [m[2] for m in self.sink.messages if b"Subject: ours" in m[2]], "it is handed on")
        self.assertIn(b"DKIM-Signature:", octets)


if __name__ == "__main__":
    unittest.main()
