// Draws pages into files, by day, at the width of a small window: called with a file and an address for each.
import { chromium } from "playwright-core";

const pairs = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  for (let at = 0; at < pairs.length; at += 2) {
    const context = await browser.newContext({ viewport: { width: 1100, height: 620 }, ignoreHTTPSErrors: true, colorScheme: "light" });
    const page = await context.newPage();
    await page.goto(pairs[at + 1]);
    await page.screenshot({ path: pairs[at], fullPage: false });
    await context.close();
  }
} finally {
  await browser.close();
}
