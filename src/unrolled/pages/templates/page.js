"use strict";

/* The theme: that of the system until the button is pressed; listeners redraw everything that CSS does not style. */
const theme = {
  listeners: [],
  printing: false,
  system: matchMedia("(prefers-color-scheme: dark)"),
  get now() {
    if (this.printing) return "light";
    return document.documentElement.dataset.theme ?? (this.system.matches ? "dark" : "light");
  },
  update() {
    const button = document.querySelector("button.theme");
    button.textContent = this.now === "dark" ? "Light theme" : "Dark theme";
    for (const redraw of this.listeners) redraw();
  },
  start() {
    const button = document.querySelector("button.theme");
    button.hidden = false;
    button.addEventListener("click", () => {
      document.documentElement.dataset.theme = this.now === "dark" ? "light" : "dark";
      this.update();
    });
    this.system.addEventListener("change", () => this.update());
    for (const [event, printing] of [["beforeprint", true], ["afterprint", false]]) {
      addEventListener(event, () => { this.printing = printing; this.update(); });
    }
    this.update();
  },
};

/* Add a copy button to each option of a remedy; if the browser forbids copying, it selects the text. */
function addCopyButtons() {
  for (const flag of document.querySelectorAll("code.flag")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy ${flag.textContent}`);
    button.addEventListener("click", () => copy(flag, button));
    flag.after(button);
  }
}

function copy(flag, button) {
  const showStatus = (word) => {
    button.textContent = word;
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  const select = () => {
    getSelection().selectAllChildren(flag);
    showStatus("Selected");
  };
  if (!navigator.clipboard) select();
  else navigator.clipboard.writeText(flag.textContent).then(() => showStatus("Copied"), select);
}

/* Highlight the current section in the table of contents. */
function highlightCurrentSection() {
  const links = new Map();
  for (const link of document.querySelectorAll(".contents > ol > li > a")) {
    links.set(document.getElementById(decodeURIComponent(link.hash.slice(1))), link);
  }
  const follow = () => {
    let reading = null;
    for (const section of links.keys()) {
      if (section.getBoundingClientRect().top < innerHeight / 3) reading = section;
    }
    for (const [section, link] of links) {
      if (section === reading) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  };
  addEventListener("scroll", () => requestAnimationFrame(follow), { passive: true });
  follow();
}
