// Small helps; every page works without them.

// a refusal is heard and seen first
document.querySelector("[data-focus]")?.focus();

// a form is sent once, however often its button is pressed
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if ("again" in form.dataset) return; // what is downloaded leaves the page as it is
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    form.querySelectorAll("button:not(.plain)").forEach((button) => button.setAttribute("aria-disabled", "true"));
  });
}
// coming back by the back button, it may be sent again
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    form.querySelectorAll("[aria-disabled]").forEach((button) => button.removeAttribute("aria-disabled"));
  }
});

// keys: / search, j and k through a list, ? help; never while somebody types
const typing = (element) => element.closest("input, textarea, select, [contenteditable]");
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
  if (event.key === "/") {
    const search = document.getElementById("q");
    if (search) { event.preventDefault(); search.focus(); }
  } else if (event.key === "j" || event.key === "k") {
    const lines = [...document.querySelectorAll("[data-line]")];
    const now = lines.indexOf(document.activeElement);
    lines.at(event.key === "j" ? Math.min(now + 1, lines.length - 1) : Math.max(now - 1, 0))?.focus();
  }
});

// a digest is copied whole
for (const digest of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = document.documentElement.dataset.copyWord;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(digest.dataset.copy);
    button.textContent = "✓";
  });
  digest.after(button);
}
