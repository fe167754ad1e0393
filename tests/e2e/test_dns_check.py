# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""`cas dns`: what a real server must publish, printed, published and found right; broken record by record and named with its
mend; the daily check, which writes when something changed."""

import email
import email.policy
import json
import subprocess
import unittest

from .dnsserver import SERVFAIL
from .harness import BOUND, CAS, WorldCase, cas, poll

OK, ERRORS, WARNINGS, TRY_AGAIN, USAGE, CONFIG = 0, 1, 2, 75, 64, 78


class DnsCase(WorldCase):
    def run_dns(self, *arguments, config=None):
        done = subprocess.run([CAS, "dns", *map(str, arguments), "--config", config or self.north.config],
                              capture_output=True, text=True, timeout=BOUND)
        self.assertNotRegex(done.stderr, "Sanitizer|runtime error")
        return done

    def check(self, *arguments, status=None):
        """{id: finding} of the first domain, of what is not in order."""
        done = self.run_dns("check", "--json", *arguments)
        domain = json.loads(done.stdout)["domains"][-1]
        self.assertEqual(done.returncode if len(json.loads(done.stdout)["domains"]) == 1 else domain["status"],
                         domain["status"])
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.ok = [finding["id"] for finding in domain["findings"] if finding["severity"] == "ok"]
        return {finding["id"]: finding for finding in domain["findings"] if finding["severity"] != "ok"}

    def publish_all(self, server):
        """The fragment that the command prints, as a name server reads it."""
        fragment = cas("dns", "zone", "--config", server.config)
        lines = [line for line in fragment.splitlines() if line and not line.startswith(";")]
        self.world.publish("$TTL 1\n" + "\n".join(line for line in lines if " IN SRV " not in line))
        return fragment


class Own(DnsCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe", "postmaster"], users=["joe"], signing=False)
        # The resolver answers for the reverse of loopback itself (RFC 6303).
        reverse = ".".join(reversed(cls.north.address.split("."))) + ".in-addr.arpa."
        cls.north.dns = {"addresses": [cls.north.address], "report_to": "postmaster@north.example",
                         "local_zones": ["127.in-addr.arpa."],
                         "local_data": [f"{reverse} 60 IN PTR mx.north.example."]}
        cls.north.write_config()
        cas("keys", "generate", "north.example", "--config", cls.north.config)
        for key in (cls.north.directory / "state/keys/north.example").iterdir():
            key.rename(str(key).replace(".next.pem", ".pem"))

    def test_what_it_tells_to_publish_is_what_it_wants_to_find(self):
        before = self.check(status=ERRORS)
        for missing in ("spf", "dkim", "dmarc"):
            self.assertEqual(before[missing]["verdict"], "missing", missing)
        fragment = self.publish_all(self.north)
        self.assertIn("_cas.north.example. IN TXT", fragment)
        self.assertIn(".in-addr.arpa. IN PTR mx.north.example.", fragment)
        found = poll(lambda: self._when_nothing_is_wrong(), "what was published is in order")
        # What the world of a test cannot have: a public authority, a web server with the policy, DMARC's next step.
        self.assertEqual(set(found), {"dmarc.none", "mta-sts", "server.certificate"}, found)
        for kind in ("mx", "server", "host.address", "ptr", "spf", "spf.helo", "dkim", "dmarc", "cas", "tlsrpt"):
            self.assertIn(kind, self.ok)
        self._broken_one_by_one()
        self._the_watch_tells_what_changed()

    def _when_nothing_is_wrong(self):
        found = self.check()
        return found if all(finding["severity"] == "note" for finding in found.values()) else None

    def _broken_one_by_one(self):
        spf = f"v=spf1 ip4:{self.north.address} ~all"
        cases = [
            ('north.example. 1 IN TXT "v=spf1 -all"', "spf.own", f'"v=spf1 ip4:{self.north.address} -all"'),
            ('north.example. 1 IN TXT "v=spf1 -all" "x"\nnorth.example. 1 IN TXT "v=spf1 ~all"', "spf.several", "v=spf1"),
            ('_dmarc.north.example. 1 IN TXT "v=DMARC1; p=rejekt"', "dmarc.policy", "v=DMARC1; p=none"),
            ('_cas.north.example. 1 IN TXT "v=CAS1; m=required"', "cas.mode", "m=optional"),
            ("north.example. 1 IN MX 10 nowhere.north.example.", "mx.no-address", ""),
        ]
        for record, name, mend in cases:
            with self.subTest(name):
                self.world.publish(record)
                finding = poll(lambda: self.check(status=ERRORS).get(name), f"{name} is found")
                self.assertEqual(finding["severity"], "error")
                if mend:
                    self.assertIn(mend, " ".join(finding["lines"]))
                text = self.run_dns("check").stdout
                self.assertIn(f"[{name}]", text)
                self.assertIn("to do:", text)
                self.publish_all(self.north)
                poll(self._when_nothing_is_wrong, f"{name} is mended by what is printed")
        self.assertIn(spf, cas("dns", "zone", "--config", self.north.config))
        self.world.dns.set_mode("_dmarc.north.example", SERVFAIL)
        poll(lambda: "dmarc" in self.check(), "the DNS fails")
        self.assertEqual(self.check(status=TRY_AGAIN)["dmarc"]["verdict"], "unknown")
        self.world.dns.heal()
        poll(self._when_nothing_is_wrong, "the DNS answers again")

    def _watch(self, *arguments):
        return json.loads(cas("dns", "watch", "--json", "--config", self.north.config))

    def _letters(self):
        letters = [email.message_from_bytes(octets, policy=email.policy.default)
                   for octets in self.north.mail("postmaster")]
        return [letter for letter in letters if str(letter["Subject"]).startswith("DNS records")]

    def _letter(self, number, what):
        """The last of so many. The server may still know an old answer: it is asked again until it does not."""

        def there():
            self._check_now()
            self.north.await_empty_queue()
            return len(self._letters()) >= number

        poll(there, what)
        self.assertEqual(len(self._letters()), number)
        return self._letters()[-1]

    def _check_now(self):
        before = self.north.tail(100000).count(" dns-check ")
        cas("dns", "watch", "--now", "--config", self.north.config)
        poll(lambda: self.north.tail(100000).count(" dns-check ") > before and not self._watch()["busy"], "it was checked")

    def _the_watch_tells_what_changed(self):
        self.assertEqual(self._watch()["checked"], 0)
        self._check_now()
        first = poll(self._letters, "the first letter")[0]
        self.assertEqual(first["Auto-Submitted"], "auto-generated")
        self.assertIn("NOTE", first.get_content())
        self._check_now()
        self.world.publish('north.example. 1 IN TXT "v=spf1 -all"')
        poll(lambda: "spf.own" in self.check(), "SPF is broken")
        second = self._letter(2, "a letter about SPF")
        self.assertIn("1 new finding", second["Subject"])
        self.assertIn("[spf.own]", second.get_content())
        self.assertNotIn("dmarc.none", second.get_content())
        # Over a restart nothing is told again.
        self.north.restart()
        self._check_now()
        self.publish_all(self.north)
        poll(self._when_nothing_is_wrong, "SPF is mended")
        third = self._letter(3, "a letter that it is mended")
        self.assertIn("In order again", third.get_content())
        self.assertEqual([f["severity"] for f in self._watch()["domains"][0]["findings"]], ["note"] * 3)


class Foreign(DnsCase):
    @classmethod
    def build(cls, world):
        cls.north = world.server("north.example", mailboxes=["joe"])
        cls.south = world.server("south.example", mailboxes=["suzie"])
        cls.north.dns = {"addresses": [cls.north.address], "watch": "off"}

    def test_says_how_mail_to_a_stranger_would_go_and_what_keeps_ours_from_arriving(self):
        found = self.check("south.example")
        self.assertIn("way", self.ok)
        self.assertIn("mx.private-address", found)  # loopback, of a stranger
        text = self.run_dns("check", "south.example", "--from", "north.example").stdout
        self.assertIn("south.example (not a domain of this server)", text)
        self.assertIn("with CAS, and can be confirmed", text)
        self.assertIn("north.example: ", text)
        self.assertIn("There is no SPF record", text)
        # Nothing but EHLO, STARTTLS and QUIT was said.
        log = self.south.tail(100000)
        self.assertNotRegex(log, r"mail-from|rcpt-|rejected")

    def test_tells_a_host_that_is_down_and_a_domain_that_is_not_there(self):
        self.world.publish(f"down.example. 5 IN MX 10 mx.down.example.\nmx.down.example. 5 IN A {self.world.new_address()}")
        self.assertIn("server.unreachable", self.check("down.example", status=ERRORS))
        self.assertIn("domain", self.check("nowhere.example", status=ERRORS))

    def test_refuses_what_it_cannot_look_at(self):
        self.assertEqual(self.run_dns("check", "a..b").returncode, USAGE)
        self.assertEqual(self.run_dns("check", "south.example", "--from", "south.example").returncode, USAGE)
        self.assertEqual(self.run_dns("check", config="/nonexistent").returncode, CONFIG)
        self.assertEqual(self.run_dns("zone", "south.example").returncode, USAGE)
        done = subprocess.run([CAS, "dns", "watch", "--config", self.north.config], capture_output=True, text=True,
                              timeout=BOUND)
        self.assertIn("the daily check is off", done.stderr)


if __name__ == "__main__":
    unittest.main()
