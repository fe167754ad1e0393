# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""A second implementation of the CAS sender, written from the protocol text alone (CAS §4) and sharing nothing with
the C++: the intent line, the digest c1, and Ed25519 (RFC 8032 §5.1). What both agree on is the protocol."""

import base64
import hashlib
import re
import secrets
import subprocess
import time
from dataclasses import dataclass, field

# ---- Ed25519 ---------------------------------------------------------------------------------------------------------

P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
)


def _point(x, y):
    return (x, y, 1, x * y % P)


def _add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def _multiply(n, p):
    result = _point(0, 1)
    while n:
        if n & 1:
            result = _add(result, p)
        p, n = _add(p, p), n >> 1
    return result


def _compress(p):
    inverse = pow(p[2], P - 2, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


class SigningKey:
    """An Ed25519 key made from its 32-octet seed."""

    def __init__(self, seed=None):
        self.seed = seed or secrets.token_bytes(32)
        digest = hashlib.sha512(self.seed).digest()
        scalar = int.from_bytes(digest[:32], "little")
        self._scalar = scalar & ((1 << 254) - 8) | (1 << 254)
        self._prefix = digest[32:]
        self.public = _compress(_multiply(self._scalar, _point(*BASE)))

    def sign(self, message):
        r = int.from_bytes(hashlib.sha512(self._prefix + message).digest(), "little") % Q
        big_r = _compress(_multiply(r, _point(*BASE)))
        h = int.from_bytes(hashlib.sha512(big_r + self.public + message).digest(), "little") % Q
        return big_r + ((r + h * self._scalar) % Q).to_bytes(32, "little")

    algorithm = "ed25519-sha256"

    def sign_hash(self, octets):
        """PureEd25519 over the SHA-256, as in RFC 8463 §3."""
        return self.sign(hashlib.sha256(octets).digest())

    def dns_record(self, extra=""):
        return f"v=DKIM1; k=ed25519; {extra}p={base64.b64encode(self.public).decode()}"


class RsaKey:
    """RSASSA-PKCS1-v1_5 with SHA-256 through the openssl command: a second opinion for the other algorithm."""

    algorithm = "rsa-sha256"

    def __init__(self, path, bits=2048):
        self.path = path
        subprocess.run(["openssl", "genrsa", "-out", path, str(bits)], check=True, capture_output=True)

    def sign_hash(self, octets):
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.path], input=octets, check=True,
                              capture_output=True).stdout

    def dns_record(self, extra=""):
        der = subprocess.run(["openssl", "rsa", "-in", self.path, "-pubout", "-outform", "DER"], check=True,
                             capture_output=True).stdout
        return f"v=DKIM1; k=rsa; {extra}p={base64.b64encode(der).decode()}"


# ---- The digest c1 ---------------------------------------------------------------------------------------------------

HASHED = """from sender reply-to to cc date message-id subject in-reply-to references mime-version content-type
content-transfer-encoding auto-submitted list-id list-unsubscribe list-unsubscribe-post
content-disposition content-id content-location disposition-notification-to resent-from resent-sender""".split()


def b64u(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def split_message(message):
    """The header fields as (name, value) octets in order, and the body."""
    head, _, body = message.partition(b"\r\n\r\n")
    fields = re.sub(rb"\r\n([ \t])", rb"\1", head).split(b"\r\n")
    return [tuple(f.split(b":", 1)) for f in fields if b":" in f], body


def header_hash(message):
    fields, _ = split_message(message)
    digest = hashlib.sha256()
    for wanted in HASHED:
        for name, value in reversed(fields):
            if name.strip().decode().lower() == wanted:
                value = re.sub(rb"[ \t]+", b" ", value).strip(b" \t")
                digest.update(wanted.encode() + b":" + value + b"\r\n")
    return digest.digest()


def body_hash(message):
    """SHA-256 of the DKIM relaxed body (RFC 6376 §3.4.4)."""
    _, body = split_message(message)
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return hashlib.sha256(b"".join(line + b"\r\n" for line in lines)).digest()


def digest_c1(intent_id, message):
    parts = ["CAS1 c1", intent_id, b64u(header_hash(message)), b64u(body_hash(message)), ""]
    return "c1:" + b64u(hashlib.sha256("\n".join(parts).encode()).digest())


# ---- The intent ------------------------------------------------------------------------------------------------------

PLAIN = set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&'*+-/=?^_`{|}~.")


def encode(text):
    return "".join(chr(c) if c in PLAIN else f"%{c:02X}" for c in text.encode())


def encode_address(address):
    local, _, domain = address.rpartition("@")
    return f"{encode(local)}@{domain}" if address else ""


@dataclass
class Intent:
    """What an intent says. line(key, message) signs it; any field may be set to something wrong first."""

    domain: str
    selector: str
    sender: str
    recipients: list
    author: str
    id: str = field(default_factory=lambda: b64u(secrets.token_bytes(16)))
    issued: int = field(default_factory=lambda: int(time.time()))
    lifetime: int = 4 * 3600
    klass: str = "p"
    recipient_domain: str = ""  # of the first recipient unless set
    list_id: str = ""
    forwarded: bool = False

    def unsigned(self, message, algorithm="ed25519-sha256"):
        q = self.recipient_domain or self.recipients[0].rpartition("@")[2]
        locals_ = sorted({encode(r.rpartition("@")[0]) for r in self.recipients}, key=str.encode)
        tags = [
            "v=CAS1", f"i={self.id}", f"d={self.domain}", f"s={self.selector}", f"a={algorithm}", f"t={self.issued}",
            f"x={self.issued + self.lifetime}", f"f={encode_address(self.sender)}", f"q={q}",
            "r=" + ",".join(locals_), f"o={encode_address(self.author)}", f"k={self.klass}",
        ]
        if self.list_id:
            tags.append(f"l={encode(self.list_id)}")
        if self.forwarded:
            tags.append("w=fwd")
        tags += [f"m={digest_c1(self.id, message)}", "b="]
        return ";".join(tags)

    def line(self, key, message):
        unsigned = self.unsigned(message, key.algorithm)
        return unsigned + b64u(key.sign_hash(b"CAS1 INTENT\n" + unsigned.encode()))
