// The desk's own script: keys, the jump box, the list of keys, and moving through rows.
// Everything works without it; it only saves the hands a way. It stores nothing and asks no other host.
"use strict";

const keymap = JSON.parse(document.body.dataset.keys || "{}");
const byId = (id) => document.getElementById(id);

// Whether somebody is writing: then no single key does anything.
const isWriting = (at) =>
  at instanceof Element && at.closest("input, select, textarea, [contenteditable], dialog") !== null;

const rows = () => [...document.querySelectorAll("[data-list] > [data-row]")];

function mark(row) {
  for (const one of rows()) {
    const here = one === row;
    one.classList.toggle("here", here);
    if (here) one.setAttribute("aria-current", "true");
    else one.removeAttribute("aria-current");
  }
}

function show(row) {
  mark(row);
  const link = row.querySelector(".go");
  link.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function move(by) {
  const all = rows();
  if (all.length === 0) return;
  const at = all.findIndex((one) => one.classList.contains("here"));
  const to = Math.min(Math.max(at + by, 0), all.length - 1);
  show(all[at < 0 ? 0 : to]);
}

// Where a key leads when it does not press something: the first of these that is on the page.
const places = { evidence: "#evidence", decide: "#decision", reveal: "[data-does=reveal]", span: "[data-does=span]" };

function goTo(selector) {
  const goal = document.querySelector(selector);
  if (!goal) return;
  const spot = goal.matches("button, a, input, select, summary") ? goal : goal.querySelector("h2") || goal;
  if (!spot.matches("button, a, input, select, summary")) spot.tabIndex = -1;
  goal.scrollIntoView({ block: "start" });
  spot.focus({ preventScroll: true });
}

function press(does) {
  const dialog = byId(does);
  if (dialog instanceof HTMLDialogElement) return void dialog.showModal();
  if (does === "next" || does === "previous") return void move(does === "next" ? 1 : -1);
  if (does === "queue") return void location.assign("/queue");
  if (does in places) return void goTo(places[does]);
  const here = document.querySelector(`.here [data-does="${does}"]`);
  const goal = here || document.querySelector(`[data-does="${does}"]`);
  if (!goal) return;
  if (goal instanceof HTMLDetailsElement) {
    goal.open = true;
    goal.querySelector("select, input, textarea, button")?.focus();
  } else goal.click();
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    if (!byId("jump")) return;
    event.preventDefault();
    byId("jump").showModal();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
  const does = keymap[event.key];
  if (!does) return;
  // Enter on a button or a link is theirs.
  if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
  event.preventDefault();
  press(does);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-does]");
  if (button && byId(button.dataset.does) instanceof HTMLDialogElement) press(button.dataset.does);
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
});

// A row in which something has the focus is the chosen one. The focus stays where it is and nothing scrolls: a box
// that moved away between the press and the release of a button would not be ticked.
document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("[data-list] > [data-row]");
  if (row && !row.classList.contains("here")) mark(row);
});

// What leaves the account alone has no milder outcome: that box is asked for with what restricts only. A disabled one
// is neither asked for nor sent; without a script it stands there for every outcome.
function ask(outcome) {
  const box = outcome.form?.querySelector("[data-if-restricts]");
  if (box) box.hidden = box.disabled = !("restricts" in outcome.dataset);
}

document.addEventListener("change", (event) => {
  if (event.target.matches("input[type=radio][name=outcome]")) ask(event.target);
});
addEventListener("pageshow", () => document.querySelectorAll("input[name=outcome]:checked").forEach(ask));

// A form that was sent is not sent twice.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  const form = event.target;
  if (form.dataset.sent) return void event.preventDefault();
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, 4000);
});
