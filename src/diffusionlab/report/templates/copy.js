"use strict";
// A button beside a command copies it.
(() => {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const code = button.parentElement.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "copied";
      } catch {  // where the browser does not let a page write, the command is marked for the reader to copy
        getSelection().selectAllChildren(code);
        button.textContent = "marked";
      }
      setTimeout(() => { button.textContent = "copy"; }, 1500);
    });
  }
})();

