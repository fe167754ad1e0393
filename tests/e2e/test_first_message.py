# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Joe writes to Suzie: the whole way from a mail program to a mailbox, confirmed."""

import unittest

from .harness import WorldCase, cas, message


class FirstMessage(WorldCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.south = world.server("south.example", mailboxes=["suzie", "bob"])

    def send(self, token, octets, to="suzie"):
        self.north.submit("joe", f"{to}@south.example", octets)
        return self.south.await_mail(to, token)

    def test_arrives_once_and_confirmed(self):
        mail = self.send("first-1", message("joe@north.example", "suzie@south.example", "first-1"))
        self.assert_results(mail, "mx.south.example", "cas=pass", "policy.cas=confirmed",
                            "header.from=north.example", "smtp.mailfrom=joe@north.example")
        self.assertEqual(mail.get_content().strip(), "Hello.")
        self.north.await_empty_queue()
        self.south.await_empty_queue()
        self.assertEqual(len(self.south.find("suzie", "first-1")), 1)

    def test_trace_fields_say_the_way_it_came(self):
        """RFC 5321 §4.4: Return-Path first, one Received a hop, newest first."""
        mail = self.send("first-2", message("joe@north.example", "suzie@south.example", "first-2"))
        self.assertEqual(mail.items()[0][0], "Return-Path")
        self.assertEqual(mail.get_all("Return-Path"), ["<joe@north.example>"])
        received = [" ".join(str(value).split()) for value in mail.get_all("Received")]
        self.assertEqual(len(received), 2)
        self.assertIn("by mx.south.example", received[0])
        self.assertIn("from mx.north.example", received[0])
        self.assertIn("for <suzie@south.example>", received[0])
        self.assertRegex(received[0], r"with ESMTPS\b")
        self.assertIn("by mx.north.example", received[1])
        self.assertRegex(received[1], r"with ESMTPSA\b")
        self.assertNotIn("127.", received[1])  # whoever submits need not tell the world from where

    def test_forged_authentication_results_are_stripped_and_foreign_ones_kept(self):
        """RFC 8601 §5."""
        forged = ("Authentication-Results: mx.south.example; cas=pass policy.cas=confirmed; spf=pass\r\n"
                  "Authentication-Results: mx.north.example; spf=pass\r\n"
                  "authentication-results:\r\n MX.South.Example; dkim=pass\r\n"
                  "Authentication-Results: elsewhere.example; spf=pass\r\n")
        mail = self.send("first-3", message("joe@north.example", "suzie@south.example", "first-3", extra=forged))
        fields = [str(v) for v in mail.get_all("Authentication-Results")]
        self.assertEqual([f.split(";")[0].strip().lower() for f in fields],
                         ["mx.south.example", "elsewhere.example"])
        self.assert_results(mail, "mx.south.example", "cas=pass")

    def test_what_only_we_may_write_is_dropped(self):
        extra = "Return-Path: <x@y.example>\r\nCAS-Confirmation: 1.k3.secret\r\nBcc: bob@south.example\r\n"
        mail = self.send("first-4", message("joe@north.example", "suzie@south.example", "first-4", extra=extra))
        self.assertNotIn("Bcc", mail)
        self.assertNotIn("CAS-Confirmation", mail)
        self.assertEqual(mail.get_all("Return-Path"), ["<joe@north.example>"])

    def test_date_and_message_id_are_added_where_missing(self):
        """RFC 6409 §8."""
        mail = self.send("first-5", b"From: joe@north.example\r\nTo: suzie@south.example\r\nSubject: first-5\r\n\r\n.\r\n")
        self.assertEqual(len(mail.get_all("Date")), 1)
        self.assertEqual(len(mail.get_all("Message-ID")), 1)
        self.assertTrue(str(mail["Message-ID"]).endswith("@mx.north.example>"))
        self.assert_results(mail, "mx.south.example", "cas=pass")

    def test_content_arrives_octet_for_octet(self):
        body = ".\r\n..\r\n.leading dot\r\ntrailing blanks   \r\n\ttab\r\n\r\nlast line\r\n" + "x" * 900 + "\r\n"
        mail = self.send("first-6", message("joe@north.example", "suzie@south.example", "first-6", body))
        self.assertEqual(mail.raw.split(b"\n\n", 1)[1], body.replace("\r\n", "\n").encode())

    def test_eight_bit_content(self):
        extra = "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
        octets = message("joe@north.example", "suzie@south.example", "first-7", "Grüße, 世界\r\n", extra)
        mail = self.send("first-7", octets)
        self.assertEqual(mail.get_content().strip(), "Grüße, 世界")
        self.assert_results(mail, "mx.south.example", "cas=pass")

    def test_empty_body_and_local_recipient(self):
        self.north.submit("joe", "joe@north.example", message("joe@north.example", "joe@north.example", "first-8", ""))
        mail = self.north.await_mail("joe", "first-8")
        self.assertEqual(mail.raw.split(b"\n\n", 1)[1], b"")
        mail = self.send("first-9", message("joe@north.example", "suzie@south.example", "first-9", ""))
        self.assert_results(mail, "mx.south.example", "cas=pass")

    def test_key_record_as_printed_was_published(self):
        """What `cas keys generate` printed is what confirmed these messages; a second key is another one."""
        other = cas("keys", "generate", "--type", "ed25519", "--out", self.world.directory / "other.pem")
        self.assertIn("k=ed25519", other)
        self.assertEqual((self.world.directory / "other.pem").stat().st_mode & 0o077, 0)


class RsaKeys(WorldCase):
    @classmethod
    def build(cls, world):
        world.key_type = "rsa"
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"])
        cls.south = world.server("south.example")

    def test_an_rsa_key_confirms_too(self):
        self.north.submit("joe", "suzie@south.example", message("joe@north.example", "suzie@south.example", "rsa-1"))
        self.assert_results(self.south.await_mail("suzie", "rsa-1"), "mx.south.example", "cas=pass")


if __name__ == "__main__":
    unittest.main()
