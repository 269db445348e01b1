// <print-now>: opens the print dialogue once the receipt and its fonts are there.
"use strict";

customElements.define("print-now", class extends HTMLElement {
  async connectedCallback() {
    await document.fonts.ready;
    window.print();
  }
});
