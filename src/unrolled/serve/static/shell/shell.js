/* What the pages of the tasks are made with. One import: `import { ask, h, info } from "./shell.js"`. */
export { ask, forget, info, model, models, request, stream } from "./api.js";
export { colour, draw, onTheme, scale, still } from "./canvas.js";
export { bars, clear, codeBlock, debounce, fail, format, h, isAbort, svg, toast, visible } from "./dom.js";
export { mark, score, slid, TASKS } from "./frame.js";
export { tip } from "./tip.js";
