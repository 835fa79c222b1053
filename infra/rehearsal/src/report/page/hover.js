// Shows a column's figures at the pointer at once. Without this the browser shows them after a moment.
(() => {
  const tip = document.getElementById("tip");
  for (const group of document.querySelectorAll(".tips > g")) {
    const title = group.querySelector("title");
    const words = title.textContent;
    title.remove();
    const place = (event) => {
      tip.textContent = words;
      tip.hidden = false;
      const left = Math.min(event.clientX + 16, innerWidth - tip.offsetWidth - 8);
      const top = Math.min(event.clientY + 16, innerHeight - tip.offsetHeight - 8);
      tip.style.transform = `translate(${left}px, ${top}px)`;
    };
    group.addEventListener("pointermove", place);
    group.addEventListener("pointerleave", () => { tip.hidden = true; });
  }
})();
