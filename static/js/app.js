// What the pages add when JavaScript is there: nothing here is needed to read, decide, approve or apply.
"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  root.classList.add("js");

  // --- Saying things to readers of sound -------------------------------------------------------------------
  // The server answers with the header HX-Trigger: {"announce": "accepted, 18 left"}.
  function announce(words) {
    const live = one("#live");
    live.textContent = "";
    requestAnimationFrame(() => { live.textContent = words; });
  }

  function complain(words) {
    const line = Object.assign(document.createElement("div"), { className: "notice", textContent: words });
    line.dataset.tone = "bad";
    line.setAttribute("role", "alert");
    one("#messages").replaceChildren(line);
    line.scrollIntoView({ block: "nearest" });
  }

  // --- Dialogs: modal when we are here, popovers when we are not ------------------------------------------------
  function openDialog(dialog) {
    if (!dialog || dialog.open) return;
    dialog.removeAttribute("popover");
    dialog.showModal();
    one("[autofocus], textarea, .actions .button", dialog)?.focus();
  }

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    if (opener) {
      event.preventDefault();
      openDialog(document.getElementById(opener.dataset.dialog));
      return;
    }
    const dialog = event.target.closest("dialog");
    if (dialog && (event.target === dialog || event.target.closest("[data-close]"))) {
      event.preventDefault();
      dialog.close();
    }
    for (const menu of all("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    const copier = event.target.closest("[data-copy]");
    if (copier) {
      navigator.clipboard.writeText(document.getElementById(copier.dataset.copy).textContent).then(
        () => announce("copied"),
        () => announce("this browser did not allow copying; select the text and copy it"),
      );
    }
  });

  // --- Filtering a list or tree by what is written in its lines ----------------------------------------------------
  // <input type="search" data-filter="id of the list">; a line is any <li> without lists inside.
  function filter(input) {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const list = document.getElementById(input.dataset.filter);
    let shown = 0;
    for (const line of all("li:not(:has(ul, ol))", list)) {
      const text = (line.dataset.text || line.textContent).toLowerCase();
      line.hidden = !words.every((word) => text.includes(word));
      shown += !line.hidden;
    }
    for (const branch of all("li:has(ul, ol)", list).reverse()) {
      branch.hidden = !one("li:not([hidden])", branch);
      const details = one(":scope > details", branch);
      if (words.length && details && !branch.hidden) details.open = true;
    }
    announce(words.length ? `${shown} shown` : "all shown");
  }

  // --- Counting: characters against a limit, picks against a limit -------------------------------------------------
  function countCharacters(output) {
    const field = document.getElementById(output.dataset.countOf);
    const max = Number(output.dataset.max);
    const used = [...field.value].length;
    output.value = `${used.toLocaleString("en")} of ${max.toLocaleString("en")}`;
    output.toggleAttribute("data-over", used > max);
  }

  // <output data-tally="id of the list" data-max="100" data-noun="sessions">
  function tally(output) {
    const picked = all("input:checked", document.getElementById(output.dataset.tally)).length;
    const max = Number(output.dataset.max);
    output.value = `${picked} of at most ${max} ${output.dataset.noun}`;
    output.toggleAttribute("data-over", picked > max);
  }

  function grow(area) {
    if (CSS.supports("field-sizing", "content")) return;
    area.style.blockSize = "auto";
    area.style.blockSize = `${area.scrollHeight + 2}px`;
  }

  function settle(within = document) {
    all("[data-count-of]", within).forEach(countCharacters);
    all("[data-tally]", within).forEach(tally);
    all("textarea", within).forEach(grow);
  }

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (field.matches("[data-filter]")) filter(field);
    if (field.matches("textarea")) grow(field);
    all(`[data-count-of="${field.id}"]`).forEach(countCharacters);
    all("[data-tally]").forEach(tally);
  });

  // <button data-pick="id of the list" data-to="all|none">
  document.addEventListener("click", (event) => {
    const picker = event.target.closest("[data-pick]");
    if (!picker) return;
    for (const box of all("input[type=checkbox]:not(:disabled)", document.getElementById(picker.dataset.pick))) {
      box.checked = picker.dataset.to === "all" && !box.closest("li[hidden]");
    }
    all("[data-tally]").forEach(tally);
  });

  // --- Keys: one registry, filled from the page -------------------------------------------------------------------
  // Whatever carries data-key="y" is pressed by that key; what it says is what the help says. Two-step keys: "g i".
  const steps = new Map([
    ["j", ["next memory", () => move("[data-walk] li a", 1)]],
    ["k", ["previous memory", () => move("[data-walk] li a", -1)]],
    ["o", ["open the memory that is marked", () => move("[data-walk] li a", 0)]],
    ["n", ["next change inside the memory", () => walkHunks(1)]],
    ["p", ["previous change inside the memory", () => walkHunks(-1)]],
    ["u", ["up", () => all(".crumbs a").at(-1)?.click()]],
    ["R", ["reload", () => location.reload()]],
    ["f", ["filter the list", () => one("[data-filter]")?.focus()]],
    ["?", ["this help", showKeys]],
  ]);
  let prefix = "";

  const visible = (element) => element.getClientRects().length > 0;

  function move(selector, by) {
    const links = all(selector).filter(visible);
    const here = links.findIndex((link) => link.getAttribute("aria-current"));
    const next = links[here < 0 ? 0 : here + by];
    if (!next) return announce(by > 0 ? "that was the last one" : "that was the first one");
    next.scrollIntoView({ block: "nearest" });
    next.click();
  }

  // A link of the walk that swaps only the memory takes the mark with it; the server need not send the list again.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-walk] li a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    for (const other of all("[data-walk] a[aria-current]")) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
  });

  let hunk = -1;
  function walkHunks(by) {
    const hunks = all("[data-hunk]").filter(visible);
    if (!hunks.length) return;
    hunk = Math.min(Math.max(hunk + by, 0), hunks.length - 1);
    hunks[hunk].scrollIntoView({ block: "center" });
    announce(`change ${hunk + 1} of ${hunks.length}`);
  }

  function keyed() {
    return all("[data-key]").filter(visible);
  }

  function nameOf(element) {
    const copy = element.cloneNode(true);
    all("kbd, .count", copy).forEach((part) => part.remove());
    const words = element.dataset.keyLabel || element.getAttribute("aria-label") || copy.textContent.trim();
    return element.matches("[data-key^='g ']") ? `go to ${words}` : words;
  }

  function showKeys() {
    const dialog = one("#keys");
    const list = one("dl", dialog);
    list.replaceChildren();
    const entries = keyed().map((element) => [element.dataset.key, nameOf(element)]);
    for (const [key, [words]] of steps) if (applies(key)) entries.push([key, words]);
    for (const [key, words] of entries) {
      const term = list.appendChild(document.createElement("dt"));
      for (const part of key.split(" ")) term.append(Object.assign(document.createElement("kbd"), { textContent: part }), " ");
      list.appendChild(document.createElement("dd")).textContent = words;
    }
    openDialog(dialog);
  }

  function applies(key) {
    if (["j", "k", "o"].includes(key)) return Boolean(one("[data-walk]"));
    if (key === "n" || key === "p") return Boolean(one("[data-hunk]"));
    if (key === "u") return Boolean(one(".crumbs a"));
    if (key === "f") return Boolean(one("[data-filter]"));
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) {
      event.target.form?.requestSubmit();
      return;
    }
    if (event.key === "Escape") all("details.menu[open]").forEach((menu) => { menu.open = false; });
    if (document.body.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog")) return;
    const key = prefix ? `${prefix} ${event.key}` : event.key;
    prefix = "";
    const element = keyed().find((candidate) => candidate.dataset.key === key);
    if (element) {
      event.preventDefault();
      if (element.disabled) announce(document.getElementById(element.getAttribute("aria-describedby"))?.textContent || element.title || "not possible now");
      else if (element.matches("input, textarea, select")) element.focus();
      else element.click();
    } else if (steps.has(key) && applies(key)) {
      event.preventDefault();
      steps.get(key)[1]();
    } else if (all("[data-key]").some((candidate) => candidate.dataset.key.startsWith(`${key} `))) {
      prefix = key;
      setTimeout(() => { prefix = ""; }, 1500);
    }
  });

  // --- A folder that is sent: browsers send bare names, so the paths go beside the files ---------------------------
  document.addEventListener("change", (event) => {
    const paths = document.getElementById(event.target.dataset?.paths);
    if (paths) paths.value = JSON.stringify([...event.target.files].map((file) => file.webkitRelativePath || file.name));
  });

  // --- With htmx: what was swapped in is settled, what was decided is said ------------------------------------------
  document.addEventListener("announce", (event) => announce(event.detail.value));
  // The server may send the reader on after a decision: HX-Trigger: {"walk": "next"}.
  // It waits for the answer to settle: before that, the part to be swapped next is still the old one.
  document.addEventListener("walk", () => {
    if (!one("[data-advance]:checked, [data-advance=on]")) return;
    document.addEventListener("htmx:afterSettle", () => move("[data-walk] li a", 1), { once: true });
  });
  // A swapped part with tabindex="-1" takes over the focus that the old one held, and is read from its top.
  document.addEventListener("htmx:load", (event) => {
    const part = event.detail.elt;
    settle(part);
    if (!part.matches(".review__memory")) return;
    hunk = -1;
    if (document.activeElement === document.body) part.focus({ preventScroll: true });
    const review = part.closest(".review");
    if (review.getBoundingClientRect().top < 0) review.scrollIntoView();
  });
  document.addEventListener("htmx:sendError", () => complain("No answer came. Reload the page to see what was saved."));
  document.addEventListener("htmx:responseError", (event) => {
    complain(`The server answered ${event.detail.xhr.status}. Reload the page to see what was saved.`);
  });

  // On a narrow page the bars scroll sideways: where you are is brought into sight.
  function showPlaces() {
    for (const here of all(".topbar nav > [aria-current], .tabs > [aria-current]")) {
      const bar = here.parentElement;
      bar.scrollLeft = here.offsetLeft + here.offsetWidth / 2 - bar.offsetLeft - bar.clientWidth / 2;
    }
  }

  addEventListener("DOMContentLoaded", () => { settle(); showPlaces(); });
})();
