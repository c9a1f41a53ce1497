// A span of time chosen by two sliders, or a day by one: what lies outside steps back, what is counted is counted anew.
// Without this script the same sliders are a form that is sent. It stores nothing and asks no other host.
"use strict";

const digits = new Intl.NumberFormat(`${document.documentElement.lang}-u-nu-latn`);
const fill = (says, count, n) =>
  says.replace("{count}", digits.format(count)).replace("{n}", digits.format(n));

function timed(root) {
  const form = root.querySelector("form[data-labels]");
  const sliders = [...form.querySelectorAll("input[type=range]")];
  const labels = JSON.parse(form.dataset.labels);
  const least = Number(sliders[0].min);
  const most = Number(sliders[0].max);
  const svg = root.querySelector("svg[data-brush]");
  const brush = root.querySelector(".brush");
  const [begin, end] = (svg?.dataset.brush || "0 0").split(" ").map(Number);
  const along = (unit) => begin + ((unit - least) / (most - least + 1)) * (end - begin);

  // One slider means: all until then.
  const chosen = () => {
    const values = sliders.map((one) => Number(one.value));
    return values.length === 1 ? [least, values[0]] : [Math.min(...values), Math.max(...values)];
  };

  function follow() {
    const [low, high] = chosen();
    for (const one of sliders) {
      const says = labels[Number(one.value) - least];
      one.setAttribute("aria-valuetext", says);
      one.closest("label").querySelector("output").textContent = says;
    }
    const kinds = { "*": 0 };
    for (const one of root.querySelectorAll("[data-at]")) {
      const inside = Number(one.dataset.at) >= low && Number(one.dataset.at) <= high;
      if (one instanceof HTMLTableRowElement) one.hidden = !inside;
      else one.classList.toggle("out", !inside);
      if (!inside || !one.dataset.kind) continue;
      kinds[one.dataset.kind] = (kinds[one.dataset.kind] || 0) + 1;
      kinds["*"] += 1;
    }
    for (const one of document.querySelectorAll("[data-counts]")) {
      const says = one.dataset.says || root.dataset.says;
      const times = one.dataset.times?.split(" ").filter((at) => at && Number(at) <= high);
      const many = times ? times.length : kinds[one.dataset.counts] || 0;
      one.textContent = fill(says, many, Number(one.dataset.n));
    }
    for (const one of root.querySelectorAll("[data-more]")) {
      const many = one.dataset.more.split(" ").filter((at) => Number(at) <= high).length;
      one.textContent = many ? `+${many}` : "";
    }
    if (brush) {
      const ends = [along(low), along(high + 1)].sort((a, b) => a - b);
      brush.setAttribute("x", ends[0]);
      brush.setAttribute("width", ends[1] - ends[0]);
    }
  }

  for (const one of sliders) one.addEventListener("input", follow);
  if (svg) drag(svg, sliders, follow, (x) => {
    const unit = least + Math.floor(((x - begin) / (end - begin)) * (most - least + 1));
    return Math.min(Math.max(unit, least), most);
  });
}

// Drawing a span with a pointer sets the same sliders.
function drag(svg, [since, until], follow, unitAt) {
  let from = null;
  const at = (event) => {
    const box = svg.getBoundingClientRect();
    return unitAt(((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width);
  };
  const set = (event) => {
    const to = at(event);
    since.value = Math.min(from, to);
    until.value = Math.max(from, to);
    follow();
  };
  svg.addEventListener("pointerdown", (event) => {
    from = at(event);
    svg.setPointerCapture(event.pointerId);
    set(event);
  });
  svg.addEventListener("pointermove", (event) => from !== null && set(event));
  svg.addEventListener("pointerup", () => (from = null));
}

for (const root of document.querySelectorAll("[data-span-root]")) timed(root);
