/* What the reader looks at: a part, and a word of its source or translation. */

const listeners = new Set();

/** `part`: the part that is shown; `unit`: {side, index} or null. */
export const focus = {
  part: null,
  unit: null,
  /** Where the part was picked: "source" or "output". */
  from: "",
  /** Show a part. */
  pick(part, from = "") {
    if (part === this.part) return;
    Object.assign(this, {part, from, unit: null});
    tell("part");
  },
  /** Look at a unit of the part, or at none. */
  look(side, index) {
    const unit = side ? {side, index} : null;
    if (unit?.side === this.unit?.side && unit?.index === this.unit?.index) return;
    this.unit = unit;
    tell("unit");
  },
  /** Call `fn("part")` and `fn("unit")` when these change. */
  on(fn) { listeners.add(fn); },
};

/** Scroll a box, not the page, until an element in it is in sight. */
export function reveal(box, element) {
  const around = box.getBoundingClientRect(), place = element.getBoundingClientRect();
  if (place.bottom > around.bottom - 12) box.scrollTop += place.bottom - around.bottom + 40;
  if (place.top < around.top + 12) box.scrollTop += place.top - around.top - 40;
}

const tell = (what) => listeners.forEach((fn) => fn(what));

/** Let units inside a box be looked at: elements with data-side and data-index, where `allowed(element)`. */
export function watch(box, allowed = () => true) {
  const over = (event) => {
    const element = event.target.closest?.("[data-index]");
    if (!element || !allowed(element)) return event.type === "pointerover" ? focus.look(null) : undefined;
    focus.look(element.dataset.side, Number(element.dataset.index));
  };
  box.addEventListener("pointerover", over);
  box.addEventListener("focusin", over);
  box.addEventListener("pointerleave", ({pointerType}) => { if (pointerType !== "touch") focus.look(null); });
  box.addEventListener("focusout", ({relatedTarget}) => { if (!box.contains(relatedTarget)) focus.look(null); });
}
