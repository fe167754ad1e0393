# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""A signer that writes DKIM-Signature in any spelling, legal or nearly so, and signs what it wrote: a verifier that
refuses it refuses the spelling and nothing else. Written from RFC 6376 alone."""

import base64
import hashlib
import re
import subprocess

import nacl.signing
from dkim import crypto


class RsaKey:
    algorithm = "rsa-sha256"

    def __init__(self, bits=2048):
        self.pem = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"],
                                  check=True, capture_output=True).stdout.decode()
        self.key = crypto.parse_pem_private_key(self.pem.encode())
        spki = subprocess.run(["openssl", "pkey", "-pubout", "-outform", "DER"], input=self.pem.encode(), check=True,
                              capture_output=True).stdout
        pkcs1 = subprocess.run(["openssl", "rsa", "-RSAPublicKey_out", "-outform", "DER"], input=self.pem.encode(),
                               check=True, capture_output=True).stdout
        self.public = base64.b64encode(spki).decode()
        self.public_pkcs1 = base64.b64encode(pkcs1).decode()
        self.record = f"v=DKIM1; k=rsa; p={self.public}"

    def sign(self, octets, algorithm="sha256"):
        return crypto.RSASSA_PKCS1_v1_5_sign(hashlib.new(algorithm, octets), self.key)


class Ed25519Key:
    algorithm = "ed25519-sha256"

    def __init__(self):
        self.pem = subprocess.run(["openssl", "genpkey", "-algorithm", "ED25519"], check=True,
                                  capture_output=True).stdout.decode()
        der = subprocess.run(["openssl", "pkey", "-outform", "DER"], input=self.pem.encode(), check=True,
                             capture_output=True).stdout
        self.key = nacl.signing.SigningKey(der[-32:])
        self.seed = base64.b64encode(der[-32:])
        self.public = base64.b64encode(bytes(self.key.verify_key)).decode()
        self.record = f"v=DKIM1; k=ed25519; p={self.public}"

    def sign(self, octets, algorithm="sha256"):
        return self.key.sign(hashlib.new(algorithm, octets).digest()).signature


# ---- RFC 6376 §3.4 ----

def relaxed_field(field):
    name, _, rest = field.partition(b":")
    rest = re.sub(rb"[ \t]+", b" ", rest.replace(b"\r\n", b"")).strip(b" ")
    return name.rstrip(b" \t").lower() + b":" + rest


def canonical_field(field, form):
    return relaxed_field(field) if form == "relaxed" else field


def canonical_body(text, form):
    if text and not text.endswith(b"\r\n"):
        text += b"\r\n"
    lines = text.split(b"\r\n")[:-1]
    if form == "relaxed":
        lines = [re.sub(rb"[ \t]+", b" ", one).rstrip(b" ") for one in lines]
    while lines and not lines[-1]:
        lines.pop()
    text = b"".join(one + b"\r\n" for one in lines)
    return text if text or form == "relaxed" else b"\r\n"


def select(fields, names):
    """§5.4.2: from the bottom up."""
    left = {}
    for field in fields:
        left.setdefault(field.partition(b":")[0].rstrip(b" \t").lower(), []).append(field)
    chosen = []
    for name in names:
        of_name = left.get(name.strip().lower(), [])
        if of_name:
            chosen.append(of_name.pop())
    return chosen


def sign(fields, text, template, key, names, forms=("relaxed", "relaxed"), length=None, hash_name="sha256"):
    """`template` is a whole field with {bh} and {b} in it; b= is what stands at {b}, with the blanks around it. `names`
    are those of its h=, as a reader of the RFC takes them."""
    canonical = canonical_body(text, forms[1])
    hashed = hashlib.new(hash_name, canonical if length is None else canonical[:length]).digest()
    template = template.replace("{bh}", base64.b64encode(hashed).decode())
    empty = re.sub(r"[ \t\r\n]*\{b\}[ \t\r\n]*", "", template).encode()
    octets = b"".join(canonical_field(field, forms[0]) + b"\r\n" for field in select(fields, names))
    octets += canonical_field(empty, forms[0])
    signature = base64.b64encode(key.sign(octets, hash_name)).decode()
    return template.replace("{b}", signature).encode()
