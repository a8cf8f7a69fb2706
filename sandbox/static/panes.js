// The middle and the right: a channel with its composer, the Home tab of the app, and an open thread.
import { byId, h, icon, press, redraw, replace } from "./dom.js";
import { collect, makeContext } from "./actions.js";
import { blockNodes, restoreFields } from "./blocks.js";
import { composer } from "./composer.js";
import { openMenu } from "./menu.js";
import { emptyPane, messageList } from "./messages.js";
import { post } from "./api.js";
import { avatar } from "./people.js";
import { statusText } from "./profile.js";
import { channelById, channels, channelTitle, displayName, store, userById } from "./store.js";

const SHOWN = 300; // a page is for looking at; the oldest of a storm of messages are left out
let pane = null;   // {key, head, list?, foot?, body?, context?}
let thread = null; // {ts, list}

/** `go` = {channel(id), person(id), thread(ts | null), sent()}. */
export function drawMain(go) {
  const key = `${store.as} ${store.channel}`;
  const fresh = pane?.key !== key;
  if (fresh) pane = store.channel === "home" ? homePane(key) : channelPane(key, go);
  const channel = channelById(store.channel);
  if (store.channel === "home") drawHome(go);
  else if (channel) drawChannel(channel, { fresh, go });
}

function channelPane(key, go) {
  const channel = channelById(store.channel);
  const list = messageList({ channel, openThread: go.thread, label: `Messages in ${channelTitle(channel)}` });
  const made = { key, head: h("header", { class: "pane-head" }), list, foot: h("div", { class: "pane-foot" }), newFrom: firstUnread(channel) };
  replace(byId("main"), made.head, list.node, made.foot);
  return made;
}

function firstUnread(channel) {
  return channel.unread ? store.messages.filter((message) => !message.ephemeral).at(-channel.unread)?.ts ?? null : null;
}

function drawChannel(channel, { fresh, go }) {
  redraw(pane.head, [channel, store.channel, channel.member_ids?.map((id) => userById(id))], () => channelHead(channel, go));
  redraw(pane.foot, [channel.is_archived, channel.is_member, channel.id], () => channelFoot(channel, go));
  pane.list.update(store.messages.slice(-SHOWN), { fresh, newFrom: pane.newFrom });
}

function channelHead(channel, go) {
  if (channel.kind === "im") return appHead(channel.id, go);
  const glyph = channel.is_archived ? "archive" : channel.kind === "private" ? "lock" : "hash";
  return [
    h("div", { class: "pane-title" },
      h("h1", { data: { testid: "pane-name" } }, icon(glyph, 20), channelTitle(channel)),
      channel.topic ? h("p", { class: "topic", title: channel.topic }, channel.topic) : null),
    membersButton(channel, go),
  ];
}

function membersButton(channel, go) {
  const members = (channel.member_ids ?? []).map((id) => userById(id)).filter(Boolean);
  const items = members.map((user) => ({
    key: user.id, label: displayName(user), description: user.is_bot ? "App" : statusText(user) || user.title, lead: avatar(user, "small"), user,
  }));
  const open = (event) => openMenu(event.currentTarget, {
    label: "Members: choose one to be them", role: "menu", items, onPick: ({ user }) => !user.is_bot && go.person(user.id),
  });
  const props = { class: "members", "aria-haspopup": "menu", "aria-expanded": "false", testid: "members" };
  return press({ ...props, "aria-label": `${members.length} members` }, open,
    h("span", { class: "faces" }, members.slice(0, 3).map((user) => avatar(user, "tiny"))), h("span", {}, members.length));
}

function appHead(current, go) {
  const direct = channels().find((one) => one.kind === "im");
  const tab = (id, name) => press(
    { class: "app-tab", "aria-current": id === current ? "page" : null, testid: `app-tab-${name.toLowerCase()}` },
    () => go.channel(id), name);
  return [
    h("div", { class: "pane-title with-badge" },
      h("h1", { data: { testid: "pane-name" } }, avatar({ is_bot: true }, "small"), "Closeloop"), h("span", { class: "app-badge" }, "APP")),
    h("nav", { class: "app-tabs", "aria-label": "Closeloop" }, tab("home", "Home"), direct ? tab(direct.id, "Messages") : null),
  ];
}

function channelFoot(channel, go) {
  if (channel.is_archived) return h("p", { class: "foot-note" }, icon("archive", 16), "This channel is archived. Nobody can write here.");
  if (!channel.is_member) {
    return h("div", { class: "foot-note" }, h("span", {}, `You are looking at #${channel.name} from outside.`),
      press({ class: "button primary", testid: "join" }, () => join(channel, go), "Join"));
  }
  const label = channel.kind === "im" ? "Message Closeloop" : `Message #${channel.name}`;
  return composer({ id: channel.id, label }, go.sent);
}

async function join(channel, go) {
  await post(`channels/${channel.id}`, { add: [store.as] });
  await go.sent();
}

function homePane(key) {
  const body = h("div", { class: "home", tabindex: "0", role: "region", "aria-label": "Closeloop Home", data: { testid: "home" } });
  const made = { key, head: h("header", { class: "pane-head" }), body };
  replace(byId("main"), made.head, made.body);
  return made;
}

function drawHome(go) {
  const view = store.state.home;
  redraw(pane.head, [store.as, "home"], () => appHead("home", go));
  const typed = pane.context ? collect(pane.context) : null;
  const drawn = redraw(pane.body, [view && { ...view, state: null }, store.as], () => (view ? homeView(view) : emptyHome()));
  if (drawn && typed) restoreFields(pane.body, typed);
}

function homeView(view) {
  pane.context = makeContext("home", { type: "view", view_id: view.id });
  pane.body.dataset.viewId = view.id;
  return h("div", { class: "home-view blocks" }, blockNodes(view.blocks, pane.context));
}

const emptyHome = () => emptyPane(avatar({ is_bot: true }, "large"), h("p", {}, "Closeloop has not shown anything here yet."));

export function drawThread(go) {
  const side = byId("thread");
  const root = store.thread && store.replies[0];
  side.hidden = !root;
  byId("app").classList.toggle("with-thread", Boolean(root));
  if (!root) {
    thread = null;
    side.replaceChildren();
    return;
  }
  const fresh = thread?.key !== `${store.as} ${store.thread}`;
  if (fresh) thread = threadPane(side, go);
  thread.list.update(store.replies, { fresh });
}

function threadPane(side, go) {
  const channel = channelById(store.channel);
  const list = messageList({ channel, openThread: null, label: "Thread" });
  const closeButton = press({ class: "icon-button", "aria-label": "Close thread", testid: "thread-close" }, () => go.thread(null), icon("close"));
  const where = channel.kind === "im" ? "Closeloop" : `#${channelTitle(channel)}`;
  const head = h("header", { class: "pane-head" },
    h("div", { class: "pane-title" }, h("h2", {}, "Thread"), h("p", { class: "topic" }, where)), closeButton);
  const open = channel.is_member && !channel.is_archived;
  const field = open ? composer({ id: channel.id, label: "Reply in thread", threadTs: store.thread }, go.sent) : null;
  const onKey = (event) => event.key === "Escape" && go.thread(null);
  replace(side, h("div", { class: "thread-box", data: { testid: "thread", ts: store.thread }, on: { keydown: onKey } },
    head, list.node, h("div", { class: "pane-foot" }, field)));
  return { key: `${store.as} ${store.thread}`, list };
}
