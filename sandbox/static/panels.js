// The panels that open from the strip: the clock (on a phone), how to raise an alert, and what can be broken.
import { byId, h, icon, press, redraw, toast } from "./dom.js";
import { post, remove } from "./api.js";
import { busyWhile } from "./actions.js";
import { channelById, channelTitle, displayName, people, store, theBot } from "./store.js";
import { profilePanel } from "./profile.js";
import { clockControls, tickClock } from "./topbar.js";

const FAULTS = [
  ["drop_before", "Line drops before it arrives"], ["drop_after", "Line drops after it took effect"], ["hang_after", "Takes effect, then hangs"],
  ["http_500_before", "HTTP 500, no effect"], ["http_500_after", "HTTP 500, yet it took effect"], ["html_after", "HTML page instead of JSON, took effect"],
  ["internal_error_after", "internal_error, yet it took effect"], ["rate_limited", "Rate limited (429)"], ["late", "Takes effect late"],
  ["down", "Slack is down"], ["slow", "Slack is slow"],
];
const METHODS = [
  "*", "chat.postMessage", "chat.update", "chat.delete", "response_url", "chat.postEphemeral", "views.open", "views.update", "views.publish",
  "conversations.history", "conversations.replies", "users.info", "auth.test", "upload_url", "files.completeUploadExternal",
];

let opened = null; // {name, node, before}
let refresh = async () => {};
export const onPanelChange = (callback) => {
  refresh = callback;
};

const PANELS = {
  profile: ["Your profile", () => profilePanel(change)],
  clock: ["The clock", clockPanel], raise: ["Raise an alert", raisePanel], faults: ["Break things", faultsPanel],
};

export function openPanel(name) {
  const again = opened?.name === name;
  closePanel();
  if (again) return;
  const body = h("div", { class: "panel-body" });
  const title = PANELS[name][0];
  const node = h("section", {
    class: `panel panel-${name}`, role: "dialog", "aria-label": title, data: { testid: `panel-${name}` },
    on: { keydown: (event) => event.key === "Escape" && closePanel() },
  }, h("div", { class: "panel-head" }, h("h2", {}, title), closeButton()), body);
  opened = { name, node, body, before: document.activeElement };
  byId("app").append(node);
  drawPanel();
  node.querySelector("button").focus();
}

const closeButton = () =>
  press({ class: "icon-button", "aria-label": "Close", testid: "panel-close" }, closePanel, icon("close"));

export function closePanel() {
  if (!opened) return;
  const { node, before } = opened;
  opened = null;
  node.remove();
  if (before?.isConnected) before.focus();
}

export function drawPanel() {
  if (!opened) return;
  const { faults, users, groups, clock, revoked, alerts_hint: hint } = store.state;
  const facts = [opened.name, store.as, store.channel, faults, users, groups, channelById(store.channel), clock.rate, revoked, hint];
  if (redraw(opened.body, facts, PANELS[opened.name][1])) tickClock();
}

function clockPanel() {
  return [
    h("p", { class: "big-clock" }, h("span", { data: { testid: "clock-day" } }), h("time", { data: { testid: "clock-now" } })),
    h("p", { class: "panel-note" }, "Business time. Policies, nudges and escalations follow it; rate limits and three-second deadlines do not."),
    h("div", { class: "panel-clock" }, clockControls()),
  ];
}

function raisePanel() {
  const curl = store.state?.alerts_hint?.curl;
  if (!curl) return [h("p", { class: "panel-note" }, "This workspace was started without the bot's intake: there is no line to show.")];
  return [
    h("p", { class: "panel-note" }, "Closeloop takes alerts over HTTP. Paste this into a terminal and watch the channel:"),
    h("pre", { class: "command", tabindex: "0", data: { testid: "alerts-hint" } }, curl),
    press({ class: "button primary" }, () => copy(curl), icon("copy", 16), "Copy"),
  ];
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.", "good");
  } catch {
    toast("The browser does not allow copying here: select the line and copy it yourself.");
  }
}

function faultsPanel() {
  return [
    h("p", { class: "panel-note" }, "What the network and Slack do to Closeloop's calls. The product has to hold all the same."),
    activeFaults(), faultForm(), installSwitch(), channelSwitches(), peopleSwitches(),
  ];
}

function activeFaults() {
  const faults = store.state?.faults ?? [];
  if (!faults.length) return h("p", { class: "quiet", data: { testid: "no-faults" } }, "Nothing is broken at the moment.");
  return h("ul", { class: "fault-list", "aria-label": "Faults that are on" }, faults.map(faultRow));
}

function faultRow(fault) {
  const name = FAULTS.find(([kind]) => kind === fault.fault)?.[1] ?? fault.fault;
  const mend = () => remove(`faults?id=${encodeURIComponent(fault.id)}`);
  return h("li", { data: { testid: "fault", id: fault.id, fault: fault.fault } },
    h("span", {}, h("strong", {}, name), h("small", {}, faultScope(fault))),
    press({ class: "icon-button", "aria-label": `Mend: ${name}`, testid: "fault-remove" }, (event) => change(event, mend), icon("close", 16)));
}

function faultScope({ method, times, channel, seconds }) {
  const where = channel ? ` in #${channelById(channel)?.name ?? channel}` : "";
  return `${method === "*" ? "every call" : method}${where}, ${times ? `${times} more` : "until mended"}${seconds ? `, ${seconds} s` : ""}`;
}

function choice(label, name, options) {
  return h("label", { class: "panel-field" }, h("span", {}, label),
    h("select", { class: "field", name, data: { testid: `fault-${name}` } }, options.map(([value, text]) => h("option", { value }, text))));
}

function faultForm() {
  const form = h("form", { class: "fault-form", on: { submit: (event) => addFault(event, form) } },
    choice("What happens", "kind", FAULTS), choice("To which call", "method", METHODS.map((name) => [name, name === "*" ? "every call" : name])),
    choice("How often", "times", [["1", "once"], ["3", "3 times"], ["10", "10 times"], ["", "until mended"]]),
    h("button", { type: "submit", class: "button danger", data: { testid: "fault-add" } }, "Break it"));
  return form;
}

function addFault(event, form) {
  event.preventDefault();
  const { kind, method, times } = Object.fromEntries(["kind", "method", "times"].map((name) => [name, form.elements[name].value]));
  const seconds = { late: 15, hang_after: 15, slow: 2, down: 60 }[kind] ?? null;
  return change(event, () => post("faults", { fault: kind, method, times: times ? Number(times) : null, seconds }));
}

function installSwitch() {
  const revoked = Boolean(store.state?.revoked);
  return h("fieldset", { class: "switches" }, h("legend", {}, "This workspace"),
    toggle(`${displayName(theBot())} is installed`, !revoked, "toggle-installed", () => post("install", { revoked: !revoked })));
}

function channelSwitches() {
  const channel = channelById(store.channel);
  if (!channel || channel.kind === "im") return null;
  const bot = theBot();
  const inside = channel.member_ids?.includes(bot.id);
  const path = `channels/${channel.id}`;
  return h("fieldset", { class: "switches" }, h("legend", {}, `#${channelTitle(channel)}`),
    toggle("Archived", channel.is_archived, "toggle-archived", () => post(path, { is_archived: !channel.is_archived })),
    toggle(`${displayName(bot)} is in it`, inside, "toggle-bot", () => post(path, inside ? { remove: [bot.id] } : { add: [bot.id] })));
}

function peopleSwitches() {
  return h("fieldset", { class: "switches" }, h("legend", {}, "People who still work here"),
    people().map((user) => toggle(displayName(user), !user.deleted, `toggle-${user.id}`,
      () => post(`users/${user.id}`, { deleted: !user.deleted }))));
}

function toggle(label, on, testid, work) {
  return press({ class: "toggle", role: "switch", "aria-checked": on ? "true" : "false", testid },
    (event) => change(event, work), h("span", {}, label), h("span", { class: "knob", "aria-hidden": "true" }));
}

function change(event, work) {
  const control = event.submitter ?? event.currentTarget;
  return busyWhile(control, async () => {
    await work();
    await refresh();
  });
}

addEventListener("pointerdown", (event) => {
  if (opened && !opened.node.contains(event.target) && !event.target.closest("#topbar, #tabs, [data-testid=who], #toasts, #popups")) closePanel();
});
