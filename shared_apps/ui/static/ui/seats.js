// Halls that change while one looks: the map with its keys and its live seats, the hold's deadline, the pass's camera.
"use strict";

// <seat-map>: brings seats up to date as its topic tells of them, and asks for the whole again after a gap. Inside it,
// `#drawn` bears the topic and the version; `fine` says that the server knows more of a seat than the topic tells.
customElements.define("seat-map", class extends HTMLElement {
  connectedCallback() {
    this.words = JSON.parse(this.dataset.words);
    this.told = (heard) => this.hear(heard);
    this.swapped = () => this.settle();
    this.addEventListener("keydown", this);
    this.addEventListener("click", (event) => (this.picked = Boolean(event.target.closest("[data-seat]"))));
    this.addEventListener("htmx:before:swap", (event) => this.guard(event));
    document.addEventListener("htmx:after:swap", this.swapped);
    // Without a socket the page is brought up to date now and then.
    this.poll = setInterval(() => live.socket?.readyState === WebSocket.OPEN || this.fetch(), 30000);
    this.settle();
  }
  disconnectedCallback() {
    document.removeEventListener("htmx:after:swap", this.swapped);
    clearInterval(this.poll);
    clearTimeout(this.soon);
    if (this.topic) live.leave(this.topic, this.told);
  }
  // A refusal is a page of its own and holds no hall: what was asked for in the background stays as it is, and who did
  // something is shown how things stand.
  guard(event) {
    const { ctx } = event.detail;
    // Somebody has gone on to another seat or shift since this was asked for.
    const isLate = ctx.sourceElement === this && this.asked !== this.dataset.fresh;
    if (isLate || (ctx.sourceElement === this && ctx.target?.id === "hall" && this.isBusy())) {
      event.preventDefault();
      this.fetchSoon(0);
      return;
    }
    if (!["hall", "drawn"].includes(ctx.target?.id) || ctx.text.includes('id="hall"')) return;
    event.preventDefault();
    if (ctx.sourceElement !== this) location.reload();
  }
  // Somebody is at something in the panel, or reads there why not; news of the seat does not take that away.
  isBusy() {
    return this.querySelector("#chosen :is(details[open], [role=alert], :is(input, textarea, select):focus)") !== null;
  }
  get drawn() {
    return this.querySelector("#drawn");
  }
  settle() {
    const topic = this.drawn?.dataset.topic;
    if (topic !== this.topic) {
      if (this.topic) live.leave(this.topic, this.told);
      this.topic = topic;
      this.isFresh = true;
      if (topic && document.documentElement.dataset.socket !== "off") live.follow(topic, this.told);
    }
    const seats = this.seats();
    const entry = seats.find((seat) => seat.matches("[aria-current]")) ?? seats[0];
    // On a phone the panel is below the map: who picked a seat is shown what was picked.
    if (this.picked && matchMedia("(width < 64rem)").matches) this.querySelector("#chosen").scrollIntoView({ block: "nearest" });
    this.picked = false;
    for (const seat of seats) seat.tabIndex = seat === entry || seat === document.activeElement ? 0 : -1;
  }
  hear(heard) {
    if (heard.type === "subscribed") {
      // The page is newer than most; what changed since it was made is in the gap, if there is one.
      this.fetchSoon(0);
      return;
    }
    if (heard.type !== "seats") return;
    const version = Number(this.drawn.dataset.v);
    const { v, changes } = heard.data;
    if (v <= version) return;
    const isGap = v > version + 1;
    if (!isGap) {
      this.drawn.dataset.v = v;
      for (const [label, state] of Object.entries(changes)) this.change(label, state);
    }
    if (isGap || this.hasAttribute("fine") || this.querySelector(".seat-list, .pick-list")) this.fetchSoon(150);
    const chosen = this.drawn.querySelector("[data-seat][aria-current]")?.dataset.seat;
    if (chosen && chosen in changes) this.fetchSoon(150, "#hall");
  }
  change(label, state) {
    const seat = this.querySelector(`.bays [data-seat="${CSS.escape(label)}"]`);
    if (!seat || seat.matches(".seat-yours")) return;
    seat.className = `seat seat-${state}`;
    seat.setAttribute("aria-label", `${this.words.seat.replace("{}", label)}, ${this.words[state]}`);
  }
  fetchSoon(wait, part = "#drawn") {
    // What is typed in the panel is not taken away by news of other seats.
    this.wanted = this.wanted === "#hall" ? this.wanted : part;
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.fetch(), wait);
  }
  fetch() {
    const target = this.wanted ?? "#drawn";
    this.wanted = undefined;
    this.asked = this.dataset.fresh;
    htmx.ajax("GET", this.asked, { source: this, target, select: target, swap: "outerMorph" });
  }
  seats() {
    return [...this.querySelectorAll(".bays a.seat")];
  }
  handleEvent(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const here = event.target.closest?.(".bays a.seat");
    if (!here) return;
    if (event.key === " ") {
      event.preventDefault();
      here.click();
    }
    const seats = this.seats();
    const next = event.key === "Home" ? seats[0] : event.key === "End" ? seats.at(-1) : way && this.beside(here, seats, way);
    if (!next) return;
    event.preventDefault();
    here.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
  // The nearest seat that way, over aisles and from bay to bay: by where things are drawn, so on a phone too.
  beside(here, seats, [x, y]) {
    const middle = (seat) => {
      const box = seat.getBoundingClientRect();
      return [box.left + box.width / 2, box.top + box.height / 2];
    };
    const [left, top] = middle(here);
    const ahead = (seat) => {
      const [l, t] = middle(seat);
      const [along, aside] = x ? [(l - left) * x, Math.abs(t - top)] : [(t - top) * y, Math.abs(l - left)];
      return along > 2 && aside < (x ? 4 : 400) ? along + aside * 8 : Infinity;
    };
    const [best] = seats.map((seat) => [ahead(seat), seat]).sort((a, b) => a[0] - b[0]);
    return best[0] < Infinity ? best[1] : undefined;
  }
});

// <hold-timer seconds="600">: counts to the server's deadline; says so at two minutes and at thirty seconds, then asks
// the server what is true.
customElements.define("hold-timer", class extends HTMLElement {
  static observedAttributes = ["seconds"];
  connectedCallback() {
    this.start();
  }
  attributeChangedCallback() {
    if (this.isConnected) this.start();
  }
  disconnectedCallback() {
    clearInterval(this.timer);
  }
  start() {
    clearInterval(this.timer);
    this.ends = Date.now() + Number(this.getAttribute("seconds")) * 1000;
    this.timer = setInterval(() => this.show(), 1000);
    this.show();
  }
  show() {
    const left = Math.max(0, Math.round((this.ends - Date.now()) / 1000));
    this.querySelector("[data-left]").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    const said = left <= 30 ? this.dataset.half : left <= 120 ? this.dataset.two : "";
    const status = this.querySelector("[data-said]");
    if (status.textContent !== said) status.textContent = said;
    if (left > 0) return;
    clearInterval(this.timer);
    setTimeout(() => this.closest("seat-map")?.fetchSoon(0, "#hall"), 1000);
  }
});

// <pass-scanner>: reads the picture of a pass by the camera where the browser can, and sends the form.
customElements.define("pass-scanner", class extends HTMLElement {
  connectedCallback() {
    if (!("BarcodeDetector" in window)) return;
    this.hidden = false;
    this.querySelector("button").addEventListener("click", () => this.scan());
  }
  disconnectedCallback() {
    this.stop();
  }
  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = undefined;
  }
  async scan() {
    const video = this.querySelector("video");
    try {
      const detector = new BarcodeDetector({ formats: ["qr_code"] });
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      video.srcObject = this.stream;
      video.hidden = false;
      await video.play();
      while (this.stream) {
        const [found] = await detector.detect(video);
        if (found) return this.take(found.rawValue);
        await new Promise((done) => setTimeout(done, 200));
      }
    } catch {
      this.stop();
      video.hidden = true;
      this.querySelector("[role=status]").textContent = this.dataset.refused;
    }
  }
  take(text) {
    this.stop();
    const field = this.closest("form").elements.code;
    field.value = URL.canParse(text) ? (new URL(text).searchParams.get("code") ?? text) : text;
    this.closest("form").requestSubmit(this.closest("form").querySelector("[name=deed]"));
  }
});
