"""What every test may ask for by name."""

from __future__ import annotations

import os

from hypothesis import settings

# On a machine of two busy cores the time of one example says nothing, and a test must not fail for it. In CI the
# examples are the same in every run; elsewhere they are new ones, which is how hypothesis finds things.
settings.register_profile("luatwin", deadline=None)
settings.register_profile("luatwin-ci", deadline=None, derandomize=True)
settings.load_profile("luatwin-ci" if os.environ.get("CI") else "luatwin")

collect_ignore_glob = ["scenario/broken/*"]
"""Scenario files that are wrong on purpose."""
