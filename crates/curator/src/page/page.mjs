// All faces in one long grid, of which only what is seen exists; a choice counts when the server has it on disk.

const element = (id) => document.getElementById(id);
const [gridBox, orderBox, filterBox] = [element("grid"), element("order"), element("filter")];
const STEP = 104;
// Rows above and below what is seen that exist as well, so that scrolling shows no gaps.
const SPARE = 3;

let shown = [];
let here = 0;
const out = new Set();
const marked = new Set();
const waiting = new Set();
const done = [];
const tiles = new Map();

async function ask(path, body) {
  const answer = await fetch(path, body === undefined ? {} : { method: "POST", body });
  if (!answer.ok) throw new Error(await answer.text());
  const value = await answer.json();
  if (value.error) throw new Error(value.error);
  return value;
}

function complain(error) {
  element("problem").textContent = error ? error.message : "";
}

function count({ count, faces }) {
  const number = (value) => value.toLocaleString("en");
  element("counts").textContent = `${number(shown.length)} of ${number(faces)} faces shown; pack leaves ${number(count)} out`;
}

// ---- The grid. ----

const columns = () => Math.max(Math.floor(gridBox.clientWidth / STEP), 1);

function tile(at) {
  const box = document.createElement("div");
  box.role = "gridcell";
  box.dataset.at = at;
  const picture = document.createElement("img");
  picture.alt = "";
  picture.decoding = "async";
  box.append(picture);
  gridBox.append(box);
  tiles.set(at, box);
  return box;
}

let filling = false;

/** Fills tiles with their pictures, but not those that fly past: the server would still be at them when the hand rests. */
function fill() {
  if (filling) return;
  filling = true;
  setTimeout(() => {
    filling = false;
    for (const [at, box] of tiles) {
      if (!box.firstChild.hasAttribute("src")) box.firstChild.src = `thumbnail/${shown[at]}`;
    }
  }, 60);
}

function remove(box) {
  // Ends the request, if it is still on its way.
  box.firstChild.removeAttribute("src");
  box.remove();
}

/** Makes the tiles that are seen, removes the others, and brings all up to date. */
function draw() {
  const wide = columns();
  const top = Math.max(scrollY - gridBox.offsetTop, 0);
  const first = Math.max(Math.floor(top / STEP) - SPARE, 0) * wide;
  const last = Math.min((Math.ceil((top + innerHeight) / STEP) + SPARE) * wide, shown.length);
  for (const [at, box] of tiles) {
    if (at < first || at >= last) {
      remove(box);
      tiles.delete(at);
    }
  }
  for (let at = first; at < last; at++) {
    update(tiles.get(at) ?? tile(at), at, wide);
  }
  fill();
  const height = `${Math.ceil(shown.length / wide) * STEP}px`;
  if (gridBox.style.height !== height) gridBox.style.height = height;
}

/** Brings a tile up to date. What is written costs a frame's time even where it is what was there: a scroll changes nothing. */
function update(box, at, wide) {
  const face = shown[at];
  const states = { here: at === here, out: out.has(face), marked: marked.has(face), waiting: waiting.has(face) };
  const looks = ["face", ...Object.keys(states).filter((state) => states[state])].join(" ");
  if (box.className !== looks) {
    box.className = looks;
    box.ariaSelected = String(states.marked);
  }
  if (box.columns !== wide) {
    box.columns = wide;
    // No transform: that would give each tile a layer's bookkeeping, which takes longer than laying it out.
    box.style.left = `${(at % wide) * STEP}px`;
    box.style.top = `${Math.floor(at / wide) * STEP}px`;
  }
}

let drawn = false;

/** Draws once before the next frame, however often it is asked for. */
function redraw() {
  if (drawn) return;
  drawn = true;
  requestAnimationFrame(() => { drawn = false; draw(); });
}

function clear() {
  for (const box of tiles.values()) remove(box);
  tiles.clear();
}

let lists = 0;

/** Whether another list is on its way: what is seen is not what the next key would meet. */
const isBusy = () => gridBox.ariaBusy === "true";

async function list() {
  const asked = ++lists;
  gridBox.ariaBusy = "true";
  try {
    const answer = await ask("list", `${orderBox.value}\n${filterBox.value}`);
    // Another was asked for since.
    if (asked !== lists) return;
    shown = answer.shown;
    out.clear();
    marked.clear();
    answer.out.forEach((face) => out.add(face));
    here = 0;
    clear();
    scrollTo(0, 0);
    complain(null);
    count(answer);
    draw();
    describe();
  } catch (error) {
    if (asked === lists) complain(error);
  }
  if (asked === lists) gridBox.ariaBusy = "false";
}

function go(to) {
  if (shown.length === 0) return;
  here = Math.min(Math.max(to, 0), shown.length - 1);
  const top = Math.floor(here / columns()) * STEP + gridBox.offsetTop;
  const [above, below] = [document.querySelector("header").offsetHeight, element("detail").offsetHeight];
  if (top < scrollY + above) scrollTo(0, top - above - 8);
  else if (top + STEP > scrollY + innerHeight - below) scrollTo(0, top + STEP - innerHeight + below + 8);
  redraw();
  describe();
}

let described = 0;

/** Says of the face what is known, once the hand rests. */
function describe() {
  clearTimeout(described);
  described = setTimeout(async () => {
    const face = shown[here];
    if (face === undefined) return void (element("detail").textContent = "");
    try {
      const d = await ask(`face/${face}`);
      if (face !== shown[here]) return;
      const judged = d.discriminator === null ? "" : `, discriminator ${d.discriminator.toFixed(2)}`;
      const double = d.double === null ? "" : `, double of ${d.double}`;
      element("detail").textContent = `${d.file} · post ${d.post} · doubt ${d.doubt.toFixed(3)}: score ${d.score.toFixed(2)}, ` +
        `sharpness ${d.sharpness.toFixed(1)}, ${d.size} px, alone ${d.alone.toFixed(1)}${judged}${double} · ${d.tags}`;
    } catch (error) {
      complain(error);
    }
  }, 80);
}

// ---- Choices, one after another. ----

let line = Promise.resolve();

function change(faces, path, isUndo) {
  faces.forEach((face) => waiting.add(face));
  redraw();
  line = line.then(async () => {
    try {
      const answer = await ask(path, JSON.stringify(faces));
      faces.forEach((face, at) => { if (answer.out[at]) out.add(face); else out.delete(face); });
      if (!isUndo) done.push({ faces, path });
      count(answer);
      const stuck = path === "back" && answer.out.some((isOut) => isOut);
      complain(stuck ? new Error("still out: by its picture, its file's name or its deletion") : null);
    } catch (error) {
      complain(new Error(`nothing changed: ${error.message}`));
    }
    faces.forEach((face) => waiting.delete(face));
    redraw();
  });
}

function throwOut() {
  if (shown.length === 0) return;
  const faces = marked.size > 0 ? [...marked] : [shown[here]];
  const path = faces.every((face) => out.has(face)) ? "back" : "out";
  const fresh = path === "out" ? faces.filter((face) => !out.has(face)) : faces;
  const wasMarked = marked.size > 0;
  marked.clear();
  change(fresh, path, false);
  if (!wasMarked) go(here + 1);
}

function undo() {
  // Behind the choices that are on their way.
  line = line.then(() => {
    const last = done.pop();
    if (last) change(last.faces, last.path === "out" ? "back" : "out", true);
  });
}

function markRow() {
  const wide = columns();
  const first = Math.floor(here / wide) * wide;
  const row = shown.slice(first, first + wide);
  const isMarked = row.every((face) => marked.has(face));
  row.forEach((face) => { if (isMarked) marked.delete(face); else marked.add(face); });
  redraw();
}

// ---- Hands. ----

function key(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target === filterBox || event.target === orderBox;
  if (isTyping) {
    if (event.key === "Escape" || event.key === "Enter") gridBox.focus({ preventScroll: true });
    return;
  }
  const page = columns() * Math.max(Math.floor(innerHeight / STEP) - 2, 1);
  const actions = {
    j: () => go(here + 1), ArrowRight: () => go(here + 1), k: () => go(here - 1), ArrowLeft: () => go(here - 1),
    ArrowDown: () => go(here + columns()), ArrowUp: () => go(here - columns()),
    PageDown: () => go(here + page), PageUp: () => go(here - page), Home: () => go(0), End: () => go(shown.length - 1),
    x: throwOut, z: undo, " ": markRow, "/": () => filterBox.focus(), Escape: () => { marked.clear(); redraw(); },
  };
  const action = actions[event.key];
  if (!action) return;
  event.preventDefault();
  if (!isBusy()) action();
}

document.addEventListener("keydown", key);
gridBox.addEventListener("click", (event) => {
  const box = event.target.closest(".face");
  if (box && !isBusy()) go(Number(box.dataset.at));
});
gridBox.addEventListener("dblclick", (event) => { if (event.target.closest(".face") && !isBusy()) throwOut(); });
addEventListener("scroll", redraw, { passive: true });
addEventListener("resize", redraw);
orderBox.addEventListener("change", () => { list(); gridBox.focus({ preventScroll: true }); });
filterBox.addEventListener("change", list);
await list();
gridBox.focus({ preventScroll: true });
