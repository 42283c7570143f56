// @ts-check
// What moves on the pages and in the decks. Nothing is computed here: Python has computed every state beforehand
// (helpers/explorers/frames.py), and this script shows the one that the controls ask for. No request leaves the page's folder.
"use strict";

/** @param {ParentNode} root @param {string} selector */
const first = (root, selector) => /** @type {HTMLElement} */ (root.querySelector(selector));

/** @param {ParentNode} root @param {string} selector */
const all = (root, selector) => /** @type {HTMLElement[]} */ ([...root.querySelectorAll(selector)]);

// ---- frames: the states of an explorer

/**
 * All states of an explorer: each control's name and its values as they are written; pieces of HTML; of each unit the numbers of
 * its pieces; of each rendering of a view the numbers of its units, of which the first and the last are around the others; of each
 * state, the last control changing first, the renderings of its views, and the number of its ends, the largest values of sliders.
 * @typedef {{ controls: [string, string[]][], pieces: string[], units: number[][], renderings: number[][], states: number[][],
 *   ends: Record<string, number>[], end: number[] }} Frames
 * @typedef {HTMLInputElement | HTMLSelectElement} Control
 */

/** @type {Map<string, string>} */
const received = new Map();

/** A file of frames calls this. @param {string} file @param {string} text gzip, in base64 */
const frame = (file, text) => received.set(file, text);

/** By a script element, because `fetch` does not work from a folder. @param {string} file @returns {Promise<Frames>} */
async function load(file) {
  const script = document.createElement("script");
  const loaded = new Promise((onload, onerror) => Object.assign(script, { onload, onerror, src: `frames/${file}.js` }));
  if (!received.has(file)) document.head.append(script), await loaded;
  const text = atob(received.get(file) ?? "");
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i); // much faster than Uint8Array.from
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

/** The element that has the units of a view as its children. @param {Element} root @param {number} depth */
function container(root, depth) {
  for (; depth; depth--) root = root.firstElementChild ?? root;
  return root.querySelector(":scope > tbody") ?? root;
}

/** Where HTML is parsed, out of sight; it is made once, because that takes longer than to parse. */
const parsed = document.implementation.createHTMLDocument().body;

/**
 * Show a view in a pane. The units that were there before stay, so little is laid out and painted anew.
 * @param {HTMLElement} pane @param {string[]} before the HTML of its units @param {string[]} now
 */
function patch(pane, before, now) {
  const [head, ...units] = now, tail = units.pop() ?? "";
  const depth = head.split(/<\w/).length - 1, place = container(pane, depth), nodes = [...place.childNodes];
  if (!depth || before.at(-1) !== tail || nodes.length !== before.length - 2) return void (pane.innerHTML = now.join(""));
  /** @type {Map<string, ChildNode[]>} */
  const kept = new Map();
  before.slice(1, -1).forEach((unit, i) => kept.set(unit, [...(kept.get(unit) ?? []), nodes[i]]));
  const stay = units.map((unit) => kept.get(unit)?.shift());
  for (const node of [...kept.values()].flat()) node.remove();
  parsed.innerHTML = head + units.filter((_, i) => !stay[i]).join("") + tail;
  const fresh = [...container(parsed, depth).childNodes];
  let at = place.firstChild;
  for (const node of stay) {
    if (node && node === at) at = at.nextSibling;
    else place.insertBefore(node ?? /** @type {Node} */ (fresh.shift()), at);
  }
  for (let i = 0, outer = pane, made = parsed; i < depth; i++) {
    [outer, made] = [first(outer, ":scope > *"), first(made, ":scope > *")];
    for (const { name, value } of made.attributes) if (outer.getAttribute(name) !== value) outer.setAttribute(name, value);
  }
}

/** By the rule of helpers/explorers/marks.py. @param {string[]} changed @param {string[]} fresh @param {string[]} gone */
function changedWords(changed, fresh, gone) {
  const [count, more, fewer] = [changed, fresh, gone].map((keys) => keys.filter((key) => /^parameter (?!total$)/.test(key)).length);
  const parameters = (/** @type {number} */ number) => `${number} parameter${number === 1 ? "" : "s"}`;
  const said = (/** @type {number} */ number, /** @type {string} */ what) =>
    number ? ` ${parameters(number)} ${number === 1 ? "is" : "are"} ${what}.` : "";
  const names = [...changed, ...fresh].filter((key) => key.startsWith("tensor ")).map((key) => key.slice("tensor ".length));
  if (count) names.push(parameters(count));
  const words = names.length ? `Changed shapes: ${names.join(", ")}.` : "No shape has changed.";
  return words + said(more, "new") + said(fewer, "gone");
}

// ---- explorers: controls beside live views

/** Where a control keeps which of its values it has, counted from 0. @type {Record<string, string>} */
const PLACE = { range: "value", checkbox: "checked", "select-one": "selectedIndex" };

/** @param {Control} control */
const position = (control) => Number(Reflect.get(control, PLACE[control.type]));

/** @param {Control} control @param {number} at */
const setPosition = (control, at) => Reflect.set(control, PLACE[control.type], at);

class PageExplorer {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    this.form = /** @type {HTMLFormElement} */ (first(place, ".controls"));
    this.link = /** @type {HTMLAnchorElement} */ (first(place, ".state"));
    this.panes = all(place, ".pane");
    this.wanted = new URLSearchParams(); // the values to begin with
    this.frames = /** @type {Frames | null} */ (null);
    this.shown = /** @type {number[]} */ ([]); // the renderings in the panes
    this.parts = /** @type {Map<string, string>} */ (new Map()); // what has a key in them
    this.playing = 0;
    this.form.hidden = false;
    this.form.addEventListener("input", ({ target }) => this.move(/** @type {Element} */ (target)));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    for (const button of all(place, ".play")) button.addEventListener("click", () => this.play(button));
    const near = new IntersectionObserver((seen) => {
      if (!seen.some((entry) => entry.isIntersecting)) return;
      near.disconnect();
      this.begin().catch(() => (this.form.hidden = true)); // the still picture remains
    }, { rootMargin: "100% 0px" });
    near.observe(place);
    const resized = new ResizeObserver(() => this.reachByKeyboard());
    for (const pane of this.panes) resized.observe(pane);
  }

  /** Load the frames, and show the first state in the place of the still picture. */
  async begin() {
    this.frames = await load(this.place.dataset.frames ?? "");
    this.goTo(this.wanted);
    first(this.place, ".still")?.remove();
    first(this.place, ".panes").hidden = false;
    this.place.dataset.ready = "true";
  }

  /** @param {string} name */
  control(name) {
    return /** @type {Control} */ (this.form.elements.namedItem(name));
  }

  /** Move the controls to values as an address has them. @param {URLSearchParams} values */
  goTo(values) {
    this.wanted = values;
    for (const [name, texts] of this.frames?.controls ?? []) {
      const control = this.control(name), at = texts.indexOf(values.get(name) ?? "?");
      if (control.type === "range") Object.assign(control, { max: texts.length - 1 });
      if (at >= 0) setPosition(control, at);
    }
    this.show();
  }

  /** On a phone, the control that was moved last stays in view. @param {Element} control */
  move(control) {
    first(this.form, ".moved")?.classList.remove("moved");
    control.closest("label")?.classList.add("moved");
    this.show();
  }

  /** Show the state that the controls have. */
  show() {
    if (!this.frames) return;
    const { controls, pieces, units, renderings, states, ends, end } = this.frames;
    const number = controls.reduce((sum, [name, texts]) => sum * texts.length + position(this.control(name)), 0);
    // A slider beyond its end goes back to it: the frames of this state are those of the state there.
    for (const [name, max] of Object.entries(ends[end[number]])) Object.assign(this.control(name), { max });
    const html = (/** @type {number} */ view) =>
      (renderings[view] ?? []).map((unit) => units[unit].map((piece) => pieces[piece]).join(""));
    const before = this.shown;
    this.shown = states[number];
    for (const part of all(this.place, ".unrolled-changed")) part.removeAttribute("class");
    this.shown.forEach((view, i) => view === before[i] || patch(this.panes[i], html(before[i]), html(view)));
    this.showChosen();
    this.mark();
    this.nameValues();
  }

  /** Where a picture goes on to the right, such as on a phone, what is chosen in it comes into view, if it is not. */
  showChosen() {
    for (const pane of this.panes.filter((pane) => pane.tabIndex === 0)) {
      const picture = /** @type {SVGElement | null} */ (pane.querySelector("[style*='--chosen']"));
      const x = Number(picture?.style.getPropertyValue("--chosen")) * pane.scrollWidth, half = pane.clientWidth / 2;
      if (picture && Math.abs(x - pane.scrollLeft - half) > half - 40) pane.scrollLeft = x - half;
    }
  }

  /** Mark what has changed, and say it where there is a place for it. */
  mark() {
    const now = this.panes.flatMap((pane) => all(pane, "[data-key]"));
    const before = this.parts, key = (/** @type {HTMLElement} */ part) => part.dataset.key ?? "";
    this.parts = new Map(now.map((part) => [key(part), part.outerHTML]));
    const changed = before.size ? now.filter((part) => before.get(key(part)) !== part.outerHTML) : [];
    for (const part of changed) part.className = "unrolled-changed";
    const gone = [...before.keys()].filter((name) => !this.parts.has(name));
    const [fresh, other] = [false, true].map((known) => changed.map(key).filter((name) => before.has(name) === known));
    const words = before.size && changed.length + gone.length ? changedWords(other, fresh, gone) : "";
    for (const place of all(this.place, "[data-changes]")) place.textContent = words || (place.dataset.changes ?? "");
  }

  /** Write the values beside the sliders and into the link, which in a deck leads to the page. */
  nameValues() {
    const [page, at] = this.link.href.split("#"), values = new URLSearchParams(at);
    for (const [name, texts] of this.frames?.controls ?? []) {
      const control = this.control(name), text = texts[position(control)];
      values.set(name, text);
      if (control.type !== "range" || control.getAttribute("aria-valuetext") === text) continue;
      control.setAttribute("aria-valuetext", text);
      control.parentElement?.querySelector("output")?.replaceChildren(text);
    }
    this.link.href = `${page}#${values}`;
  }

  /** What is wider than its pane scrolls, also by keyboard, and begins at what is chosen in it. */
  reachByKeyboard() {
    const wide = this.panes.map((pane) => pane.scrollWidth > pane.clientWidth);
    this.panes.forEach((pane, i) => (pane.tabIndex = wide[i] ? 0 : -1));
    this.showChosen();
  }

  /** Move a slider step by step to its end, or stop. @param {HTMLElement} button */
  play(button) {
    const slider = /** @type {HTMLInputElement} */ (this.control(button.dataset.plays ?? ""));
    const tell = () => (button.textContent = this.playing ? "pause" : "play");
    const stop = () => (clearInterval(this.playing), (this.playing = 0), tell());
    if (this.playing) return stop();
    if (slider.value === slider.max) setPosition(slider, 0);
    this.playing = setInterval(() => {
      slider.stepUp();
      this.show();
      if (slider.value === slider.max) stop();
    }, 700);
    tell();
  }
}

// ---- slides

/** How far a key or a button goes. @type {Record<string, number>} */
const STEPS = { ArrowRight: 1, PageDown: 1, " ": 1, on: 1, ArrowLeft: -1, PageUp: -1, back: -1, Home: -Infinity, End: Infinity };

/** The keys that a slider and a menu need themselves, and those that a button or a checkbox needs. @type {Record<string, RegExp>} */
const OF_CONTROL = { INPUT: /^(Arrow|Home|End)/, SELECT: /^(Arrow|Home|End|.$|Enter)/ };
const OF_BUTTON = /^( |Enter)$/;

/** Slides, one at a time; what is marked `later` appears at the next step. */
class Deck {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.slides = all(place, "section");
    this.steps = all(place, "section, .later");
    this.slide = this.slides[0];
    this.at = 0;
    this.turner = first(document, ".turner");
    this.notes = /** @type {Window | null} */ (null);
    place.classList.add("one");
    addEventListener("keydown", (event) => this.press(event));
    addEventListener("hashchange", () => this.followAddress());
    this.turner.addEventListener("click", (event) => this.press(event));
    const room = new ResizeObserver((boxes) => boxes.forEach(({ target }) => fit(target)));
    for (const box of all(place, ".fit, .fit > *")) room.observe(box);
    this.followAddress();
  }

  followAddress() {
    this.show(this.steps.indexOf(this.slides[Number(location.hash.slice(1)) - 1] ?? this.slides[0]));
  }

  /** @param {number} at which step, counted from 0 */
  show(at) {
    this.at = Math.max(0, Math.min(at, this.steps.length - 1));
    this.slide = /** @type {HTMLElement} */ (this.steps[this.at].closest("section"));
    this.steps.forEach((step, i) => step.classList.toggle("seen", i <= this.at));
    for (const slide of this.slides) slide.classList.toggle("now", slide === this.slide);
    this.slide.focus({ preventScroll: true });
    const number = 1 + this.slides.indexOf(this.slide);
    history.replaceState(null, "", `#${number}`);
    first(this.turner, "output").textContent = `${number} / ${this.slides.length}`;
    this.note();
  }

  /** @param {Event} event of a key or a button */
  press(event) {
    const { key = "", target } = /** @type {KeyboardEvent & {target: HTMLElement}} */ (event);
    const name = key || target.getAttribute("name") || "";
    const kind = target.matches("[type=range], select") ? target.tagName : "";
    if (name === "Escape") return this.slide.focus();
    if (key && (kind ? OF_CONTROL[kind] : OF_BUTTON).test(key) && target.closest("input, select, button, a, summary")) return;
    if (name in STEPS) this.show(this.at + STEPS[name]);
    else if (name === "n" || name === "notes") this.note(true);
    else return;
    if (!key) this.slide.focus({ preventScroll: true }); // not the button: the next key is for the slides
    event.preventDefault();
  }

  /** The notes of this slide, in a window that the class does not see. @param {boolean} open */
  note(open = false) {
    if (open) this.notes = window.open("", "notes", "width=700,height=500");
    if (!this.notes || this.notes.closed) return;
    this.notes.document.title = `Notes ${first(this.turner, "output").textContent}`;
    this.notes.document.body.style.font = "24px/1.5 system-ui, sans-serif";
    this.notes.document.body.innerHTML = first(this.slide, ".notes").innerHTML;
  }
}

/** What is to grow again in each box. @type {WeakMap<Element, number>} */
const growing = new WeakMap();

/**
 * Make what is in a box as large as the box allows. While it changes it only shrinks, so that nothing jumps; when it has been still
 * for a second, longer than a player's step, it grows again.
 * @param {Element} target
 */
function fit(target) {
  const box = /** @type {HTMLElement} */ (target.closest(".fit"));
  const content = /** @type {HTMLElement} */ (box.firstElementChild);
  if (!content.clientHeight || !box.clientHeight) return;
  const overflows = () => box.scrollHeight > box.clientHeight + 1 || box.scrollWidth > box.clientWidth + 1;
  /** @param {number} zoom the largest @param {boolean} stacked */
  const largest = (zoom, stacked) => {
    content.classList.toggle("stacked", stacked);
    const set = () => {
      content.style.zoom = zoom.toFixed(3); // as many digits as come back: else the size changes a little each time
      content.style.setProperty("--zoom", content.style.zoom);
    };
    for (set(); overflows() && zoom > 0.2; set()) zoom *= 0.97;
    return zoom;
  };
  const size = `${box.clientWidth} ${box.clientHeight}`;
  clearTimeout(growing.get(box));
  if (box.dataset.size === size) {
    growing.set(box, setTimeout(() => (delete box.dataset.size, fit(box)), 1000));
    return void largest(Number(content.style.zoom), content.classList.contains("stacked"));
  }
  box.dataset.size = size;
  const beside = largest(innerWidth / 600, false);
  if (largest(innerWidth / 600, true) < beside) largest(beside, false);
}

// ---- start

const explorers = all(document, "[data-explorer]").map((place) => new PageExplorer(place));

/** Show the state that the address names, as in #explorer=constructor&hidden_size=5 */
function followAddress() {
  const values = new URLSearchParams(location.hash.slice(1));
  const explorer = explorers.find(({ place }) => place.dataset.explorer === values.get("explorer"));
  explorer?.goTo(values);
  explorer?.place.scrollIntoView();
}
addEventListener("hashchange", followAddress);
followAddress();

for (const place of all(document, ".deck")) new Deck(place);
