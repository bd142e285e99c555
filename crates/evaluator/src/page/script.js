"use strict";

const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");

// A film: of every reel the slider shows the newest frame that is not after the chosen stop.
for (const film of document.querySelectorAll(".film")) {
  const [slider, output, button] = ["input", "output", "button"].map((tag) => film.querySelector(tag));
  const reels = [...film.querySelectorAll(".reel")].map((reel) => [...reel.querySelectorAll("img")]);
  const stops = [...new Set(reels.flat().map((frame) => Number(frame.dataset.images)))].sort((a, b) => a - b);
  let timer = 0;

  const show = () => {
    const stop = stops[slider.value];
    for (const frames of reels) {
      const shown = frames.findLast((frame) => frame.dataset.images <= stop) ?? frames[0];
      for (const frame of frames) frame.hidden = frame !== shown;
    }
    output.value = `${grouped(stop)} images shown`;
    slider.setAttribute("aria-valuetext", output.value);
  };
  const pause = () => {
    clearInterval(timer);
    timer = 0;
    button.textContent = "Play";
  };
  const step = () => {
    if (Number(slider.value) === stops.length - 1) return pause();
    slider.value = Number(slider.value) + 1;
    show();
  };

  slider.max = stops.length - 1;
  slider.value = slider.max;
  slider.addEventListener("input", () => { pause(); show(); });
  button.addEventListener("click", () => {
    if (timer) return pause();
    if (slider.value === slider.max) { slider.value = 0; show(); }
    timer = setInterval(step, 350);
    button.textContent = "Pause";
  });
  film.querySelector(".controls").hidden = stops.length < 2;
  show();
}

// A chart: the pointer, or the arrow keys, choose a position, and the legend tells every curve's value there.
for (const chart of document.querySelectorAll(".chart")) {
  const values = [...chart.querySelectorAll(".legend b")];
  const at = chart.querySelector(".at");

  for (const plot of chart.querySelectorAll("svg")) {
    const curves = [...plot.querySelectorAll("polyline")].map((line) => ({
      points: [...line.points],
      kimgs: line.dataset.x.split(" "),
      values: line.dataset.y.split(" "),
      dot: plot.querySelector(`circle.dot.${line.classList[0]}`),
      value: values.find((value) => value.parentElement.classList.contains(line.classList[0])),
    }));
    const longest = curves.reduce((a, b) => (b.points.length > a.points.length ? b : a));
    const guide = plot.querySelector(".guide");
    let chosen = longest.points.length;

    const nearest = (points, x) => {
      let best = 0;
      points.forEach((point, index) => { if (Math.abs(point.x - x) < Math.abs(points[best].x - x)) best = index; });
      return best;
    };
    const look = (x) => {
      chosen = nearest(longest.points, x);
      const position = longest.points[chosen].x;
      plot.classList.add("looked-at");
      guide.setAttribute("x1", position);
      guide.setAttribute("x2", position);
      at.value = `at ${longest.kimgs[chosen]} kimg`;
      for (const curve of curves) {
        const index = nearest(curve.points, position);
        curve.dot.setAttribute("cx", curve.points[index].x);
        curve.dot.setAttribute("cy", curve.points[index].y);
        curve.value.textContent = curve.values[index];
      }
    };
    const leave = () => {
      plot.classList.remove("looked-at");
      chosen = longest.points.length;
      at.value = "";
      for (const value of values) value.textContent = "";
    };

    plot.addEventListener("pointermove", (event) => {
      const box = plot.getBoundingClientRect();
      look(((event.clientX - box.left) / box.width) * plot.viewBox.baseVal.width);
    });
    plot.addEventListener("pointerleave", leave);
    plot.addEventListener("blur", leave);
    plot.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = Math.min(Math.max(chosen + step, 0), longest.points.length - 1);
      look(longest.points[next].x);
    });
  }
}
