// Faces: initials in a coloured circle, in the colour the workspace gives a person.
import { h, icon } from "./dom.js";
import { displayName, people, slugOf, store } from "./store.js";

const COLOURS = ["#0f766e", "#9a3412", "#4338ca", "#a21caf", "#15803d", "#b45309", "#be123c"];

function colourOf(user) {
  if (/^#[0-9a-f]{6}$/i.test(user.color ?? "")) return user.color;
  return COLOURS[[...user.id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % COLOURS.length];
}

const WHITE_READS = 0.18; // relative luminance up to which white letters have a contrast of 4.5 : 1

function luminance(parts) {
  const [r, g, b] = parts.map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The colour, darkened as far as white initials need it. */
function readable(hex) {
  let parts = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
  while (luminance(parts) > WHITE_READS) parts = parts.map((part) => part * 0.96);
  return `rgb(${parts.map((part) => Math.round(part * 255)).join(" ")})`;
}

const initialsOf = (user) => user.initials || displayName(user).split(" ").map((word) => word[0]).join("").slice(0, 2).toUpperCase();

/** size: "tiny" 20 px, "small" 28, "medium" 36. Decoration: the name always stands beside it or in a label. */
export function avatar(user, size = "medium") {
  if (user?.is_bot) return h("span", { class: `avatar bot ${size}`, "aria-hidden": "true" }, loopMark());
  const known = user ?? { id: "?", real_name: "?" };
  const node = h("span", { class: `avatar ${size}${known.deleted ? " gone" : ""}`, "aria-hidden": "true" }, initialsOf(known));
  node.style.backgroundColor = readable(colourOf(known));
  return node;
}

export function loopMark() {
  const mark = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  mark.setAttribute("viewBox", "4 4 24 24");
  mark.setAttribute("aria-hidden", "true");
  mark.classList.add("loop-mark");
  for (const [d, name] of [["M22.6 11.2A8 8 0 1 0 24 16", "ring"], ["m12.4 16 3 3 8.4-8.6", "tick"]]) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", d);
    path.classList.add(name);
    mark.append(path);
  }
  return mark;
}

/** The "You are" switcher: one button a person, with what waits for them. */
export function switcher(choose) {
  const group = h("div", { class: "switcher", role: "group", "aria-label": "You are" });
  for (const user of people()) group.append(personButton(user, choose));
  return group;
}

function personButton(user, choose) {
  const current = user.id === store.as;
  const waiting = current ? 0 : store.elsewhere[user.id] ?? 0;
  const state = [user.deleted && "deactivated", user.is_restricted && "guest", waiting && `${waiting} waiting`];
  const label = [displayName(user), user.title, ...state].filter(Boolean).join(", ");
  return h("button", {
    type: "button", class: current ? "person current" : "person", "aria-pressed": current ? "true" : "false", "aria-label": label, title: label,
    data: { testid: `person-${slugOf(user.id)}`, user: user.id }, on: { click: () => choose(user.id) },
  }, h("span", { class: "person-face" }, avatar(user), waiting ? h("span", { class: "badge", data: { testid: "person-waiting" } }, waiting) : null),
  h("span", { class: "person-name" }, displayName(user).split(" ")[0]));
}

export function ephemeralMark() {
  return h("p", { class: "only-you", data: { testid: "only-you" } }, icon("eye", 14), "Only visible to you");
}
