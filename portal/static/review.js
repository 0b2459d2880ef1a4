// a leads to the page on which a draft is approved; it decides nothing by itself
const typing = (element) => element.closest("input, textarea, select, [contenteditable]");
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || typing(event.target)) return;
  const link = document.querySelector(`a[data-key="${CSS.escape(event.key)}"]`);
  if (link) { event.preventDefault(); link.click(); }
});

// a comment that a link or a notice leads to is opened where it was folded away
const target = document.getElementById(location.hash.slice(1));
target?.closest("details")?.setAttribute("open", "");
