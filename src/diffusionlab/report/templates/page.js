"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";

  // Charts: the legend shows the values at the step under the pointer, or where the arrow keys have gone.
  for (const figure of document.querySelectorAll(".chart")) {
    const svg = figure.querySelector("svg");
    const lines = JSON.parse(figure.querySelector("script").textContent);
    const colours = [...svg.querySelectorAll("g")];
    const cells = [...figure.querySelectorAll("[data-value]")];
    const heading = figure.querySelector("[data-heading]"), stepCell = figure.querySelector("[data-step]");
    const xs = [...new Set(lines.flat().map(([x]) => x))].sort((a, b) => a - b);
    const rule = document.createElementNS(SVG, "line");
    rule.setAttribute("class", "cursor"); rule.setAttribute("y1", 10); rule.setAttribute("y2", 216);
    const dots = lines.map((_, i) => {
      const dot = document.createElementNS(SVG, "circle");
      dot.setAttribute("class", "dot"); dot.setAttribute("r", 4);
      return dot;
    });
    let place = null;
    const nearest = (points, x) => points.reduce((best, point) => Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best);

    function show(index) {
      place = Math.max(0, Math.min(xs.length - 1, index));
      rule.setAttribute("x1", xs[place]); rule.setAttribute("x2", xs[place]);
      svg.append(rule);
      let step = null;
      lines.forEach((points, i) => {
        const [x, y, at, value] = nearest(points, xs[place]);
        if (x === xs[place]) step = at;
        dots[i].setAttribute("cx", x); dots[i].setAttribute("cy", y);
        colours[i].append(dots[i]);
        cells[i].textContent = value.toPrecision(4); cells[i].hidden = false;
      });
      heading.hidden = false;
      stepCell.textContent = "step " + step.toLocaleString("en");
    }
    function hide() {
      place = null; rule.remove(); dots.forEach(dot => dot.remove());
      cells.forEach(cell => { cell.hidden = true; }); heading.hidden = true; stepCell.textContent = "";
    }
    svg.addEventListener("pointermove", event => {
      const box = svg.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width * 460;
      show(xs.indexOf(xs.reduce((best, one) => Math.abs(one - x) < Math.abs(best - x) ? one : best)));
    });
    svg.addEventListener("pointerleave", hide);
    svg.addEventListener("blur", hide);
    svg.addEventListener("keydown", event => {
      const stride = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!stride) return;
      event.preventDefault();
      show(place === null ? (stride > 0 ? 0 : xs.length - 1) : place + stride);
    });
  }

  // Sequences: a slider through the epochs.
  for (const figure of document.querySelectorAll(".sequence")) {
    const scrubber = figure.querySelector(".scrubber");
    if (!scrubber) continue;
    const frames = [...figure.querySelectorAll("[data-frame]")];
    const input = scrubber.querySelector("input"), output = scrubber.querySelector("output");
    scrubber.hidden = false;
    input.addEventListener("input", () => {
      frames.forEach((frame, i) => { frame.hidden = i !== +input.value; });
      output.textContent = frames[+input.value].dataset.frame;
    });
  }

  // Pictures: a click shows one as large as the window allows.
  const dialog = document.createElement("dialog");
  dialog.className = "large";
  dialog.addEventListener("click", () => dialog.close());
  document.body.append(dialog);
  for (const button of document.querySelectorAll(".zoom")) {
    button.title = "enlarge";
    button.addEventListener("click", () => {
      dialog.replaceChildren(button.querySelector("img").cloneNode());
      dialog.showModal();
    });
  }
})();

// On a phone the settings begin closed; on paper nothing of a run is hidden.
for (const details of document.querySelectorAll(".settings > details[open]")) {
  if (matchMedia("(max-width: 600px)").matches) details.open = false;
  addEventListener("beforeprint", () => { details.open = true; });
}
