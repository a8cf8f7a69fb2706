// The left side: who one is, the channels with what waits in them, and the app. On a phone it is a drawer.
import { byId, h, icon, press, redraw } from "./dom.js";
import { switcher } from "./people.js";
import { statusText } from "./profile.js";
import { channelSlug, channelTitle, channels, displayName, me, store, users, zone } from "./store.js";
import { now, timeOf, zoneName } from "./time.js";

export const waitingIn = (channel) => (channel.kind === "im" ? channel.unread : channel.mentions) || 0;

export function drawSidebar({ choosePerson, chooseChannel, openPanel }) {
  const facts = [store.as, store.channel, { ...store.elsewhere, [store.as]: 0 }, channels(), users()];
  redraw(byId("sidebar"), facts, () => [
    h("div", { class: "side-top" },
      h("h2", { class: "side-title" }, "You are"),
      switcher(choosePerson),
      press({ class: "who", testid: "who", "aria-haspopup": "dialog", title: "Your profile: set a status, a manager, groups" }, () => openPanel("profile"),
        h("strong", {}, displayName(me())), h("span", {}, me().title || "No title"),
        h("span", { class: "who-status", data: { testid: "who-status" } }, statusText(me()) || "Set a status"),
        h("span", { class: "local", data: { testid: "local-time" } }, localTime()))),
    h("div", { class: "side-lists" },
      section("Channels", channels().filter((one) => one.kind !== "im"), chooseChannel),
      appSection(chooseChannel)),
    h("div", { class: "side-foot" },
      press({ class: "top-button only-phone", testid: "phone-raise" }, () => openPanel("raise"), icon("bell"), "Raise an alert"),
      h("p", {}, "Nothing here reaches the real Slack. ", h("a", { href: `/teams?as=${store.as}` }, "The stand-in of Teams"))),
  ]);
}

const localTime = () => `${timeOf(now(), zone())} in ${zoneName(zone())}`;

export function tickSidebar() {
  const node = document.querySelector("[data-testid=local-time]");
  if (node && node.textContent !== localTime()) node.textContent = localTime();
}

const last = (channel) => (channel.is_archived ? 2 : channel.is_member ? 0 : 1);

function section(title, list, choose) {
  const sorted = [...list].sort((a, b) => last(a) - last(b));
  return h("section", { class: "side-section" }, h("h2", { class: "side-title" }, title),
    h("ul", {}, sorted.map((channel) => h("li", {}, channelRow(channel, choose)))));
}

function channelRow(channel, choose) {
  const glyph = channel.is_archived ? "archive" : channel.kind === "private" ? "lock" : "hash";
  const kind = { archive: "archived channel", lock: "private channel", hash: "channel" }[glyph];
  const outside = !channel.is_member && !channel.is_archived;
  return row({
    id: channel.id, testid: `channel-${channelSlug(channel)}`, glyph, name: channelTitle(channel), faded: channel.is_archived || outside,
    unread: channel.unread, waiting: waitingIn(channel), kind: outside ? `${kind}, you are not in it` : kind,
  }, choose);
}

function appSection(choose) {
  const direct = channels().find((one) => one.kind === "im");
  return h("section", { class: "side-section" }, h("h2", { class: "side-title" }, "Closeloop"),
    h("ul", {},
      h("li", {}, row({ id: "home", testid: "nav-home", glyph: "home", name: "Home", kind: "Home tab of Closeloop" }, choose)),
      direct ? h("li", {}, row({
        id: direct.id, testid: "channel-closeloop", glyph: "chat", name: "Direct messages", kind: "direct messages with Closeloop",
        unread: direct.unread, waiting: waitingIn(direct),
      }, choose)) : null));
}

function row({ id, testid, glyph, name, kind, unread = 0, waiting = 0, faded = false }, choose) {
  const current = store.channel === id;
  const classes = ["row", current ? "current" : "", unread && !current ? "unread" : "", faded ? "faded" : ""].filter(Boolean).join(" ");
  const label = [name, kind, unread ? `${unread} unread` : "", waiting ? `${waiting} for you` : ""].filter(Boolean).join(", ");
  const dot = unread ? h("span", { class: "dot" }) : null;
  return press({ class: classes, "aria-current": current ? "page" : null, "aria-label": label, testid, data: { channel: id, unread, waiting } },
    () => choose(id), icon(glyph), h("span", { class: "row-name" }, name),
    waiting ? h("span", { class: "badge", data: { testid: "badge" } }, waiting) : dot);
}

/** The bar at the bottom of a phone. */
export function drawTabs({ openDrawer, chooseChannel, openPanel }) {
  const direct = channels().find((one) => one.kind === "im");
  const waiting = channels().filter((one) => one.kind !== "im").reduce((sum, one) => sum + waitingIn(one), 0);
  const facts = [store.channel, direct?.id, direct && waitingIn(direct), waiting];
  const inChannel = store.channel !== "home" && store.channel !== direct?.id;
  redraw(byId("tabs"), facts, () => [
    tab({ testid: "tab-channels", glyph: "hash", name: "Channels", waiting, current: inChannel }, openDrawer),
    tab({ testid: "tab-messages", glyph: "chat", name: "Direct", waiting: direct ? waitingIn(direct) : 0, current: store.channel === direct?.id },
      () => direct && chooseChannel(direct.id)),
    tab({ testid: "tab-home", glyph: "home", name: "Home", current: store.channel === "home" }, () => chooseChannel("home")),
    tab({ testid: "tab-clock", glyph: "clock", name: "Clock" }, () => openPanel("clock")),
    tab({ testid: "tab-break", glyph: "bolt", name: "Break" }, () => openPanel("faults")),
  ]);
}

function tab({ testid, glyph, name, waiting = 0, current = false }, onClick) {
  const label = waiting ? `${name}, ${waiting} for you` : name;
  return press({ class: current ? "tab current" : "tab", "aria-current": current ? "page" : null, "aria-label": label, testid }, onClick,
    h("span", { class: "tab-face" }, icon(glyph, 22), waiting ? h("span", { class: "badge" }, waiting) : null), h("span", {}, name));
}
