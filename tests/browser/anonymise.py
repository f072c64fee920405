#!/usr/bin/env python3
"""Makes a fixture of a recording of the embedded world: anonymise.py IN.har OUT.har

The address becomes https://console.example.com, and every value that a run made up becomes one that is the same each
time: numbers of 32 hexadecimal digits in the order in which they appear, the password, and the topic.
"""

import json
import pathlib
import re
import sys


def main(source, target):
    text = pathlib.Path(source).read_text()
    text = re.sub(r"https(?::|%3A)(?://|%2F%2F)127\.0\.0\.1(?::|%3A)\d+", "https://console.example.com", text, flags=re.I)
    text = re.sub(r"127\.0\.0\.1(?::|%3A)\d+", "console.example.com", text)
    seen = {}

    def number(found):
        return f"{0xA5C3E1F7 * (1 + seen.setdefault(found[0], len(seen))):08x}"[:8].rjust(8, "9") * 4

    text = re.sub(r"(?<![0-9a-zA-Z])[0-9a-f]{32}(?![0-9a-zA-Z])", number, text)
    text = re.sub(r"(?<=com\.apple\.mgmt\.External\.)[0-9a-f-]{36}", "11111111-aaaa-4aaa-8aaa-111111111111", text)
    text = re.sub(r"(?<=APSP:)[0-9a-f-]{36}", "11111111-aaaa-4aaa-8aaa-111111111111", text)
    har = json.loads(text)
    for entry in har["log"]["entries"]:
        for key in ("timings", "cache", "serverIPAddress", "_serverPort", "_securityDetails", "pageref", "time"):
            entry.pop(key, None)
    pathlib.Path(target).write_text(json.dumps(har, indent=1, ensure_ascii=False) + "\n")


main(*sys.argv[1:])
