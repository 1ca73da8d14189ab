// Pages in headless Chromium: a screenshot of each (wide, narrow, dark, print), and what axe-core finds in them.
//
//     python benchmarks/browser/make_reports.py OUT
//     npm install --prefix OUT playwright-core axe-core
//     node benchmarks/browser/look.mjs OUT [chromium] [PAGE.html or http://…]...
//
// Without pages it looks at every .html file in OUT. Ends with status 1 at a serious or critical fault of
// accessibility, a page wider than its window, or an error on the console. Screenshots lie in OUT/look.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const out = path.resolve(process.argv[2]);
const need = createRequire(path.join(out, "package.json"));
const { chromium } = need("playwright-core");
const axe = readFileSync(need.resolve("axe-core/axe.min.js"), "utf-8");
const named = process.argv.slice(4);
const pages = named.length ? named : readdirSync(out).filter((name) => name.endsWith(".html")).map((name) => path.join(out, name));
mkdirSync(path.join(out, "look"), { recursive: true });

const browser = await chromium.launch({ executablePath: process.argv[3] ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const faults = [];
const texts = [];
for (const address of pages) {
  const url = /^https?:/.test(address) ? address : pathToFileURL(path.resolve(address)).href;
  const name = address.replace(/^https?:\/\/[^/]+\//, "site/").replace(/\/$/, "").split("/").slice(-2).join("-").replace(/\.html$/, "");
  for (const [look, width, colorScheme] of [["wide", 1400, "light"], ["narrow", 390, "light"], ["dark", 1400, "dark"], ["narrow-dark", 390, "dark"]]) {
    // The page's own policy forbids scripts, axe's included: it is lifted for the check alone.
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
    const fault = (text) => faults.push(`${name} ${look}: ${text}`);
    page.on("console", (message) => message.type() === "error" && fault(message.text()));
    page.on("pageerror", (error) => fault(String(error)));
    await page.goto(url, { waitUntil: "load" });
    const needed = await page.evaluate(() => document.documentElement.scrollWidth);
    if (needed > width) fault(`${needed} pixels wide`);
    await page.screenshot({ path: path.join(out, "look", `${name}-${look}.png`), fullPage: true });
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    for (const one of found.violations) {
      const line = `${one.impact}: ${one.id}: ${one.help} (${one.nodes.length}): ${one.nodes[0].html.slice(0, 160)} · ${one.nodes[0].failureSummary.slice(0, 300).replace(/\s+/g, " ")}`;
      if (["serious", "critical"].includes(one.impact)) fault(line);
      else texts.push(`${name} ${look}: ${line}`);
    }
    if (look === "wide") {
      await page.pdf({ path: path.join(out, "look", `${name}.pdf`), format: "A4" }).catch((error) => fault(`print: ${error.message}`));
    }
    await page.close();
  }
}
await browser.close();
for (const line of [...new Set(texts)]) console.log("minor", line);
for (const line of [...new Set(faults)]) console.log("FAULT", line);
writeFileSync(path.join(out, "look", "faults.txt"), faults.join("\n"));
console.log(`${pages.length} pages, ${faults.length ? `${faults.length} faults` : "no serious fault"}`);
process.exit(faults.length ? 1 : 0);
