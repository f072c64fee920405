#!/usr/bin/env python3
"""A person with a browser: visits a console of the embedded world, and records the visit in two ways at once.

    record.py cloud|core ADDRESS USERNAME PASSWORD_FILE OUT_DIR [look]

The visit signs in and looks at the page of the MDM certificate; with "look" that is all. Otherwise it presses Download,
prints the path of what was downloaded, waits for a line with the path of a certificate, and uploads that. It leaves
playwright.har (as Playwright records) and devtools.har (put together from the DevTools protocol, in the way in which
the browser's own panel exports: without cookies).
"""

import json
import pathlib
import sys

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"


class Panel:
    """The network panel of the developer tools: listens to the protocol, and exports what it has heard."""

    def __init__(self, session):
        self.session, self.entries, self.open = session, [], {}
        session.on("Network.requestWillBeSent", self.sent)
        session.on("Network.responseReceived", lambda event: self.answered(event["requestId"], event["response"]))
        session.on("Network.requestWillBeSentExtraInfo", lambda event: self.extra(event, "request"))
        session.on("Network.responseReceivedExtraInfo", lambda event: self.extra(event, "response"))
        session.on("Network.loadingFinished", lambda event: self.finished(event["requestId"]))
        session.send("Network.enable")

    def sent(self, event):
        number, request = event["requestId"], event["request"]
        if "redirectResponse" in event and number in self.open:
            self.answered(number, event["redirectResponse"])
        entry = {
            "startedDateTime": stamp(event["wallTime"]),
            "request": {
                "method": request["method"],
                "url": request["url"],
                "httpVersion": "HTTP/1.1",
                "headers": headers(request["headers"]),
                "queryString": [],
                "cookies": [],
            },
            "response": {"status": 0, "headers": [], "cookies": [], "content": {"size": 0, "mimeType": "x-unknown"}},
            "_requestId": number,
        }
        if request.get("hasPostData"):
            media = next((value for name, value in request["headers"].items() if name.lower() == "content-type"), "")
            entry["request"]["postData"] = {"mimeType": media, "text": request.get("postData", "")}
        self.open[number] = entry
        self.entries.append(entry)

    def answered(self, number, response):
        entry = self.open.get(number)
        if entry:
            entry["response"].update(status=response["status"], headers=headers(response["headers"]))
            entry["response"]["content"]["mimeType"] = response["mimeType"]

    def extra(self, event, side):
        # What the network stack adds. The panel's export is without cookies.
        entry = self.open.get(event["requestId"])
        if entry and side == "request":
            entry["request"]["headers"] = headers(event["headers"])

    def finished(self, number):
        entry = self.open.get(number)
        try:
            body = self.session.send("Network.getResponseBody", {"requestId": number})
            content = entry["response"]["content"]
            content.update(text=body["body"], size=len(body["body"]))
            if body["base64Encoded"]:
                content["encoding"] = "base64"
        except Exception:
            pass  # A download, or a page that has gone: the panel shows nothing either.

    def post_data(self):
        """What was sent, as far as the browser still has it; asked for at once, since a new page forgets."""
        for entry in self.entries:
            if "postData" in entry["request"] and not entry["request"]["postData"]["text"]:
                try:
                    sent = self.session.send("Network.getRequestPostData", {"requestId": entry["_requestId"]})
                    entry["request"]["postData"]["text"] = sent["postData"]
                except Exception:
                    pass

    def export(self, path):
        self.post_data()
        log = {"version": "1.2", "creator": {"name": "WebInspector", "version": "537.36"}, "pages": [], "entries": self.entries}
        path.write_text(json.dumps({"log": log}, indent=1))


def headers(pairs):
    return [{"name": name, "value": value} for name, value in pairs.items() if name.lower() not in ("cookie", "set-cookie")]


def stamp(seconds):
    from datetime import datetime, timezone

    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sign_in(page, username, password):
    page.locator("input[type=text], input:not([type])").first.fill(username)
    page.locator("input[type=password]").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state("networkidle")


def main():
    kind, address, username, password_file, out = sys.argv[1:6]
    only_look = "look" in sys.argv[6:]
    out = pathlib.Path(out)
    password = pathlib.Path(password_file).read_text().strip()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(ignore_https_errors=True, record_har_path=out / "playwright.har", accept_downloads=True)
        page = context.new_page()
        panel = Panel(context.new_cdp_session(page))
        page.goto(address)
        sign_in(page, username, password)
        if not only_look:
            with page.expect_download() as download:
                page.locator("#download").click()
            request = out / "ApplePushInfo.txt"
            download.value.save_as(request)
            print(json.dumps({"request": str(request)}), flush=True)
            certificate = sys.stdin.readline().strip()
            if certificate:
                page.locator("#file").set_input_files(certificate)
                page.locator("#upload").click()
                page.locator("#said", has_text="Saved.").wait_for()
                page.wait_for_load_state("networkidle")
        panel.export(out / "devtools.har")
        context.close()
        browser.close()
    print(json.dumps({"done": kind}), flush=True)


main()
