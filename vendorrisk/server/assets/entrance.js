// Moves a code from the address (after #) into the form and out of the address bar; shows a password on request.
"use strict";
{
  const code = document.querySelector("input[name=code]");
  const takeCode = () => {
    const fragment = decodeURIComponent(window.location.hash.slice(1));
    // Links within the page, to its content or to a field, are no codes.
    if (code && fragment && !document.getElementById(fragment)) {
      code.value = fragment;
      // The code must not stay in the address bar, the history or a bookmark.
      window.history.replaceState(null, "", window.location.pathname + window.location.search);
    }
    if (code && code.value) {
      // A code that was refused stays in sight, to be replaced.
      document.querySelectorAll("[data-paste='']").forEach((element) => { element.hidden = true; });
      document.querySelectorAll("[data-ready]").forEach((element) => { element.hidden = false; });
      const first = document.querySelector("form input:not([type=hidden]):not([name=code])");
      if (first && !first.value) first.focus();
    }
  };
  takeCode();
  // A link pasted into a tab that shows this page already does not load it again.
  window.addEventListener("hashchange", takeCode);

  for (const button of document.querySelectorAll(".secret button")) {
    const input = button.parentElement.querySelector("input");
    button.hidden = false;
    button.addEventListener("click", () => {
      const show = input.type === "password";
      input.type = show ? "text" : "password";
      button.textContent = show ? "Hide" : "Show";
      button.setAttribute("aria-pressed", String(show));
    });
  }

  // A second click must not send the form twice.
  for (const form of document.querySelectorAll("form")) {
    form.addEventListener("submit", (event) => {
      const button = event.submitter || form.querySelector(".action");
      if (!button) return;
      if (button.getAttribute("aria-disabled") === "true") event.preventDefault();
      button.setAttribute("aria-disabled", "true");
    });
  }
  window.addEventListener("pageshow", () => {
    document.querySelectorAll(".action").forEach((button) => button.removeAttribute("aria-disabled"));
  });

  const alert = document.querySelector("[role=alert]");
  if (alert) alert.focus();
}
