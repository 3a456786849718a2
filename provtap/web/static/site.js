// Shortens the way on pages that work without it: copies ids, filters rows, reacts to keys.
"use strict";
const $ = (selector, at = document) => at.querySelector(selector);
const $$ = (selector, at = document) => [...at.querySelectorAll(selector)];

function say(text) {
  const toast = Object.assign(document.createElement("div"), { className: "toast", textContent: text });
  toast.setAttribute("role", "status");
  document.body.append(toast);
  setTimeout(() => toast.remove(), 1800);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied");
  } catch { // a page without TLS may not
    say("Select and copy: " + text);
  }
}

// Ids become buttons that copy; so does the corner of each block of code.
for (const id of $$(".id[data-copy]")) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: id.className, title: "Copy " + id.dataset.copy });
  button.append(...id.childNodes);
  button.addEventListener("click", () => copy(id.dataset.copy));
  id.replaceWith(button);
}
for (const box of $$(".code")) {
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "btn small noprint", textContent: "Copy" });
  button.addEventListener("click", () => copy($("pre", box).textContent));
  box.append(button);
}

// "/" goes to the search box, Escape closes menus, and one menu is open at a time.
document.addEventListener("keydown", event => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || event.target.isContentEditable;
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    $("#q")?.focus();
  }
  if (event.key === "Escape") {
    for (const menu of $$(".menu[open]")) {
      menu.open = false;
      $("summary", menu).focus();
    }
  }
});
document.addEventListener("click", event => {
  for (const menu of $$(".menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// The rows of a card with data-filter are filtered while its search field is typed into.
for (const card of $$("[data-filter]")) {
  const field = $("input[type=search]", card);
  const shown = $("[data-shown]", card);
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of $$("tbody tr", card)) {
      const text = (row.textContent + " " + (row.title || "")).toLowerCase();
      row.hidden = !words.every(word => text.includes(word));
      count += !row.hidden;
    }
    for (const fold of $$(".fold", card)) {
      fold.hidden = !$("tbody tr:not([hidden])", fold);
      if (words.length) fold.open = !fold.hidden;
    }
    if (shown) shown.textContent = count;
  });
}

// A picture that is wider than its box starts where the thing itself is.
for (const box of $$(".lineage")) {
  const here = $(".here", box);
  if (here && box.scrollWidth > box.clientWidth) {
    const middle = here.getBoundingClientRect().left - box.getBoundingClientRect().left;
    box.scrollLeft = middle - box.clientWidth / 2;
  }
}
