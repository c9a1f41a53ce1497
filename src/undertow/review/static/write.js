// The editor of the workbench: offers keys and names where they can stand, and goes to the place of a fault.
// It changes nothing by itself: an arrow chooses, Enter takes, Escape sends it away, and Tab goes on as everywhere.
"use strict";

const text = document.getElementById("text");
const offers = document.getElementById("offers");
const known = JSON.parse(text.dataset.vocabulary);
const ROLES = ["from", "to", "between", "key", "may_be", "who"];
const MOST = 8;
let shown = [];
let at = -1;

// Names that the text itself gives to its roles or steps.
function names(section) {
  const lines = text.value.split("\n");
  const begin = lines.findIndex((line) => line.startsWith(`${section}:`));
  if (begin < 0) return [];
  const inline = lines[begin].match(/\{(.*)\}/);
  if (inline) return [...inline[1].matchAll(/([a-z][a-z0-9_]*):\s*\{/g)].map((one) => one[1]);
  const found = [];
  for (const line of lines.slice(begin + 1)) {
    if (/^[^\s#]/.test(line)) break;
    const name = line.match(/^ {1,4}([a-z][a-z0-9_]*):/);
    if (name) found.push(name[1]);
  }
  return found;
}

// What can stand where the caret is, and how much of it is written.
function here() {
  const before = text.value.slice(0, text.selectionStart);
  const line = before.slice(before.lastIndexOf("\n") + 1);
  const word = line.match(/[A-Za-z_-]*$/)[0];
  const rest = line.slice(0, line.length - word.length);
  if (rest.includes("#")) return { word, words: [] };
  const value = rest.match(/([a-z_]+):\s+(\[[^\]]*)?$/);
  if (value) {
    const key = value[1];
    if (ROLES.includes(key)) return { word, words: names("roles") };
    if (key === "listed_from") return { word, words: names("steps") };
    return { word, words: known.values[key] || [] };
  }
  const open = rest.split("{").length - rest.split("}").length;
  const indent = line.match(/^ */)[0].length;
  if (!/^ *$/.test(rest) && !(open > 0 && /[{,]\s*$/.test(rest))) return { word, words: [] };
  if (indent === 0 && open <= 0) return { word, words: known.keys.top };
  const lines = before.split("\n");
  const section = lines.reverse().find((one) => /^[a-z_]+:/.test(one))?.match(/^[a-z_]+/)[0];
  const isInside = section === "examples" || indent > 2 || open > 0;
  return { word, words: (isInside && known.keys[section]) || [] };
}

function close() {
  offers.hidden = true;
  shown = [];
  at = -1;
  text.removeAttribute("aria-activedescendant");
}

// Under the word that is being written, as far as the field goes.
function place(word) {
  const style = getComputedStyle(text);
  const before = text.value.slice(0, text.selectionStart - word.length).split("\n");
  const pen = document.createElement("canvas").getContext("2d");
  pen.font = style.font;
  const wide = pen.measureText(before.at(-1)).width + parseFloat(style.paddingLeft) - text.scrollLeft;
  const high = before.length * parseFloat(style.lineHeight) + parseFloat(style.paddingTop) - text.scrollTop;
  offers.style.left = `${text.offsetLeft + Math.min(Math.max(wide, 0), text.clientWidth - 160)}px`;
  offers.style.top = `${text.offsetTop + Math.min(Math.max(high, 0), text.clientHeight) + 4}px`;
}

function offer(isAsked) {
  const { word, words } = here();
  const fitting = words.filter((one) => one.startsWith(word) && one !== word);
  if (fitting.length === 0 || (!isAsked && word === "") || text.readOnly) return close();
  shown = isAsked ? fitting : fitting.slice(0, MOST);
  at = -1;
  offers.replaceChildren(
    ...shown.map((one, i) => {
      const item = document.createElement("li");
      item.id = `offer-${i}`;
      item.role = "option";
      item.textContent = one;
      item.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        take(i);
      });
      return item;
    }),
  );
  offers.hidden = false;
  place(word);
}

function choose(to) {
  at = (to + shown.length) % shown.length;
  [...offers.children].forEach((one, i) => one.setAttribute("aria-selected", String(i === at)));
  text.setAttribute("aria-activedescendant", `offer-${at}`);
  offers.children[at].scrollIntoView({ block: "nearest" });
}

function take(i) {
  const { word } = here();
  const end = text.selectionStart;
  text.setRangeText(shown[i], end - word.length, end, "end");
  close();
  text.dispatchEvent(new Event("input", { bubbles: true }));
  close();
}

text.addEventListener("input", () => offer(false));
text.addEventListener("blur", close);
text.addEventListener("click", close);
text.addEventListener("keydown", (event) => {
  if (event.key === " " && event.ctrlKey) {
    event.preventDefault();
    return offer(true);
  }
  if (shown.length === 0) return;
  if (event.key === "ArrowDown") choose(at + 1);
  else if (event.key === "ArrowUp") choose(at < 0 ? shown.length - 1 : at - 1);
  else if (event.key === "Enter" && at >= 0) take(at);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
});

// A fault names its line and column: go there. The list of faults is made anew while one writes.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-goto]");
  if (!link) return;
  event.preventDefault();
  const [line, column] = link.dataset.goto.split(":").map(Number);
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  const spot = Math.min(start + column - 1, text.value.length);
  text.focus();
  text.setSelectionRange(spot, Math.min(start + (lines[line - 1] || "").length, text.value.length));
  text.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(text).lineHeight));
});
