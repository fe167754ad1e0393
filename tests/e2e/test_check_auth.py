# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""`cas check-auth`: a client and its message against records in a real DNS server, as JSON and as a report (RFC 7208,
RFC 6376, RFC 9989, RFC 8617)."""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

from .dnsserver import DROP, SERVFAIL, TRUNCATE, DnsServer
from .harness import BOUND, CAS, record_in, txt

OK, USAGE, DATA, NO_INPUT, CONFIG = 0, 64, 65, 66, 78

MESSAGE = (b"From: Joe SixPack <joe@north.example>\r\n"
           b"To: Suzie Q <suzie@south.example>\r\n"
           b"Subject: Is dinner ready?\r\n"
           b"Date: Mon, 23 Nov 2026 19:00:00 +0000\r\n"
           b"Message-ID: <1@north.example>\r\n"
           b"\r\n"
           b"Hi.\r\n\r\nWe lost the game.\r\n")

ZONE = """
north.example. 60 IN TXT "v=spf1 ip4:192.0.2.0/24 include:_spf.south.example exp=why.north.example -all"
north.example. 60 IN TXT "something else"
why.north.example. 60 IN TXT "%{i} may not send for %{d}"
_spf.south.example. 60 IN TXT "v=spf1 a:mail.south.example " "mx:south.example ?all"
mail.south.example. 60 IN AAAA 2001:db8::25
south.example. 60 IN MX 10 mx.south.example.
mx.south.example. 60 IN A 198.51.100.9
mx.south.example. 60 IN AAAA 2001:db8::26
_dmarc.north.example. 60 IN TXT "v=DMARC1; p=reject"
helo.north.example. 60 IN TXT "v=spf1 a -all"
helo.north.example. 60 IN A 203.0.113.5
alias.example. 60 IN CNAME north.example.
broken.example. 60 IN TXT "v=spf1 ip4:192.0.2.0/33 -all"
odd.example. 60 IN TXT "v=spf1 a:\\027[2Jx -all"
twice.example. 60 IN TXT "v=spf1 -all"
twice.example. 60 IN TXT "v=spf1 +all"
"""


class CheckAuth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.dns = DnsServer("127.0.0.1")
        cls.addClassCleanup(cls.dns.close)
        cls.dns.add(ZONE)
        printed = subprocess.run([CAS, "keys", "generate", "--type", "ed25519", "--out", cls.folder / "key.pem"],
                                 check=True, capture_output=True, text=True).stdout
        cls.dns.add(f"cas1._domainkey.north.example. 60 IN TXT {txt(record_in(printed))}\n")
        cls.signed = subprocess.run([CAS, "sign", "--domain", "north.example", f"--key=cas1={cls.folder}/key.pem"],
                                    input=MESSAGE, check=True, capture_output=True).stdout

    def tearDown(self):
        self.dns.heal()

    def check(self, *arguments, ip="192.0.2.7", helo="mail.north.example", sender="joe@north.example", stdin=None,
              status=OK):
        done = subprocess.run([CAS, "check-auth", "--resolver", f"127.0.0.1:{self.dns.port}", "--ip", ip, "--helo", helo,
                               "--mail-from", sender, *map(str, arguments)], input=stdin, capture_output=True,
                              timeout=BOUND)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.said = done.stderr.decode()
        return done.stdout.decode()

    def found(self, *arguments, **how):
        return json.loads(self.check("--json", *arguments, **how))

    def spf(self, **how):
        return self.found(**how)["spf"]

    # ---- SPF ----

    def test_spf_follows_the_records(self):
        for ip, result in (("192.0.2.7", "pass"), ("::ffff:192.0.2.7", "pass"), ("2001:db8::25", "pass"),
                           ("198.51.100.9", "pass"), ("2001:db8::26", "pass"), ("203.0.113.1", "fail"),
                           ("2001:db8::27", "fail")):
            self.assertEqual(self.spf(ip=ip)["result"], result, ip)

    def test_spf_says_which_record_and_which_term(self):
        found = self.spf(ip="198.51.100.9")
        self.assertEqual(found["term"], "include:_spf.south.example")
        self.assertEqual(found["record"]["name"], "north.example")
        self.assertTrue(found["record"]["text"].startswith("v=spf1 ip4:192.0.2.0/24 "))
        self.assertIn('"mx:south.example" in the record of _spf.south.example', found["reason"])

    def test_spf_gives_the_explanation_of_the_domain(self):
        found = self.spf(ip="203.0.113.1")
        self.assertEqual(found["explanation"], "203.0.113.1 may not send for north.example")

    def test_a_null_path_is_the_helo_name(self):
        for sender in ("", "<>"):
            found = self.spf(ip="203.0.113.5", helo="helo.north.example", sender=sender)
            self.assertEqual((found["result"], found["identity"], found["domain"]),
                             ("pass", "helo", "helo.north.example"))

    def test_spf_has_a_word_for_what_is_wrong(self):
        for domain, result in (("nowhere.example", "none"), ("broken.example", "permerror"), ("[192.0.2.7]", "none"),
                               ("twice.example", "permerror"), ("alias.example", "pass"), ("odd.example", "permerror")):
            self.assertEqual(self.spf(sender=f"joe@{domain}")["result"], result, domain)

    def test_an_answer_over_tcp_counts(self):
        self.dns.set_mode("north.example", TRUNCATE)
        self.assertEqual(self.spf()["result"], "pass")

    def test_a_dns_that_fails_is_a_temperror(self):
        for mode in (SERVFAIL, DROP):
            self.dns.set_mode("north.example", mode)
            found = self.spf()
            self.assertEqual(found["result"], "temperror", mode)
            self.assertIn("north.example", found["reason"])

    def test_a_dns_that_fails_further_in_is_a_temperror_too(self):
        self.dns.set_mode("mx.south.example", SERVFAIL)
        self.assertEqual(self.spf(ip="203.0.113.1")["result"], "temperror")
        self.assertEqual(self.spf(ip="192.0.2.7")["result"], "pass", "what matched before is not asked for")

    # ---- Messages ----

    def test_a_signed_message_passes_dkim_and_dmarc(self):
        found = self.found("--message", "-", stdin=self.signed, sender="bounce@elsewhere.example")
        self.assertEqual(found["spf"]["result"], "none")
        dkim, = found["dkim"]
        self.assertEqual((dkim["result"], dkim["domain"], dkim["selector"]), ("pass", "north.example", "cas1"))
        self.assertEqual(dkim["record"]["name"], "cas1._domainkey.north.example")
        self.assertTrue(dkim["record"]["text"].startswith("v=DKIM1"))
        self.assertEqual((found["dmarc"]["result"], found["dmarc"]["policy"]), ("pass", "reject"))
        self.assertEqual(found["dmarc"]["dkim_aligned"], [0])
        self.assertEqual(found["arc"]["result"], "none")

    def test_a_changed_message_fails(self):
        found = self.found("--message", "-", stdin=self.signed.replace(b"lost", b"won"), ip="203.0.113.1")
        self.assertEqual(found["dkim"][0]["result"], "fail")
        self.assertEqual((found["dmarc"]["result"], found["dmarc"]["disposition"]), ("fail", "reject"))
        self.assertEqual(found["dmarc"]["record"], {"name": "_dmarc.north.example", "type": "TXT",
                                                    "text": "v=DMARC1; p=reject"})

    def test_line_ends_of_a_file_are_those_of_the_wire(self):
        file = self.folder / "lf.eml"
        file.write_bytes(self.signed.replace(b"\r\n", b"\n"))
        self.assertEqual(self.found("--message", file)["dkim"][0]["result"], "pass")
        self.assertIn("LF line ends", self.said)

    def test_a_large_message_is_read_whole(self):
        body = b"x" * 76 + b"\r\n"
        signed = subprocess.run([CAS, "sign", "--domain", "north.example", f"--key=cas1={self.folder}/key.pem"],
                                input=MESSAGE + body * 30000, check=True, capture_output=True).stdout
        self.assertEqual(self.found("--message", "-", stdin=signed)["dkim"][0]["result"], "pass")
        self.assertEqual(self.found("--message", "-", stdin=signed + b"y\r\n")["dkim"][0]["result"], "fail")

    def test_a_header_that_nobody_can_read_gets_words(self):
        for octets in (b"", b"\r\n", b"no field\r\n\r\nbody\r\n", b"From: a@b\r\n\x01: x\r\n\r\n",
                       b"DKIM-Signature: ;;;\r\nARC-Seal: x\r\n\r\n", b"From joe Mon\r\nTo: x\r\n\r\n",
                       b"From: " + b"\xff" * 5000 + b"\r\n\r\n"):
            found = self.found("--message", "-", stdin=octets)
            self.assertIn(found["dkim"][0]["result"], ("none", "neutral", "permerror"), octets)
            self.assertIn(found["dmarc"]["result"], ("none", "permerror"), octets)
            self.assertIn(found["arc"]["result"], ("none", "fail"), octets)

    # ---- The report ----

    def test_the_report_names_records_and_says_what_to_do(self):
        report = self.check("--message", "-", stdin=self.signed.replace(b"lost", b"won"), ip="203.0.113.1")
        self.assertEqual(re.findall(r"(?m)^(\w+) +(\w+)", report),
                         [("SPF", "fail"), ("DKIM", "fail"), ("DMARC", "fail"), ("ARC", "none")])
        for words in ('record     north.example TXT "v=spf1 ip4:192.0.2.0/24',
                      'they say   "203.0.113.1 may not send for north.example"', "add ip4:203.0.113.1 to the record",
                      'record     cas1._domainkey.north.example TXT "v=DKIM1',
                      'record     _dmarc.north.example TXT "v=DMARC1; p=reject"'):
            self.assertIn(words, report)

    def test_the_report_of_what_passes_asks_for_nothing(self):
        report = self.check("--message", "-", stdin=self.signed)
        self.assertNotIn("to do", report)
        self.assertEqual(self.said, "")

    def test_a_terminal_sees_no_control_characters(self):
        report = self.check(sender="joe@odd.example", helo="\x1b[31m")
        self.assertIn("\\x1B[2Jx", report)
        self.assertNotIn("\x1b", report)

    # ---- What makes no sense ----

    def test_refusals(self):
        self.check(ip="192.0.2", status=USAGE)
        self.assertIn("--ip", self.said)
        self.check("--message", self.folder / "nothing.eml", status=NO_INPUT)
        self.check("--message", "-", stdin=b"From: a@b\r\n\r\na\nb\r\n", status=DATA)
        self.check("--message", "-", stdin=b"From: a@b\r\n\r\na\0b\r\n", status=DATA)
        self.check("--nonsense", status=USAGE)
        done = subprocess.run([CAS, "check-auth", "--ip", "192.0.2.1", "--config", self.folder / "no.toml"],
                              capture_output=True, timeout=BOUND)
        self.assertEqual(done.returncode, CONFIG, done.stderr)
        done = subprocess.run([CAS, "check-auth", "--ip", "192.0.2.1", "--resolver", "nonsense"], capture_output=True,
                              timeout=BOUND)
        self.assertEqual(done.returncode, USAGE, done.stderr)
        self.assertIn(b"--resolver", done.stderr)
        done = subprocess.run([CAS, "check-auth", "--ip", "192.0.2.1", "--resolver", "127.0.0.1@99999"],
                              capture_output=True, timeout=BOUND)
        self.assertEqual(done.returncode, USAGE)


if __name__ == "__main__":
    unittest.main()
