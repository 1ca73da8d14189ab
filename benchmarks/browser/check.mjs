// Looks at the report and at an annotated log in headless Chromium.
//
//     python benchmarks/browser/make_pages.py OUT
//     npm install --prefix OUT playwright-core
//     inspect view --log-dir OUT/logs --port 7575 &
//     NODE_PATH=OUT/node_modules node benchmarks/browser/check.mjs OUT [chromium]
//
// Ends with status 1 at any console error, dialog (a script ran), request that leaves this machine, page wider
// than its window, link to a wrong transcript, or missing column. Screenshots lie in OUT afterwards.

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const out = path.resolve(process.argv[2]);
const { chromium } = createRequire(path.join(out, "package.json"))("playwright-core");
const browser = await chromium.launch({
  executablePath: process.argv[3] ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const faults = [];
const fault = (text) => {
  faults.push(text);
  console.log("FAULT", text);
};

async function open(name, options) {
  const page = await browser.newPage(options);
  page.on("console", (message) => {
    // A resource that is not there is told below, by its address.
    if (message.type() === "error" && !message.text().includes("status of 404")) fault(`${name}: ${message.text()}`);
  });
  page.on("response", (answer) => {
    // The viewer asks every folder whether it has a flow, and most have none.
    const optional = new URL(answer.url()).pathname === "/api/flow";
    if (answer.status() >= 400 && !optional) fault(`${name}: ${answer.status()} ${answer.url()}`);
  });
  page.on("pageerror", (error) => fault(`${name}: ${error}`));
  page.on("dialog", (dialog) => {
    fault(`${name}: a script ran: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith("http") && hostname !== "127.0.0.1") fault(`${name}: asks for ${request.url()}`);
  });
  return page;
}

const report = pathToFileURL(path.join(out, "report.html")).href;
for (const [name, width] of [["wide", 1400], ["narrow", 390]]) {
  for (const colorScheme of ["light", "dark"]) {
    const page = await open(`report ${name} ${colorScheme}`, { viewport: { width, height: 900 }, colorScheme });
    await page.goto(report);
    const needed = await page.evaluate(() => document.documentElement.scrollWidth);
    if (needed > width) fault(`report ${name}: ${needed} pixels wide`);
    const images = await page.locator("main img, main script").count();
    if (images) fault(`report ${name}: ${images} images or scripts made of the text of a log`);
    await page.screenshot({ path: path.join(out, `report-${name}-${colorScheme}.png`), fullPage: true });
    if (name === "wide" && colorScheme === "light") {
      await page.pdf({ path: path.join(out, "report.pdf"), format: "A4" });
    }
    await page.close();
  }
}

// Without scripts the numbers are there too.
const plain = await open("report without scripts", { javaScriptEnabled: false });
await plain.goto(report);
if ((await plain.locator("table td.n").count()) < 50) fault("report without scripts: hardly any number");

// A question's name leads to its epochs, which unfold; by the keyboard too.
const keys = await open("report keyboard", { viewport: { width: 1400, height: 900 } });
await keys.goto(report);
const name = keys.locator('td a[href^="#epochs-"]').first();
await name.focus();
await keys.keyboard.press("Enter");
const epochs = keys.locator(await name.getAttribute("href"));
if (!(await epochs.isVisible())) fault("report keyboard: the epochs of a question do not unfold");
await keys.close();

// Links, really clicked: each must show its own question and epoch.
const reader = await open("report links", { viewport: { width: 1400, height: 900 } });
for (const place of [0, 3, 17]) {
  await reader.goto(report);
  const link = reader.locator('td a[href^="http"]').nth(place);
  const address = decodeURIComponent(await link.getAttribute("href"));
  const [, question, epoch] = address.match(/\/samples\/sample\/(q\d\d).*\/(\d+)\/$/);
  await link.click();
  await reader.waitForURL("http://127.0.0.1:7575/**");
  await reader.getByText(question, { exact: false }).first().waitFor({ timeout: 20000 });
  await reader.waitForTimeout(1500);
  const text = await reader.locator("body").innerText();
  if (!text.includes(question)) fault(`${address}: ${question} is not shown`);
  if (!new RegExp(`epoch\\s*${epoch}\\b`, "i").test(text)) fault(`${address}: epoch ${epoch} is not shown`);
  await reader.screenshot({ path: path.join(out, `transcript-${place}.png`) });
}

// The annotated log: the question's columns are there, the highest variance on top.
await reader.goto("http://127.0.0.1:7575/");
await reader.getByText("markup").first().waitFor({ timeout: 20000 });
await reader.getByText("markup").first().click();
await reader.getByText("variance", { exact: false }).first().waitFor({ timeout: 20000 });
await reader.waitForTimeout(2000);
await reader.screenshot({ path: path.join(out, "viewer.png") });
const shown = (await reader.locator("body").innerText()).toLowerCase();
for (const column of ["incoherence", "bias²", "variance", "share correct"]) {
  if (!shown.includes(column)) fault(`viewer: no column ${column}`);
}
await browser.close();
console.log(faults.length ? `${faults.length} faults` : "no fault");
process.exit(faults.length ? 1 : 0);
