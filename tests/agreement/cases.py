# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""What is asked: each kind makes jobs to verify, most of them by asking each implementation to sign first."""

import itertools
import re

import arc_sets
import key_records
import messages
import signature_spellings
import signer
import spf_cases

NOW = 1790000000       # for those who can be told; the others ask the clock, so times here are long past or far away
SIGNED_AT = 1700000000
LATER = 4000000000
FORMS = ["/".join(pair) for pair in itertools.product(("simple", "relaxed"), repeat=2)]
DOMAIN = "north.example"


def verdict(asked, answer):
    if asked not in answer:
        return "error" if asked != "passed" else "-"
    value = answer[asked]
    return (",".join(sorted(set(value))) or "-") if isinstance(value, list) else value


class Keys:
    """Made once a run: what anybody finds does not depend on them."""
    made = None

    def __new__(cls):
        if cls.made is None:
            cls.made = super().__new__(cls)
            cls.made.rsa, cls.made.ed25519 = signer.RsaKey(), signer.Ed25519Key()
            cls.made.weak = {bits: signer.RsaKey(bits) for bits in (512, 1023, 1024, 4096)}
        return cls.made

    def zone(self):
        return {f"{selector}._domainkey.{DOMAIN}": {"TXT": [key.record]}
                for selector, key in (("r", self.rsa), ("e", self.ed25519), ("r2", self.rsa), ("e2", self.ed25519))}


def signing_job(random, octets, selector):
    """One way to sign a message."""
    fields, _ = messages.split(octets)
    present = [field.partition(b":")[0].decode() for field in fields]
    names = [name for name in present if random.random() < 0.7 or name.lower() == "from"]
    if random.random() < 0.4:
        names += random.sample(["From", "Subject", "To", "Cc", "Sender", "X-None"], 2)
    random.shuffle(names)
    key = Keys().ed25519 if selector.startswith("e") else Keys().rsa
    job = {"do": "sign", "message": octets, "domain": DOMAIN, "selector": selector, "key": key.pem, "headers": names,
           "c": random.choice(FORMS), "t": SIGNED_AT}
    if key is Keys().ed25519:
        job.update(ed25519=True, seed=key.seed.decode())
    if random.random() < 0.2:
        job["x"] = LATER
    length = len(signer.canonical_body(messages.split(octets)[1], job["c"].split("/")[1]))
    if length and random.random() < 0.1:
        job["l"] = random.randrange(1, length + 1)
    return job


def fits(one, job):
    """Whether the implementation can be asked for that."""
    if one.name == "opendkim":  # takes names as patterns, and the length of a body that is not yet canonical
        return all(re.fullmatch("[A-Za-z-]+", name) for name in job["headers"]) and "l" not in job
    return True


def signed_by(one, jobs):
    """Messages that the implementation could sign."""
    signed = []
    for job, answer in zip(jobs, one.run(jobs)):
        if "fields" in answer:
            signed.append(answer["fields"] + job["message"])
    return signed


def verify(kind, octets, **more):
    return {"do": "verify", "kind": kind, "message": octets, "zone": Keys().zone(), "now": NOW, **more}


def signed_messages(random, count, here):
    """(signer, message) for each implementation that signs."""
    made = []
    for one in here:
        if "sign" not in one.does:
            continue
        jobs = [signing_job(random, messages.message(random), random.choice("re")) for _ in range(count)]
        made += [(one.name, octets) for octets in signed_by(one, [job for job in jobs if fits(one, job)])]
    return made


def signed(random, count, here):
    return [verify(f"signed by {name}", octets) for name, octets in signed_messages(random, count, here)]


def changed(random, count, here):
    made = []
    for name, octets in signed_messages(random, count, here):
        for change in random.sample(messages.CHANGES, 3):
            made.append(verify(f"then {change.__name__}", messages.join(*change(random, *messages.split(octets)))))
    return made


def several(random, count, here):
    """Signed by two implementations one after the other, then perhaps changed: one may pass without the other."""
    signers = [one for one in here if "sign" in one.does]
    pairs = list(itertools.permutations(signers, 2))
    made = []
    for first, second in pairs:
        jobs = [signing_job(random, messages.message(random), random.choice("re")) for _ in range(count // len(pairs) + 1)]
        once = signed_by(first, [job for job in jobs if fits(first, job)])
        jobs = [signing_job(random, octets, random.choice("re") + "2") for octets in once]
        for octets in signed_by(second, [job for job in jobs if fits(second, job)]):
            made.append(verify("two signatures", octets))
            change = random.choice(messages.CHANGES)
            made.append(verify("two signatures, changed", messages.join(*change(random, *messages.split(octets)))))
    return made


def sign_as_spelt(random, spelling, key):
    octets = messages.message(random)
    fields, text = messages.split(octets)
    if spelling.unusual_blank:
        fields = [field for field in fields if not re.match(rb"[^:]*[ \t]:", field)]
    field = signer.sign(fields, text, spelling.template, key, spelling.names, spelling.forms, spelling.length,
                        spelling.hash_name)
    return messages.join([spelling.finish(field)] + fields, text)


def spellings(random, count, here):
    """DKIM-Signature as it may be written and as it may not."""
    made = []
    for _ in range(max(1, count // 50)):
        for spelling in signature_spellings.all_spellings():
            key = Keys().ed25519 if spelling.ed25519 else Keys().rsa
            made.append(verify(f"DKIM-Signature: {spelling.label}", sign_as_spelt(random, spelling, key),
                               rfc=spelling.rfc))
    return made


def records(random, count, here):
    """Key records as they may be written and as they may not."""
    made = []
    for _ in range(max(1, count // 50)):
        for record in key_records.all_records(Keys()):
            spelling = signature_spellings.plain(record.identity, record.key is Keys().ed25519)
            octets = sign_as_spelt(random, spelling, record.key)
            selector = "e" if spelling.ed25519 else "r"
            made.append(verify(f"key record: {record.label}", octets, rfc=record.rfc) |
                        {"zone": {f"{selector}._domainkey.{DOMAIN}": record.node}})
    return made


# ---- ARC ----

def seal_job(random, octets, hop, chain):
    fields, _ = messages.split(octets)
    names = [field.partition(b":")[0].decode() for field in fields]
    names = [name for name in dict.fromkeys(names)
             if not name.lower().startswith(("arc-", "authentication-results", "received", "return-path"))]
    return {"do": "seal", "message": octets, "domain": DOMAIN, "selector": "r", "key": Keys().rsa.pem, "headers": names,
            "results": f"mx{hop}.north.example; spf=pass smtp.mailfrom=joe@north.example; arc={chain}", "chain": chain,
            "t": SIGNED_AT + hop}


def chains(random, count, here, hops=4):
    """Messages that were handed on by several implementations, drawn anew at each hop."""
    sealers = [one for one in here if "seal" in one.does]
    waiting = [("", messages.message(random)) for _ in range(count)]
    made = []
    for hop in range(1, hops + 1):
        handed_on = []
        chosen = [random.choice(sealers) for _ in waiting]
        for one in sealers:
            jobs = [(path, seal_job(random, octets, hop, "none" if hop == 1 else "pass"))
                    for (path, octets), by in zip(waiting, chosen) if by is one]
            for (path, job), answer in zip(jobs, one.run([job for _, job in jobs])):
                if "fields" in answer and answer["fields"].strip():
                    handed_on.append((f"{path} {one.name}", answer["fields"] + job["message"]))
        made += handed_on
        waiting = [(path, octets) for path, octets in handed_on if random.random() < 0.7]
    return made


def arc(random, count, here):
    return [verify(f"ARC, {len(path.split())} hops, last by {path.split()[-1]}", octets, ask="arc")
            for path, octets in chains(random, count, here)]


def set_removed(random, fields, text):
    arc_fields = [n for n, field in enumerate(fields) if field.lower().startswith(b"arc-")]
    at = random.choice(arc_fields)
    return fields[:at] + fields[at + 1:], text


def set_repeated(random, fields, text):
    arc_fields = [field for field in fields if field.lower().startswith(b"arc-")]
    return [random.choice(arc_fields)] + fields, text


def set_respelt(random, fields, text):
    at = random.choice([n for n, field in enumerate(fields) if field.lower().startswith(b"arc-")])
    old, new = random.choice([(b"i=", b"i = "), (b"i=1", b"i=01"), (b"i=1", b"i=2"), (b"cv=none", b"cv=pass"),
                              (b"cv=pass", b"cv=none"), (b"cv=none", b"cv=fail"), (b";", b" ;"), (b": ", b":\r\n\t"),
                              (b"i=", b"I="), (b"i=1;", b"i=51;"), (b"i=2;", b"i=0;"), (b"a=rsa-sha256", b"a=rsa-sha1"),
                              (b"ARC-", b"arc-")])
    return fields[:at] + [fields[at].replace(old, new, 1)] + fields[at + 1:], text


def arc_changed(random, count, here):
    changes = messages.CHANGES + [set_removed, set_repeated, set_respelt, set_respelt]
    made = []
    for _, octets in chains(random, count, here):
        for change in random.sample(changes, 2):
            made.append(verify(f"ARC, then {change.__name__}", messages.join(*change(random, *messages.split(octets))), ask="arc"))
    return made


def spf(random, count, here):
    return [spf_cases.case(random) for _ in range(count * 10)]


def arc_spellings(random, count, here):
    """Chains of one set, its fields written as they may and as they may not be."""
    made = []
    for _ in range(max(1, count // 50)):
        for spelling in arc_sets.all_sets():
            fields, text = messages.split(messages.message(random))
            set_fields = arc_sets.sealed(fields, text, spelling, Keys().rsa)
            made.append(verify(f"ARC: {spelling.label}", messages.join(set_fields + fields, text), ask="arc", rfc=spelling.rfc))
    return made


KINDS = {"signed": signed, "changed": changed, "several": several, "spellings": spellings, "records": records, "arc": arc,
         "arc-changed": arc_changed, "arc-spellings": arc_spellings, "spf": spf}
