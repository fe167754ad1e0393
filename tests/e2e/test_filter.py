# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Filters that a site keeps behind CAS: asked by milter before the commit, and heeded. One of our own, octet by octet, and
Debian's OpenDKIM."""

import contextlib
import shutil
import smtplib
import socket
import struct
import subprocess
import unittest

from .harness import BOUND, WorldCase, message, poll
from .milter import ALL_STEPS, Filter, packet, texts

OPENDKIM = shutil.which("opendkim", path="/usr/sbin")


def insert(index, name, value):
    return packet("i", struct.pack(">I", index) + texts(name, value))


def change(index, name, value):
    return packet("m", struct.pack(">I", index) + texts(name, value))


class Filtered(WorldCase):
    @classmethod
    def build(cls, world):
        cls.filter = Filter(world.new_address(), plan=cls.plan, steps=0x100000)
        cls.addClassCleanup(cls.filter.close)
        cls.second = Filter(world.new_address(), steps=ALL_STEPS & ~0xFF)  # replies to the end alone
        cls.addClassCleanup(cls.second.close)
        cls.south = world.server("south.example", mailboxes=("suzie", "kim"), users=("suzie",))
        cls.south.tables = (f'[[filter]]\nmilter = "{cls.filter.place}"\nsubmissions = true\ntimeout = "5s"\n'
                            f'[[filter]]\nmilter = "{cls.second.place}"\n')
        cls.west = world.server("west.example", mailboxes=("ann",))  # its filters are not there
        cls.west.tables = '[[filter]]\nmilter = "unix:/nowhere/milter.sock"\n'
        cls.east = world.server("east.example", mailboxes=("ann",))
        cls.east.tables = f'[[filter]]\nmilter = "{world.new_address()}:25"\non_failure = "accept"\n'

    @staticmethod
    def plan(seen):
        """What the subject asks for."""
        word = next(value for name, value in seen["fields"] if name == b"Subject").strip().decode().split()[0]
        return {
            "reject": packet("r"), "tempfail": packet("t"), "discard": packet("d"),
            "code": packet("y", texts("554 5.7.1 100%% spam")), "lines": packet("y", texts("550-5.7.1 one\r\n550 5.7.1 two")),
            "quarantine": packet("p") + packet("q", texts("spam")) + packet("a"),
            "change": insert(0, "X-Top", " t") + packet("h", texts("X-End", " e")) + change(1, "Subject", " [spam] s") +
                      change(2, "X-Two", "") + packet("a"),
            "body": packet("b", b"new\n") + packet("b", b"body\r\n") + packet("a"),
            "inject": packet("h", texts("X-A", " b\nBcc: evil@example")) + packet("a"),
            "recipients": packet("-", texts("<suzie@south.example>")) + packet("a"),
            "garbage": b"\xff" * 20, "silent": b"",
        }.get(word, packet("c"))

    def send(self, subject, to="suzie", server=None, body="Hello.\r\n", extra=""):
        server = server or self.south
        to = [f"{one}@{server.domain}" for one in ([to] if isinstance(to, str) else to)]
        with smtplib.SMTP(server.address, server.smtp_port, local_hostname="client.example", timeout=BOUND) as client:
            return client.sendmail("joe@quiet.example", to, message("joe@quiet.example", to, subject, body=body, extra=extra))

    def refused(self, subject, **more):
        with self.assertRaises(smtplib.SMTPDataError) as caught:
            self.send(subject, **more)
        return caught.exception.smtp_code, caught.exception.smtp_error.decode()

    def seen(self, subject, server_filter=None):
        return [m for m in (server_filter or self.filter).seen if (b"Subject", b" " + subject.encode()) in m["fields"]]

    def mail(self, token, mailbox="suzie", server=None):
        return (server or self.south).await_mail(mailbox, token)

    # ---- What it is shown ----

    def test_it_sees_what_an_mta_would_show(self):
        self.send("shown", to=["suzie", "kim"], body="one\r\n" * 40000, extra="X-Folded: a\r\n\tb\r\n")
        seen = self.seen("shown")[0]
        self.assertEqual(seen["letters"], "ODCHDMDRDRT" + "L" * 6 + "N" + "B" * 4 + "E")
        self.assertEqual((seen["helo"], seen["sender"]), ("client.example", "<joe@quiet.example>"))
        self.assertEqual(seen["recipients"], ["<suzie@south.example>", "<kim@south.example>"])
        self.assertIn((b"X-Folded", b" a\n\tb"), seen["fields"])
        self.assertEqual(seen["body"], b"one\r\n" * 40000)
        self.assertEqual(seen["macros"]["j"], "mx.south.example")
        self.assertNotIn("{auth_type}", seen["macros"])
        mail = self.mail("Subject: shown")
        self.assertIn(seen["macros"]["i"], mail["Received"], "the queue's name for it")
        self.assertEqual(len(self.seen("shown", self.second)), 1, "the next one is asked too")

    def test_what_users_send_is_shown_to_those_who_want_it(self):
        self.south.submit("suzie", "kim@south.example", message("suzie@south.example", "kim@south.example", "by-suzie"))
        seen = self.seen("by-suzie")[0]
        self.assertEqual(seen["macros"]["{auth_authen}"], "suzie@south.example")
        self.assertEqual(self.seen("by-suzie", self.second), [])
        self.mail("Subject: by-suzie", "kim")

    # ---- What it says ----

    def test_its_refusals_are_ours(self):
        self.assertEqual(self.refused("reject"), (550, "5.7.1 refused by a content filter"))
        self.assertEqual(self.refused("code"), (554, "5.7.1 100% spam"))
        self.assertEqual(self.refused("lines")[1].split("\n"), ["5.7.1 one", "5.7.1 two"])
        self.assertEqual(self.refused("tempfail")[0], 451)
        self.assertEqual(self.seen("reject", self.second), [], "nobody else is asked")

    def test_nothing_is_discarded_without_a_word(self):
        self.assertEqual(self.refused("discard"), (550, "5.7.1 refused by a content filter"))

    def test_quarantine_is_junk(self):
        self.send("quarantine me")
        poll(lambda: any(b"Subject: quarantine me" in m for m in self.south.folder("suzie", "Junk")), "it is in Junk")

    def test_a_recipient_that_it_refuses_alone_gets_it_apart(self):
        self.filter.rcpt_plan = lambda recipient: packet("r") if recipient == "<kim@south.example>" else None
        self.addCleanup(setattr, self.filter, "rcpt_plan", None)
        self.send("not-for-kim", to=["suzie", "kim"])
        self.mail("Subject: not-for-kim")
        poll(lambda: any(b"not-for-kim" in m for m in self.south.folder("kim", "Junk")), "it is in Junk")
        self.assertEqual(self.refused("kim-alone", to="kim")[0], 550)

    def test_its_changes_are_kept(self):
        self.send("change", extra="X-Two: 1\r\nX-Two: 2\r\n")
        mail = self.mail("X-Top: t")
        self.assertEqual((mail["Subject"], mail["X-End"], mail.get_all("X-Two")), ("[spam] s", "e", ["1"]))
        self.assertEqual(mail.get_payload(), "Hello.\n")
        seen = self.seen("[spam] s", self.second)[0]
        self.assertIn((b"X-Top", b" t"), seen["fields"], "the next one sees them")
        names = mail.keys()
        self.assertLess(names.index("Received"), names.index("X-Top"), "below what we write")

    def test_another_body(self):
        self.send("body", body="old\r\n" * 100000)
        self.assertEqual(self.mail("Subject: body").get_payload(), "new\nbody\n")

    # ---- What it must not ----

    def test_who_does_not_keep_to_the_protocol_was_not_asked(self):
        for word in ("inject", "recipients", "garbage"):
            self.assertEqual(self.refused(word), (451, "4.7.1 a content filter cannot be asked now, try again later"), word)

    def test_one_that_says_nothing_is_waited_for_no_longer_than_told(self):
        self.assertEqual(self.refused("silent")[0], 451)

    # ---- Where there is none ----

    def test_without_its_filter_nothing_is_taken_unless_told_so(self):
        self.assertEqual(self.refused("lost", to="ann", server=self.west)[0], 451)
        self.send("unseen", to="ann", server=self.east)
        self.mail("Subject: unseen", "ann", self.east)


@unittest.skipUnless(OPENDKIM, "OpenDKIM is not installed")
class WithOpenDkim(WorldCase):
    """A verifier with the library that nearly all milters are made with."""

    @classmethod
    def build(cls, world):
        cls.address = world.new_address()
        cls.south = world.server("south.example", mailboxes=("suzie",))
        cls.south.tables = f'[[filter]]\nmilter = "{cls.address}:{world.port}"\n'
        config = world.directory / "opendkim.conf"
        config.write_text(f"Mode v\nSocket inet:{world.port}@{cls.address}\nSyslog no\nAuthservID filter.south.example\n"
                          f"AlwaysAddARHeader yes\nBackground no\nPidFile {world.directory}/opendkim.pid\nNameservers 127.0.0.1\n")
        cls.process = subprocess.Popen([OPENDKIM, "-f", "-x", config], stdin=subprocess.DEVNULL)
        cls.addClassCleanup(cls.end)
        poll(cls.listens, "OpenDKIM listens")

    @classmethod
    def listens(cls):
        with contextlib.suppress(OSError), socket.create_connection((cls.address, cls.world.port), timeout=5):
            return True
        return False

    @classmethod
    def end(cls):
        cls.process.terminate()
        cls.process.wait(BOUND)

    def test_its_results_are_in_the_message(self):
        with smtplib.SMTP(self.south.address, self.south.smtp_port, local_hostname="client.example", timeout=BOUND) as client:
            client.sendmail("joe@quiet.example", "suzie@south.example", message("joe@quiet.example", "suzie@south.example", "real"))
        mail = self.south.await_mail("suzie", "Subject: real")
        results = mail.get_all("Authentication-Results")
        self.assertEqual([r.split(";")[0] for r in results], ["mx.south.example", "filter.south.example"])
        self.assertIn("dkim=none", results[1])


if __name__ == "__main__":
    unittest.main()
