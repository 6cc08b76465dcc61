"use strict";

/* The theme: the system's until the button is pressed; watchers redraw what is not CSS. */
const theme = {
  watchers: [],
  printing: false,
  system: matchMedia("(prefers-color-scheme: dark)"),
  get now() {
    if (this.printing) return "light";
    return document.documentElement.dataset.theme ?? (this.system.matches ? "dark" : "light");
  },
  tell() {
    const button = document.querySelector("button.theme");
    button.textContent = this.now === "dark" ? "Light theme" : "Dark theme";
    for (const redraw of this.watchers) redraw();
  },
  start() {
    const button = document.querySelector("button.theme");
    button.hidden = false;
    button.addEventListener("click", () => {
      document.documentElement.dataset.theme = this.now === "dark" ? "light" : "dark";
      this.tell();
    });
    this.system.addEventListener("change", () => this.tell());
    for (const [event, printing] of [["beforeprint", true], ["afterprint", false]]) {
      addEventListener(event, () => { this.printing = printing; this.tell(); });
    }
    this.tell();
  },
};

/* Each option of a remedy gets a button that copies it; where the browser forbids that, it is selected. */
function offerCopies() {
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
  const say = (word) => {
    button.textContent = word;
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  const select = () => {
    getSelection().selectAllChildren(flag);
    say("Selected");
  };
  if (!navigator.clipboard) select();
  else navigator.clipboard.writeText(flag.textContent).then(() => say("Copied"), select);
}

/* The contents show which section is being read. */
function followReading() {
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
