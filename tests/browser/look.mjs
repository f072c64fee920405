// Looks at pages in a real Chromium, at three widths, by day and by night, with the keyboard and on paper; prints what is wrong
// with them, as JSON. Called with the addresses; screenshots go to the folder named first, unless it is "-".
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const [folder, ...addresses] = process.argv.slice(2);
const WIDTHS = [360, 820, 1440];
const wrong = [];
const name = (address) => `${addresses.indexOf(address)}${new URL(address).pathname.replaceAll("/", "_")}`;
const shoot = (page, file) => (folder === "-" ? null : page.screenshot({ path: `${folder}/${file}`, fullPage: true }));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  for (const address of addresses) await look(address);
} finally {
  await browser.close();
}
console.log(JSON.stringify(wrong));

async function look(address) {
  for (const colorScheme of ["light", "dark"]) {
    // axe runs in the page; the page's own policy is tried by the test beside this one.
    const context = await browser.newContext({ colorScheme, bypassCSP: true, reducedMotion: "reduce" });
    const page = await context.newPage();
    const say = (what) => wrong.push({ address, colorScheme, ...what });
    page.on("console", (message) => message.type() === "error" && say({ console: message.text() }));
    page.on("pageerror", (error) => say({ error: String(error) }));
    await page.goto(address);
    const rows = await page.locator("tbody tr").count();
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      for (const what of await page.evaluate(layout)) say({ width, ...what });
      await shoot(page, `${name(address)}-${width}-${colorScheme}.png`);
      // Rules look at every element, so of a long list they look once.
      if (rows > 30 && (width < 1440 || colorScheme === "dark")) continue;
      await page.evaluate(axe);
      const found = await page.evaluate(() => window.axe.run({ resultTypes: ["violations"] }));
      for (const { id, nodes } of found.violations) say({ width, axe: id, where: nodes.slice(0, 3).map((node) => node.html) });
    }
    if (colorScheme === "light") {
      for (const what of await keyboard(page)) say(what);
      await page.emulateMedia({ media: "print" });
      await page.setViewportSize({ width: 1050, height: 700 });
      await shoot(page, `${name(address)}-paper.png`);
    }
    await context.close();
  }
}

// Nothing reaches beyond the page, and no two texts lie on one another.
function layout() {
  const found = [];
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) found.push({ scrolls: scrollWidth - clientWidth });
  for (const link of document.querySelectorAll("tbody th a")) {
    if (link.textContent.length <= 12 && link.getClientRects().length > 1) found.push({ broken: link.textContent });
  }
  const clipped = (element) => element.closest("thead") && getComputedStyle(element.closest("thead")).clipPath !== "none";
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode() && texts.length < 600) {
    const { textContent, parentElement } = walker.currentNode;
    const style = getComputedStyle(parentElement);
    if (!textContent.trim() || style.visibility === "hidden" || parentElement.closest(".aloud, .skip, .scroll") || clipped(parentElement)) continue;
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    for (const box of range.getClientRects()) if (box.width > 1) texts.push({ text: textContent.trim().slice(0, 40), box });
  }
  for (const { text, box } of texts) if (box.right > clientWidth + 1 || box.left < -1) found.push({ beyond: text });
  for (let one = 0; one < texts.length; one += 1) {
    for (let other = one + 1; other < texts.length; other += 1) {
      const [a, b] = [texts[one].box, texts[other].box];
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 1 && down > 4) found.push({ overlap: [texts[one].text, texts[other].text] });
    }
  }
  return found.slice(0, 5);
}

// The tabulator goes through everything that can be used, from top to bottom, and shows where it is.
async function keyboard(page) {
  const found = [];
  await page.evaluate(() => document.activeElement?.blur());
  const wanted = await page.evaluate(() => document.querySelectorAll("a[href], button, input, [tabindex='0']").length);
  let last = -1;
  for (let step = 0; step < Math.min(wanted, 40); step += 1) {
    await page.keyboard.press("Tab");
    const { place, top, outline, text } = await page.evaluate(() => {
      const all = [...document.querySelectorAll("a[href], button, input, [tabindex='0']")];
      const { activeElement } = document;
      const { outlineStyle, outlineWidth } = getComputedStyle(activeElement);
      return {
        place: all.indexOf(activeElement),
        top: activeElement.getBoundingClientRect().top + scrollY,
        outline: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
        text: activeElement.textContent.slice(0, 40),
      };
    });
    if (place !== step) found.push({ keyboard: `step ${step} reaches ${place} (${text})` });
    if (!outline) found.push({ unseen: text });
    if (top < last - 40) found.push({ upwards: text });
    last = top;
  }
  return found.slice(0, 5);
}
