#!/usr/bin/env python3
# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Checks the test vectors of CAS against the text of the specification, with nothing of the program that made them.

verify.py [DIRECTORY]: one line a file, a summary, exit 1 where something disagrees. Python 3.11, the openssl command.
Here are forms and values; decisions.py beside it has records, tokens and the receiver's checks in their order.
"""
import base64, binascii, hashlib, json, pathlib, re, subprocess, sys, tempfile

SPEC = pathlib.Path(__file__).resolve().parent.parent / "cas-protocol.md"
b64u = lambda octets: base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64u(text):
    octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if b64u(octets) != text:
        raise ValueError("unused bits")
    return octets


# 4.2 Grammar
B, SEC, ENC = "[A-Za-z0-9_-]", "0|[1-9][0-9]{0,11}", r"(?:[A-Za-z0-9!#$&'*+\-/=?^_`{|}~.]|%[0-9A-F]{2})"
LABEL = r"[a-z0-9%s](?:[a-z0-9%s-]{0,61}[a-z0-9%s])?"
HOST, DOM = (rf"{label}(?:\.{label})*" for label in (LABEL.replace("%s", ""), LABEL.replace("%s", "_")))
INTENT = re.compile(
    rf"v=(?P<v>CAS1);i=(?P<i>{B}{{22}});d=(?P<d>{HOST});s=(?P<s>{DOM});a=(?P<a>[a-z0-9-]+);t=(?P<t>{SEC});x=(?P<x>{SEC})"
    rf";f=(?P<f>{ENC}+@{HOST})?;q=(?P<q>{HOST});r=(?P<r>{ENC}+(?:,{ENC}+){{0,99}});o=(?P<o>{ENC}+@{HOST});k=(?P<k>[ptba])"
    rf"(?:;l=(?P<l>{ENC}{{1,200}}))?(?:;w=(?P<w>fwd))?;m=(?P<m>c1:{B}{{43}}|-);b=(?P<b>{B}{{1,700}})")
SYNTAX = "501 5.5.4 [CAS:syntax]"


def decode(spelling):
    """4.3, rules 2 and 3: the UTF-8 behind a percent-encoded value."""
    octets = re.sub(rb"%(..)", lambda m: bytes.fromhex(m[1].decode()), spelling.encode())
    encoded = "".join(chr(o) if re.fullmatch(ENC, chr(o)) else f"%{o:02X}" for o in octets)
    text = octets.decode()  # strict
    if encoded != spelling or re.search("[\0-\x1f\x7f-\x9f]", text):
        raise ValueError("spelling")
    return text


def local(spelling):
    if len(decode(spelling).encode()) > 64:
        raise ValueError("local part")
    return decode(spelling)


def host(text):
    """4.3, rule 4."""
    if len(text) > 253 or text.split(".")[-1].isdigit():
        raise ValueError("host")
    for label in text.split("."):
        if label.startswith("xn--") and label[4:].encode().decode("punycode").isascii():
            raise ValueError("no A-label")
    return text


def mailbox(spelling):
    return {"local": local(spelling.split("@")[0]), "domain": host(spelling.split("@")[1])}


def parse(line, preflight=False):
    """The tags of an intent with their meanings, or the reply of step 1."""
    if len(line.encode()) > 8182:
        return "500 5.5.2 [CAS:too-long]"
    if re.match("v=(?!CAS1;)[A-Za-z0-9]+;", line):
        return "504 5.7.6 [CAS:version]"
    match = INTENT.fullmatch(line)
    if not match or (match["m"] == "-" and not preflight) or len(match["s"]) > 253:
        return SYNTAX
    tags = match.groupdict()
    try:
        spelt = tags["r"].split(",")
        if (tags["k"] == "b") != (tags["l"] is not None) or spelt != sorted(set(spelt)):
            return SYNTAX
        unb64u(tags.pop("b"))
        tags |= {"i": unb64u(tags["i"]).hex(), "d": host(tags["d"]), "q": host(tags["q"]), "t": int(tags["t"]),
                 "x": int(tags["x"]), "f": tags["f"] and mailbox(tags["f"]), "o": mailbox(tags["o"]),
                 "r": [local(one) for one in spelt], "l": tags["l"] and decode(tags["l"]),
                 "m": None if tags["m"] == "-" else unb64u(tags["m"][3:]).hex()}
        if tags["l"] and (len(tags["l"].encode()) > 200 or re.search("[A-Z]", tags["l"])):
            return SYNTAX
    except (ValueError, binascii.Error):
        return SYNTAX
    return tags if tags["a"] in ("ed25519-sha256", "rsa-sha256") else "504 5.7.6 [CAS:algorithm]"


# 6.1 Keys, 4.5 signatures
def openssl(*command, **named):
    return subprocess.run(["openssl", *command], capture_output=True, **named)


def tag_list(text):
    """RFC 6376 3.2."""
    out, fws = {}, r"[ \t]*(?:\r\n[ \t]+)?"
    for spec in re.sub(rf";{fws}\Z", "", text).split(";"):
        match = re.fullmatch(rf"{fws}([A-Za-z][A-Za-z0-9_]*){fws}={fws}([!-:<-~]*(?:[ \t\r\n]+[!-:<-~]+)*){fws}", spec)
        if not match or match[1] in out:
            raise ValueError("no tag-list")
        out[match[1]] = match[2]
    return out


def key_of(tags):
    """A public key as openssl reads it, its kind, the octets of a signature and whether 4.5 allows the key."""
    p, kind = base64.b64decode("".join(tags["p"].split()), validate=True), tags.get("k", "rsa")
    if kind == "ed25519":
        if len(p) != 32:
            raise ValueError("p")
        return bytes.fromhex("302a300506032b6570032100") + p, kind, 64, True
    for form in "-pubin", "-RSAPublicKey_in":
        read = openssl("rsa", form, "-inform", "DER", "-in", "/dev/stdin", "-text", "-modulus", input=p).stdout.decode()
        if read:
            break
    n = int(re.search("^Modulus=([0-9A-F]+)$", read, re.M)[1], 16)
    if n % 2 == 0 or not 1024 <= n.bit_length() <= 4096:
        raise ValueError("modulus")
    pem = read[read.index("-----BEGIN"):].encode()
    return pem, kind, (n.bit_length() + 7) // 8, n.bit_length() >= 2048 and "Exponent: 65537 " in read


def verifies(line, tags):
    public, kind, size, allowed = key_of(tags)
    head, b = line.rsplit(";b=", 1)
    signed, b = b"CAS1 INTENT\n" + head.encode() + b";b=", unb64u(b)
    if not allowed or kind != INTENT.fullmatch(line)["a"].removesuffix("-sha256") or len(b) != size:
        return False
    with tempfile.TemporaryDirectory() as directory:
        key, data, sig = (pathlib.Path(directory, name) for name in ("key", "data", "sig"))
        key.write_bytes(public)
        data.write_bytes(signed if kind == "rsa" else hashlib.sha256(signed).digest())
        sig.write_bytes(b)
        how = ["dgst", "-sha256", "-verify", key, "-signature", sig, data] if kind == "rsa" else [
            "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", key, "-rawin", "-in", data, "-sigfile", sig]
        return openssl(*how).returncode == 0


# 4.4 Digest
NAMES = """from sender reply-to to cc date message-id subject in-reply-to references mime-version content-type
content-transfer-encoding auto-submitted list-id list-unsubscribe list-unsubscribe-post content-disposition content-id
content-location disposition-notification-to resent-from resent-sender""".encode().split()


def canonical(message):
    if message and not message.endswith(b"\r\n"):
        message += b"\r\n"
    head, _, body = (b"\r\n" + message).partition(b"\r\n\r\n")
    fields = re.findall(rb"([^:]*?)[ \t]*:((?:.|\n(?=[ \t]))*)\n", head[2:] + b"\r\n") if head[2:] else []
    lines = [(name.lower(), re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"").replace(b"\r", b"")).strip(b" "))
             for name, value in fields]
    header = b"".join(name + b":" + value + b"\r\n" for wanted in NAMES for name, value in lines[::-1] if name == wanted)
    body = re.sub(rb"[ \t]+", b" ", body).replace(b" \r\n", b"\r\n")
    body = re.sub(rb"(\r\n)+\Z", b"", body)
    return header, body + b"\r\n" if body else b""


def octets_of(vector, name):
    return bytes.fromhex(vector[name + "_hex"]) if name + "_hex" in vector else vector[name].encode()


def check_digest(vector, directory):
    message = (directory / vector["message"]).read_bytes()
    header, body = canonical(message)
    hashes = [b64u(hashlib.sha256(part).digest()) for part in (header, body)]
    m = hashlib.sha256("\n".join(["CAS1 c1", vector["i"], *hashes, ""]).encode()).digest()
    yield octets_of(vector, "canonical_header"), header
    yield octets_of(vector, "canonical_body"), body
    yield [vector["hh"], vector["bh"], vector["m"]], [*hashes, "c1:" + b64u(m)]
    if "chunks" in vector:
        yield sum(vector["chunks"]), len(message)
    if "data" in vector:
        yield message, re.sub(rb"(\A|\r\n)\.", rb"\1", octets_of(vector, "data"))


# 15.2 Replies, as the specification has them
def table():
    rows = re.findall(r"^\| (`.*?) \|.*\| (\d{3} \d\.\d\.\d+).*\|$", SPEC.read_text().split("### 15.2")[1].split("## 16")[0], re.M)
    return {word: reply for words, reply in rows for word in re.findall("`(.*?)`", words)}


TABLE = table()


def said(reply):
    """Whether a reply is one of the table's."""
    match = re.fullmatch(r"(\d{3} \d\.\d\.\d+)(?: \[CAS:([a-z-]+)(?: retry=\d{1,9})?\])?", reply)
    return bool(match) and (not match[2] or TABLE.get(match[2]) == match[1])


def check_valid(vector, directory):
    tags = parse(vector["line"], preflight=True)
    yield vector["tags"], tags
    keys = json.loads((directory / "keys.json").read_text())["vectors"]
    key = next(key for key in keys if key["algorithm"] == vector["tags"]["a"])
    yield verifies(vector["line"], tag_list(key["record"])), True


def check_signature(vector, _):
    signed = "CAS1 INTENT\n" + vector["line"].rsplit(";b=", 1)[0] + ";b="
    yield vector["input"], signed
    yield vector["sha256"], hashlib.sha256(signed.encode()).hexdigest()
    yield vector["verifies"], verifies(vector["line"], tag_list(vector["record"]))


def check_key(vector, _):
    tags = tag_list(vector["record"])
    yield tags.get("k", "rsa") + "-sha256", vector["algorithm"]
    yield key_of(tags)[3], True


def check_invalid(vector, _):
    yield vector["reply"], parse(vector["line"])


def check_reply(vector, _):
    retry = "" if vector["retry"] is None else f" retry={vector['retry']}"
    yield vector["reply"], f"{TABLE[vector['word']]} [CAS:{vector['word']}{retry}]"


CHECKS = {"keys": check_key, "intents-valid": check_valid, "intents-invalid": check_invalid, "digests": check_digest,
          "signatures": check_signature, "replies": check_reply}


def check(name, vector, directory):
    """Whether a vector of a file says what the text says."""
    if "reply" in vector and not said(vector["reply"]):
        return False
    try:
        return all(expected == actual for expected, actual in CHECKS[name](vector, directory))
    except (ValueError, KeyError, TypeError, AttributeError, OSError, StopIteration):
        return False


def main(directory):
    total, wrong = 0, 0
    for path in sorted(directory.glob("*.json")):
        vectors = json.loads(path.read_text())["vectors"]
        bad = [vector["name"] for vector in vectors if not check(path.stem, vector, directory)]
        print(f"{path.name}: {len(vectors)} vectors, {len(bad)} disagree", *bad)
        total, wrong = total + len(vectors), wrong + len(bad)
    print(f"{total} vectors, {wrong} disagree")
    return 1 if wrong or not total else 0


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    from decisions import CHECKS as DECISIONS
    CHECKS |= DECISIONS
    sys.exit(main(pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent))
