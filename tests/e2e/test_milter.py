# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Debian's Postfix keeps its place in front and asks CAS about its mail by milter: what comes is judged and refused in the
session, what its own hosts send is signed, and when CAS is not there nothing is taken."""

import email
import email.policy
import pathlib
import shutil
import smtplib
import socket
import struct
import subprocess
import unittest

import dkim

from . import postfix
from .milter import Mta
from .harness import BOUND, WorldCase, cas, message, poll, txt

HOST = "mx.south.example"


@unittest.skipIf(postfix.why_not(), postfix.why_not() or "")
class BehindPostfix(WorldCase):
    @classmethod
    def build(cls, world):
        world.key_type = "rsa"
        cls.own, cls.honest, cls.stranger = world.new_address(), world.new_address(), world.new_address()
        cls.south = world.server("south.example")
        cls.south.domains = [dict(name="south.example", mailboxes=None, mode="optional", signing=True, milter=True, authentication="act")]
        for name, mode, more in (("strict.example", "required", {}), ("watch.example", "optional", {"authentication": "observe"})):
            cls.south.add_domain(name, None, mode=mode, **more)
            cls.south.domains[-1]["milter"] = True
        cls.port = world.port + 1
        cls.socket = cls.south.directory / "milter.sock"
        cls.south.tables = (cls.listener(f"{cls.south.address}:{cls.port}", [cls.own]) +
                            cls.listener(f"unix:{cls.socket}", [], 'quarantine = "mark"'))
        cls.postfix = cls.front(world, cls.south.address, cls.port)
        cls.publish(world)

    @staticmethod
    def listener(address, own, more=""):
        networks = ", ".join(f'"{one}"' for one in own)
        return f'[[listen]]\naddress = "{address}"\nrole = "milter"\ntrusted_networks = [{networks}]\n{more}\n'

    @classmethod
    def front(cls, world, address, port):
        front = postfix.Postfix(world, "south.example", {"none.example": (world.new_address(), 25)},
                                domains=("strict.example", "watch.example", "other.example"),
                                more=f"smtpd_milters = inet:{address}:{port}\nsmtpd_delay_reject = yes\n")
        cls.addClassCleanup(front.close)
        return front

    @classmethod
    def publish(cls, world):
        """honest.example says who may send for it, as do bank.example (reject) and loose.example (quarantine), which do not send."""
        pem = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                             check=True, capture_output=True).stdout
        public = subprocess.run(["openssl", "pkey", "-pubout"], input=pem, check=True, capture_output=True).stdout
        record = "v=DKIM1; k=rsa; p=" + "".join(public.decode().splitlines()[1:-1])
        cls.pem = pem
        world.publish(f's1._domainkey.honest.example. 5 IN TXT {txt(record)}')
        world.publish(f'honest.example. 5 IN TXT "v=spf1 ip4:{cls.honest} -all"\n_dmarc.honest.example. 5 IN TXT "v=DMARC1; p=reject"')
        for name, policy in (("bank.example", "reject"), ("loose.example", "quarantine")):
            world.publish(f'{name}. 5 IN TXT "v=spf1 -all"\n_dmarc.{name}. 5 IN TXT "v=DMARC1; p={policy}"')

    # ---- The client ----

    def client(self, source):
        return smtplib.SMTP(self.postfix.address, self.postfix.port, local_hostname="client.example", timeout=BOUND,
                            source_address=(source, 0))

    def send(self, source, sender, to, octets):
        to = [to] if isinstance(to, str) else to
        with self.client(source) as client:
            return client.sendmail(sender, to, octets)

    def refused(self, source, sender, to, octets):
        """The reply to the end of the message, or to the only recipient."""
        with self.assertRaises(smtplib.SMTPException) as caught:
            self.send(source, sender, to, octets)
        if isinstance(caught.exception, smtplib.SMTPRecipientsRefused):
            code, text = caught.exception.recipients[to]
        else:
            code, text = caught.exception.smtp_code, caught.exception.smtp_error
        return f"{code} {text.decode()}"

    def delivered(self, token):
        text = poll(lambda: self.postfix.bounces(token), f"{token} is delivered")[0]
        return email.message_from_string(text, policy=email.policy.default)

    def tool(self, *arguments):
        return cas(*arguments, "--config", self.south.config)

    # ---- What comes ----

    def test_what_was_found_is_told_at_the_top(self):
        forged = (f"Authentication-Results: {HOST}; dmarc=pass header.from=bank.example\r\n"
                  "Authentication-Results: elsewhere.example; spf=pass smtp.mailfrom=x.example\r\n"
                  f"Authentication-Results: MX.south.example;\r\n\tspf=pass\r\nCAS-Confirmation: 1.k.p.0.a.b.c\r\n")
        self.send(self.honest, "ann@honest.example", "suzie@south.example",
                  message("ann@honest.example", "suzie@south.example", "told", extra=forged))
        mail = self.delivered("told")
        self.assert_results(mail, HOST, "cas=none", "spf=pass", "dmarc=pass", "smtp.mailfrom=ann@honest.example")
        self.assertEqual(mail.keys()[3:5], ["Authentication-Results", "Received"], "above what Postfix wrote")
        self.assertEqual(len(mail.get_all("Authentication-Results")), 2)
        self.assertIn("elsewhere.example", mail.get_all("Authentication-Results")[1])
        self.assertNotIn("CAS-Confirmation", mail)

    def test_a_signature_of_each_form_still_verifies(self):
        for form in (b"simple", b"relaxed"):
            token = f"signed-{form.decode()}"
            octets = message("ann@honest.example", "suzie@south.example", token, body="one  \r\n\r\ntwo \r\n\r\n\r\n" + "long line " * 9000 + "\r\n",
                             extra="X-Folded: a\r\n\t b  \r\n  c\r\nX-Tab:\tx\r\nX-Odd:y\r\n")
            octets = dkim.sign(octets, b"s1", b"honest.example", self.pem, canonicalize=(form, form),
                               include_headers=[b"from", b"x-folded", b"x-tab", b"x-odd", b"subject"]) + octets
            self.send(self.stranger, "ann@elsewhere.example", "suzie@south.example", octets)
            self.assert_results(self.delivered(token), HOST, "dkim=pass", "header.d=honest.example", "dmarc=pass")

    def test_a_forged_author_is_refused_in_the_session(self):
        reply = self.refused(self.stranger, "joe@bank.example", "suzie@south.example",
                             message("joe@bank.example", "suzie@south.example", "forged"))
        self.assertRegex(reply, r"^550 5\.7\.26 .*bank\.example")
        self.assertEqual(self.postfix.bounces("forged"), [])

    def test_a_domain_that_observes_takes_it(self):
        self.send(self.stranger, "joe@bank.example", "walter@watch.example", message("joe@bank.example", "walter@watch.example", "observed"))
        self.assert_results(self.delivered("observed"), HOST, "dmarc=fail")

    def test_quarantine_waits_in_the_hold_queue(self):
        self.send(self.stranger, "joe@loose.example", "suzie@south.example", message("joe@loose.example", "suzie@south.example", "doubtful"))
        poll(lambda: "joe@loose.example" in self.postfix.queued("hold"), "it is held")
        self.assertEqual(self.postfix.bounces("doubtful"), [])

    def test_a_block_concerns_whom_it_is_for(self):
        self.tool("block", "add", "eve@honest.example", "--for", "suzie@south.example", "--reason", "100% spam")
        octets = message("eve@honest.example", "kim@south.example", "to-kim")
        refused = self.send(self.honest, "eve@honest.example", ["suzie@south.example", "kim@south.example"], octets)
        self.assertEqual(list(refused), ["suzie@south.example"])
        self.assertEqual(refused["suzie@south.example"][0], 550)
        self.assertIn(b"[CAS:refused]", refused["suzie@south.example"][1])
        self.delivered("to-kim")

    def test_an_author_that_is_blocked_is_seen_at_the_end(self):
        self.tool("block", "add", "mallory@honest.example", "--reason", "spam")
        reply = self.refused(self.honest, "bounce@honest.example", "suzie@south.example",
                             message("mallory@honest.example", "suzie@south.example", "by-mallory"))
        self.assertIn("550 5.7.1 [CAS:refused]", reply)

    def test_without_cas_only_the_exempt_get_where_it_is_required(self):
        octets = message("ann@honest.example", "olga@strict.example", "to-olga")
        self.assertIn("530 5.7.0 [CAS:required]", self.refused(self.honest, "ann@honest.example", "olga@strict.example", octets))
        self.tool("exempt", "add", "pat@honest.example", "--for", "strict.example", "--proof", "spf", "--reason", "no CAS there")
        self.send(self.honest, "pat@honest.example", "olga@strict.example", message("pat@honest.example", "olga@strict.example", "by-pat"))
        self.assert_results(self.delivered("by-pat"), HOST, "policy.cas=exempt")
        self.assertIn("530 5.7.0", self.refused(self.stranger, "pat@honest.example", "olga@strict.example", octets))

    def test_who_could_differ_comes_alone(self):
        refused = self.send(self.stranger, "joe@bank.example", ["walter@watch.example", "suzie@south.example"],
                            message("joe@bank.example", "walter@watch.example", "both"))
        self.assertEqual(refused["suzie@south.example"][0], 452)
        self.delivered("both")

    def test_what_is_for_others_is_the_business_of_the_mta(self):
        self.send(self.honest, "ann@honest.example", "any@other.example", message("ann@honest.example", "any@other.example", "to-others"))
        self.assert_results(self.delivered("to-others"), HOST, "spf=pass")

    def test_why_knows_the_mailboxes_of_the_mta(self):
        told = self.tool("why", "ann@honest.example", "olga@strict.example")
        self.assertIn("required", told)
        self.assertNotIn("relay-denied", told)

    # ---- What goes ----

    def test_what_own_hosts_send_is_signed(self):
        self.send(self.own, "joe@south.example", "any@other.example", message("joe@south.example", "any@other.example", "ours", extra="X-Folded: a\r\n\tb\r\n"))
        mail = poll(lambda: self.postfix.bounces("ours"), "it is delivered")[0]
        octets = mail.replace("\n", "\r\n").encode()
        octets = octets[octets.index(b"DKIM-Signature:"):]
        self.assertTrue(dkim.verify(octets, dnsfunc=self.lookup))
        self.assertNotIn("Authentication-Results", mail)

    def lookup(self, name, timeout=5):
        import dns.resolver
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [self.world.dns.address], self.world.dns.port
        answer = resolver.resolve(name.decode() if isinstance(name, bytes) else name, "TXT")
        return b"".join(answer[0].strings)

    def test_for_others_nobody_here_signs(self):
        self.send(self.own, "joe@bank.example", "any@other.example", message("joe@bank.example", "any@other.example", "not-ours"))
        mail = self.delivered("not-ours")
        self.assertNotIn("DKIM-Signature", mail)

    # ---- Other MTAs, octet by octet ----

    def through(self, where, client, sender, to, octets, user=None, **negotiation):
        with Mta(where, **negotiation) as mta:
            mta.connect(client)
            self.assertEqual(mta.mail(sender, user), ("c", b""))
            self.assertEqual(mta.rcpt(to), ("c", b""))
            return mta.data(octets)

    @property
    def place(self):
        return (self.south.address, self.port)

    def test_what_users_send_is_signed_and_nobody_asks_where_they_are(self):
        replies = self.through(self.place, self.stranger, "joe@south.example", "any@other.example",
                               message("joe@south.example", "any@other.example"), user="joe")
        self.assertEqual([code for code, _ in replies], ["i", "a"])
        self.assertEqual(replies[0][1][:20], struct.pack(">I", 0) + b"DKIM-Signature\0 ")

    def test_a_socket_of_the_file_system_where_quarantine_is_but_marked(self):
        replies = self.through(self.socket, self.stranger, "joe@loose.example", "suzie@south.example",
                               message("joe@loose.example", "suzie@south.example"))
        self.assertEqual([code for code, _ in replies], ["i", "a"])
        self.assertIn(b"dmarc=fail", replies[0][1])

    def test_an_mta_that_cannot_hold_gets_it_marked(self):
        replies = self.through(self.place, self.stranger, "joe@loose.example", "suzie@south.example",
                               message("joe@loose.example", "suzie@south.example"), actions=0x11)
        self.assertEqual([code for code, _ in replies], ["i", "a"])

    def test_fields_are_removed_from_the_last_to_the_first(self):
        forged = f"Authentication-Results: {HOST}; none\r\n" * 3
        replies = self.through(self.place, self.honest, "ann@honest.example", "suzie@south.example",
                               message("ann@honest.example", "suzie@south.example", extra=forged))
        removed = [data for code, data in replies if code == "m"]
        self.assertEqual(removed, [struct.pack(">I", n) + b"Authentication-Results\0\0" for n in (3, 2, 1)])

    def test_several_messages_on_one_connection(self):
        with Mta(self.place) as mta:
            mta.connect(self.honest)
            for _ in range(3):
                self.assertEqual(mta.mail("ann@honest.example")[0], "c")
                self.assertEqual(mta.rcpt("suzie@south.example")[0], "c")
                mta.send("A")
                self.assertEqual(mta.mail("ann@honest.example")[0], "c")
                self.assertEqual(mta.rcpt("suzie@south.example")[0], "c")
                self.assertEqual(mta.data(message("ann@honest.example", "suzie@south.example"))[-1][0], "a")
            mta.send("K")
            mta.connect(self.stranger)
            self.assertEqual(mta.mail("joe@bank.example")[0], "c")
            self.assertEqual(mta.rcpt("suzie@south.example")[0], "c")
            self.assertEqual(mta.data(message("joe@bank.example", "suzie@south.example"))[-1][0], "y")

    def test_a_header_that_is_too_long_is_refused_and_others_are_served(self):
        octets = message("ann@honest.example", "suzie@south.example", extra="".join(f"X-{n}: {'y' * 900}\r\n" for n in range(400)))
        code, data = self.through(self.place, self.honest, "ann@honest.example", "suzie@south.example", octets)[-1]
        self.assertEqual((code, data[:10]), ("y", b"552 5.3.4 "))

    def test_who_does_not_keep_to_the_protocol_is_hung_up_on(self):
        def hung_up(octets):
            with socket.create_connection(self.place, timeout=BOUND) as sock:
                sock.sendall(octets)
                return sock.recv(100) == b""
        self.assertTrue(hung_up(b"EHLO client.example\r\n"))
        self.assertTrue(hung_up(b"\xff" * 100))
        self.assertTrue(hung_up(b"\0\0\0\1Q"))
        with Mta(self.place) as mta:
            self.assertIsNone(mta.rcpt("suzie@south.example"))
        with Mta(self.place) as slow:  # and who says nothing holds up nobody
            slow.connect(self.honest)
            self.test_several_messages_on_one_connection()

    @unittest.skipUnless(shutil.which("miltertest"), "miltertest is not installed")
    def test_as_miltertest_sees_it(self):
        script = pathlib.Path(__file__).with_name("milter.lua")
        done = subprocess.run(["miltertest", "-v", "-s", script, "-D", f"place=inet:{self.port}@{self.south.address}", "-D", f"honest={self.honest}",
                               "-D", f"stranger={self.stranger}"], capture_output=True, text=True, timeout=BOUND)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    # ---- Without CAS ----

    def test_without_cas_nothing_is_taken(self):
        self.south.stop()
        try:
            reply = self.refused(self.honest, "ann@honest.example", "suzie@south.example", message("ann@honest.example", "suzie@south.example", "too-early"))
            self.assertRegex(reply, r"^451 4\.7\.1 ")
        finally:
            self.south.start()
        self.send(self.honest, "ann@honest.example", "suzie@south.example", message("ann@honest.example", "suzie@south.example", "in-time"))
        self.delivered("in-time")


if __name__ == "__main__":
    unittest.main()
