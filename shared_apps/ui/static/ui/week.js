// <week-grid>: one stop for Tab, arrow keys between hours and days, Page Up and Page Down to the weeks beside it.
"use strict";

customElements.define("week-grid", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("keydown", this);
    this.addEventListener("focusin", (event) => this.only(event.target.closest("a")));
    this.only(this.querySelector("a.slot") ?? this.querySelector("td a"));
  }
  handleEvent(event) {
    const here = event.target.closest("td a");
    if (!here || event.altKey || event.ctrlKey || event.metaKey) return;
    const step = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    const week = { PageUp: "before", PageDown: "after" }[event.key];
    if (!step && !week) return;
    event.preventDefault();
    if (week) document.querySelector(`[data-week="${week}"]`).click();
    else this.next(here, ...step)?.focus();
  }
  // Inside a cell from class to class, else to the next cell that has anything to go to.
  next(here, across, down) {
    const cell = here.closest("td");
    const inside = [...cell.querySelectorAll("a")];
    const beside = inside[inside.indexOf(here) + down];
    if (down && beside) return beside;
    const rows = [...this.querySelectorAll("tbody tr")];
    let row = rows.indexOf(cell.parentElement) + down;
    let column = cell.cellIndex + across;
    while (rows[row]?.cells[column] && column > 0) {
      const links = [...rows[row].cells[column].querySelectorAll("a")].filter((one) => one.offsetParent);
      if (links.length) return down < 0 ? links.at(-1) : links[0];
      row += down;
      column += across;
    }
    return null;
  }
  only(chosen) {
    if (!chosen) return;
    for (const link of this.querySelectorAll("td a")) link.tabIndex = link === chosen ? 0 : -1;
  }
});
