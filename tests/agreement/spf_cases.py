# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""SPF records, the zones around them, and clients, drawn from a seed. Addresses come from few, so that terms match."""

V4 = ["192.0.2.1", "192.0.2.2", "192.0.2.130", "198.51.100.7", "203.0.113.9"]
V6 = ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::9", "2001:db8:1::7"]
DOMAINS = ["a.example", "b.example", "c.example", "d.example"]
HOSTS = ["h1.example", "h2.example", "mail.a.example", "mail.b.example", "none.example", "v6.example"]
CLEAN_MACROS = ["%{d}", "%{l}._spf.a.example", "%{ir}.list.example", "%{i}.list.example", "%{h}", "%{o}", "%{d1}.example",
                "%{l1r-}.list.example", "%{v}.list.example", "%{s}.list.example", "%{p}", "h%{d3}", "%{L}.list.example",
                "%{d2r}.example", "%{l1r+-}.list.example", "a%%%_%-b.example"]
ODD_MACROS = ["%{x}", "%{d0}", "%{d", "%(d)", "%", "%{d}%", "%{dr2}", "%{}", "%{i", "a%{d}b", "%{l128}.example", "%{c}.example",
              "%{r}.example", "%{t}.example"]


def prefix(random, most):
    return random.choice(["", "", f"/{random.choice([0, 8, 24, 25, 31, most])}"])


def odd(random):
    """Terms that are wrong, or look it."""
    return random.choice([
        "ip4:192.0.2.1/33", "ip4:192.0.2.1/", "ip4:192.0.2.1/024", "ip4:192.0.2", "ip4:192.0.2.256", "ip4:192.0.2.01", "ip4:", "ip4",
        "ip4:2001:db8::1", "ip6:192.0.2.1", "ip6:2001:db8::1/129", "ip6:2001:db8:::1", "ip6:::ffff:192.0.2.1", "ip6:::1/0", "IP4:192.0.2.1",
        "ip4:192.0.2.1/32/", "ip4:192.0.2.0/24//24", "a:", "a/", "a/33", "a//129", "a/24//", "a/24//64", "a//64", "a:h1.example/24//64", "a:/24", "A:H1.EXAMPLE",
        "a:h1", "a:h1.example.", "a:-h1.example", "a:h1..example", "a:example", "a:111", "a:h1.111", "a:h_1.example", "mx:", "mx/24//64", "mx:/8", "mx:-", "ptr:",
        "ptr/24", "ptr:a.example.", "all:", "all/8", "all:a.example", "include", "include:", "include:a", "include:none.example", "include:b.example/24", "exists",
        "exists:", "exists:h1.example/24", "exists:%{i}", "foo", "foo:bar", "foo=bar", "foo=", "1foo=bar", "f-o.o_1=bar", "=bar", "foo=%{x}", "foo=%{d}", "foo=%",
        "redirect=", "redirect:b.example", "redirect=none.example", "exp=", "exp:b.example", "exp=none.example", "exp=%{x}", "v=spf1", "+", "-", "--all", "+-all", "?",
        "-foo", "-redirect=b.example", "a:%{d}/24", "a:%{d", "a: b", "\u00e9", "a:\u00e9.example", "op=x", "x-y=", "ALL", "-ALL", "~All"])


def mechanism(random):
    kind = random.random()
    if kind < 0.12:
        return odd(random)
    if kind < 0.22:
        return random.choice(["exists:", "a:", "include:", "mx:", "ptr:"]) + random.choice(CLEAN_MACROS * 3 + ODD_MACROS)
    text = random.choice(["ip4", "ip4", "ip6", "a", "mx", "ptr", "exists", "include", "all"])
    if text == "ip4":
        text += ":" + random.choice(V4) + prefix(random, 32)
    elif text == "ip6":
        text += ":" + random.choice(V6) + random.choice(["", "/64", "/32", "/128", "/127"])
    elif text in ("a", "mx"):
        text += random.choice(["", ":" + random.choice(HOSTS + DOMAINS)]) + prefix(random, 32)
        text += random.choice(["", "", "", "//64"])
    elif text == "ptr":
        text += random.choice(["", ":" + random.choice(DOMAINS + ["example"])])
    elif text in ("exists", "include"):
        text += ":" + random.choice(DOMAINS + HOSTS[:2])
    return random.choice(["", "", "", "+", "-", "~", "?"]) + text


def record(random):
    terms = [mechanism(random) for _ in range(random.choice([0, 1, 1, 2, 2, 3, 5, 11]))]
    if random.random() < 0.25:
        terms.insert(random.randrange(len(terms) + 1), "redirect=" + random.choice(DOMAINS + ["%{d}", "none.example"]))
    if random.random() < 0.15:
        terms.insert(random.randrange(len(terms) + 1), "exp=" + random.choice(["e.example", "none.example", "%{d}"]))
    if random.random() < 0.5:
        terms.append(random.choice(["-all", "~all", "?all", "all"]))
    if random.random() < 0.03:
        terms.append(random.choice(terms or ["a"]))
    start = random.choice(["v=spf1"] * 25 + ["V=SPF1", "v=spf10", "v=spf1.0", "v=spf2.0/pra", "v =spf1", " v=spf1"])
    blank = random.choice([" "] * 20 + ["  ", "\t"])
    return blank.join([start] + terms) + random.choice([""] * 10 + [" ", "  "])


def zone(random):
    made = {}
    for domain in DOMAINS:
        texts = [record(random)] if random.random() < 0.93 else []
        if random.random() < 0.05:
            texts.append(random.choice(["v=spf1 -all", "some words", "v=spf10 x", "v=spf1"]))
        node = {"A": random.sample(V4, 1), "MX": [f"{n} {host}" for n, host in enumerate(random.sample(HOSTS, random.choice([1, 2, 3])))]}
        if texts:
            node["TXT"] = texts
        made[domain] = node
    for number, host in enumerate(HOSTS):
        if host != "none.example":
            made[host] = {"AAAA": random.sample(V6, 1)} if host == "v6.example" else {"A": random.sample(V4, random.choice([1, 2]))}
    for address in V4:
        name = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
        if random.random() < 0.7:
            made[name] = {"PTR": random.sample(HOSTS + DOMAINS, random.choice([1, 1, 2]))}
        if random.random() < 0.3:
            made[f"{address}.list.example"] = {"A": ["127.0.0.2"]}
        if random.random() < 0.3:
            made[".".join(reversed(address.split("."))) + ".list.example"] = {"A": ["127.0.0.2"]}
    made["joe._spf.a.example"] = {"A": ["127.0.0.2"]}
    made["e.example"] = {"TXT": ["%{i} is not one of ours"]}
    if random.random() < 0.08:
        made[random.choice(DOMAINS + HOSTS)] = "TEMPFAIL"
    return made


def case(random):
    sender = random.choice(["joe@a.example"] * 6 + ["", "joe-strong.smith@a.example", "@a.example", "joe@none.example", "joe@b.example"])
    return {"do": "spf", "kind": "SPF", "ask": "result", "ip": random.choice(V4 + V4 + V6), "from": sender,
            "helo": random.choice(["mail.a.example", "a.example"]), "zone": zone(random), "now": 1790000000}
