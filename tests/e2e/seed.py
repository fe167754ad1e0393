# SPDX-FileCopyrightText: The CAS authors
# SPDX-License-Identifier: Apache-2.0
"""What a run of random trials begins with. CAS_SEED plays one again as far as the machine allows; CAS_TORTURE makes the
trials so many times longer."""

import os
import random

SEED = int(os.environ.get("CAS_SEED") or random.SystemRandom().randrange(1 << 32))
TORTURE = int(os.environ.get("CAS_TORTURE") or 1)


def dice(name):
    """Random numbers of their own for whoever is called so."""
    return random.Random(f"{SEED} {name}")
