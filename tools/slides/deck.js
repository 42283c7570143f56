// @ts-check
// A deck: slides, one at a time. Their explorers move by the script of the pages, ../site/explorers.js, which stands before this one.

/** Slides, one at a time; what is marked `later` appears step by step. */
class Deck {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.slides = /** @type {HTMLElement[]} */ ([...place.querySelectorAll("section")]);
    this.turner = /** @type {HTMLElement} */ (document.querySelector(".turner"));
    /** @type {Window | null} */
    this.notes = null;
    this.at = 0;
    place.classList.add("one");
    this.show(Math.min(Number(location.hash.slice(1)) || 1, this.slides.length) - 1);
    addEventListener("keydown", (event) => this.press(event));
    addEventListener("hashchange", () => this.show(Math.min(Number(location.hash.slice(1)), this.slides.length) - 1));
    this.turner.addEventListener("click", (event) => this.press(event));
    const room = new ResizeObserver((boxes) => boxes.forEach(({ target }) => fit(target)));
    for (const box of place.querySelectorAll(".fit, .fit > *")) room.observe(box);
  }

  /** @param {number} at which slide, counted from 0 @param {boolean} whole whether nothing of it waits for a later step */
  show(at, whole = false) {
    const slide = this.slides[(this.at = at)];
    this.slides.forEach((one) => one.classList.toggle("now", one === slide));
    for (const part of slide.querySelectorAll(".later")) part.classList.toggle("seen", whole);
    slide.focus({ preventScroll: true });
    history.replaceState(null, "", `#${at + 1}`);
    /** @type {HTMLElement} */ (this.turner.querySelector("output")).textContent = `${at + 1} / ${this.slides.length}`;
    this.note();
  }

  /** @param {Event} event of a key or a button */
  press(event) {
    const { key = "", target } = /** @type {KeyboardEvent & {target: HTMLElement}} */ (event);
    const name = key || target.getAttribute("name") || "";
    if (name === "Escape") this.slides[this.at].focus();
    else if (name.startsWith("Page") || !key || !target.closest("input, select, button")) this.turn(name, event);
  }

  /** @param {string} name of a key or a button @param {Event} event */
  turn(name, event) {
    const waiting = this.slides[this.at].querySelector(".later:not(.seen)");
    const last = this.slides.length - 1;
    if (["ArrowRight", "PageDown", " ", "on"].includes(name)) {
      if (waiting) waiting.classList.add("seen");
      else if (this.at < last) this.show(this.at + 1);
    } else if (["ArrowLeft", "PageUp", "back"].includes(name)) this.show(Math.max(this.at - 1, 0), true);
    else if (name === "Home") this.show(0);
    else if (name === "End") this.show(last, true);
    else if (name === "n" || name === "notes") this.note(true);
    else return;
    event.preventDefault();
  }

  /** The notes of this slide, in a window that the class does not see. @param {boolean} open */
  note(open = false) {
    if (open) this.notes = window.open("", "notes", "width=700,height=500");
    if (!this.notes || this.notes.closed) return;
    this.notes.document.title = `Notes ${this.at + 1}`;
    this.notes.document.body.style.font = "24px/1.5 system-ui, sans-serif";
    this.notes.document.body.innerHTML = this.slides[this.at].querySelector(".notes")?.innerHTML ?? "";
  }
}

/** Make what is in a box as large as the box allows; later it only shrinks, so that nothing jumps. @param {Element} target */
function fit(target) {
  const box = /** @type {HTMLElement} */ (target.closest(".fit"));
  const content = /** @type {HTMLElement} */ (box.firstElementChild);
  if (!content.clientHeight || !box.clientHeight) return;
  const overflows = () => box.scrollHeight > box.clientHeight + 1 || box.scrollWidth > box.clientWidth + 1;
  /** @param {number} zoom the largest @param {boolean} stacked */
  const largest = (zoom, stacked) => {
    content.classList.toggle("stacked", stacked);
    const set = () => {
      content.style.zoom = String(zoom);
      content.style.setProperty("--zoom", String(zoom));
    };
    for (set(); overflows() && zoom > 0.2; set()) zoom *= 0.97;
    return zoom;
  };
  const size = `${box.clientWidth} ${box.clientHeight}`;
  if (box.dataset.size === size) return void largest(Number(content.style.zoom), content.classList.contains("stacked"));
  box.dataset.size = size;
  const beside = largest(innerWidth / 600, false);
  if (largest(innerWidth / 600, true) < beside) largest(beside, false);
}

new Deck(/** @type {HTMLElement} */ (document.querySelector(".deck")));
