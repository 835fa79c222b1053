// Puts newer drawings in place as they come. Everything is drawn on the server; without this script the page asks again.
"use strict";
(() => {
  const drawing = document.getElementById("drawing");
  const link = document.getElementById("link");
  const source = new EventSource(drawing.dataset.live);
  source.addEventListener("drawing", (event) => {
    // Whoever is on a link or a button by keyboard stays there.
    const focused = drawing.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    const scrolled = [...drawing.querySelectorAll(".wide")].map((one) => one.scrollLeft);
    drawing.innerHTML = event.data;
    drawing.querySelectorAll(".wide").forEach((one, index) => { one.scrollLeft = scrolled[index] || 0; });
    if (focused) {
      const same = [...drawing.querySelectorAll("a")].find((one) => one.getAttribute("href") === focused);
      if (same) same.focus({ preventScroll: true });
    }
  });
  source.addEventListener("open", () => { link.textContent = "live"; link.className = "on"; });
  source.addEventListener("error", () => { link.textContent = "no connection to changeover serve"; link.className = "off"; });
})();
