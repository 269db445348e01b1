// What the student's portal does beside HTML: a worker for when there is no network, the way to the gateway, small sums.
"use strict";

// <leave-once name="…">: sends its form by itself the first time; who comes back by the browser's own button decides anew.
customElements.define("leave-once", class extends HTMLElement {
  connectedCallback() {
    const key = `left:${this.getAttribute("name")}`;
    if (sessionStorage.getItem(key)) return;
    sessionStorage.setItem(key, "1");
    this.querySelector("form").requestSubmit();
  }
});

// <pay-sum>: what the ticked fees come to, on the button; the server counts again.
customElements.define("pay-sum", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("change", this);
    this.handleEvent();
  }
  handleEvent() {
    const ticked = [...this.querySelectorAll("input:checked")];
    const paise = ticked.reduce((sum, one) => sum + Number(one.dataset.paise), 0);
    const digits = { minimumFractionDigits: paise % 100 ? 2 : 0 };
    this.querySelector("output").textContent = paise ? `₹${(paise / 100).toLocaleString("en-IN", digits)}` : "";
    this.querySelector("button").disabled = ticked.length === 0;
  }
});

// A hold that ends while one looks at what is to be paid.
document.addEventListener("ended", () => {
  const over = document.getElementById("hold-over");
  if (!over) return;
  over.hidden = false;
  document.getElementById("pay-now").disabled = true;
});
