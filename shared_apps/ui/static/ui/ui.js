// What HTML and htmx do not do by themselves: light-DOM elements that start again after any swap, and a few manners.
"use strict";

// One socket a tab, opened by the first element that follows a topic; a page works without it, by asking now and then.
const live = {
  socket: null,
  followers: new Map(),
  wait: 1000,
  follow(topic, told) {
    const known = this.followers.get(topic) ?? new Set();
    known.add(told);
    this.followers.set(topic, known);
    if (this.socket?.readyState === WebSocket.OPEN) this.say("subscribe", topic);
    else this.open();
  },
  leave(topic, told) {
    const known = this.followers.get(topic);
    known?.delete(told);
    if (known?.size === 0) {
      this.followers.delete(topic);
      if (this.socket?.readyState === WebSocket.OPEN) this.say("unsubscribe", topic);
    }
  },
  say(type, topic) {
    this.socket.send(JSON.stringify({ type, topic }));
  },
  // Said only when it lasts: most sockets are back before anybody would have noticed.
  lost(is) {
    const banner = document.getElementById("reconnecting");
    if (is) {
      this.saying ??= setTimeout(() => (banner.hidden = false), 5000);
    } else {
      clearTimeout(this.saying);
      this.saying = undefined;
      banner.hidden = true;
    }
  },
  open() {
    if (!navigator.onLine || this.followers.size === 0) return;
    if (this.socket && this.socket.readyState < WebSocket.CLOSING) return;
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/live/`);
    this.socket = socket;
    socket.onopen = () => {
      this.wait = 1000;
      this.lost(false);
      for (const topic of this.followers.keys()) this.say("subscribe", topic);
    };
    socket.onmessage = (event) => {
      const heard = JSON.parse(event.data);
      // What was told while nobody listened is caught up with as soon as the topic is followed.
      for (const told of this.followers.get(heard.topic) ?? []) told(heard);
    };
    socket.onclose = (event) => {
      if (event.code === 4401 || event.code === 4403 || this.followers.size === 0) return;
      this.lost(true);
      setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(this.wait * 2, 30000);
    };
  },
};

// <live-feed topic="…">: asks htmx for itself anew (`hx-trigger="fresh, …"`) whenever its topic says something.
customElements.define("live-feed", class extends HTMLElement {
  connectedCallback() {
    this.topic = this.getAttribute("topic");
    if (!this.topic || document.documentElement.dataset.socket === "off") return;
    // What a `calm` one shows is as new as its page: it asks when something is told, or when the socket was lost between.
    let isNew = this.hasAttribute("calm");
    this.told = (heard) => {
      if (heard.type === "unsubscribed" || heard.type === "error") return;
      const isFirst = isNew && heard.type === "subscribed";
      isNew = false;
      if (!isFirst) htmx.trigger(this, "fresh");
    };
    live.follow(this.topic, this.told);
  }
  disconnectedCallback() {
    if (this.told) live.leave(this.topic, this.told);
  }
});

// <count-down seconds="60" then="resend">: counts to nothing, then opens the control of that id.
customElements.define("count-down", class extends HTMLElement {
  connectedCallback() {
    this.ends = Date.now() + Number(this.getAttribute("seconds")) * 1000;
    this.timer = setInterval(() => this.show(), 1000);
    this.show();
  }
  disconnectedCallback() {
    clearInterval(this.timer);
  }
  show() {
    const left = Math.max(0, Math.round((this.ends - Date.now()) / 1000));
    this.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    if (left > 0) return;
    clearInterval(this.timer);
    const control = document.getElementById(this.getAttribute("then") ?? "");
    if (control) control.disabled = false;
    this.dispatchEvent(new CustomEvent("ended", { bubbles: true }));
  }
});

// <code-field>: one field for six digits; takes what is pasted with spaces, or what the phone read from the message.
customElements.define("code-field", class extends HTMLElement {
  connectedCallback() {
    this.field = this.querySelector("input");
    this.field.addEventListener("input", this);
    this.field.addEventListener("paste", this);
    if ("OTPCredential" in window && this.hasAttribute("sms")) this.read();
  }
  disconnectedCallback() {
    this.reading?.abort();
  }
  handleEvent(event) {
    if (event.type === "paste") {
      event.preventDefault();
      this.take(event.clipboardData.getData("text"));
    } else {
      this.take(this.field.value);
    }
  }
  take(text) {
    const digits = text.replace(/\D/g, "").slice(0, 6);
    if (this.field.value !== digits) this.field.value = digits;
    if (digits.length === 6 && this.hasAttribute("sends") && this.sent !== digits) {
      this.sent = digits;
      this.field.form.requestSubmit();
    }
  }
  async read() {
    this.reading = new AbortController();
    try {
      const found = await navigator.credentials.get({ otp: { transport: ["sms"] }, signal: this.reading.signal });
      if (found) this.take(found.code);
    } catch {
      // No message was read; people type.
    }
  }
});

// <toast-note>: goes by itself after a while, not under the pointer or the focus.
customElements.define("toast-note", class extends HTMLElement {
  connectedCallback() {
    this.querySelector("button")?.addEventListener("click", () => this.remove());
    this.wait();
  }
  wait() {
    setTimeout(() => (this.matches(":hover, :focus-within") ? this.wait() : this.remove()), 8000);
  }
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog").close();
  const filler = event.target.closest("[data-fills]");
  if (filler) {
    const field = document.getElementById(filler.dataset.fills);
    field.value = filler.dataset.value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  }
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && event.target.closest?.("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// Nothing is sent twice: the button that was pressed waits until the answer is there.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented && !event.target.matches("[hx-post]")) return;
  const button = event.submitter ?? event.target.querySelector("button.btn");
  // One that fetches a file stays where it is, and no page comes to free it.
  if (button?.matches(".btn:not([data-stays])")) setTimeout(() => button.setAttribute("aria-busy", "true"));
});
const rested = () => {
  for (const button of document.querySelectorAll('.btn[aria-busy="true"]')) button.removeAttribute("aria-busy");
};
window.addEventListener("pageshow", rested);
document.addEventListener("htmx:finally:request", rested);

// A typed confirmation opens its button when it says what it must.
document.addEventListener("input", (event) => {
  const field = event.target.closest("[data-confirms]");
  if (field) document.getElementById(field.dataset.confirms).disabled = field.value.trim() !== field.dataset.word;
});

const focusWanted = () => {
  const [wanted, ...others] = document.querySelectorAll("[data-focus]");
  for (const other of [wanted, ...others]) other?.removeAttribute("data-focus");
  wanted?.focus();
};
document.addEventListener("DOMContentLoaded", focusWanted);
document.addEventListener("htmx:after:swap", focusWanted);

const offline = () => {
  document.getElementById("offline").hidden = navigator.onLine;
  // A socket does not notice by itself that the network went, nor at once that it is back.
  if (navigator.onLine) live.open();
  else live.socket?.close();
};
window.addEventListener("online", offline);
window.addEventListener("offline", offline);
document.addEventListener("DOMContentLoaded", offline);
