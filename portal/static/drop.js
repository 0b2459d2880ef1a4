// A file may be dropped on the form; choosing it by the button does the same.
for (const form of document.querySelectorAll("[data-drop]")) {
  const input = form.querySelector("input[type=file]");
  form.querySelector("[data-drop-hint]")?.removeAttribute("hidden");
  const over = (yes) => form.classList.toggle("dropping", yes);
  form.addEventListener("dragover", (event) => { event.preventDefault(); over(true); });
  form.addEventListener("dragleave", () => over(false));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    if (!event.dataTransfer.files.length) return;
    const one = new DataTransfer();
    one.items.add(event.dataTransfer.files[0]);
    input.files = one.files;
    input.focus();
  });
}
// beside the form a dropped file would take the place of the page
for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());
