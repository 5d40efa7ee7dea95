// Looks at the status page in headless Chromium, as a person does and as axe-core does, and at the API with ajv.
//
//   node browser.mjs PART TASK
//
// PART has node_modules and bin/chromium. TASK is JSON: the addresses of three servers (fine, trouble, empty), a file
// whose creation asks for a change of the first, and a folder for the pictures. Prints what is wrong
// and ends with 1, or ends with 0.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const [part, text] = process.argv.slice(2);
const task = JSON.parse(text);
const require = createRequire(path.join(path.resolve(part), "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const SIZES = [{ width: 360, height: 740 }, { width: 800, height: 900 }, { width: 1440, height: 900 }];
const SCHEMES = ["light", "dark"];
const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"];

const faults = [];
function must(holds, what) {
    if (!holds) faults.push(what);
}

const root = await chromium.launch({ executablePath: path.join(part, "bin/chromium"), headless: true, args: ARGUMENTS });

// A page that may ask nobody but its own server, and must not complain.
async function open(url, options = {}, before = async () => {}) {
    const { origin } = new URL(url);
    const context = await root.newContext({ timezoneId: "Asia/Tokyo", locale: "en-GB", ...options });
    const page = await context.newPage();
    page.on("request", (request) => {
        must(new URL(request.url()).origin === origin, `${url}: it asks ${request.url()}`);
    });
    page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) must(page.mayFail, `${url}: console: ${message.text()}`);
    });
    page.on("pageerror", (error) => must(false, `${url}: ${error}`));
    await before(page);
    await page.goto(url, { waitUntil: "load" });
    return page;
}

async function judge(page, what) {
    await page.evaluate(axe);
    const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
    for (const { id, help, nodes } of found.violations) {
        const where = nodes.slice(0, 3).map((node) => `${node.target.join(" ")}: ${node.failureSummary}`).join("\n    ");
        must(false, `${what}: axe ${id}: ${help}\n    ${where}`);
    }
    must(found.violations.length > 0 || (await page.evaluate(() => document.body.innerText.length)) > 50, `${what}: empty`);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    must(wide <= 0, `${what}: ${wide} px wider than the window`);
    const shape = await page.evaluate(() => ({
        mains: document.querySelectorAll("main").length, headings: document.querySelectorAll("h1").length,
        navs: document.querySelectorAll("nav[aria-label]").length, refresh: document.querySelectorAll("meta[http-equiv]").length,
        bare: document.querySelectorAll("th:not([scope])").length, tables: document.querySelectorAll("table").length,
        captions: document.querySelectorAll("table > caption").length,
    }));
    must(shape.mains === 1 && shape.headings >= 1 && shape.navs >= 1, `${what}: landmarks ${JSON.stringify(shape)}`);
    must(shape.refresh === 0 && shape.bare === 0 && shape.tables === shape.captions, `${what}: ${JSON.stringify(shape)}`);
}

async function everySize() {
    const places = [["fine", "/"], ["trouble", "/"], ["empty", "/"], ["trouble", "/tokens/crm-us"],
        ["trouble", "/tokens/tickets-prod"], ["trouble", "/tokens/workforce"], ["trouble", "/?state=expired&q=video"],
        ["trouble", "/?q=nothing"], ["trouble", "/tokens/nobody"], ["empty", "/runbook"]];
    for (const viewport of SIZES) {
        for (const colorScheme of SCHEMES) {
            for (const [state, where] of places) {
                // The long one once; in the dark what has all the colours.
                if (where === "/runbook" && viewport.width !== 800) continue;
                if (colorScheme === "dark" && !["/", "/tokens/crm-us"].includes(where)) continue;
                const what = `${state}${where}, ${viewport.width} px, ${colorScheme}`;
                const page = await open(task[state] + where, { viewport, colorScheme }, async (p) => {
                    p.mayFail = where === "/tokens/nobody";
                });
                await judge(page, what);
                if (where === "/" && state !== "empty") await lines(page, viewport, what);
                await page.context().close();
            }
        }
    }
}

// A line a token where there is room, a card where there is not.
async function lines(page, { width }, what) {
    const rows = await page.$$eval("tbody tr", (all) => all.map((row) => ({
        height: row.getBoundingClientRect().height, display: getComputedStyle(row).display,
    })));
    must(rows.length >= 24, `${what}: ${rows.length} rows`);
    const good = ({ height, display }) => width > 600 ? Math.abs(height - 36) <= 1 : display === "block" && height > 60;
    const beyond = await page.$eval(".scroll", (box) => box.scrollWidth - box.clientWidth);
    must(beyond <= 0, `${what}: the table is ${beyond} px wider than its place`);
    must(rows.every(good), `${what}: rows ${JSON.stringify(rows.find((row) => !good(row)))}`);
}

async function headAndCards() {
    const page = await open(`${task.trouble}/`, { viewport: SIZES[2] });
    const title = await page.title();
    must(/^\(\d+!\) scim-rotator$/.test(title), `the title is ${title}`);
    const head = await page.innerText("header");
    must(/urgent/.test(head) && /\d+ need you, \d+ failing, \d+ fine/.test(head), `the head is ${head}`);
    const urgencies = await page.$$eval("article.card", (all) => all.map((card) => card.className.split(" ")[1]));
    const sorted = [...urgencies].sort((one, other) => other.localeCompare(one));
    must(urgencies.length >= 6 && urgencies.join() === sorted.join(), `the cards are ${urgencies}`);
    const first = await page.innerText("article.card");
    must(/Since/.test(first) && /Time left/.test(first) && /provisioning stopped \d+ h ago/.test(first) && /Runbook/.test(first), first);
    must(await page.$eval('link[rel="icon"]', (link) => link.href.endsWith("/icons/urgent.svg")), "the icon");
    const empty = await open(`${task.empty}/`);
    const banner = await empty.innerText("header");
    must(banner.includes("by ann: the vendor <b>migrates</b> its tenants") && banner.includes("resume --all"), banner);
    must((await empty.innerText("main")).includes("No token is configured"), "nothing is said of no tokens");
    const fine = await open(`${task.fine}/`);
    must((await fine.title()) === "scim-rotator" && (await fine.$("article.card")) === null, "all is fine, and cards");
}

async function keyboard() {
    const page = await open(`${task.trouble}/`, { viewport: SIZES[2], permissions: ["clipboard-read", "clipboard-write"] });
    const reached = new Set();
    for (let presses = 0; presses < 160; presses += 1) {
        await page.keyboard.press("Tab");
        const at = await page.evaluate(() => {
            const element = document.activeElement;
            const { outlineStyle, outlineWidth } = getComputedStyle(element);
            return {
                what: element.className || element.name || element.dataset.key?.split("-")[0] || element.textContent,
                outlined: outlineStyle !== "none" && parseFloat(outlineWidth) > 0, tag: element.tagName,
                shown: element.getBoundingClientRect().left >= 0,
            };
        });
        if (at.tag === "BODY") break;
        must(at.outlined && at.shown, `the focus on ${JSON.stringify(at)} is not seen`);
        reached.add(at.what);
    }
    for (const wanted of ["skip", "q", "state", "issuer", "provider", "environment", "connection", "sort", "copy", "card", "runbook",
        "scroll", "sort", "row"]) {
        must(reached.has(wanted), `the keyboard does not reach ${wanted}: ${[...reached]}`);
    }
    await page.goto(`${task.trouble}/`);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    must(await page.evaluate(() => document.activeElement.id === "main"), "the first link does not skip to the content");
    const button = page.locator("article.card button.copy").first();
    await button.focus();
    await page.keyboard.press("Enter");
    const [copied, meant] = [await page.evaluate(() => navigator.clipboard.readText()), await button.getAttribute("data-copy")];
    must(copied === meant && meant.startsWith("scim-rotator "), `copied ${copied}, meant ${meant}`);
}

async function address() {
    const page = await open(`${task.trouble}/`, { viewport: SIZES[1] });
    await page.selectOption("select[name=state]", "expired");
    await page.fill("input[name=q]", "video");
    await page.press("input[name=q]", "Enter");
    await page.waitForURL(/state=expired/);
    must(new URL(page.url()).search === "?q=video&state=expired", `the address is ${page.url()}`);
    const rows = () => page.$$eval("tbody th", (all) => all.map((one) => one.textContent));
    must((await rows()).join() === "video-prod", `found ${await rows()}`);
    must((await page.inputValue("input[name=q]")) === "video", "the search text is lost");
    await page.reload();
    must((await rows()).join() === "video-prod", "a reload shows something else");
    await page.goBack();
    must((await rows()).length > 20, "one does not come back");
    await page.click("thead th.name a");
    await page.waitForURL(/sort=name/);
    const names = await rows();
    must(names.join() === [...names].sort().join(), `sorted: ${names}`);
    must((await page.getAttribute("thead th.name", "aria-sort")) === "ascending", "aria-sort");
    await page.goto(`${task.trouble}/?per_page=10&sort=name`);
    await page.click("nav.paging a[rel=next]");
    await page.waitForURL(/page=2/);
    must((await rows()).length === 10 && (await rows())[0] === names[10], `page 2: ${await rows()}`);
    await page.click("tbody th a");
    await page.waitForURL(/\/tokens\//);
    must((await page.innerText("h1")) === names[10], "the page of the token");
}

async function withoutScript() {
    const page = await open(`${task.trouble}/`, { viewport: SIZES[1], javaScriptEnabled: false });
    must(await page.isVisible("noscript a, header a:text('Refresh')"), "there is no link to refresh");
    must((await page.locator("tbody tr").count()) > 20, "there are no rows");
    must((await page.locator("button.copy:visible").count()) === 0, "buttons that do nothing are shown");
    await page.locator("select[name=state]").selectOption("expired");
    await page.locator("form.filters button[type=submit]").click();
    must((await page.locator("tbody tr").count()) === 1, "the filter does nothing");
    await page.locator("tbody th a").first().click();
    must((await page.locator("h1").innerText()) === "video-prod", "the page of the token");
}

async function live() {
    const page = await open(`${task.fine}/`, { viewport: SIZES[2] });
    must((await page.title()) === "scim-rotator", "not all is fine at the beginning");
    await page.evaluate(() => { globalThis.unchanged = true; });
    await page.locator('[data-key="row-chat-eu"]').focus();
    writeFileSync(task.signal, "");
    try {
        await page.waitForFunction(() => document.title === "(1!) scim-rotator", null, { timeout: 20_000 });
    } catch {
        must(false, `the page does not follow a change: ${await page.title()}`);
    }
    const now = await page.evaluate(() => ({
        same: globalThis.unchanged === true, focus: document.activeElement?.dataset?.key,
        icon: document.querySelector('link[rel="icon"]').getAttribute("href"),
        summary: document.getElementById("summary").textContent, age: document.getElementById("age").textContent,
        card: document.querySelector("article.card h3")?.textContent,
    }));
    must(now.same && now.focus === "row-chat-eu", `it was loaded anew, or the focus is lost: ${JSON.stringify(now)}`);
    must(now.icon === "/icons/urgent.svg" && now.summary.startsWith("1 failing"), JSON.stringify(now));
    must(/^live, as of \d+ s ago$/.test(now.age) && now.card.startsWith("chat-eu"), JSON.stringify(now));
    const local = await page.evaluate(() => document.querySelector("time.full + .local").textContent);
    must(local.includes("Asia/Tokyo"), `the local time is ${local}`);
}

async function stale() {
    const page = await open(`${task.trouble}/`, {}, (p) => p.clock.install());
    page.mayFail = true;
    await page.context().setOffline(true);
    await page.clock.runFor(40_000);
    const age = await page.innerText("#age");
    must(/^as of \d+ s ago, stale$/.test(age), `without a server the page says: ${age}`);
}

async function api() {
    const Ajv = require("ajv/dist/2020").default;
    const formats = require("ajv-formats").default;
    const { Validator } = await import(require.resolve("@seriousme/openapi-schema-validator"));
    const get = async (where) => (await fetch(task.trouble + where)).json();
    const description = await get("/api/v1/openapi.json");
    const sound = await new Validator().validate(structuredClone(description));
    must(sound.valid, `the description: ${JSON.stringify(sound.errors)}`);
    const ajv = new Ajv({ strict: false, allErrors: true });
    formats(ajv);
    ajv.addSchema(description, "api");
    for (const [where, { get: operation }] of Object.entries(description.paths)) {
        const { $ref } = operation.responses["200"].content["application/json"].schema;
        if (!$ref) continue;
        for (const name of ["crm-us", "tickets-prod", "design-prod", "workforce"]) {
            const answer = await get(where.replace("{name}", name));
            const holds = ajv.validate({ $ref: `api${$ref}` }, answer);
            must(holds, `${where} of ${name}: ${ajv.errorsText()}`);
        }
    }
    const wrong = await get("/api/v1/tokens");
    wrong.tokens[0].state.word = "excellent";
    must(!ajv.validate({ $ref: "api#/components/schemas/Tokens" }, wrong), "a wrong word is not noticed");
}

async function pictures() {
    for (const colorScheme of SCHEMES) {
        const page = await open(`${task.trouble}/?connection=entra-hr`, {
            viewport: { width: 1120, height: 930 }, colorScheme, timezoneId: "Europe/Berlin",
        });
        await page.screenshot({ path: path.join(task.pictures, `status-page-${colorScheme}.png`) });
        await page.context().close();
    }
}

try {
    for (const look of [everySize, headAndCards, keyboard, address, withoutScript, stale, api, pictures, live]) {
        const began = Date.now();
        try {
            await look();
        } catch (error) {
            must(false, `${look.name}: ${error.stack}`);
        }
        console.log(`${look.name}: ${Date.now() - began} ms`);
    }
} finally {
    await root.close().catch(() => {});
}
console.log([...new Set(faults)].slice(0, 12).join("\n") || "no fault found");
process.exit(faults.length ? 1 : 0);
