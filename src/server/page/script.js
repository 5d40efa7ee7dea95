// Keeps an open page as it is now: asks again when the server says that something
// changed, shows how old the page is, adds local times, copies commands. Without this
// script the page shows the same, as of when it was asked for.
"use strict";

(() => {
  const STALE = 25_000; // two events are missing
  const ASK_AGAIN = 30_000; // without events
  const asOf = () => document.getElementById("as-of");
  let heard = Date.now(); // when the server last said anything
  let asking = null;
  let source = null;

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const local = (at) => at.toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });

  function addLocalTimes(root) {
    for (const element of root.querySelectorAll("time[datetime]")) {
      const at = new Date(element.dateTime);
      if (Number.isNaN(at.getTime()) || element.dataset.local) continue;
      element.dataset.local = "yes";
      element.title += ` = ${local(at)} (${zone})`;
      if (element.classList.contains("full")) {
        const span = document.createElement("span");
        span.className = "local";
        span.textContent = ` = ${local(at)} ${zone}`;
        element.after(span);
      }
    }
    for (const button of root.querySelectorAll("button.copy")) button.hidden = false;
  }

  function showAge() {
    const place = asOf();
    if (!place) return;
    let mark = document.getElementById("age");
    if (!mark) {
      mark = document.createElement("span");
      mark.id = "age";
      place.append(" · ", mark);
    }
    const age = Math.max(0, Math.round((Date.now() - heard) / 1000));
    const stale = age * 1000 > STALE;
    mark.className = stale ? "stale" : "live";
    mark.textContent = stale ? `as of ${age} s ago, stale` : `live, as of ${age} s ago`;
  }

  // Only the parts that change are replaced; where the person is stays.
  function show(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    const key = document.activeElement?.dataset?.key;
    const scrolled = new Map();
    for (const box of document.querySelectorAll(".scroll[data-key]")) {
      scrolled.set(box.dataset.key, box.scrollLeft);
    }
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
      if (other) part.replaceChildren(...document.adoptNode(other).childNodes);
    }
    for (const box of document.querySelectorAll(".scroll[data-key]")) {
      box.scrollLeft = scrolled.get(box.dataset.key) ?? 0;
    }
    if (key && document.activeElement === document.body) {
      document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
    }
    const summary = fresh.getElementById("summary")?.textContent;
    const place = document.getElementById("summary");
    // Said aloud only when it is another one.
    if (place && summary && place.textContent !== summary) place.textContent = summary;
    document.title = fresh.title;
    const icon = fresh.querySelector('link[rel="icon"]')?.getAttribute("href");
    const link = document.querySelector('link[rel="icon"]');
    if (icon && link && link.getAttribute("href") !== icon) link.setAttribute("href", icon);
    addLocalTimes(document);
    showAge();
  }

  async function ask() {
    if (asking) return;
    // What is being selected would be lost.
    if (!getSelection()?.isCollapsed) return;
    asking = new AbortController();
    const limit = setTimeout(() => asking.abort(), 10_000);
    try {
      const answer = await fetch(location.href, { signal: asking.signal, cache: "no-store" });
      if (answer.ok) {
        show(await answer.text());
        heard = Date.now();
      }
    } catch {
      // The age tells that nothing is heard.
    } finally {
      clearTimeout(limit);
      asking = null;
    }
  }

  function listen() {
    source?.close();
    source = new EventSource("/events");
    source.addEventListener("tick", () => { heard = Date.now(); });
    source.addEventListener("change", ask);
  }

  async function copy(button) {
    const text = button.dataset.copy;
    let done = false;
    try {
      await navigator.clipboard.writeText(text);
      done = true;
    } catch {
      // Browsers give the clipboard to secure pages only.
      const field = document.createElement("textarea");
      field.value = text;
      document.body.append(field);
      field.select();
      done = document.execCommand("copy");
      field.remove();
      button.focus();
    }
    button.textContent = done ? "Copied" : "Select it";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button.copy");
    if (button) copy(button);
  });
  // Addresses without the fields that were left empty.
  document.querySelector("form.filters")?.addEventListener("submit", (event) => {
    for (const field of event.target.elements) field.disabled = field.name !== "" && field.value === "";
  });
  // The browser shows the form as it was left.
  addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("form.filters [name]")) field.disabled = false;
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      source?.close();
      return;
    }
    listen();
    ask();
  });

  addLocalTimes(document);
  showAge();
  if (!document.querySelector("[data-live=tokens], [data-live=token]")) return;
  listen();
  setInterval(showAge, 1000);
  setInterval(() => {
    // Times run on although nothing changes; and no event may come at all.
    if (!document.hidden) ask();
    if (source?.readyState === EventSource.CLOSED && !document.hidden) listen();
  }, ASK_AGAIN);
})();
