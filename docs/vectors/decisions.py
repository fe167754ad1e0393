# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""The second half of verify.py: records, tokens, and the receiver's checks in their order, over the facts of a vector."""
import binascii, hashlib, hmac, re

from verify import B, HOST, INTENT, SEC, TABLE, b64u, canonical, key_of, parse, tag_list, unb64u, verifies


# 6.1 Key records
def judge_key(vector):
    answer, txt, line = vector["answer"], vector["txt"], vector["line"]
    if answer == "failed":
        return "key-lookup"
    intent = parse(line)
    try:
        if len(txt) != 1 or len(txt[0]) > 4096:
            return "key-missing"
        tags = tag_list(txt[0])
        lists = lambda name, default: "".join(tags.get(name, default).split()).split(":")
        if "p" not in tags or tags.get("v", "DKIM1") != "DKIM1" or ("v" in tags and next(iter(tags)) != "v"):
            return "key-missing"
        kind = tags.get("k", "rsa")
        if kind not in ("rsa", "ed25519"):
            return "key-missing"
        if not tags["p"]:
            return "key-revoked"
        key_of(tags)
    except (ValueError, TypeError):
        return "key-missing"
    if "y" in lists("t", ""):
        return "testing"
    if not {"email", "*"} & set(lists("s", "*")) or "sha256" not in lists("h", "sha256") or intent["a"] != kind + "-sha256":
        return "key-missing"
    if "s" in lists("t", "") and intent["o"]["domain"] != intent["d"] and not intent["w"]:
        return "align"
    return ("forwarded" if intent["w"] else "ok") if verifies(line, tags) else "signature"


# 8.3 The end of data, steps 15, 16, 17
def judge_message(vector):
    """The author of these vectors is the last mailbox-like word outside of quotes, comments and names."""
    intent, head = parse(vector["line"]), vector["message"].partition("\r\n\r\n")[0]
    if not re.fullmatch(r"([!-9;-~]+[ \t]*:.*(\r\n[ \t].*)*(\r\n|\Z))*", head):
        return "554 5.6.0"  # 4.4: no header section
    fields = [field.split(":", 1) for field in head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n")]
    named = lambda name: [value.strip(" \t") for field, value in fields if field.strip(" \t").lower() == name]
    bare = lambda value: re.sub(r"\([^()]*\)", "", value).strip(" \t")
    author = [re.fullmatch(r'(?:(?:"[^"]*"|[^<>"@:;,])*<(?:@[^<>\s:]+:)?([^<>\s]+)>|([^<>\s,:;]+))', bare(one)) for one in named("from")]
    spelt = [(match[1] or match[2]).replace('"', "") for match in author if match]
    if len(named("from")) != 1 or "@" not in "".join(spelt) or path(f"<{spelt[0]}>") != intent["o"]:
        return "from"
    header, body = canonical(vector["message"].encode())
    hashes = [b64u(hashlib.sha256(part).digest()) for part in (header, body)]
    tag = INTENT.fullmatch(vector["line"])
    m = hashlib.sha256("\n".join(["CAS1 c1", tag["i"], *hashes, ""]).encode()).hexdigest()
    if len(named("date")) != 1 or len(named("message-id")) != 1 or m != intent["m"]:
        return "digest"
    lists, auto = named("list-id"), named("auto-submitted")
    found = [re.fullmatch("[^>]*<([^<>]*)>[^<>]*", re.sub("<[^<>]*> *(?=<)", "", one)) for one in lists]
    name = re.sub("[A-Z]+", lambda upper: upper[0].lower(), found[0][1].strip(" \t")) if len(found) == 1 and found[0] else ""
    if 0 < len(name.encode()) <= 200 and not re.search("[\0-\x1f\x7f-\x9f]", name):
        fits = intent["k"] == "b" and intent["l"] == name
    elif lists or named("list-unsubscribe") or named("list-unsubscribe-post"):
        fits = False
    else:
        automatic = auto and bare(auto[0].split(";")[0]).lower() != "no"
        fits = intent["k"] in ("ta" if automatic else "pt")
    return "250 2.0.0" if fits else "class"


# 8.1 CONFIRM, steps 1, 2, 3, 8
def path(text):
    """The mailbox of a path."""
    name, _, domain = text[1:-1].rpartition("@")
    if name.startswith('"'):
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return {"local": name, "domain": domain.encode("idna").decode().lower()} if domain else None


def judge_statement(vector):
    intent, now, committed = parse(vector["line"]), vector["now"], vector["committed"]
    if isinstance(intent, str):
        return intent
    life, o, d, within = intent["x"] - intent["t"], intent["o"]["domain"], intent["d"], lambda a, b: ("." + a).endswith("." + b)
    spelt, m = (INTENT.fullmatch(vector["line"])[tag] for tag in "rm")
    if intent["t"] > now + 300:
        return "future"
    if not 0 <= life <= 3600 * (24 if intent["k"] in "pa" else 72):
        return "lifetime"
    if intent["f"] != path(vector["mail"]) or intent["q"] not in vector["local_domains"]:
        return "envelope"
    if d in vector["public_suffixes"] or "." not in d or not (within(o, d) or intent["w"]):
        return "align"
    if len(f"{intent['s']}._domainkey.{d}") > 253:
        return "key-missing"
    if vector["mode"] == "off":
        return "off"
    if committed is None:
        return "unavailable"
    if any(committed.get(r, m) != m for r in spelt.split(",")):
        return "replay"
    return "expired" if intent["x"] < now - 300 and not all(r in committed for r in spelt.split(",")) else "ok"


# 8.2 RCPT
def judge_recipient(vector):
    mailbox, line = path(f"<{vector['recipient']}>"), vector["line"]
    role = mailbox["local"].lower() in ("postmaster", "abuse")
    ordinary = {"exists": "250 2.1.5", "unknown": "550 5.1.1", "failed": "451 4.3.0"}[vector["mailbox"]]
    if line is None:
        word = "exempt" if role else "required" if vector["mode"] == "required" else ordinary
        return ordinary if vector["mode"] == "off" else word
    if mailbox["local"] not in parse(line)["r"] or mailbox["domain"] != parse(line)["q"]:
        return "exempt" if role else "rcpt"
    if vector["ledger"] != "absent":
        return {"committed": "confirmed", "reserved": "in-progress", "unavailable": "unavailable"}[vector["ledger"]]
    return {"exists": "confirmed", "unknown": "unknown", "failed": ordinary}[vector["mailbox"]]


# 7 Discovery
def check_discovery(vector, _):
    ours = [one for one in vector["txt"] if re.match(r"[ \t]*v[ \t]*=[ \t]*CAS1[ \t]*(;|\Z)", one)]
    record = None
    try:
        tags = {"m": "optional", "e": None, "p": "none", "rua": ""} | tag_list(ours[0])
        fits = tags["m"] in ("off", "optional", "required") and tags["p"] in ("none", "some", "all", "strict")
        if len(ours) == 1 and fits and (tags["e"] is None or re.fullmatch(HOST, tags["e"])):
            record = {name: tags[name] for name in "mep"}
            record["rua"] = [uri for uri in map(str.strip, tags["rua"].split(",")) if uri][:10]
    except (ValueError, IndexError):
        pass
    yield vector["record"], record


# 14 Tokens
TOKEN = re.compile(rf"1\.([a-z0-9]{{1,16}})\.([ptba])\.({SEC})\.({B}{{22}})\.({HOST})\.({B}{{22}})")


def check_token(vector, _):
    match, verdict = TOKEN.fullmatch(vector["token"]), "form"
    try:
        if match and unb64u(match[4]) and unb64u(match[6]):
            kid, k, x, i, d, mac = match.groups()
            f, q, o, l, m = ((INTENT.fullmatch(vector["line"])[tag] or "") for tag in "fqolm")
            text = "\n".join(["CAS1 TOKEN", kid, k, x, i, d, f, q, vector["recipient"], o, l, m])
            right = hmac.digest(bytes.fromhex(vector["secret"]), text.encode(), "sha256")[:16]
            verdict = "ok" if b64u(right) == mac else "mac"
    except (ValueError, binascii.Error):
        pass
    yield vector["verdict"], verdict


def checking(judge):
    """A check of the reply, which a judge names by its word or, where it has none, by its codes."""
    def check(vector, _):
        said = judge(vector)
        yield vector["reply"], said if " " in said else f"{TABLE[said]} [CAS:{said}]"
    return check


CHECKS = {"key-records": checking(judge_key), "statements": checking(judge_statement),
          "recipients": checking(judge_recipient), "discovery": check_discovery, "tokens": check_token,
          "messages-against-intents": checking(judge_message)}
