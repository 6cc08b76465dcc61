/* The theme that was chosen, set before the page is painted. */
"use strict";
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch (error) {
  console.info("The theme is not kept: this browser allows no storage.", error);
}
