"""Where downloaded artifacts live: one folder per user, shared by every checkout."""

import os
from collections.abc import Mapping
from pathlib import Path


def cache_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of downloaded artifacts; nothing is created.

    SPENDTRAIL_CACHE names it outright; otherwise it is `spendtrail` under XDG_CACHE_HOME, which the XDG base directory
    specification puts at ~/.cache where it is unset or empty. Everything inside can be deleted: it is fetched again.
    """
    if chosen := env.get("SPENDTRAIL_CACHE"):
        return Path(chosen).expanduser().absolute()
    base = env.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache").absolute() / "spendtrail"
