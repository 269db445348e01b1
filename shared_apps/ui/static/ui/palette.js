// The command palette and the keys: search or jump from anywhere; everything it does is also a link on some page.
"use strict";

const WAIT = 120; // ms of quiet before the server is asked
const CHORD = 1500; // ms in which a letter after `g` still counts

customElements.define("cmd-palette", class extends HTMLElement {
  connectedCallback() {
    this.box = this.querySelector("dialog.palette");
    this.field = this.box.querySelector("input");
    this.list = this.box.querySelector("[role=listbox]");
    this.field.addEventListener("input", () => this.later());
    this.field.addEventListener("paste", () => (this.pasted = true));
    this.box.addEventListener("keydown", (event) => this.moved(event));
    this.box.addEventListener("click", (event) => event.target === this.box && this.box.close());
    this.list.addEventListener("pointermove", (event) => this.choose(event.target.closest("a[role=option]")));
    this.box.querySelector("form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.go();
    });
    this.heard = (event) => this.key(event);
    this.clicked = (event) => {
      if (!event.target.closest("[data-palette]") || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      document.getElementById("side")?.matches(":popover-open") && document.getElementById("side").hidePopover();
      this.open();
    };
    document.addEventListener("keydown", this.heard);
    document.addEventListener("click", this.clicked);
  }
  disconnectedCallback() {
    document.removeEventListener("keydown", this.heard);
    document.removeEventListener("click", this.clicked);
  }
  open() {
    if (this.box.open) return this.field.select();
    this.field.value = "";
    this.box.showModal();
    this.field.focus();
    this.ask();
  }
  later() {
    clearTimeout(this.timer);
    this.asked = undefined;
    this.timer = setTimeout(() => this.ask(), this.pasted ? 0 : WAIT);
  }
  ask() {
    clearTimeout(this.timer);
    this.asking?.abort();
    this.asking = new AbortController();
    this.asked = this.fetch(this.field.value.trim(), this.asking.signal, this.pasted);
    this.pasted = false;
    return this.asked;
  }
  async fetch(text, signal, pasted) {
    const address = `${this.box.querySelector("form").action}?q=${encodeURIComponent(text)}`;
    try {
      const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal });
      if (answer.status === 401) return location.assign(answer.headers.get("HX-Redirect") ?? "/");
      if (!answer.ok) return;
      this.list.innerHTML = await answer.text();
    } catch {
      return; // a later question took its place, or there is no network
    }
    this.list.scrollTop = 0;
    this.choose(this.list.querySelector("a"));
    const exact = this.list.querySelectorAll("[data-exact]");
    if (pasted && exact.length === 1) exact[0].click();
  }
  choose(hit) {
    if (!hit) return this.field.removeAttribute("aria-activedescendant");
    this.list.querySelector('[aria-selected="true"]')?.setAttribute("aria-selected", "false");
    hit.setAttribute("aria-selected", "true");
    this.field.setAttribute("aria-activedescendant", hit.id);
  }
  moved(event) {
    const hits = [...this.list.querySelectorAll("a")];
    const at = hits.findIndex((hit) => hit.getAttribute("aria-selected") === "true");
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (to === undefined || hits.length === 0) return;
    event.preventDefault();
    const hit = hits[(to + hits.length) % hits.length];
    this.choose(hit);
    hit.scrollIntoView({ block: "nearest" });
  }
  // What was typed last is found first, however fast Enter comes.
  async go() {
    await (this.asked ?? this.ask());
    this.list.querySelector('[aria-selected="true"]')?.click();
  }
  key(event) {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      this.open();
      return;
    }
    const typing = event.target.closest?.("input, textarea, select, [contenteditable], dialog[open]");
    const off = document.documentElement.dataset.keys === "off";
    if (typing || off || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const does = this.after === "g" ? this.jump(event.key) : this.single(event.key);
    if (does) {
      event.preventDefault();
      does();
    }
  }
  single(key) {
    if (key === "g") {
      this.after = "g";
      setTimeout(() => (this.after = ""), CHORD);
    }
    const makes = document.querySelector("[data-new], .page-head a.btn-primary");
    return {
      "/": () => this.open(),
      "?": () => this.querySelector("#keys-help").showModal(),
      n: () => (makes ? makes.click() : this.open()),
    }[key];
  }
  jump(key) {
    this.after = "";
    const place = /^[a-z]$/.test(key) && document.querySelector(`[data-go="${key}"]`);
    return place ? () => place.click() : undefined;
  }
});

// <copy-field>: its button puts what its field holds on the clipboard and says so.
customElements.define("copy-field", class extends HTMLElement {
  connectedCallback() {
    this.querySelector("button").addEventListener("click", (event) => this.copy(event.currentTarget));
  }
  async copy(button) {
    const words = button.querySelector("span");
    const field = this.querySelector("input");
    field.select();
    await navigator.clipboard?.writeText(field.value);
    words.textContent = button.dataset.copied;
    words.setAttribute("role", "status");
  }
});
