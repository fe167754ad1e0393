# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""Whether docs/vectors/verify.py would notice: one character is changed at a time, in what the vectors expect.

flip.py DIRECTORY. In every vector of every file each expectation is changed once, and the check must disagree; and the
program as a whole must then end with 1.
"""
import copy
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

# What a vector expects, by file. A list of keys is a way into the vector.
EXPECTATIONS = {
    "keys": [["algorithm"]],
    "key-records": [["reply"]],
    "intents-valid": [["line"], ["tags", "i"], ["tags", "d"], ["tags", "s"], ["tags", "q"], ["tags", "r", 0],
                      ["tags", "o", "local"], ["tags", "o", "domain"], ["tags", "k"], ["tags", "m"]],
    "intents-invalid": [["reply"]],
    "digests": [["hh"], ["bh"], ["m"], ["i"], ["canonical_header"], ["canonical_body"]],
    "signatures": [["input"], ["sha256"], ["verifies"]],
    "statements": [["reply"]],
    "messages-against-intents": [["reply"]],
    "recipients": [["reply"]],
    "discovery": [["record"], ["record", "m"], ["record", "p"]],
    "replies": [["reply"], ["word"]],
    "tokens": [["verdict"]],
}


def flipped(value):
    """Another value that differs in one character."""
    if isinstance(value, bool):
        return not value
    if value is None or isinstance(value, dict):
        return {} if value is None else None
    middle = len(value) // 2
    return value[:middle] + ("y" if value[middle:middle + 1] == "x" else "x") + value[middle + 1:]


def changes(name, vector):
    """The vector with each of its expectations changed."""
    for way in EXPECTATIONS[name]:
        changed = copy.deepcopy(vector)
        place = changed
        for key in way[:-1]:
            place = place[key] if place is not None else None
        if place is None or (isinstance(place, dict) and way[-1] not in place) or place[way[-1]] is None and len(way) > 1:
            continue
        place[way[-1]] = flipped(place[way[-1]])
        yield way, changed


def main(directory):
    sys.path.insert(0, str(directory))
    import decisions
    import verify
    verify.CHECKS |= decisions.CHECKS
    faults = count = 0
    for path in sorted(directory.glob("*.json")):
        file = json.loads(path.read_text())
        for vector in file["vectors"]:
            for way, changed in changes(path.stem, vector):
                count += 1
                if verify.check(path.stem, changed, directory):
                    print(f"{path.name}: {vector['name']}: nobody notices another {way}")
                    faults += 1
        faults += not notices_as_a_program(directory, path, file)
    print(f"flip: {count} changes, {faults} not noticed")
    return 1 if faults or not count else 0


def notices_as_a_program(directory, path, file):
    """Whether verify.py ends with 1 over a copy in which one file has one change."""
    with tempfile.TemporaryDirectory() as temporary:
        copied = pathlib.Path(temporary, "vectors")
        shutil.copytree(directory, copied)
        file["vectors"][0] = next(changed for _, changed in changes(path.stem, file["vectors"][0]))
        (copied / path.name).write_text(json.dumps(file))
        for other in copied.glob("*.json"):  # the keys are needed; the rest only takes time
            if other.name not in (path.name, "keys.json"):
                other.unlink()
        ended = subprocess.run([sys.executable, directory / "verify.py", copied], capture_output=True, text=True)
    if ended.returncode == 1 and "1 disagree" in ended.stdout and not ended.stderr:
        return True
    print(f"{path.name}: verify.py ended with {ended.returncode}\n{ended.stdout}{ended.stderr}")
    return False


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
