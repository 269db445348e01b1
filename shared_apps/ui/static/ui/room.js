// <class-room>: what is said and done in a class, told by the socket; what the socket missed is asked for.
"use strict";

customElements.define("class-room", class extends HTMLElement {
  connectedCallback() {
    for (const name of ["topic", "now", "me", "stay", "zone"]) this[name] = this.getAttribute(name);
    this.main = this.querySelector("main");
    this.lines = this.querySelector("[data-lines]");
    this.log = this.querySelector("[data-log]");
    this.people = this.querySelector("[data-people]");
    this.typed = new Map();
    this.waiting = [];
    this.after = Number(this.lines.lastElementChild?.dataset.seq ?? 0);
    this.hours = new Intl.DateTimeFormat("en-IN", { hour: "numeric", minute: "2-digit", hour12: true, timeZone: this.zone });
    this.told = (heard) => this.hear(heard);
    this.addEventListener("submit", (event) => this.sent(event));
    this.addEventListener("input", (event) => event.target.id === "say" && this.types());
    this.addEventListener("click", (event) => this.clicked(event));
    this.key = (event) => this.keyed(event);
    document.addEventListener("keydown", this.key);
    this.back = () => this.catchUp();
    window.addEventListener("online", this.back);
    this.ticks = setInterval(() => this.tick(), 1000);
    this.asked = Date.now();
    for (const hidden of this.querySelectorAll("[data-show]")) hidden.hidden = false;
    this.querySelector("[data-keys]").setAttribute("aria-pressed", this.hasKeys());
    this.hands();
    this.down();
    this.tick();
    if (document.documentElement.dataset.socket !== "off") live.follow(this.topic, this.told);
  }
  disconnectedCallback() {
    clearInterval(this.ticks);
    document.removeEventListener("keydown", this.key);
    window.removeEventListener("online", this.back);
    live.leave(this.topic, this.told);
  }

  // Told by the socket.
  hear({ type, at, data }) {
    // What is being answered may be older than this: it is asked for once more.
    if (this.asking) this.again = true;
    if (type === "subscribed") {
      this.following = true;
      this.catchUp();
    } else if (type === "chat.new_message") this.add([data]);
    else if (type === "chat.typing") this.typing(data);
    else if (type === "chat.switched") this.main.dataset.chat = data.open ? "open" : "closed";
    else if (type === "class.ended") location.reload();
    else if (type === "class.user_removed" && data.stay === this.stay) location.reload();
    else if (type === "class.user_joined") {
      this.place({ ...data, hand: "", may_speak: false });
      this.count(data.count);
      this.say("came", data.name);
    } else if (type === "class.user_left" || type === "class.user_removed") {
      this.person(data.stay)?.remove();
      this.count(data.count);
    } else if (type === "class.hand_raised") {
      const was = this.person(data.stay)?.dataset.hand;
      this.place({ stay: data.stay, name: data.name, hand: data.raised ? was || at : "", may_speak: data.may_speak });
      if (data.raised && !was && this.leads()) this.say("hand-up", data.name);
      if (data.may_speak && data.stay === this.stay) this.say("speaks");
    }
  }
  // Asked for: when the socket is there again, when it is away, and now and then to be sure.
  async catchUp() {
    this.again = this.asking;
    if (this.asking || !navigator.onLine) return;
    this.asking = true;
    this.asked = Date.now();
    try {
      const answer = await fetch(`${this.now}?after=${this.after}`, { headers: { Accept: "application/json" } });
      if (answer.ok) this.stands(await answer.json());
      else if (answer.status === 401 || answer.status === 404) location.reload();
      while (this.waiting.length) await this.post(...this.waiting[0]).then(() => this.waiting.shift());
    } catch {
      // Away: asked again in a while.
      this.again = false;
    }
    this.asking = false;
    if (this.again) this.catchUp();
  }
  stands(how) {
    if (how.state !== "live" || !how.in) return location.reload();
    this.main.dataset.chat = how.chat_open ? "open" : "closed";
    const there = new Set(how.people.map((one) => one.stay));
    for (const row of [...this.people.children]) if (!there.has(row.dataset.stay)) row.remove();
    for (const one of how.people) this.place(one);
    this.count(how.count);
    this.out(how.removed);
    this.add(how.lines);
  }
  out(removed) {
    const place = this.querySelector("[data-removed]");
    if (!place) return;
    place.hidden = removed.length === 0;
    const rows = removed.map(({ stay, name }) => {
      const row = this.made("out");
      row.querySelector(".person-what").textContent = name;
      row.querySelector('[name="stay"]').value = stay;
      return row;
    });
    place.querySelector("ul").replaceChildren(...rows);
  }
  tick() {
    const seconds = Math.max(0, Math.floor((Date.now() - Date.parse(this.getAttribute("started"))) / 1000));
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    const parts = hours ? [hours, String(minutes).padStart(2, "0")] : [minutes];
    this.querySelector("[data-clock]").textContent = [...parts, String(seconds % 60).padStart(2, "0")].join(":");
    const heard = this.following && live.socket?.readyState === WebSocket.OPEN;
    if (Date.now() - this.asked > (heard ? 30000 : 4000)) this.catchUp();
    this.typing();
  }

  // What is said.
  add(lines) {
    const low = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 80;
    for (const one of lines) {
      if (one.seq <= this.after) continue;
      // A gap means that something was missed: it is asked for, with this.
      if (one.seq > this.after + 1 && lines.length === 1) return this.catchUp();
      this.after = one.seq;
      const row = this.made("line");
      row.classList.toggle("chat-own", one.user === this.me);
      row.dataset.seq = one.seq;
      row.querySelector("b").textContent = one.name;
      row.querySelector("time").textContent = this.hours.format(new Date(one.sent_at)).toLowerCase();
      row.querySelector(".chat-text").textContent = one.text;
      this.lines.append(row);
      this.typed.delete(one.name);
      if (one.user !== this.me && !this.log.checkVisibility()) this.querySelector("[data-new]").hidden = false;
    }
    this.querySelector("[data-empty]").hidden = this.after > 0;
    if (low) this.down();
    this.typing();
  }
  down() {
    this.log.scrollTop = this.log.scrollHeight;
  }
  types() {
    if (Date.now() - (this.saidTyping ?? 0) < 2500 || live.socket?.readyState !== WebSocket.OPEN) return;
    this.saidTyping = Date.now();
    live.say("chat.typing", this.topic);
  }
  typing(who) {
    if (who && who.user !== this.me) this.typed.set(who.name, Date.now() + 4000);
    for (const [name, until] of this.typed) if (until < Date.now()) this.typed.delete(name);
    const [name] = this.typed.keys();
    const words = this.typed.size > 1 ? this.getAttribute("typing-many") : this.getAttribute("typing").replace("{name}", name);
    const place = this.querySelector("[data-typing]");
    const text = this.typed.size ? words : "";
    if (place.textContent !== text) place.textContent = text;
  }

  // Who is there.
  person(stay) {
    return [...this.people.children].find((row) => row.dataset.stay === stay);
  }
  place({ stay, name, part, hand, may_speak: speaks }) {
    let row = this.person(stay);
    if (!row) {
      row = this.made("person");
      row.dataset.stay = stay;
      row.dataset.part = part ?? "member";
      row.querySelector(".person-name").textContent = name;
      row.querySelector(".avatar").textContent = initials(name);
      for (const field of row.querySelectorAll('[name="stay"]')) field.value = stay;
      this.people.append(row);
    }
    row.toggleAttribute("data-hand", Boolean(hand));
    if (hand) row.dataset.hand = hand;
    row.toggleAttribute("data-speaks", speaks);
    const rank = (one) => [one.dataset.part === "member", !one.dataset.hand, one.dataset.hand ?? "", one.querySelector(".person-name").textContent];
    const before = (one, other) => {
      const [a, b] = [rank(one), rank(other)];
      const at = a.findIndex((value, index) => value !== b[index]);
      return at >= 0 && a[at] < b[at];
    };
    // Moved only when it must: a moved button loses the focus.
    while (row.previousElementSibling && before(row, row.previousElementSibling)) this.people.insertBefore(row, row.previousElementSibling);
    while (row.nextElementSibling && before(row.nextElementSibling, row)) this.people.insertBefore(row.nextElementSibling, row);
    this.hands();
    if (stay === this.stay) this.mine(Boolean(hand) || speaks);
  }
  hands() {
    const up = this.people.querySelectorAll("[data-hand]").length;
    const badge = this.querySelector("[data-hands-count]");
    badge.hidden = up === 0;
    badge.lastElementChild.textContent = up;
  }
  mine(up) {
    const form = this.querySelector("[data-hand-form]");
    if (!form) return;
    form.elements.raised.value = up ? "0" : "1";
    form.querySelector("button").setAttribute("aria-pressed", up);
  }
  count(many) {
    for (const place of this.querySelectorAll("[data-count]")) place.textContent = many;
    this.hands();
  }
  leads() {
    return "leads" in this.main.dataset;
  }
  say(words, name = "") {
    const place = this.querySelector("[data-told]");
    // Polite: one thing at a time, not more often than can be heard.
    if (Date.now() - (this.spoke ?? 0) < 3000 && words === "came") return;
    this.spoke = Date.now();
    place.textContent = this.getAttribute(words).replace("{name}", name);
    clearTimeout(this.quiet);
    this.quiet = setTimeout(() => (place.textContent = ""), 6000);
  }
  made(name) {
    return this.querySelector(`template[data-${name}]`).content.firstElementChild.cloneNode(true);
  }

  // What one does oneself: forms, which without this script are sent as forms.
  sent(event) {
    const form = event.target;
    if (!form.matches("[data-say], [data-quiet]")) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form, event.submitter));
    const text = body.get("text");
    form.closest("details")?.removeAttribute("open");
    if (form.matches("[data-say]")) {
      form.elements.text.value = "";
      form.elements.key.value = crypto.randomUUID();
      this.saidTyping = 0;
    }
    if (form.matches("[data-hand-form]")) this.mine(form.elements.raised.value === "1");
    const done = this.post(form.action, body).then((ok) => {
      // What was refused is not lost.
      if (!ok && text && !form.elements.text.value) form.elements.text.value = text;
    });
    done.catch(() => {
      if (!text) return;
      this.waiting.push([form.action, body]);
      this.refused(this.getAttribute("unsent"));
    });
  }
  async post(address, body) {
    body.set("after", this.after);
    const answer = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" } });
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) this.stands(told);
    this.refused(answer.ok ? "" : (told.words ?? ""));
    if (answer.status === 401) location.reload();
    return answer.ok;
  }
  refused(words) {
    const place = this.querySelector("[data-refused]");
    place.textContent = words;
    place.hidden = !words;
  }
  clicked(event) {
    const show = event.target.closest("[data-show]");
    if (show) {
      const frame = document.createElement("iframe");
      frame.allow = show.dataset.allows;
      frame.allowFullscreen = true;
      frame.title = this.querySelector("[data-stage]").getAttribute("aria-label");
      frame.src = show.dataset.show;
      this.querySelector("[data-stage]").classList.add("stage-on");
      show.parentElement.before(frame);
      show.remove();
    }
    const keys = event.target.closest("[data-keys]");
    if (keys) {
      localStorage.setItem("keys", this.hasKeys() ? "off" : "on");
      keys.setAttribute("aria-pressed", this.hasKeys());
    }
    if (event.target.matches('[name="pane"]')) {
      this.querySelector("[data-new]").hidden = true;
      this.down();
    }
  }
  hasKeys() {
    return localStorage.getItem("keys") !== "off";
  }
  keyed(event) {
    if (!this.hasKeys() || event.ctrlKey || event.altKey || event.metaKey || event.target.matches("input, textarea, select")) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key.toLowerCase() === "h") this.querySelector("[data-hand-form]")?.requestSubmit();
    if (event.key.toLowerCase() !== "c") return;
    event.preventDefault();
    this.querySelector('[name="pane"][value="chat"]').checked = true;
    this.querySelector("#say").focus();
  }
});

const initials = (name) => {
  const words = name.split(/\s+/).filter((word) => /^[\p{L}\p{N}]/u.test(word));
  return (words.length > 1 ? words[0][0] + words.at(-1)[0] : (words[0] ?? "?")).slice(0, 2).toUpperCase();
};
