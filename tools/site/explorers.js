// @ts-check
// What moves on the pages and in the decks. Nothing is computed here: Python has computed every state beforehand
// (helpers/explorers/frames.py), and this script shows the one that the controls ask for. No request leaves the page's folder.
"use strict";

// ---- frames: explorers without a kernel

/**
 * All states of an explorer: each control's name and its values as they are written; pieces of HTML; of each rendering of a view
 * the numbers of its pieces; of each state, the last control changing first, the renderings of its views, and the number of its
 * ends, which say of a slider what value is its largest.
 * @typedef {{ controls: [string, string[]][], pieces: string[], renderings: number[][], states: number[][],
 *   ends: Record<string, number>[], end: number[] }} Frames
 * @typedef {HTMLInputElement | HTMLSelectElement} Control
 */

/** @type {Map<string, string>} */
const received = new Map();
/** @type {Map<string, (text: string) => void>} */
const waiting = new Map();

/** A file of frames calls this when it is loaded. @param {string} file @param {string} text gzip, in base64 */
function frame(file, text) {
  received.set(file, text);
  waiting.get(file)?.(text);
}

/** By a script element, because `fetch` does not work from a folder. @param {string} file @returns {Promise<Frames>} */
async function load(file) {
  const loaded = (/** @type {(text: string) => void} */ resolve, /** @type {() => void} */ onerror) => {
    waiting.set(file, resolve);
    document.head.append(Object.assign(document.createElement("script"), { src: `frames/${file}.js`, onerror }));
  };
  const text = received.get(file) ?? (await new Promise(loaded));
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).json();
}

const PART = /<(tr|span) data-key="([^"]*)".*?<\/\1>/gs;
const WORDS = /(<span data-changes="">)(.*?)(?=<\/span>)/gs;

/** The parts that have a key. @param {string[]} views @returns {Map<string, string>} */
const parts = (views) => new Map(views.flatMap((html) => [...html.matchAll(PART)].map((found) => [found[2], found[0]])));

/** The rule of helpers/explorers/marks.py. @param {string[]} views @param {string[]} before @returns {string[]} */
function markChanges(views, before) {
  const [old, now] = [parts(before), parts(views)];
  const changed = [...now.keys()].filter((key) => old.get(key) !== now.get(key));
  if (!old.size || !changed.length) return views;
  const words = changedWords(changed, [...old.keys()].filter((key) => !now.has(key)));
  const mark = (/** @type {string} */ part, /** @type {string} */ tag, /** @type {string} */ key) =>
    changed.includes(key) ? `<${tag} class="unrolled-changed"${part.slice(1 + tag.length)}` : part;
  return views.map((html) => html.replace(PART, mark).replace(WORDS, `$1${words}`));
}

/** @param {string[]} changed @param {string[]} gone */
function changedWords(changed, gone) {
  const [count, fewer] = [changed, gone].map((keys) => keys.filter((key) => /^parameter (?!total$)/.test(key)).length);
  const parameters = (/** @type {number} */ number) => `${number} parameter${number === 1 ? "" : "s"}`;
  const names = changed.filter((key) => key.startsWith("tensor ")).map((key) => key.slice("tensor ".length));
  if (count) names.push(parameters(count));
  const words = names.length ? `Changed shapes: ${names.join(", ")}.` : "No shape has changed.";
  return fewer ? `${words} ${parameters(fewer)} ${fewer === 1 ? "is" : "are"} gone.` : words;
}

/** Which of its values a control has, counted from 0. @param {Control} control */
function position(control) {
  if (control instanceof HTMLSelectElement) return control.selectedIndex;
  return control.type === "checkbox" ? Number(control.checked) : Number(control.value);
}

/** @param {Control} control @param {number} at */
function setPosition(control, at) {
  if (control instanceof HTMLSelectElement) control.selectedIndex = at;
  else if (control.type === "checkbox") control.checked = at === 1;
  else control.value = String(at);
}

/** Controls beside live views. */
class PageExplorer {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    this.form = /** @type {HTMLFormElement} */ (place.querySelector(".controls"));
    this.link = /** @type {HTMLAnchorElement} */ (place.querySelector(".state"));
    this.panes = /** @type {HTMLElement[]} */ ([...place.querySelectorAll(".pane")]);
    this.wanted = new URLSearchParams(place.dataset.at); // the values to begin with
    this.frames = /** @type {Frames | null} */ (null);
    this.shown = /** @type {string[]} */ ([]); // what the views show, without marks
    this.marked = this.shown;
    this.playing = 0;
    this.form.hidden = false;
    this.form.addEventListener("input", () => this.show());
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.link.addEventListener("click", (event) => this.copyLink(event));
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (place.querySelectorAll(".play")))
      button.addEventListener("click", () => this.play(button));
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
    this.place.querySelector(".still")?.remove();
    this.place.querySelector(".panes")?.removeAttribute("hidden");
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
      const control = this.control(name);
      if (control.type === "range") Object.assign(control, { max: texts.length - 1 });
      if (texts.includes(values.get(name) ?? "?")) setPosition(control, texts.indexOf(values.get(name) ?? "?"));
    }
    this.show();
  }

  /** Show the state that the controls have. */
  show() {
    if (!this.frames) return;
    const { controls, pieces, renderings, states, ends, end } = this.frames;
    const number = controls.reduce((sum, [name, texts]) => sum * texts.length + position(this.control(name)), 0);
    // A slider beyond its end goes back to it: the frames of this state are those of the state there.
    for (const [name, max] of Object.entries(ends[end[number]])) Object.assign(this.control(name), { max });
    const views = states[number].map((view) => renderings[view].map((piece) => pieces[piece]).join(""));
    const marked = markChanges(views, this.shown);
    this.panes.forEach((pane, i) => marked[i] === this.marked[i] || (pane.innerHTML = marked[i]));
    [this.shown, this.marked] = [views, marked];
    this.nameValues();
    requestAnimationFrame(() => this.reachByKeyboard());
  }

  /** Write the values beside the sliders and into the link. */
  nameValues() {
    const values = new URLSearchParams({ explorer: this.place.dataset.explorer ?? "" });
    for (const [name, texts] of this.frames?.controls ?? []) {
      const control = this.control(name), text = texts[position(control)];
      values.set(name, text);
      if (control.type !== "range") continue;
      control.setAttribute("aria-valuetext", text);
      control.parentElement?.querySelector("output")?.replaceChildren(text);
    }
    this.link.href = `#${values}`;
  }

  /** What is wider than its pane scrolls, also by keyboard. */
  reachByKeyboard() {
    for (const pane of this.panes) pane.tabIndex = pane.scrollWidth > pane.clientWidth ? 0 : -1;
  }

  /** The address now names the state, and so does the clipboard where a page may write to it. @param {Event} event */
  async copyLink(event) {
    event.preventDefault();
    history.replaceState(null, "", this.link.href);
    await navigator.clipboard?.writeText(this.link.href).catch(() => {});
    this.form.querySelector("[role=status]")?.replaceChildren("The address of this page now names this state.");
  }

  /** Move a slider step by step to its end, or stop. @param {HTMLButtonElement} button */
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

// ---- start

const explorers = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-explorer]"))].map(
  (place) => new PageExplorer(place),
);

/** Show the state that the address names, as in #explorer=constructor&hidden_size=5 */
function followAddress() {
  const values = new URLSearchParams(location.hash.slice(1));
  const explorer = explorers.find((one) => one.place.dataset.explorer === values.get("explorer"));
  explorer?.goTo(values);
  explorer?.place.scrollIntoView();
}
addEventListener("hashchange", followAddress);
followAddress();
