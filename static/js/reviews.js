// What the review page adds to app.js: text that was typed and not saved is not lost by a slip.
"use strict";
(() => {
  const unsaved = () => [...document.querySelectorAll("form[data-unsaved] textarea")].some((area) => area.value !== area.defaultValue);

  addEventListener("beforeunload", (event) => {
    if (unsaved() && !document.querySelector("form[data-unsaved][data-sent]")) event.preventDefault();
  });
  document.addEventListener("submit", (event) => { event.target.dataset.sent = ""; });
  // Links of the list swap the editor away without leaving the page.
  document.addEventListener("htmx:confirm", (event) => {
    if (event.detail.verb !== "get" || event.detail.target?.id !== "memory" || !unsaved()) return;
    if (!confirm("The text you typed is not saved. Leave it?")) event.preventDefault();
  });

  // Every request of the review says which words the list is under, so that the next change is one of them.
  document.addEventListener("htmx:configRequest", (event) => {
    const words = document.getElementById("list-words")?.value;
    if (words && event.target.closest(".review")) event.detail.parameters.q = words;
  });

  // Rows that a decision changed take the place of the old ones, as far as the list holds them: it may be filtered.
  document.addEventListener("htmx:oobAfterSwap", () => {
    for (const row of document.querySelectorAll("#row-news > li")) {
      row.remove();
      document.getElementById(row.id)?.replaceWith(row);
      htmx.process(row);
    }
  });

  // The list opens at the change that is shown; the page itself stays where it is.
  const list = document.getElementById("review-changes");
  const shown = list?.querySelector("#changes [aria-current]");
  const reveal = () => {
    const { top, bottom } = list.getBoundingClientRect();
    const row = shown.getBoundingClientRect();
    const end = Math.min(bottom, innerHeight - 64);
    if (row.top < top || row.bottom > end) list.scrollTop += row.top - top - Math.max(48, (end - top) / 3);
  };
  // Twice: rows have their true heights only once they were near.
  if (shown) requestAnimationFrame(() => { reveal(); requestAnimationFrame(reveal); });

  // Whichever way the reader came to a change, the list marks it.
  document.addEventListener("htmx:pushedIntoHistory", (event) => {
    const here = event.detail.path.split("?")[0];
    for (const link of document.querySelectorAll("#changes li a")) {
      const current = link.pathname === here;
      link.toggleAttribute("aria-current", current);
      if (!current) continue;
      link.setAttribute("aria-current", "true");
      link.scrollIntoView({ block: "nearest" });
    }
  });

  // In one column the memory stands below the list: after a decision the reader is brought back to it.
  document.addEventListener("htmx:load", (event) => {
    if (event.detail.elt.matches(".review__memory") && matchMedia("(max-width: 56.25rem)").matches) event.detail.elt.scrollIntoView();
  });
})();
