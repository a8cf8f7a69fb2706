// A list of messages: a channel, a direct message or a thread. A message that did not change keeps its node,
// so that an open menu, a half-filled field or the focus survives every live update.
import { announce, h, icon, press, replace } from "./dom.js";
import { collect, makeContext } from "./actions.js";
import { blockNodes, restoreFields } from "./blocks.js";
import { fileNodes } from "./files.js";
import { dateNode, mrkdwn, plain } from "./mrkdwn.js";
import { avatar, ephemeralMark } from "./people.js";
import { statusMark } from "./profile.js";
import { displayName, groups, store, theBot, userById, zone } from "./store.js";
import { dayKey, dayLabel, longTime, timeOf } from "./time.js";
import { messageTools } from "./tools.js";

const GROUP_SECONDS = 300;
const NEAR_BOTTOM = 80;
const dismissed = new Set(); // ephemeral messages put away by the person, until the page is loaded again

const authorOf = (message) => (message.user ? userById(message.user) : null) ?? (message.bot_id ? theBot() : { id: message.user ?? "?" });
const nameOf = (message) => message.username || displayName(authorOf(message));
const isApp = (message) => Boolean(message.bot_id);
const seconds = (message) => Number(message.ts);

/** -> {node, update(messages, {fresh, newFrom}), bottom()}. `openThread` null: no reply counts, as inside a thread. */
export function messageList({ channel, openThread, label }) {
  const rows = new Map(); // ts -> {key, node}
  const list = h("div", { class: "message-list", role: "list", "aria-label": label });
  const jump = press({ class: "jump", hidden: true, testid: "jump-to-new" }, () => bottom(), "New messages", icon("down", 16));
  const scroller = h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": label, data: { testid: "scroller" } }, list);
  const node = h("div", { class: "message-pane" }, scroller, jump);
  const nearBottom = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_BOTTOM;
  const bottom = () => {
    scroller.scrollTop = scroller.scrollHeight;
    jump.hidden = true;
  };
  let atBottom = true;
  scroller.addEventListener("scroll", () => {
    atBottom = nearBottom();
    if (atBottom) jump.hidden = true;
  });
  // A picture takes its place only when it has come; whoever was at the end stays there.
  scroller.addEventListener("load", () => atBottom && bottom(), true);

  function update(messages, { fresh = false, newFrom = null } = {}) {
    const stick = fresh || nearBottom();
    const shown = messages.filter((message) => !dismissed.has(message.ts));
    const added = shown.filter((message) => !rows.has(message.ts));
    const focused = rememberFocus(list);
    const nodes = arrange(shown, { rows, channel, openThread, newFrom, putAway: (ts) => putAway(ts, messages) });
    sameOrder(list, nodes);
    focused?.();
    if (stick) bottom();
    else if (added.length) jump.hidden = false;
    if (!fresh) added.forEach(tell);
  }

  function putAway(ts, messages) {
    dismissed.add(ts);
    update(messages);
  }
  return { node, update, bottom };
}

function tell(message) {
  if (message.user !== store.as) announce(`New message from ${nameOf(message)}: ${plain({ text: message.text })}`);
}

/** Nodes for the list: day lines, the line above what is new, and the messages, re-using unchanged ones. */
function arrange(messages, { rows, channel, openThread, newFrom, putAway }) {
  const nodes = [];
  let before = null;
  const present = new Set();
  for (const message of messages) {
    const day = dayKey(seconds(message), zone());
    const newDay = !before || dayKey(seconds(before), zone()) !== day;
    if (newDay && openThread) nodes.push(dayLine(message, day));
    if (message.ts === newFrom) nodes.push(h("div", { class: "new-line", role: "separator", "aria-label": "New messages" }, h("span", {}, "New")));
    const compact = !newDay && message.ts !== newFrom && grouped(before, message);
    nodes.push(row(message, { rows, channel, openThread, compact, putAway }));
    present.add(message.ts);
    before = message;
  }
  for (const ts of rows.keys()) if (!present.has(ts)) rows.delete(ts);
  return nodes.length ? nodes : [h("p", { class: "quiet" }, "Nothing here yet.")];
}

const grouped = (before, message) =>
  before && !isApp(message) && before.user === message.user && !before.ephemeral && !message.ephemeral &&
  seconds(message) - seconds(before) < GROUP_SECONDS;

function dayLine(message, day) {
  return h("div", { class: "day-line", data: { day } }, h("span", {}, dayLabel(seconds(message), zone())));
}

function row(message, { rows, channel, openThread, compact, putAway }) {
  const open = openThread && store.thread === message.ts;
  const key = JSON.stringify([message, compact, zone(), store.as, open, statusOf(message), groups()]);
  const known = rows.get(message.ts);
  if (known?.key === key) return known.node;
  const before = known?.node.querySelector(".blocks")?.context;
  const node = messageNode(message, { channel, openThread, compact, putAway });
  if (before) restoreFields(node, collect(before)); // what was chosen in it outlives a change of the message
  node.classList.toggle("open", Boolean(open));
  rows.set(message.ts, { key, node });
  return node;
}

const statusOf = ({ user }) => {
  const { status_text: text, status_emoji: glyph, status_expiration: ends } = userById(user) ?? {};
  return [text, glyph, ends];
};

/** Puts `nodes` into the list in order, touching only what differs: moving a node would drop its focus. */
function sameOrder(list, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...list.children]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
  });
}

/** If a control of a message has the focus, returns what puts it back after that message was drawn anew. */
function rememberFocus(list) {
  const active = document.activeElement;
  const message = list.contains(active) ? active.closest("[data-testid=message]") : null;
  if (!message) return null;
  const { ts } = message.dataset;
  const { actionId } = active.dataset;
  return () => {
    if (active.isConnected) return;
    const again = list.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
    const control = actionId ? again?.querySelector(`[data-action-id="${CSS.escape(actionId)}"]`) : null;
    (control ?? again)?.focus({ preventScroll: true });
  };
}

function messageNode(message, { channel, openThread, compact, putAway }) {
  const marks = { compact, ephemeral: message.ephemeral, "has-blocks": message.blocks?.length, deleted: message.deleted };
  const at = timeOf(seconds(message), zone());
  return h("article", {
    class: ["message", ...Object.keys(marks).filter((name) => marks[name])].join(" "), role: "listitem", tabindex: "-1", "aria-label": `${nameOf(message)}, ${at}`,
    data: {
      testid: "message", ts: message.ts, user: message.user ?? message.bot_id, ephemeral: message.ephemeral || null,
      delivery: message.metadata?.event_payload?.delivery,
    },
  },
  h("div", { class: "message-side" }, compact ? timeNode(message, at) : avatar(authorOf(message))),
  h("div", { class: "message-main" },
    message.ephemeral ? ephemeralMark() : null,
    compact ? null : byline(message, at),
    body(message, channel),
    fileNodes(message.files),
    openThread && message.reply_count ? replyCount(message, openThread) : null,
    message.ephemeral ? press({ class: "text-button" }, () => putAway(message.ts), "Dismiss message") : null),
  message.ephemeral ? null : messageTools(message, { channel, name: nameOf(message), openThread }));
}

const timeNode = (message, at) =>
  h("time", { class: "message-time", datetime: new Date(seconds(message) * 1000).toISOString(), title: longTime(seconds(message), zone()) }, at);

function byline(message, at) {
  return h("header", { class: "byline" }, h("strong", { class: "author" }, nameOf(message)),
    isApp(message) ? null : statusMark(authorOf(message)),
    isApp(message) ? h("span", { class: "app-badge" }, "APP") : null, timeNode(message, at));
}

function body(message, channel) {
  const edited = message.edited ? h("span", { class: "edited", data: { testid: "edited" } }, " (edited)") : null;
  if (!message.blocks?.length && !message.text && message.files?.length) return null;
  if (!message.blocks?.length) return h("div", { class: "text message-text" }, mrkdwn(message.text ?? ""), edited);
  const context = makeContext("message", { type: "message", channel: channel.id, ts: message.ts });
  const nodes = blockNodes(message.blocks, context);
  return Object.assign(h("div", { class: "blocks" }, nodes, edited), { context });
}

function replyCount(message, openThread) {
  const count = `${message.reply_count} ${message.reply_count === 1 ? "reply" : "replies"}`;
  const faces = (message.reply_users ?? []).slice(0, 3).map((id) => avatar(userById(id) ?? theBot(), "tiny"));
  const latest = message.latest_reply ? h("span", { class: "latest" }, "Last reply ", dateNode(Number(message.latest_reply), "{ago}")) : null;
  return press({ class: "replies", data: { testid: "replies", count: message.reply_count } }, () => openThread(message.ts),
    h("span", { class: "faces" }, faces), h("span", { class: "reply-count" }, count), latest);
}

/** Shows the message a link led to, for a moment in another colour. */
export function point(ts) {
  const node = document.querySelector(`[data-testid=message][data-ts="${CSS.escape(ts)}"]`);
  node?.scrollIntoView({ block: "center" });
  node?.classList.add("pointed");
}

export function emptyPane(...children) {
  return replace(h("div", { class: "empty-pane" }), ...children);
}
