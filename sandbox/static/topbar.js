// The strip above the workspace: what a stand-in has and a real workspace has not. The clock, alerts, faults.
import { byId, h, icon, press, redraw, toast } from "./dom.js";
import { post } from "./api.js";
import { avatar, loopMark } from "./people.js";
import { displayName, me, store, userById, zone } from "./store.js";
import { format, now, rate, setClock, zoneName } from "./time.js";

const RATES = [[0, "Pause"], [1, "1×"], [60, "60×"], [600, "600×"]];
const JUMPS = [[600, "+10 min"], [3600, "+1 h"], [86400, "+1 day"]];

export function drawTopbar({ openDrawer, openPanel }) {
  const user = userById(store.as);
  redraw(byId("topbar"), [store.as, zone(), rate(), user], () => [
    press({ class: "top-button only-phone", "aria-label": "Channels and people", testid: "open-drawer" }, openDrawer, icon("menu", 22)),
    h("div", { class: "brand" }, loopMark(), h("p", {}, h("strong", {}, store.state?.team?.name ?? "Acme"), h("span", {}, "stand-in workspace"))),
    h("div", { class: "clock", role: "group", "aria-label": "Business clock" }, clockFace(openPanel), h("div", { class: "clock-controls" }, clockControls())),
    h("div", { class: "top-tools" },
      topButton("bell", "Raise an alert", "raise", openPanel),
      topButton("bolt", "Break things", "faults", openPanel)),
    press({ class: "top-button only-phone", "aria-label": `You are ${displayName(me())}. Change person`, testid: "phone-person" },
      openDrawer, avatar(me(), "small")),
  ]);
  tickClock();
}

function topButton(glyph, label, panel, openPanel) {
  return press({ class: "top-button wide", "aria-haspopup": "dialog", "aria-label": label, testid: `open-${panel}` },
    () => openPanel(panel), icon(glyph), h("span", {}, label));
}

function clockFace(openPanel) {
  const speed = rate() === 0 ? "paused" : `${rate()}×`;
  return press({ class: "clock-face", title: `Business time in ${zoneName(zone())}`, "aria-haspopup": "dialog", testid: "clock-face" }, () => openPanel("clock"),
    h("span", { class: "clock-day", data: { testid: "clock-day" } }), h("time", { class: "clock-now", data: { testid: "clock-now" } }),
    h("span", { class: rate() === 1 ? "clock-speed" : "clock-speed fast", data: { testid: "clock-speed" } }, speed));
}

/** The buttons that move business time; the strip has them, and on a phone the clock panel. */
export function clockControls() {
  return [
    h("div", { class: "segments", role: "group", "aria-label": "Speed" }, RATES.map(([value, label]) =>
      press({
        class: "segment", "aria-pressed": rate() === value ? "true" : "false", testid: `clock-rate-${value}`,
        "aria-label": value ? `${value} times real time` : "Pause the clock",
      }, () => move({ rate: value }), value ? label : icon("pause", 16)))),
    h("div", { class: "segments", role: "group", "aria-label": "Jump ahead" }, JUMPS.map(([value, label]) =>
      press({ class: "segment", testid: `clock-jump-${value}` }, () => move({ advance: value }), label))),
  ];
}

async function move(change) {
  try {
    setClock(await post("clock", change));
    tickClock();
    moved();
  } catch (error) {
    toast(error.message);
  }
}

let moved = () => {};
export const onClockMoved = (callback) => {
  moved = callback;
};

const SHOWN = [
  ["clock-now", { hour: "2-digit", minute: "2-digit", second: "2-digit" }],
  ["clock-day", { weekday: "short", day: "numeric", month: "short" }],
];

export function tickClock() {
  for (const [hook, options] of SHOWN) {
    for (const node of document.querySelectorAll(`[data-testid=${hook}]`)) {
      node.textContent = format(now(), zone(), options);
      node.dataset.now = now().toFixed(3);
    }
  }
}
