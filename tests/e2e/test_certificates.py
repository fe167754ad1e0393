# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Certificates of clients as the proof of an exception: the right name from a trusted authority lets in, and nothing
else does; no certificate ends a handshake, and a session that is taken up says what its first one did."""

import datetime
import ssl
import subprocess
import unittest

from .harness import WorldCase, cas, client_tls
from .peer import Peer

PARTNER, OTHER = "mx.partner.example", "mx.other.example"


class Authority:
    """Made with the openssl command."""

    def __init__(self, directory, name):
        self.directory, self.name = directory, name
        self.file = self._path("pem")
        self._openssl("req", "-x509", *self._key(self._path("key")), "-subj", f"/CN={name}", "-days", "30", "-out", self.file)

    def _path(self, extension, host=""):
        return str(self.directory / f"{self.name}{host}.{extension}")

    @staticmethod
    def _key(path):
        return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)

    def certify(self, host, usage="serverAuth", names=None, expired=False):
        """Certificate and key."""
        tag = f".{host}.{usage}.{names}.{expired}"
        request, key, certificate, more = (self._path(e, tag) for e in ("csr", "key", "crt", "ext"))
        self._openssl("req", *self._key(key), "-subj", f"/CN={host}", "-out", request)
        with open(more, "w", encoding="ascii") as file:
            file.write(f"extendedKeyUsage={usage}\nsubjectAltName={names or 'DNS:' + host}\nbasicConstraints=CA:FALSE\n")
        common = ("-in", request, "-out", certificate, "-extfile", more, "-CA", self.file, "-CAkey", self._path("key"))
        if not expired:
            self._openssl("x509", "-req", *common, "-days", "30", "-CAcreateserial")
            return certificate, key
        folder = self.directory / f"ca{tag}"
        folder.mkdir()
        (folder / "index").write_text("")
        (folder / "cnf").write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nnew_certs_dir={folder}\n"
                                    "default_md=sha256\nrand_serial=yes\npolicy=p\n[p]\ncommonName=supplied\n")
        day = lambda days: (datetime.datetime.now(datetime.UTC) - datetime.timedelta(days)).strftime("%Y%m%d%H%M%SZ")
        self._openssl("ca", "-batch", "-config", str(folder / "cnf"), "-cert", self.file, "-keyfile", self._path("key"),
                      "-in", request, "-out", certificate, "-extfile", more, "-notext", "-startdate", day(9), "-enddate", day(2))
        return certificate, key


class Certificates(WorldCase):
    @classmethod
    def build(cls, world):
        cls.authority = Authority(world.directory, "authority")
        cls.unknown = Authority(world.directory, "unknown")
        cls.north = world.server("north.example", mailboxes=["joe"], mode="required")
        cls.north.tls_keys = {"ask_client_certificates": True, "client_ca_file": cls.authority.file}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cas("exempt", "add", "partner.example", PARTNER, "--proof", "certificate", "--config", cls.north.config)

    def context(self, pair=None, version=None):
        context = client_tls()
        if pair:
            context.load_cert_chain(*pair)
        if version:
            context.maximum_version = version
        return context

    def rcpt(self, context, session=None):
        """The reply to RCPT, the session, and whether it was taken up."""
        with Peer(self.north.address, self.north.smtp_port) as peer:
            peer.reply()
            peer.cmd("EHLO client.example")
            self.assertEqual(peer.cmd("STARTTLS").code, 220)
            peer.sock = context.wrap_socket(peer.sock, session=session)
            peer.cmd("EHLO client.example")
            self.assertEqual(peer.cmd("MAIL FROM:<ada@anywhere.example>").code, 250)
            reply = peer.cmd("RCPT TO:<joe@north.example>")
            return reply.status, peer.sock.session, peer.sock.session_reused

    def assert_status(self, pair, status):
        self.assertEqual(self.rcpt(self.context(pair))[0], status)

    def test_the_right_name_from_a_trusted_authority_lets_in(self):
        self.assert_status(self.authority.certify(PARTNER), "250 2.1.5")
        self.assertIn(f"client-certificate", log := self.north.log.read_text())
        self.assertIn(f"names={PARTNER}", log)

    def test_either_purpose_will_do_and_no_third_one(self):
        self.assert_status(self.authority.certify(PARTNER, "clientAuth"), "250 2.1.5")
        self.assert_status(self.authority.certify(PARTNER, "codeSigning"), "530 5.7.0")

    def test_another_name_does_not(self):
        self.assert_status(self.authority.certify(OTHER), "530 5.7.0")

    def test_the_common_name_and_wildcards_say_nothing(self):
        self.assert_status(self.authority.certify(PARTNER, names="email:x@partner.example"), "530 5.7.0")
        self.assert_status(self.authority.certify(PARTNER, names="DNS:*.partner.example"), "530 5.7.0")

    def test_case_does_not_count(self):
        self.assert_status(self.authority.certify(OTHER, names="DNS:a.example,DNS:MX.Partner.Example"), "250 2.1.5")

    def test_without_a_certificate(self):
        self.assert_status(None, "530 5.7.0")

    def test_one_that_does_not_verify_ends_no_handshake_and_lets_nobody_in(self):
        self.assert_status(self.world.certificate(PARTNER), "530 5.7.0")  # signed by itself
        self.assert_status(self.unknown.certify(PARTNER), "530 5.7.0")
        self.assert_status(self.authority.certify(PARTNER, expired=True), "530 5.7.0")

    def test_a_session_that_is_taken_up_says_what_its_first_one_did(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for pair, status in ((self.authority.certify(PARTNER), "250 2.1.5"), (self.unknown.certify(PARTNER), "530 5.7.0"),
                                 (self.authority.certify(PARTNER, expired=True, usage=f"serverAuth,1.2.{version.value % 40}.1"), "530 5.7.0"),
                                 (None, "530 5.7.0")):
                with self.subTest(version=version, pair=pair):
                    context = self.context(pair, version)
                    first, session, _ = self.rcpt(context)
                    again, _, reused = self.rcpt(context, session)
                    self.assertEqual((first, again, reused), (status, status, True))


if __name__ == "__main__":
    unittest.main()
