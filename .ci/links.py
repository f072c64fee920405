#!/usr/bin/env python3
"""Every relative link in the project's Markdown leads to a file, and every #fragment to a heading."""

import pathlib
import re
import subprocess
import sys

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.M | re.S)


def slug(heading):
    words = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return words.replace(" ", "-")


def headings(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {slug(line.lstrip("#")) for line in text.splitlines() if line.startswith("#")}


def broken(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, fragment = target.partition("#")
        found = (page.parent / path).resolve() if path else page.resolve()
        if not found.exists():
            yield f"{page}: {target}: no such file"
        elif fragment and found.suffix == ".md" and fragment not in headings(found):
            yield f"{page}: {target}: no such heading"


listed = subprocess.run(["git", "ls-files", "*.md"], check=True, capture_output=True, text=True).stdout.split("\n")
faults = [fault for name in listed if name for fault in broken(pathlib.Path(name))]
print("\n".join(faults) or "every link leads somewhere")
sys.exit(bool(faults))
