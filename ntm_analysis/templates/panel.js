// What ipywidgets leaves out: the handle of a slider has the name of its label.
const named = setInterval(() => {
  const sliders = element.closest(".ntm-panel")?.querySelectorAll(".widget-slider") ?? [];
  for (const one of sliders)
    one.querySelector("[role=slider]")?.setAttribute("aria-label", one.querySelector("label").textContent);
  if (sliders.length && [...sliders].every(one => one.querySelector("[role=slider]"))) clearInterval(named);
}, 200);
