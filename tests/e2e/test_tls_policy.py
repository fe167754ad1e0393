# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""TLS to other servers: DANE with a signed zone (RFC 7672), MTA-STS over HTTPS (RFC 8461), the administrator's own demands,
REQUIRETLS and TLS-Required: No (RFC 8689). Each domain of the sinks is a case of its own."""

import datetime
import email
import gzip
import hashlib
import http.server
import json
import re
import signal
import smtplib
import ssl
import threading
import time
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .dnsserver import SERVFAIL
from .harness import WorldCase, client_tls, message, poll
from .peer import Peer, Sink


def digests(certificate):
    """SHA-256 of the public key and of the certificate, in hexadecimal."""
    parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
    spki = parsed.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    whole = parsed.public_bytes(serialization.Encoding.DER)
    return hashlib.sha256(spki).hexdigest(), hashlib.sha256(whole).hexdigest()


class Authority:
    """A certification authority that no root knows."""

    def __init__(self, directory, name):
        self.directory, self.name = directory, x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(self.name, self.key.public_key(), x509.BasicConstraints(True, None))

    def _sign(self, subject, key, *extensions):
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1))
        builder = builder.not_valid_after(now + datetime.timedelta(days=1))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, host):
        """Certificate with its chain, and key, as files."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
        leaf = self._sign(subject, key.public_key(), x509.SubjectAlternativeName([x509.DNSName(host)]))
        files = [self.directory / f"{host}.issued.{kind}.pem" for kind in ("cert", "key")]
        files[0].write_bytes(b"".join(c.public_bytes(serialization.Encoding.PEM) for c in (leaf, self.certificate)))
        files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        return files

    def digest(self):
        return hashlib.sha256(self.certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


class TlsCase(WorldCase):
    @classmethod
    def sink(cls, domain, certificate_for=None, tls=True, keywords=(), alias_of=None, issued=None):
        """A server for the domain; with the certificate of another host where one is named, or one that was issued.
        `alias_of`: where the address of the MX host stands."""
        host, address = f"mx.{domain}", cls.world.new_address()
        cls.world.publish(f"{alias_of or host}. 5 IN A {address}\n{domain}. 5 IN MX 10 {host}.")
        if alias_of:
            cls.world.publish(f"{host}. 5 IN CNAME {alias_of}.")
        certificate = issued or (cls.world.certificate(certificate_for or host) if tls else None)
        sink = Sink(address, cls.world.port, certificate=certificate, keywords=["PIPELINING", "8BITMIME", *keywords])
        sink.host, sink.domain, sink.certificate = host, domain, certificate
        cls.sinks[domain] = sink
        return sink

    @classmethod
    def tearDownClass(cls):
        for sink in cls.sinks.values():
            sink.close()
        super().tearDownClass()

    def send(self, domain, extra=""):
        to = f"ann@{domain}"
        self.north.submit("joe", to, message("joe@north.example", to, domain, extra=extra))

    def assert_arrives(self, domain, tls=True, extra=""):
        self.send(domain, extra)
        sink = self.sinks[domain]
        poll(lambda: sink.messages, f"the message is at {domain}")
        self.assertEqual("STARTTLS" in sink.commands, tls)
        self.assertEqual(len(sink.messages), 1)

    def assert_waits(self, domain, why):
        self.send(domain)
        poll(lambda: why in self.north.queue(), f"{why!r} is why it waits")
        self.assertEqual(self.sinks[domain].messages, [])


class Dane(TlsCase):
    @classmethod
    def build(cls, world):
        cls.sinks = {}
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"], signing=False)
        anchors = []
        for domain in ("good", "wrong", "bogus", "stripped", "unusable", "plain", "absent", "relaxed"):
            anchors.append(world.dns.sign(f"{domain}.example"))
            sink = cls.sink(f"{domain}.example", tls=domain != "stripped")
            spki = "ab" * 32 if sink.certificate is None else digests(sink.certificate[0])[0]
            usage = "1 1 1" if domain == "unusable" else "3 1 1"
            if domain in ("wrong", "relaxed"):
                spki = "00" * 32
            if domain not in ("absent", "plain"):
                world.publish(f"_{world.port}._tcp.{sink.host}. 5 IN TLSA {usage} {spki}")
        sink = cls.sink("insecure.example")  # its zone is not signed
        world.publish(f"_{world.port}._tcp.{sink.host}. 5 IN TLSA 3 1 1 {'00' * 32}")
        world.dns.set_mode(f"_{world.port}._tcp.mx.bogus.example", SERVFAIL)
        anchors += [world.dns.sign(f"{zone}.example")
                    for zone in ("farm", "alias", "outside", "trusted", "othername", "otherca")]
        tlsa = f"_{world.port}._tcp"
        right = digests(cls.sink("alias.example", alias_of="host.farm.example").certificate[0])[0]
        world.publish(f"{tlsa}.host.farm.example. 5 IN TLSA 3 1 1 {right}\n"
                      f"{tlsa}.mx.alias.example. 5 IN TLSA 3 1 1 {'00' * 32}")
        cls.sink("outside.example", alias_of="host.unsigned.example")
        world.publish(f"{tlsa}.mx.outside.example. 5 IN TLSA 3 1 1 {'00' * 32}")
        ours, other = Authority(world.directory, "ours"), Authority(world.directory, "other")
        for name, authority in (("trusted", ours), ("othername", ours), ("otherca", other)):
            host = "elsewhere.test.example" if name == "othername" else f"mx.{name}.example"
            cls.sink(f"{name}.example", issued=authority.issue(host))
            world.publish(f"{tlsa}.mx.{name}.example. 5 IN TLSA 2 0 1 {ours.digest()}")
        path = world.directory / "anchors"
        path.write_text("\n".join(anchors) + "\n")
        cls.north.trust_anchor = path

    def test_a_key_that_the_record_names_is_trusted_without_any_root(self):
        self.assert_arrives("good.example")

    def test_another_key_is_not(self):
        self.assert_waits("wrong.example", "certificate")

    def test_no_starttls_where_records_demand_it_is_no_mail(self):
        self.assert_waits("stripped.example", "TLS is required")

    def test_a_lookup_that_fails_defers(self):
        """RFC 7672 §2.1.1: downgrade by a DNS that does not answer."""
        self.assert_waits("bogus.example", "what certificate")
        self.assertNotIn("STARTTLS", self.sinks["bogus.example"].commands)

    def test_records_that_cannot_be_used_demand_tls_of_anybody(self):
        self.assert_arrives("unusable.example")

    def test_an_alias_is_known_by_the_records_where_it_leads(self):
        """RFC 7672 §2.2.2: not by those of its own name, which are wrong here."""
        self.assert_arrives("alias.example")

    def test_an_alias_into_an_unsigned_zone_is_known_by_its_own_name(self):
        """RFC 7672 §2.2.2"""
        self.assert_waits("outside.example", "certificate")

    def test_a_certificate_that_the_named_authority_issued_is_trusted(self):
        """RFC 7672 §3.1.2: DANE-TA(2)"""
        self.assert_arrives("trusted.example")

    def test_one_that_it_issued_to_another_name_is_not(self):
        """RFC 7672 §3.2.2"""
        self.assert_waits("othername.example", "certificate")

    def test_one_of_another_authority_is_not(self):
        self.assert_waits("otherca.example", "certificate")

    def test_a_signed_zone_without_records_is_opportunistic(self):
        self.assert_arrives("absent.example")

    def test_records_of_a_zone_that_is_not_signed_bind_nobody(self):
        self.assert_arrives("insecure.example")

    def test_tls_required_no_sets_the_records_aside(self):
        """RFC 8689 §3"""
        self.assert_arrives("relaxed.example", extra="TLS-Required: No\r\n")


class MtaSts(TlsCase):
    """Ports below 1024 of a loopback address: needs root, or net.ipv4.ip_unprivileged_port_start."""

    policies = {}
    asked = []

    @classmethod
    def setUpClass(cls):
        cls.sinks = {}
        super().setUpClass()

    @classmethod
    def build(cls, world):
        roots = []
        cls.web_address = world.new_address()
        cls.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        hosts = {"enforced": "enforce", "wrongname": "enforce", "unlisted": "enforce", "testing": "testing",
                 "stripped": "enforce", "redirect": "enforce", "kept": "enforce", "refreshed": "enforce",
                 "crowded": "enforce"}
        contexts = {}
        for name, mode in hosts.items():
            domain, web = f"{name}.example", f"mta-sts.{name}.example"
            sink = cls.sink(domain, certificate_for="other.example" if name in ("wrongname", "testing") else None,
                            tls=name != "stripped")
            mx = "elsewhere.example" if name == "unlisted" else sink.host
            cls.policies[web] = f"version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: 86400\n"
            world.publish(f"_mta-sts.{domain}. 1 IN TXT \"v=STSv1; id=1\"\n{web}. 5 IN A {cls.web_address}")
            contexts[web] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            contexts[web].load_cert_chain(*world.certificate(web))
            roots.append(world.certificate(web)[0].read_text())
            if sink.certificate:
                roots.append(sink.certificate[0].read_text())
        cls.tls.load_cert_chain(*world.certificate("mta-sts.enforced.example"))
        cls.tls.sni_callback = lambda sock, name, _: setattr(sock, "context", contexts.get(name, cls.tls))
        case = cls

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                host = self.headers["Host"]
                case.asked.append(host)
                policy = case.policies.get(host)
                moved = host == "mta-sts.redirect.example"
                body = (policy or "").encode()
                self.send_response(302 if moved else 200 if policy else 404)
                if moved:
                    self.send_header("Location", "https://mta-sts.enforced.example" + self.path)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        try:
            cls.web = http.server.ThreadingHTTPServer((cls.web_address, 443), Handler)
        except PermissionError as error:
            raise unittest.SkipTest("port 443 needs root") from error
        cls.web.socket = cls.tls.wrap_socket(cls.web.socket, server_side=True)
        threading.Thread(target=cls.web.serve_forever, args=(0.05,), daemon=True).start()
        path = world.directory / "roots.pem"
        path.write_text("".join(roots))
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"], signing=False,
                                 settings={"outbound": {"ca_file": str(path)}})

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.web.shutdown()
        cls.web.server_close()

    def test_the_right_name_under_enforce_is_delivered(self):
        self.assert_arrives("enforced.example")

    def test_the_wrong_name_under_enforce_waits(self):
        self.assert_waits("wrongname.example", "certificate")

    def test_a_host_that_the_policy_does_not_name_waits(self):
        self.assert_waits("unlisted.example", "does not name")
        self.assertEqual(self.sinks["unlisted.example"].commands, [])

    def test_no_starttls_under_enforce_waits(self):
        self.assert_waits("stripped.example", "TLS is required")

    def test_testing_delivers_whatever_the_certificate(self):
        self.assert_arrives("testing.example")

    def test_a_redirect_is_no_policy(self):
        """RFC 8461 §3.3"""
        self.assert_arrives("redirect.example")
        self.assertEqual(self.asked.count("mta-sts.redirect.example"), 1)

    def test_a_policy_of_yesterday_is_fetched_anew_though_nobody_writes(self):
        """RFC 8461 §3.3, §10.2"""
        self.policies["mta-sts.refreshed.example"] = self.policies["mta-sts.refreshed.example"].replace("86400", "864000")
        self.assert_arrives("refreshed.example")
        kept = self.north.directory / "state" / "mta-sts" / "refreshed.example"
        poll(kept.exists, "the policy is on the disk")
        self.north.stop()
        text = re.sub(r"(?m)^fetched: (\d+)$", lambda found: f"fetched: {int(found[1]) - 90000}", kept.read_text())
        kept.write_text(text)
        self.policies["mta-sts.refreshed.example"] += "mx: mx2.refreshed.example\n"
        self.north.start()
        poll(lambda: "mx2.refreshed.example" in kept.read_text(), "the new policy is on the disk")
        self.assertEqual(self.asked.count("mta-sts.refreshed.example"), 2)

    def test_policies_that_are_over_make_room_on_the_disk_too(self):
        folder = self.north.directory / "state" / "mta-sts"
        self.north.stop()
        text = f"id: 1\nfetched: {int(time.time()) - 90000}\n" + self.policies["mta-sts.crowded.example"]
        for n in range(10000):  # as many as are kept
            (folder / f"old{n}.example").write_text(text)
        self.north.start()
        self.assert_arrives("crowded.example")
        poll(lambda: (folder / "crowded.example").exists(), "the new policy is on the disk")
        # Which of them were read, and whether all, depends on what else the folder holds.
        self.assertLess(len(list(folder.glob("old*"))), 100)

    def test_a_policy_is_kept_over_a_restart_and_when_its_record_is_gone(self):
        """RFC 8461 §5.1"""
        self.assert_arrives("kept.example")
        kept = self.north.directory / "state" / "mta-sts" / "kept.example"
        poll(kept.exists, "the policy is on the disk")
        self.world.dns.remove("_mta-sts.kept.example", "TXT")
        self.policies["mta-sts.kept.example"] = None
        self.north.restart()
        sink = self.sinks["kept.example"]
        sink.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        sink.tls.load_cert_chain(*self.world.certificate("other.example"))
        sink.messages.clear()
        self.assert_waits("kept.example", "certificate")
        self.assertEqual(self.asked.count("mta-sts.kept.example"), 1)


class Pins(TlsCase):
    @classmethod
    def build(cls, world):
        cls.sinks = {}
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"], signing=False)
        for name in ("pinned", "spki", "moved", "renewed", "clear"):
            sink = cls.sink(f"{name}.example", tls=name != "clear")
            spki, whole = digests(sink.certificate[0]) if sink.certificate else ("", "")
            pin = {"pinned": f"sha256:{whole}", "spki": f"spki-sha256:{spki}", "moved": "sha256:" + "00" * 32,
                   "renewed": "sha256:" + "11" * 32}.get(name)
            cls.north.tables += f'[[tls_policy]]\ndomain = "{name}.example"\n'
            cls.north.tables += f'tls = "verify"\nfingerprints = ["{pin}"]\n' if pin else 'tls = "required"\n'

    def test_the_certificate_that_the_configuration_names_is_trusted(self):
        self.assert_arrives("pinned.example")
        self.assert_arrives("spki.example")

    def test_another_one_waits(self):
        self.assert_waits("moved.example", "certificate")

    def test_required_is_never_in_the_clear(self):
        self.assert_waits("clear.example", "TLS is required")


    def test_a_reload_replaces_the_pins_and_what_waits_goes(self):
        self.assert_waits("renewed.example", "certificate")
        spki = digests(self.sinks["renewed.example"].certificate[0])[0]
        self.north.tables = self.north.tables.replace("sha256:" + "11" * 32, "spki-sha256:" + spki)
        self.north.write_config()
        self.north.process.send_signal(signal.SIGHUP)
        poll(lambda: self.sinks["renewed.example"].messages, "the message is there")


class RequireTls(TlsCase):
    """RFC 8689: passed on to who offers REQUIRETLS too and is verified, and to nobody else."""

    @classmethod
    def build(cls, world):
        cls.sinks = {}
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"], signing=False,
                                 settings={"outbound": {"idle_timeout": "5s"}})
        cls.south = world.server("south.example", mailboxes=["suzie"], signing=False)
        cls.trusted_port = world.submission_port + 1
        cls.north.tables = (f'[[listen]]\naddress = "{cls.north.address}:{cls.trusted_port}"\nrole = "submission"\n'
                            f'trusted_networks = ["{cls.north.address}/32"]\n')
        certificates = {"south.example": world.certificate("mx.south.example")[0]}
        for name in ("offers", "kept", "slow", "back", "lacks", "unverified", "clear"):
            keywords = [] if name == "lacks" else ["REQUIRETLS"]
            sink = cls.sink(f"{name}.example", tls=name != "clear", keywords=keywords)
            if sink.certificate:
                certificates[sink.domain] = sink.certificate[0]
        for domain, certificate in certificates.items():
            if domain != "unverified.example":
                cls.north.tables += (f'[[tls_policy]]\ndomain = "{domain}"\ntls = "verify"\n'
                                     f'fingerprints = ["spki-sha256:{digests(certificate)[0]}"]\n')
        cls.north.tables += f'[[tls_policy]]\ndomain = "clear.example"\ntls = "verify"\nnames = ["mx.clear.example"]\n'
        cls.sink("unsaid.example", keywords=["REQUIRETLS"])
        world.dns.set_mode("_mta-sts.unsaid.example", SERVFAIL)

    def send_requiring(self, domain, extra=""):
        to = f"suzie@{domain}"
        octets = message("joe@north.example", to, domain, extra=extra)
        with self.north.login("joe") as client:
            client.ehlo()
            self.assertTrue(client.has_extn("requiretls"))
            client.sendmail("joe@north.example", [to], octets, mail_options=["REQUIRETLS"])

    def mails_of(self, domain):
        return [line for line in self.sinks[domain].commands if line.startswith("MAIL")]

    def assert_bounces(self, domain, why):
        self.send_requiring(domain)
        notice = poll(lambda: self.north.find("joe", f"Final-Recipient: rfc822;suzie@{domain}")
                      or self.north.find("joe", f"Final-Recipient: rfc822; suzie@{domain}"), "joe is told")[0]
        self.assertIn(b"5.7.30", notice)
        self.assertIn(why, " ".join(notice.decode().split()))
        self.assertEqual(self.sinks[domain].messages, [])
        self.assertEqual(self.mails_of(domain), [])

    def test_it_is_passed_on_to_a_server_that_offers_it_and_is_verified(self):
        self.send_requiring("offers.example", extra="TLS-Required: No\r\n")
        poll(lambda: self.sinks["offers.example"].messages, "the message is there")
        [mail] = self.mails_of("offers.example")
        self.assertIn(" REQUIRETLS", mail)

    def test_this_server_offers_it_inside_tls_alone(self):
        with Peer(self.south.address, self.south.smtp_port) as peer:
            peer.reply()
            self.assertNotIn("REQUIRETLS", peer.cmd("EHLO client.example").text)
            self.assertEqual(peer.cmd("MAIL FROM:<a@b.example> REQUIRETLS").code, 555)
        self.send_requiring("south.example")
        self.south.await_mail("suzie", "south.example")

    def test_a_server_that_does_not_offer_it_gets_nothing(self):
        self.assert_bounces("lacks.example", "REQUIRETLS support required")
        self.assertIn("STARTTLS", self.sinks["lacks.example"].commands)

    def test_a_server_that_nobody_vouches_for_is_not_even_connected_to(self):
        self.assert_bounces("unverified.example", "nothing vouches for mx.unverified.example")
        self.assertEqual(self.sinks["unverified.example"].commands, [])

    def test_a_dns_that_does_not_say_whether_anybody_vouches_is_asked_again(self):
        self.send_requiring("unsaid.example")
        poll(lambda: "nothing vouches for mx.unsaid.example" in self.north.queue(), "it waits")

    def test_no_starttls_waits(self):
        self.send_requiring("clear.example")
        poll(lambda: "TLS is required" in self.north.queue(), "why it waits")
        self.assertEqual(self.mails_of("clear.example"), [])

    def test_it_is_kept_over_a_restart(self):
        sink = self.sinks["slow.example"]
        sink.answer = lambda verb, argument: "451 4.3.0 later" if verb == "MAIL" else None
        self.send_requiring("slow.example")
        poll(lambda: self.mails_of("slow.example"), "it was tried")
        self.north.stop()
        sink.answer = lambda verb, argument: None
        self.north.start()
        poll(lambda: sink.messages, "the message is there")
        self.assertIn(" REQUIRETLS", self.mails_of("slow.example")[-1])

    def test_a_connection_that_was_kept_for_others_does_not_serve(self):
        self.assert_arrives("kept.example")
        self.send_requiring("kept.example")
        sink = self.sinks["kept.example"]
        poll(lambda: len(sink.messages) == 2, "both are there")
        self.assertEqual([" REQUIRETLS" in mail for mail in self.mails_of("kept.example")], [False, True])
        self.assertEqual(sink.connections, 2)

    def test_a_bounce_of_it_requires_it_too(self):
        """RFC 8689 §5"""
        client = smtplib.SMTP(self.north.address, self.trusted_port, local_hostname="inner",
                              source_address=(self.north.address, 0))
        with client:
            client.starttls(context=client_tls())
            octets = message("ann@back.example", "suzie@lacks.example", "private")
            client.sendmail("ann@back.example", ["suzie@lacks.example"], octets, mail_options=["REQUIRETLS"])
        poll(lambda: self.sinks["back.example"].messages, "the bounce is there")
        [mail] = self.mails_of("back.example")
        self.assertTrue(mail.startswith("MAIL FROM:<>"), mail)
        self.assertIn(" REQUIRETLS", mail)


class RequireTlsThroughServers(TlsCase):
    """What the configuration says of a next hop, it vouches for too (RFC 8689 §4.2.1)."""

    @classmethod
    def build(cls, world):
        cls.sinks = {}
        cls.north = world.server("north.example", mailboxes=["joe"], users=["joe"], signing=False)
        roots, how = [], {"byname": "verify = true", "wrongname": "verify = true", "unknown": ""}
        for name in ("byname", "wrongname", "pinned", "otherpin", "unknown"):
            domain = f"{name}.example"
            sink = cls.sink(domain, certificate_for="other.example" if name == "wrongname" else None,
                            keywords=["REQUIRETLS"])
            roots.append(sink.certificate[0].read_text())
            pin = "00" * 32 if name == "otherpin" else digests(sink.certificate[0])[0]
            cls.north.tables += (f'[[transport]]\ndomain = "{domain}"\nnext_hop = "{sink.host}:{world.port}"\n'
                                 f'tls = "required"\n' + how.get(name, f'fingerprints = ["spki-sha256:{pin}"]') + "\n")
        path = world.directory / "roots.pem"
        path.write_text("".join(roots))
        cls.north.settings["outbound"] = {"ca_file": path}

    def send_requiring(self, domain):
        to = f"suzie@{domain}"
        with self.north.login("joe") as client:
            client.ehlo()
            client.sendmail("joe@north.example", [to], message("joe@north.example", to, domain),
                            mail_options=["REQUIRETLS"])

    def test_a_server_that_is_verified_takes_it(self):
        for domain in ("byname.example", "pinned.example"):
            with self.subTest(domain):
                self.send_requiring(domain)
                sink = self.sinks[domain]
                poll(lambda: sink.messages, "the message is there")
                self.assertIn(" REQUIRETLS", sink.messages[0][0])

    def test_one_that_is_not_the_right_one_gets_nothing(self):
        for domain in ("wrongname.example", "otherpin.example"):
            with self.subTest(domain):
                self.assert_waits(domain, "certificate")

    def test_without_verification_nothing_vouches_for_it(self):
        self.send_requiring("unknown.example")
        [notice] = poll(lambda: self.north.find("joe", "nothing vouches for"), "joe is told")
        self.assertIn(b"5.7.30", notice)
        self.assertEqual(self.sinks["unknown.example"].commands, [])


class Reports(TlsCase):
    """RFC 8460: what was counted is told on the next day, which here the file of the counters makes out to have come."""

    @classmethod
    def build(cls, world):
        cls.sinks = {}
        world.certificate("reports.web.example")
        cls.north = world.server("north.example", mailboxes=["joe", "tls-reports"], users=["joe"],
                                 settings={"tls_reports": {"from": "tls-reports@north.example"},
                                           "outbound": {"ca_file": world.certificate("reports.web.example")[0]}})
        for domain, tls in (("good.example", True), ("clear.example", False), ("silent.example", True)):
            cls.sink(domain, tls=tls)
            if domain != "silent.example":
                world.publish(f'_smtp._tls.{domain}. 1 IN TXT "v=TLSRPTv1; rua=mailto:reports@{domain}"')
        cls.posted = []
        for domain in ("web.example", "stranger.example"):
            cls.sink(domain)
            # The certificate is for reports.web.example alone.
            port = cls.serve_reports(f"reports.{domain}")
            world.publish(f'_smtp._tls.{domain}. 1 IN TXT "v=TLSRPTv1; rua=https://reports.{domain}:{port}/v1/tls"')

    @classmethod
    def serve_reports(cls, host):
        """An HTTPS server that writes down what it is given; its port."""
        case = cls

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                case.posted.append((self.headers["Host"], self.path, self.headers["Content-Type"], body))
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        address = cls.world.new_address()
        web = http.server.ThreadingHTTPServer((address, 0), Handler)
        web.handle_error = lambda *_: None  # who breaks off the handshake is no fault here
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*cls.world.certificate("reports.web.example"))
        web.socket = tls.wrap_socket(web.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True).start()
        cls.addClassCleanup(web.server_close)
        cls.addClassCleanup(web.shutdown)
        cls.world.publish(f"{host}. 5 IN A {address}")
        return web.server_address[1]

    def report_of(self, domain):
        sink = self.sinks[domain]
        poll(lambda: len(sink.messages) == 2, f"the report is at {domain}")
        sender, to, octets = sink.messages[1]
        self.assertEqual(to, [f"reports@{domain}"])
        mail = email.message_from_bytes(octets)
        self.assertEqual(mail["TLS-Report-Domain"], domain)
        self.assertEqual(mail["TLS-Report-Submitter"], "north.example")
        self.assertIn("d=north.example", mail["DKIM-Signature"])
        self.assertEqual(mail.get_param("report-type"), "tlsrpt")
        part = mail.get_payload()[1]
        self.assertEqual(part.get_content_type(), "application/tlsrpt+gzip")
        return json.loads(gzip.decompress(part.get_payload(decode=True)))

    def test_each_domain_that_asks_is_told_what_was_counted(self):
        self.assert_arrives("good.example")
        self.assert_arrives("silent.example")
        self.assert_arrives("clear.example", tls=False)
        self.assert_arrives("web.example")
        self.assert_arrives("stranger.example")
        self.north.await_empty_queue()
        self.north.stop()
        counters = self.north.directory / "state" / "tls-reports"
        day, _, rest = counters.read_text().partition("\n")
        counters.write_text(f"{int(day) - 1}\n{rest}")
        self.north.start()
        good = self.report_of("good.example")["policies"][0]
        self.assertEqual(good["policy"], {"policy-type": "no-policy-found", "policy-domain": "good.example"})
        self.assertEqual(good["summary"], {"total-successful-session-count": 1, "total-failure-session-count": 0})
        clear = self.report_of("clear.example")["policies"][0]
        self.assertEqual(clear["summary"]["total-failure-session-count"], 1)
        self.assertEqual(clear["failure-details"][0]["result-type"], "starttls-not-supported")
        self.assertEqual(clear["failure-details"][0]["receiving-mx-hostname"], "mx.clear.example")
        self.north.await_empty_queue()
        self.assertEqual(len(self.sinks["silent.example"].messages), 1)
        self.assert_posted()

    def assert_posted(self):
        """RFC 8460 §5.4: to whom the certificate names, and to nobody else."""
        log = self.north.log
        for line in ("tls-report domain=web.example", "tls-report-failed domain=stranger.example"):
            poll(lambda: line in log.read_text(), line)
        [(host, path, kind, body)] = self.posted
        self.assertEqual(host.partition(":")[0], "reports.web.example")
        self.assertEqual((path, kind), ("/v1/tls", "application/tlsrpt+gzip"))
        report = json.loads(gzip.decompress(body))
        self.assertEqual(report["policies"][0]["policy"]["policy-domain"], "web.example")
        self.assertEqual(report["policies"][0]["summary"]["total-successful-session-count"], 1)


if __name__ == "__main__":
    unittest.main()
