// A person with a browser: visits a console of the embedded world, and records the visit in two ways at once.
//
//   node record.mjs cloud|core ADDRESS USERNAME PASSWORD_FILE OUT_DIR [look]
//
// The visit signs in and looks at the page of the MDM certificate; with "look" that is all. Otherwise it presses Download,
// prints the path of what was downloaded, waits for a line with the path of a certificate, and uploads that. It leaves
// playwright.har (as Playwright records) and devtools.har (put together from the DevTools protocol, in the way in which
// the browser's own panel exports: without cookies).

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const [kind, address, username, passwordFile, out, look] = process.argv.slice(2);

const isCookie = name => ["cookie", "set-cookie"].includes(name.toLowerCase());
const headers = pairs => Object.entries(pairs).filter(([name]) => !isCookie(name)).map(([name, value]) => ({ name, value }));

/** The network panel of the developer tools: listens to the protocol, and exports what it has heard. */
class Panel {
  entries = [];
  open = new Map();
  early = new Map();
  pending = [];

  constructor(session) {
    this.session = session;
    session.on("Network.requestWillBeSent", event => this.sent(event));
    session.on("Network.requestWillBeSentExtraInfo", event => this.extra(event));
    session.on("Network.responseReceived", event => this.answered(event.requestId, event.response));
    session.on("Network.loadingFinished", event => this.pending.push(this.body(event.requestId)));
  }

  sent({ requestId, request, wallTime, redirectResponse }) {
    if (redirectResponse) this.answered(requestId, redirectResponse);
    const entry = {
      startedDateTime: new Date(wallTime * 1000).toISOString(),
      request: { method: request.method, url: request.url, headers: headers(request.headers), cookies: [], queryString: [] },
      response: { status: 0, headers: [], cookies: [], content: { size: 0, mimeType: "x-unknown" } },
    };
    if (request.hasPostData) {
      const media = Object.entries(request.headers).find(([name]) => name.toLowerCase() === "content-type")?.[1] ?? "";
      entry.request.postData = { mimeType: media, text: request.postData ?? "" };
      if (!request.postData) this.pending.push(this.postData(requestId, entry));
    }
    this.open.set(requestId, entry);
    this.entries.push(entry);
    // What the network stack adds may be told before the request itself.
    if (this.early.has(requestId)) {
      entry.request.headers = this.early.get(requestId);
      this.early.delete(requestId);
    }
  }

  extra({ requestId, headers: all }) {
    const entry = this.open.get(requestId);
    if (entry && entry.response.status === 0) entry.request.headers = headers(all);
    else this.early.set(requestId, headers(all));
  }

  answered(requestId, response) {
    const entry = this.open.get(requestId);
    if (!entry) return;
    Object.assign(entry.response, { status: response.status, headers: headers(response.headers) });
    entry.response.content.mimeType = response.mimeType;
  }

  // A download has no body here, and a page that has gone none any more: the panel shows nothing either.
  async body(requestId) {
    const content = this.open.get(requestId)?.response.content;
    const found = await this.session.send("Network.getResponseBody", { requestId }).catch(() => undefined);
    if (!content || !found) return;
    Object.assign(content, { text: found.body, size: found.body.length });
    if (found.base64Encoded) content.encoding = "base64";
  }

  async postData(requestId, entry) {
    const found = await this.session.send("Network.getRequestPostData", { requestId }).catch(() => undefined);
    if (found) entry.request.postData.text = found.postData;
  }

  async export(path) {
    await Promise.all(this.pending);
    const log = { version: "1.2", creator: { name: "WebInspector", version: "537.36" }, pages: [], entries: this.entries };
    writeFileSync(path, JSON.stringify({ log }, null, 1));
  }
}

const say = what => process.stdout.write(JSON.stringify(what) + "\n");

async function signIn(page) {
  await page.locator("input[type=text], input:not([type])").first().fill(username);
  // Some consoles ask for the password on a page of its own.
  if (await page.locator("input[type=password]").count() === 0) {
    await page.getByRole("button", { name: "Next" }).click();
    await page.locator("input[type=password]").waitFor();
  }
  await page.locator("input[type=password]").fill(readFileSync(passwordFile, "utf8").trim());
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForLoadState("networkidle");
}

/** Downloads the request, and uploads the certificate that somebody got for it. */
async function renew(page) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#download").click()]);
  const request = join(out, "ApplePushInfo.txt");
  await download.saveAs(request);
  say({ request });
  const certificate = await new Promise(resolve => createInterface({ input: process.stdin }).once("line", resolve));
  await page.locator("#file").setInputFiles(certificate);
  await page.locator("#upload").click();
  await page.locator("#said", { hasText: "Saved." }).waitFor();
  await page.waitForLoadState("networkidle");
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"], });
const context = await browser.newContext({
  ignoreHTTPSErrors: true,
  acceptDownloads: true,
  recordHar: { path: join(out, "playwright.har") },
});
const page = await context.newPage();
const session = await context.newCDPSession(page);
const panel = new Panel(session);
await session.send("Network.enable");
await page.goto(address);
await signIn(page);
if (look !== "look") await renew(page);
await panel.export(join(out, "devtools.har"));
await context.close();
await browser.close();
say({ done: kind });
process.exit(0);
