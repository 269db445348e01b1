// The counter by keyboard: a student picked with the arrows, fees added up as they are chosen, the change counted.
"use strict";

// <find-student>: a search whose answers are links in a listbox; arrows move, Enter opens the one that is marked.
customElements.define("find-student", class extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector("input");
    this.list = this.querySelector("[role='listbox']");
    this.field.addEventListener("keydown", this);
    this.addEventListener("htmx:after:swap", this);
  }
  handleEvent(event) {
    if (event.type !== "keydown") return this.mark(0);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.mark(this.at + (event.key === "ArrowDown" ? 1 : -1));
    } else if (event.key === "Enter") {
      event.preventDefault();
      // Typed faster than answered: open what comes.
      if (this.list.dataset.text === this.field.value.trim()) this.options[this.at]?.click();
      else this.waiting = true;
    } else if (event.key === "Escape") {
      this.field.value = "";
      this.list.replaceChildren();
      this.mark(0);
    }
  }
  get options() {
    return [...this.list.querySelectorAll("[role='option']")];
  }
  mark(index) {
    const options = this.options;
    this.list.dataset.text = this.list.firstElementChild?.dataset.text ?? "";
    this.at = options.length ? (index + options.length) % options.length : 0;
    options.forEach((option, number) => option.setAttribute("aria-selected", String(number === this.at)));
    this.field.setAttribute("aria-expanded", String(options.length > 0));
    const marked = options[this.at];
    if (marked) this.field.setAttribute("aria-activedescendant", marked.id);
    else this.field.removeAttribute("aria-activedescendant");
    marked?.scrollIntoView({ block: "nearest" });
    if (this.waiting && this.list.dataset.text === this.field.value.trim()) {
      this.waiting = false;
      marked?.click();
    }
  }
});

// <take-fee>: the sum of what is chosen on its button, the change of what is given, the field each way of paying needs.
customElements.define("take-fee", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("input", this);
    this.addEventListener("change", this);
    this.addEventListener("keydown", this);
    this.show();
  }
  handleEvent(event) {
    if (event.type !== "keydown") return this.show();
    // Enter takes the money from wherever the hands are, but for links and buttons.
    if (event.key === "Enter" && event.target.matches("input:not([type='text'])")) {
      event.preventDefault();
      this.querySelector("form").requestSubmit(this.querySelector("button[data-take]"));
    }
  }
  show() {
    const chosen = [...this.querySelectorAll("input[name='due']:checked")];
    const paise = chosen.reduce((sum, one) => sum + Number(one.dataset.paise), 0);
    const method = this.querySelector("input[name='method']:checked")?.value ?? "cash";
    for (const part of this.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(method);
    for (const sum of this.querySelectorAll("[data-sum]")) sum.textContent = this.rupees(paise);
    this.querySelector("button[data-take]").disabled = chosen.length === 0;
    const given = Math.round(Number(this.querySelector("[data-given]")?.value || 0) * 100);
    const back = this.querySelector("[data-change]");
    if (back) {
      back.textContent = given ? this.rupees(Math.abs(given - paise)) : "";
      this.querySelector("[data-change-back]").hidden = !(given && given >= paise);
      this.querySelector("[data-change-short]").hidden = !(given && given < paise);
    }
  }
  rupees(paise) {
    const options = { style: "currency", currency: "INR", minimumFractionDigits: paise % 100 ? 2 : 0 };
    return new Intl.NumberFormat("en-IN", { ...options, maximumFractionDigits: 2 }).format(paise / 100);
  }
});
