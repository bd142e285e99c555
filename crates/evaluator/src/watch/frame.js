"use strict";
// Two frames: the newest page loads in the one that is not shown, and takes over once it is there.
let [shown, next] = document.querySelectorAll("iframe");
let loading = false;
let late = false;
let count = 0;
function load() {
  late = loading;
  if (loading) return;
  loading = true;
  count += 1;
  next.src = "page?" + count;
}
function swap() {
  if (!loading) return;
  loading = false;
  next.contentWindow.scrollTo(shown.contentWindow.scrollX, shown.contentWindow.scrollY);
  shown.hidden = true;
  next.hidden = false;
  [shown, next] = [next, shown];
  if (late) load();
}
document.querySelectorAll("iframe").forEach((frame) => frame.addEventListener("load", swap));
new EventSource("events").addEventListener("page", load);
