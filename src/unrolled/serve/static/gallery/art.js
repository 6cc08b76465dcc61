/* A small drawing for each task. */
import { svg } from "../shell/shell.js";

const node = (cx, cy, n, kind = "node") => svg("circle", {class: kind, cx, cy, r: 5, "data-n": n});
const line = (d, kind = "line") => svg("path", {class: kind, d});
const box = (x, y, width, height, kind, rx = 3) => svg("rect", {class: kind, x, y, width, height, rx});
const letter = (x, y, text) => svg("text", {x, y, class: "letter", "text-anchor": "middle"}, text);
const chain = (xs, y) => [
  ...xs.slice(1).map((x, n) => line(`M${xs[n] + 6} ${y}H${x - 6}`)), ...xs.map((x, n) => node(x, y, n)),
];

const DRAWINGS = {
  lm: () => [
    ...chain([34, 64, 94, 124], 56), ...["o", "n", "c", "e"].map((c, n) => letter(34 + 30 * n, 86, c)),
    line("M131 56H150"), box(156, 26, 62, 12, "strong"), box(156, 44, 34, 12, "soft"), box(156, 62, 20, 12, "soft"),
    box(156, 80, 9, 12, "soft"),
  ],
  classify: () => [
    ...chain([30, 58, 86, 114], 56), line("M121 56C142 56 140 28 160 28"), line("M121 56H160", "line chosen"),
    line("M121 56C142 56 140 84 160 84"), box(162, 19, 54, 18, "soft", 9), box(162, 47, 62, 18, "strong", 9), box(162, 75, 44, 18, "soft", 9),
  ],
  tag: () => [[24, 34], [64, 50], [120, 26], [152, 68]].flatMap(([x, width], n) => [
    box(x, 66, width, 12, "word"), line(`M${x} 58v-5h${width}v5`, `bracket cat-${n % 3}`), box(x + width / 2 - 12, 32, 24, 14, `cat-${n % 3}`, 7),
  ]),
  translate: () => [
    ...[[26, 40], [74, 28], [110, 52], [170, 44]].map(([x, w]) => box(x, 24, w, 12, "word")),
    ...[[26, 30], [64, 56], [128, 40], [176, 38]].map(([x, w]) => box(x, 78, w, 12, "strong")),
    ...[[46, 41], [88, 148], [136, 92], [192, 195]].map(([a, b]) => line(`M${a} 38C${a} 58 ${b} 56 ${b} 76`, "line chosen")),
    line("M88 38C88 58 92 56 92 76"), line("M136 38C136 58 195 56 195 76"),
  ],
  forecast: () => [
    svg("path", {class: "fan", d: "M132 54C152 44 168 52 186 30S210 22 222 14V84C208 78 200 84 186 70S150 66 132 54Z"}),
    line("M20 78C32 78 34 52 46 52S58 84 72 84 88 40 100 40 118 62 132 54", "curve"),
    line("M132 54C152 56 164 62 186 50S210 50 222 48", "curve dashed"), node(132, 54, 0, "now"),
  ],
  music: () => [
    ...[24, 40, 56, 72, 88].map((y) => line(`M20 ${y}H224`, "staff")),
    ...[[24, 76, 34], [24, 60, 26], [54, 44, 28], [62, 68, 40], [88, 36, 26], [108, 52, 44]].map(([x, y, w]) => box(x, y, w, 8, "word")),
    ...[[156, 44, 24], [156, 68, 46], [184, 28, 34], [206, 52, 18]].map(([x, y, w]) => box(x, y, w, 8, "strong")),
    line("M148 18V98", "line chosen"),
  ],
};

/** Return the drawing of a task: an SVG element. */
export const drawing = (task) =>
  svg("svg", {class: "drawing", viewBox: "0 0 244 112", "aria-hidden": "true"}, (DRAWINGS[task] ?? DRAWINGS.lm)());
