// What the pages of students do beyond HTML: choosing many, and a dialog that the server wants open.
"use strict";

// <bulk-choice>: says how many rows are chosen, and chooses all of the page.
customElements.define("bulk-choice", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", this);
    this.addEventListener("keydown", this);
    this.show();
  }
  get boxes() {
    return [...this.querySelectorAll('input[name="student"]')];
  }
  handleEvent(event) {
    if (event.type === "keydown" && event.key === "Enter" && event.target.matches('[name="reason"]')) {
      event.preventDefault();
      const deed = document.getElementById("bulk-suspend-go");
      deed.form.requestSubmit(deed);
    } else if (event.type === "keydown") {
      if (event.key !== "Escape" || !this.chosen || event.target.closest("dialog")) return;
      for (const box of this.boxes) box.checked = false;
    } else if (event.target.matches("[data-all]")) {
      for (const box of this.boxes) box.checked = event.target.checked;
    }
    this.show();
  }
  show() {
    const all = this.querySelector("[data-all]");
    const count = this.querySelector("[data-count]");
    if (!all || !count) return;
    this.chosen = this.boxes.filter((box) => box.checked).length;
    all.checked = this.chosen > 0 && this.chosen === this.boxes.length;
    all.indeterminate = this.chosen > 0 && !all.checked;
    count.textContent = count.dataset.count.replace("#", this.chosen);
    this.toggleAttribute("chosen", this.chosen > 0);
  }
});

// <open-now data-dialog="…">: opens a dialog whose form came back with something to correct.
customElements.define("open-now", class extends HTMLElement {
  connectedCallback() {
    document.getElementById(this.dataset.dialog)?.showModal();
  }
});
