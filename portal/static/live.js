// A document's state while its page is open: replaced where it stands; a changed document offers to be shown anew.
const place = document.querySelector("[data-live]");
const changed = document.querySelector("[data-changed]");
const keyOf = (element) => element.querySelector("[data-key]").dataset.key;

let source = null;
const take = ({ data }) => {
  const fresh = new DOMParser().parseFromString(data, "text/html").body;
  // what the page says already is not announced again
  if (keyOf(fresh) !== keyOf(place)) place.replaceChildren(...fresh.childNodes);
  changed.hidden = keyOf(place) === place.dataset.shown;
  // where nothing stands below yet, nobody loses their place
  if (!changed.hidden && document.querySelector("[data-nothing-yet]") && !place.querySelector(".under-way")) location.reload();
};
const listen = () => {
  source?.close();
  source = new EventSource(place.dataset.live);
  source.addEventListener("state", take);
  // a server that restarts answers with an error once, after which a browser does not come back by itself
  source.addEventListener("error", () => {
    if (source?.readyState === EventSource.CLOSED) setTimeout(() => source && listen(), 3000);
  });
};
const leave = () => { source?.close(); source = null; };

if (place && changed && "EventSource" in window) {
  listen();
  // a page that nobody looks at asks for nothing
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : listen()));
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
}
