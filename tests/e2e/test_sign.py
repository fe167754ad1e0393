# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""`cas sign`: what it makes is verified by an implementation that is not ours (dkimpy), and what it cannot sign is said
(RFC 6376, RFC 8463, RFC 8617)."""

import pathlib
import re
import subprocess
import tempfile
import unittest

import dkim

from .harness import BOUND, CAS, record_in

OK, USAGE, DATA, NO_INPUT = 0, 64, 65, 66

MESSAGE = (b"Received: from x by y; Mon, 23 Nov 2026 19:00:00 +0000\r\n"
           b"From: Joe SixPack <joe@north.example>\r\n"
           b"To: Suzie Q <suzie@south.example>\r\n"
           b"Subject:   Is dinner\r\n \tready?  \r\n"
           b"Date: Mon, 23 Nov 2026 19:00:00 +0000\r\n"
           b"Message-ID: <1@north.example>\r\n"
           b"\r\n"
           b"Hi.  \r\n\r\n We lost\tthe  game. \xc3\xa9\r\n\r\n\r\n")


class Sign(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.zone = {}
        for kind in ("rsa", "ed25519"):
            printed = subprocess.run([CAS, "keys", "generate", "--type", kind, "--out", cls.folder / f"{kind}.pem"],
                                     check=True, capture_output=True, text=True).stdout
            cls.zone[f"{kind}._domainkey.north.example."] = record_in(printed).encode()

    def run_sign(self, *arguments, message=MESSAGE, keys=("rsa", "ed25519")):
        named = [f"--key={kind}={self.folder}/{kind}.pem" for kind in keys]
        return subprocess.run([CAS, "sign", "--domain", "north.example", *named, *arguments], input=message,
                              capture_output=True, timeout=BOUND)

    def sign(self, *arguments, **how):
        done = self.run_sign(*arguments, **how)
        self.assertEqual(done.returncode, OK, done.stderr)
        return done.stdout

    def txt(self, name, timeout=5):
        return self.zone.get(name.decode() if isinstance(name, bytes) else name)

    def verifies(self, message, index=0):
        try:
            return dkim.DKIM(message).verify(idx=index, dnsfunc=self.txt)
        except dkim.ValidationError:
            return False

    def assert_verifies(self, message, signatures=2):
        self.assertEqual(len(re.findall(rb"(?m)^DKIM-Signature:", message)), signatures)
        for index in range(signatures):
            self.assertTrue(self.verifies(message, index), message)

    def test_both_keys_in_each_canonicalization(self):
        for header in ("simple", "relaxed"):
            for body in ("simple", "relaxed"):
                with self.subTest(f"{header}/{body}"):
                    signed = self.sign("--canonicalization", f"{header}/{body}")
                    self.assertTrue(signed.endswith(MESSAGE))
                    self.assert_verifies(signed)
                    changed = signed.replace(b"We lost", b"We  lost")
                    self.assertEqual([self.verifies(changed, n) for n in (0, 1)], [body == "relaxed"] * 2)
                    changed = signed.replace(b"Subject:   Is", b"SUBJECT: Is")
                    self.assertEqual([self.verifies(changed, n) for n in (0, 1)], [header == "relaxed"] * 2)

    def test_octets_behind_the_body_length_are_not_signed(self):
        for length in (["--body-length"], ["--body-length", "5"], ["--body-length=0"]):
            with self.subTest(length):
                signed = self.sign(*length, "--canonicalization", "simple/simple")
                self.assert_verifies(signed)
                self.assert_verifies(signed + b"And more.\r\n")
                self.assertEqual(self.verifies(signed.replace(b"Hi.", b"Ho.")), length == ["--body-length=0"])

    def test_oversigned_fields_cannot_be_added(self):
        signed = self.sign("--headers", "from:to", "--oversign", "from:cc")
        self.assert_verifies(signed)
        self.assertFalse(self.verifies(b"Cc: x@south.example\r\n" + signed))
        self.assertTrue(self.verifies(b"Reply-To: x@south.example\r\n" + signed))
        self.assertTrue(self.verifies(signed.replace(b"Is dinner", b"Was dinner")))
        self.assertFalse(self.verifies(signed.replace(b"Suzie", b"Susie")))

    def test_times(self):
        signed = self.sign("--timestamp", "1700000000", "--expire", "3600", "--headers", "from")
        self.assertIn(b"t=1700000000; x=1700003600;", signed)
        self.assertFalse(self.verifies(signed), "expired")
        self.assert_verifies(self.sign("--expire", "3600"))
        self.assertNotRegex(self.sign("--no-timestamp"), rb"[ \t]t=")

    def test_line_ends_are_those_of_the_message(self):
        unix = MESSAGE.replace(b"\r\n", b"\n")
        signed = self.sign("--canonicalization", "simple/simple", message=unix)
        self.assertNotIn(b"\r", signed)
        self.assertTrue(signed.endswith(unix))
        self.assert_verifies(signed.replace(b"\n", b"\r\n"))

    def test_a_message_of_a_header_alone_and_a_last_line_without_end(self):
        for message in (b"From: joe@north.example", b"From: joe@north.example\r\n\r\n", b"From: joe@north.example\r\n\r\nHi"):
            with self.subTest(message):
                signed = self.sign("--canonicalization", "simple/simple", message=message)
                self.assertTrue(signed.endswith(message))
                whole = signed if signed.endswith(b"\r\n") else signed + b"\r\n"
                self.assert_verifies(whole if b"\r\n\r\n" in whole else whole + b"\r\n")

    def test_a_large_message(self):
        self.assert_verifies(self.sign("--canonicalization", "relaxed/relaxed", message=MESSAGE + b" x  y\t\r\n" * 200000))

    def test_seals_make_a_chain(self):
        message = self.sign(keys=("rsa",))
        for hop, chain in ((1, []), (2, ["--arc-chain", "pass"]), (3, ["--arc-chain", "pass"])):
            message = self.sign("--arc", f"mx{hop}.north.example; dkim=pass header.d=north.example", *chain, keys=("rsa",),
                                message=message)
            verdict, results, reason = dkim.ARC(message).verify(dnsfunc=self.txt)
            self.assertEqual((verdict, len(results)), (dkim.CV_Pass, hop), reason)
        self.assertEqual(dkim.ARC(message.replace(b"mx2", b"mx4")).verify(dnsfunc=self.txt)[0], dkim.CV_Fail)

    def test_what_cannot_be_signed_is_said(self):
        for arguments, message, status, said in (
                (["--selector", "x", "--key", self.folder / "none.pem"], MESSAGE, NO_INPUT, "No such file"),
                (["--key", "x=/etc/hostname"], MESSAGE, DATA, "cannot be used"),
                (["--canonicalization", "nofws"], MESSAGE, USAGE, "relaxed/simple"),
                (["--body-length", "999"], MESSAGE, DATA, "the body has"),
                ([], b"To: x@south.example\r\n\r\n", DATA, "without From"),
                ([], b"From x\nFrom: x@north.example\n\n", DATA, "line is no field"),
                ([], b"From: x@north.example\r\n\r\na\nb\r\n", DATA, "line 3"),
                ([], b"", DATA, "without From")):
            with self.subTest(arguments):
                done = self.run_sign(*arguments, message=message)
                self.assertEqual(done.returncode, status, done.stderr)
                self.assertIn(said, done.stderr.decode())
                self.assertEqual(done.stdout, b"")
