/* Tooltips: of elements with `data-tip`, and of places in a drawing. */
import { h } from "./dom.js";

const box = h("div", {class: "tip", role: "tooltip", id: "tip"});
document.body.append(box);
let owner = null;

/** Tooltip of a drawing: `tip.show(x, y, text or node)` near a place of the window, `tip.hide()`. */
export const tip = {
  show(x, y, content) {
    box.replaceChildren(content);
    const {offsetWidth: width, offsetHeight: height} = box;
    const left = Math.max(8, Math.min(innerWidth - width - 8, x - width / 2));
    const above = y - height - 12;
    box.style.transform = `translate(${Math.round(left)}px, ${Math.round(above < 8 ? y + 20 : above)}px)`;
    box.classList.add("shown");
  },
  hide() { box.classList.remove("shown"); },
};

function point(event) {
  const element = event.target.closest?.("[data-tip]");
  if (!element || element === owner) return;
  owner = element;
  element.setAttribute("aria-describedby", "tip");
  const {left, width, top} = element.getBoundingClientRect();
  tip.show(left + width / 2, top, element.dataset.tip);
}

function leave(event) {
  if (!owner || (event.type !== "keydown" && owner.contains(event.relatedTarget))) return;
  owner.removeAttribute("aria-describedby");
  owner = null;
  tip.hide();
}
document.addEventListener("pointerover", point);
document.addEventListener("focusin", (event) => { if (event.target.matches?.(":focus-visible")) point(event); });
document.addEventListener("pointerout", leave);
document.addEventListener("focusout", leave);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") leave(event); });
addEventListener("scroll", () => { if (owner) { owner = null; tip.hide(); } }, {passive: true, capture: true});
