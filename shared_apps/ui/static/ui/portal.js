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

// The worker belongs to the portal alone; what it keeps is asked anew now and then while one is here.
const keptAt = "kept-at";
const KEEP_EVERY = 2 * 60 * 1000;
async function workerWanted() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" });
  const { active } = await navigator.serviceWorker.ready;
  if (Date.now() - Number(sessionStorage.getItem(keptAt)) < KEEP_EVERY) return;
  sessionStorage.setItem(keptAt, String(Date.now()));
  active.postMessage("keep");
}
window.addEventListener("load", () => workerWanted().catch(() => {}));

// Whoever leaves takes along what was kept for them; the server's answer says the same to the browser.
document.addEventListener("submit", (event) => {
  if (!event.target.action.includes("/sign-out") && !event.target.action.endsWith("/me/profile")) return;
  sessionStorage.removeItem(keptAt);
  if ("caches" in window) caches.keys().then((names) => names.forEach((name) => caches.delete(name)));
});

// <install-hint>: offers the app from the second visit on, where the browser offers it; never beside a payment.
let offer = null;
window.addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  offer = event;
  document.querySelector("install-hint")?.show();
});
customElements.define("install-hint", class extends HTMLElement {
  connectedCallback() {
    if (!sessionStorage.getItem("visit")) {
      sessionStorage.setItem("visit", "1");
      localStorage.setItem("visits", String(Number(localStorage.getItem("visits")) + 1));
    }
    this.querySelector("[data-install]").addEventListener("click", () => this.install());
    this.querySelector("[data-later]").addEventListener("click", () => this.later());
    this.show();
  }
  show() {
    this.hidden = !offer || Number(localStorage.getItem("visits")) < 2 || localStorage.getItem("install-later") !== null;
  }
  async install() {
    const asked = offer;
    offer = null;
    this.hidden = true;
    await asked.prompt();
  }
  later() {
    localStorage.setItem("install-later", "1");
    this.hidden = true;
  }
});

// The kept page says so when it is shown without network.
document.addEventListener("DOMContentLoaded", () => {
  const kept = document.getElementById("kept");
  if (kept) kept.hidden = navigator.onLine && location.pathname === "/today";
});
