// The page that draws samples: the network by ONNX Runtime, the latents by the same random numbers as `cargo xtask sample`.

const settings = JSON.parse(document.getElementById("settings").textContent);
const { side, latent, classes } = settings;
const element = (id) => document.getElementById(id);
const SHOWN = 24;
// A latent ends with its class's row: a number for each class, and one for images whose class was not known.
const row = classes.names.length ? classes.names.length + 1 : 0;

// ---- Random numbers: Philox4x32-10 and Box-Muller, as the trainer draws them. ----

const low = (n) => Number(n & 0xffffffffn);
const high = (n) => Number((n >> 32n) & 0xffffffffn);

/** The two halves of a 32 × 32 bit product. */
function product(a, b) {
  const wide = BigInt(a) * BigInt(b);
  return [high(wide), low(wide)];
}

function philox(counter, key) {
  let [a, b, c, d] = counter;
  let [k, l] = key;
  for (let round = 0; round < 10; round++) {
    if (round > 0) { k = (k + 0x9e3779b9) >>> 0; l = (l + 0xbb67ae85) >>> 0; }
    const [firstHigh, firstLow] = product(0xd2511f53, a);
    const [secondHigh, secondLow] = product(0xcd9e8d57, c);
    [a, b, c, d] = [(secondHigh ^ b ^ k) >>> 0, secondLow, (firstHigh ^ d ^ l) >>> 0, firstLow];
  }
  return [a, b, c, d];
}

function boxMuller(radius, angle) {
  const length = Math.sqrt(-2 * Math.log((radius + 1) * 2 ** -32));
  const turn = 2 * Math.PI * angle * 2 ** -32;
  return [length * Math.cos(turn), length * Math.sin(turn)];
}

/** One attempt's numbers for the sample `index` under `seed`. */
function draw(seed, index, attempt) {
  const values = new Float32Array(latent.size);
  const key = [low(seed), high(seed)];
  const stream = (settings.stream | (attempt << 16)) >>> 0;
  for (let block = 0; block * 4 < latent.size; block++) {
    const words = philox([block, stream, low(index), high(index)], key);
    const four = latent.distribution === "normal"
      ? [...boxMuller(words[0], words[1]), ...boxMuller(words[2], words[3])]
      : words.map((word) => 2 * Math.fround((word >>> 8) * 2 ** -24) - 1);
    values.set(four.slice(0, latent.size - block * 4), block * 4);
  }
  return values;
}

/** A sample's class, drawn as often as training met it: by words of its own, in whole numbers. */
function drawnClass(seed, index) {
  const [word] = philox([0, settings.stream | 0x8000, low(index), high(index)], [low(seed), high(seed)]);
  const total = classes.counts.reduce((sum, count) => sum + count, 0);
  let left = Number((BigInt(word) * BigInt(total)) >> 32n);
  return classes.counts.findIndex((count) => (left -= count) < 0);
}

/** The latent of a sample, and its class's row behind it. */
function drawn(face) {
  const whole = new Float32Array(latent.size + row);
  whole.set(drawnWithin(face));
  if (row) {
    const known = classes.names.indexOf(face.class);
    whole[latent.size + (known < 0 ? drawnClass(BigInt(face.seed), BigInt(face.index)) : known)] = 1;
  }
  return whole;
}

/** The latent of a sample; numbers beyond ±bound are drawn again until they lie within. */
function drawnWithin({ seed, index, bound }) {
  const [s, i] = [BigInt(seed), BigInt(index)];
  const values = draw(s, i, 0);
  if (!bound) return values;
  for (let attempt = 1; attempt < 4096 && values.some((value) => Math.abs(value) > bound); attempt++) {
    const again = draw(s, i, attempt);
    values.forEach((value, at) => { if (Math.abs(value) > bound) values[at] = again[at]; });
  }
  return values.map((value) => Math.min(Math.max(value, -bound), bound));
}

/** The numbers of a face: drawn, or made of others'. */
const latentOf = (face) => face.latent ? Float32Array.from(face.latent) : drawn(face);

// ---- Latents made of latents. ----

const dot = (a, b) => a.reduce((sum, value, at) => sum + value * b[at], 0);

/** From one to the other: over the sphere, and straight from class to class. */
function between(a, b, share) {
  const whole = a.map((value, at) => (1 - share) * value + share * b[at]);
  whole.set(spherical(a.subarray(0, latent.size), b.subarray(0, latent.size), share));
  return whole;
}

function spherical(a, b, share) {
  const lengths = Math.sqrt(dot(a, a) * dot(b, b));
  const angle = lengths > 0 ? Math.acos(Math.min(Math.max(dot(a, b) / lengths, -1), 1)) : 0;
  const sine = Math.sin(angle);
  const [from, to] = sine < 1e-6 ? [1 - share, share] : [Math.sin((1 - share) * angle) / sine, Math.sin(share * angle) / sine];
  return a.map((value, at) => from * value + to * b[at]);
}

function weighted(terms) {
  const sum = new Float32Array(latent.size + row);
  for (const [weight, values] of terms) values.forEach((value, at) => { sum[at] += weight * value; });
  return sum;
}

/** The same direction at the length that latents have: the network never saw others. */
function atLength(values) {
  const variance = latent.distribution === "normal" ? 1 : 1 / 3;
  const drawn = values.subarray(0, latent.size);
  const length = Math.sqrt(dot(drawn, drawn));
  const scale = length > 0 ? Math.sqrt(variance * latent.size) / length : 1;
  // Shares of classes, like those of faces, need not add up to 1 here; the network knows mixtures alone.
  const shares = values.subarray(latent.size).reduce((sum, share) => sum + share, 0) || 1;
  return values.map((value, at) => at < latent.size ? value * scale : value / shares);
}

const mean = (all) => weighted(all.map((values) => [1 / all.length, values]));

// ---- The network. ----

/** What the page holds in itself, unpacked; null where it lies beside the page. */
async function embedded(name) {
  const holder = document.querySelector(`script[data-file="${name}"]`);
  if (!holder) return null;
  const packed = Uint8Array.from(atob(holder.textContent.trim()), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(unpacked).arrayBuffer();
}

async function bytes(name) {
  const inside = await embedded(name);
  if (inside) return inside;
  const answer = await fetch(name);
  if (!answer.ok) throw new Error(`${name}: the server answers ${answer.status}`);
  return answer.arrayBuffer();
}

async function runtime({ script, binary }) {
  const inside = await embedded(script);
  const address = inside ? URL.createObjectURL(new Blob([inside], { type: "text/javascript" })) : `./${script}`;
  const ort = await import(address);
  // One thread: more need headers that plain servers do not send.
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmBinary = await bytes(binary);
  return ort;
}

let ort, session, model;
// Passes through the network stand in line: a session runs one at a time.
let line = Promise.resolve();

async function load(accelerated) {
  const kind = accelerated ? settings.webgpu : settings.wasm;
  model ??= await bytes(settings.model);
  ort = await runtime(kind);
  session = await ort.InferenceSession.create(model, { executionProviders: [accelerated ? "webgpu" : "wasm"] });
}

/** Images of latents, `[3, side, side]` each, in [-1, 1]. */
function images(latents) {
  const pass = async () => {
    const part = (from, length) => {
      const all = new Float32Array(latents.length * length);
      latents.forEach((values, at) => all.set(values.subarray(from, from + length), at * length));
      return new ort.Tensor("float32", all, [latents.length, length]);
    };
    const feeds = { latents: part(0, latent.size) };
    if (row) feeds.classes = part(latent.size, row);
    const answer = await session.run(feeds);
    const data = answer.images.data;
    const size = 3 * side * side;
    return latents.map((_, at) => data.slice(at * size, (at + 1) * size));
  };
  const answer = line.then(pass);
  line = answer.catch(() => {});
  return answer;
}

function paint(canvas, planes) {
  const area = side * side;
  const pixels = new ImageData(side, side);
  for (let at = 0; at < area; at++) {
    for (let channel = 0; channel < 3; channel++) pixels.data[4 * at + channel] = Math.round(planes[channel * area + at] * 127.5 + 127.5);
    pixels.data[4 * at + 3] = 255;
  }
  [canvas.width, canvas.height] = [side, side];
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

async function show(canvas, values) {
  const [planes] = await images([values]);
  paint(canvas, planes);
}

// ---- PNG files that say where they come from, so that `cargo xtask trace` answers for them. ----

const CHECKSUMS = Uint32Array.from({ length: 256 }, (_, start) => {
  let value = start;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

function chunk(kind, content) {
  const body = new Uint8Array([...new TextEncoder().encode(kind), ...content]);
  const checksum = ~body.reduce((value, byte) => CHECKSUMS[(value ^ byte) & 255] ^ (value >>> 8), -1);
  const number = (value) => [value >>> 24, value >>> 16, value >>> 8, value].map((part) => part & 255);
  return new Uint8Array([...number(content.length), ...body, ...number(checksum)]);
}

/** A number that JSON has in full, though a script's numbers have 53 bits alone. */
const note = (face) => {
  const latentText = face.latent ? `,"latent":${JSON.stringify([...face.latent].map(Math.fround))}` : `,"seed":${face.seed},"index":${face.index}`;
  const boundText = face.bound ? `,"truncation":${face.bound}` : "";
  const classText = face.class ? `,"class":${JSON.stringify(face.class)}` : "";
  return JSON.stringify(settings.note).slice(0, -1) + latentText + boundText + classText + "}";
};

async function save(canvas, face) {
  const plain = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const file = new Uint8Array(await plain.arrayBuffer());
  // The header's chunk comes first: 8 bytes of signature and 25 of its own.
  const text = chunk("tEXt", new TextEncoder().encode(`nijigen\0${note(face)}`));
  const address = URL.createObjectURL(new Blob([file.subarray(0, 33), text, file.subarray(33)], { type: "image/png" }));
  const link = Object.assign(document.createElement("a"), { href: address, download: `${nameOf(face)}.png` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

const nameOf = (face) => face.latent ? `made-${face.id}` : `seed-${face.seed}-${face.index}${face.bound ? `-within-${face.bound}` : ""}${face.class ? `-${face.class}` : ""}`;

// ---- What is kept. ----

const SHELF = `nijigen-kept-${settings.note.generator}`;
let kept = [];
try { kept = JSON.parse(localStorage.getItem(SHELF) ?? "[]"); } catch { /* kept for this visit alone */ }

function keep(face) {
  const same = kept.findIndex((other) => nameOf(other) === nameOf(face));
  kept = same < 0 ? [...kept, face] : kept.filter((_, at) => at !== same);
  try { localStorage.setItem(SHELF, JSON.stringify(kept)); } catch { /* kept for this visit alone */ }
  showKept();
  markKept();
}

const canvas = () => Object.assign(document.createElement("canvas"), { width: side, height: side });
const button = (text, action) => Object.assign(document.createElement("button"), { type: "button", textContent: text, onclick: action });

function keptTile(face) {
  const [box, picture, words] = [document.createElement("div"), canvas(), document.createElement("p")];
  box.className = "kept";
  const tile = document.createElement("div");
  tile.className = "tile";
  tile.append(picture);
  show(picture, latentOf(face));
  const name = document.createElement("span");
  name.textContent = face.latent ? "made" : `${face.seed} / ${face.index}`;
  name.title = face.latent ? "made of others" : `cargo xtask sample --seed ${face.seed}: index ${face.index}`;
  const [file, out] = [button("PNG", () => save(picture, face)), button("×", () => keep(face))];
  out.ariaLabel = `let go of ${nameOf(face)}`;
  file.ariaLabel = `save ${nameOf(face)} as PNG`;
  [file, out].forEach((small) => { small.className = "small"; });
  words.append(name, file, out);
  box.append(tile, words);
  return box;
}

function showKept() {
  element("kept").replaceChildren(...kept.map(keptTile));
  element("nothing").hidden = kept.length > 0;
  element("tools").hidden = kept.length < 2;
  ingredients();
  result();
}

// ---- The grid of faces. ----

let from = 0n;
let turn = 0;
// Why WASM draws though WebGPU was asked for.
let refusal = "";

const seed = () => /^\d{1,20}$/.test(element("seed").value) ? BigInt.asUintN(64, BigInt(element("seed").value)) : 0n;
const bound = () => Number(element("bound").value) < 3 ? Number(element("bound").value) : undefined;

function tiles() {
  const tile = (at) => {
    const box = button("", () => box.face && keep(box.face));
    box.className = "tile";
    box.tabIndex = at === 0 ? 0 : -1;
    box.append(canvas());
    return box;
  };
  element("grid").replaceChildren(...Array.from({ length: SHOWN }, (_, at) => tile(at)));
}

function markKept() {
  const names = new Set(kept.map(nameOf));
  for (const tile of element("grid").children) tile.ariaPressed = String(Boolean(tile.face && names.has(nameOf(tile.face))));
}

/** Draws the grid, a few faces at a time so that the page stays awake; a newer grid ends an older one. */
async function grid() {
  const mine = ++turn;
  const start = performance.now();
  const all = [...element("grid").children];
  element("bound-value").value = bound() ? `within ±${bound()}` : "all";
  for (let at = 0; at < all.length && mine === turn; at += 4) {
    const some = all.slice(at, at + 4);
    const faces = some.map((_, more) => (
      { seed: String(seed()), index: String(from + BigInt(at + more)), bound: bound(), class: element("class").value || undefined }
    ));
    const planes = await images(faces.map(drawn));
    if (mine !== turn) return;
    some.forEach((tile, more) => {
      tile.face = faces[more];
      tile.ariaLabel = `face ${faces[more].index} of seed ${faces[more].seed}`;
      paint(tile.firstChild, planes[more]);
    });
    markKept();
  }
  const each = (performance.now() - start) / all.length;
  status(`${element("accelerate").checked ? "WebGPU" : "WASM"}, ${each.toFixed(each < 10 ? 1 : 0)} ms a face. ` +
    `cargo xtask sample --seed ${seed()}${element("class").value ? ` --class "${element("class").value}"` : ""} draws the same, from index ${from} on.${refusal}`);
}

function status(text, state = "ready") {
  element("status").textContent = text;
  element("status").dataset.state = state;
}

function step(count) {
  from += BigInt(count);
  grid();
}

function move(event) {
  const all = [...element("grid").children];
  const at = all.indexOf(document.activeElement);
  if (at < 0) return;
  const columns = getComputedStyle(element("grid")).gridTemplateColumns.split(" ").length;
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - columns, ArrowDown: at + columns, Home: 0, End: all.length - 1 }[event.key];
  if (to === undefined || !all[to]) return;
  event.preventDefault();
  all[at].tabIndex = -1;
  all[to].tabIndex = 0;
  all[to].focus();
}

// ---- The tools. ----

let tool = "walk";
const weights = new Map();
const signs = new Map();

const ADVICE = {
  walk: "From face to face over the sphere of latents, and back to the first.",
  mix: "Each face pulls the result towards itself as far as its slider says.",
  sum: "What some have, less what others have: three or more of each show it best.",
};

function ingredient(face, control) {
  const [box, picture] = [document.createElement("div"), canvas()];
  box.className = "ingredient";
  show(picture, latentOf(face));
  box.append(picture, control);
  return box;
}

function slider(face) {
  const input = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 1, step: 0.01, value: weights.get(nameOf(face)) ?? 0.5 });
  input.ariaLabel = `share of ${nameOf(face)}`;
  input.oninput = () => { weights.set(nameOf(face), Number(input.value)); result(); };
  return input;
}

function signButtons(face) {
  const box = document.createElement("div");
  box.className = "signs";
  for (const [text, sign] of [["+", 1], ["leave out", 0], ["−", -1]]) {
    const choice = button(text, () => {
      signs.set(nameOf(face), sign);
      [...box.children].forEach((other) => { other.ariaPressed = String(other === choice); });
      result();
    });
    choice.ariaPressed = String((signs.get(nameOf(face)) ?? 0) === sign);
    box.append(choice);
  }
  return box;
}

function ingredients() {
  element("mix").replaceChildren(...kept.map((face) => ingredient(face, slider(face))));
  element("sum").replaceChildren(...kept.map((face) => ingredient(face, signButtons(face))));
  element("place").max = String(Math.max(kept.length, 1));
}

/** The latent that the tool makes of what is kept; null where it makes nothing. */
function made() {
  if (kept.length < 2) return null;
  const latents = kept.map(latentOf);
  if (tool === "walk") {
    const place = Number(element("place").value) % kept.length;
    const leg = Math.floor(place);
    return between(latents[leg], latents[(leg + 1) % kept.length], place - leg);
  }
  if (tool === "mix") return atLength(weighted(latents.map((values, at) => [weights.get(nameOf(kept[at])) ?? 0.5, values])));
  const of = (sign) => latents.filter((_, at) => (signs.get(nameOf(kept[at])) ?? 0) === sign);
  const [plus, minus] = [of(1), of(-1)];
  if (plus.length === 0) return null;
  return atLength(minus.length ? weighted([[1, mean(plus)], [-1, mean(minus)]]) : mean(plus));
}

let waiting = false;

/** Draws the result once more when the last is done, however often it was asked for meanwhile. */
async function result() {
  if (waiting) return;
  waiting = true;
  await line;
  waiting = false;
  const values = made();
  [element("keep-result"), element("save-result")].forEach((action) => { action.disabled = !values; });
  if (values) await show(element("result"), values);
}

function choose(name) {
  tool = name;
  for (const tab of document.querySelectorAll("[role=tab]")) tab.ariaSelected = String(tab.dataset.tool === name);
  for (const panel of document.querySelectorAll(".panel")) panel.hidden = panel.id !== name;
  element("advice").textContent = ADVICE[name];
  if (name !== "walk") pause();
  result();
}

let playing = null;

function pause() {
  cancelAnimationFrame(playing);
  playing = null;
  element("play").textContent = "Play";
}

function play() {
  if (playing !== null) return pause();
  element("play").textContent = "Pause";
  let last = performance.now();
  const frame = async (now) => {
    const place = element("place");
    place.value = String((Number(place.value) + (now - last) / 1000 / Number(element("pace").value)) % kept.length);
    last = now;
    await result();
    if (playing !== null) playing = requestAnimationFrame(frame);
  };
  playing = requestAnimationFrame(frame);
}

function madeFace() {
  const values = made();
  return values && { latent: [...values], id: String(Date.now()) };
}

// ---- The start. ----

function listen() {
  element("new").onclick = () => step(SHOWN);
  element("back").onclick = () => { if (from >= BigInt(SHOWN)) step(-SHOWN); };
  element("seed").onchange = () => { from = 0n; element("seed").value = String(seed()); grid(); };
  element("bound").oninput = grid;
  element("class").append(...classes.names.map((name) => new Option(name, name)));
  element("class").onchange = grid;
  element("class-label").hidden = row === 0;
  element("grid").onkeydown = move;
  element("play").onclick = play;
  element("place").oninput = result;
  element("keep-result").onclick = () => { const face = madeFace(); if (face) keep(face); };
  element("save-result").onclick = () => { const face = madeFace(); if (face) save(element("result"), face); };
  element("accelerate").onchange = () => { refusal = ""; start(); };
  for (const tab of document.querySelectorAll("[role=tab]")) tab.onclick = () => choose(tab.dataset.tool);
  document.onkeydown = (event) => {
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "n") element("new").click();
    if (event.key === "b") element("back").click();
  };
  // A browser may know WebGPU and have no adapter for it.
  if (settings.webgpu) navigator.gpu?.requestAdapter().then((adapter) => { element("accelerate-label").hidden = !adapter; });
}

async function start() {
  const accelerated = element("accelerate").checked;
  try {
    status("Loading the network …", "loading");
    await load(accelerated);
    await grid();
    showKept();
  } catch (error) {
    if (accelerated) {
      element("accelerate").checked = false;
      refusal = ` WebGPU cannot: ${error.message}`;
      return start();
    }
    status(`The network cannot run here: ${error.message}`, "failed");
  }
}

document.title = element("title").textContent = settings.title;
for (const part of ["subtitle", "origin"]) element(part).textContent = settings[part];
tiles();
listen();
choose("walk");
await start();
