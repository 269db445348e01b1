// The operator's pages: figures that nobody has heard of for a while say so.
"use strict";

// <fresh-figures seconds="60">: turns grey when it was not asked anew for so long; whatever takes its place begins anew.
customElements.define("fresh-figures", class extends HTMLElement {
  connectedCallback() {
    this.classList.remove("stale");
    this.timer = setTimeout(() => this.classList.add("stale"), Number(this.getAttribute("seconds")) * 1000);
  }
  disconnectedCallback() {
    clearTimeout(this.timer);
  }
});
