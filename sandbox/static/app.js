// The page of the stand-in workspace. The address says who one is and where (#ana/ai-alerts, #cleo/home,
// #ana/ai-alerts/<ts of a thread>); the server says everything else, and is asked again after every change.
import { byId, h, toast } from "./dom.js";
import { onAnswered } from "./actions.js";
import { get, listen, post, readMessages, readState } from "./api.js";
import { closeMenu } from "./menu.js";
import { point } from "./messages.js";
import { onModalAnswered, syncModals } from "./modal.js";
import { closePanel, drawPanel, onPanelChange, openPanel } from "./panels.js";
import { drawMain, drawThread } from "./panes.js";
import { drawSidebar, drawTabs, tickSidebar, waitingIn } from "./sidebar.js";
import { channelById, channels, channelSlug, people, slugOf, store, users, zone } from "./store.js";
import { fillDate, rate, setClock } from "./time.js";
import { onShortcut } from "./tools.js";
import { drawTopbar, onClockMoved, tickClock } from "./topbar.js";

const HOME = "home";
const CAST = ["U0ANA", "U0BEN", "U0CLEO", "U0ELSA"];
const ELSEWHERE_SECONDS = 2;

// ---- where one is

function address({ as = store.as, channel = store.channel, thread = null }) {
  const place = channel === HOME ? HOME : channelById(channel) ? channelSlug(channelById(channel)) : "";
  return `#${[slugOf(as), place, thread].filter(Boolean).join("/")}`;
}

const go = {
  channel: (id) => move({ channel: id }),
  person: (id) => move({ as: id }),
  thread: (ts) => move({ thread: ts }),
  sent: () => refresh({ messages: true }),
};

function move(to) {
  closeMenu();
  openDrawer(false);
  const wanted = address(to);
  if (location.hash === wanted) return;
  byId("toasts").replaceChildren(); // they spoke of what was done here
  location.hash = wanted;
}

let arrival = 0; // who changes the address twice in a moment is only where the last one leads

async function arrive() {
  const mine = (arrival += 1);
  const [person, place, thread] = decodeURIComponent(location.hash.slice(1)).split("/");
  const as = person ? personBySlug(person) : store.as;
  const changedPerson = as !== store.as || !store.state;
  if (changedPerson) {
    store.loaded = false;
    const state = await becomePerson(as);
    if (mine !== arrival) return;
    sitDown(state);
  }
  const before = store.channel;
  store.channel = placeBySlug(place) ?? firstChannel();
  store.thread = thread ?? null;
  if (before !== store.channel || changedPerson) settleIn();
  await refresh({ messages: true });
}

function settleIn() {
  Object.assign(store, { messages: [], loaded: false });
  closePanel();
  if (store.channel === HOME) openHome();
}

function personBySlug(slug) {
  return users().find((user) => slugOf(user.id) === slug)?.id ?? `U0${slug.toUpperCase()}`;
}

function placeBySlug(slug) {
  if (slug === HOME) return HOME;
  return channels().find((channel) => channelSlug(channel) === slug)?.id ?? null;
}

const firstChannel = () => (channels().find((channel) => channel.is_member && !channel.is_archived) ?? channels()[0])?.id ?? HOME;

let hangUp = null;

/** The state as this person sees it; as the first who can sit here, when this person cannot. */
async function becomePerson(as) {
  try {
    return await readState(as);
  } catch (error) {
    if (![400, 403, 404].includes(error.status)) throw error;
    toast(`${as}: ${error.message}`);
    return anybody(as, error);
  }
}

async function anybody(except, error) {
  const known = people().filter((user) => !user.deleted).map((user) => user.id);
  for (const id of (known.length ? known : CAST).filter((one) => one !== except)) {
    const state = await readState(id).catch(() => null);
    if (state) return state;
  }
  throw error;
}

function sitDown(state) {
  store.state = state;
  store.as = state.me.id;
  localStorage.setItem("as", store.as);
  hangUp?.();
  hangUp = listen({ changed, online });
}

async function openHome() {
  try {
    const answer = await post("home", { as: store.as });
    if (answer.ok === false && answer.error) toast(answer.error);
  } catch (error) {
    toast(error.message);
  }
}

// ---- what is new

let due = { messages: false };
let running = null;
let next = null;
let pause = 0;

/** Asks the server again. Calls while an answer is under way share the next one. */
function refresh({ messages = false } = {}) {
  due.messages ||= messages;
  if (!running) return (running = run().finally(() => (running = null)));
  return (next ??= running.then(() => wait(pause)).then(() => {
    next = null;
    return refresh();
  }));
}

/** What is looked at is gone: the person was deactivated, or the channel is no longer theirs to see. */
function arriveAgain() {
  store.state = null;
  setTimeout(() => arrive().catch((error) => online(false, error.message)), 200);
}

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

async function run() {
  const started = performance.now();
  const asked = { as: store.as, channel: store.channel, thread: store.thread, messages: due.messages };
  due = { messages: false };
  try {
    const [state, found, replies] = await Promise.all([readState(), ...ask(asked)]);
    if (asked.as === store.as) take(state, found, asked.channel === store.channel ? replies : undefined, asked);
  } catch (error) {
    if ([403, 404].includes(error.status)) return void arriveAgain();
    online(false, error.message);
  }
  pause = Math.min(1000, performance.now() - started); // a slow answer is not asked for again at once
}

const ask = ({ channel, thread, messages }) =>
  !messages || channel === HOME || !channelById(channel) ? []
    : [readMessages(channel), thread ? readMessages(channel, thread).catch(() => null) : null];

function take(state, found, replies, asked) {
  store.state = state;
  setClock(state.clock);
  if (store.channel !== HOME && !channelById(store.channel)) return move({ channel: firstChannel() });
  if (found && asked.channel === store.channel) store.messages = found.messages;
  if (replies !== undefined && asked.thread === store.thread) store.replies = replies?.messages ?? [];
  if (!store.thread) store.replies = [];
  store.loaded ||= Boolean(found) || store.channel === HOME;
  history.replaceState(null, "", address({ thread: store.thread }));
  draw();
  if (found) markRead();
  return undefined;
}

function draw() {
  if (!store.loaded) return; // between two places: nothing of the new one is known yet
  const waiting = waitingAll(channels());
  const drawers = { openDrawer: () => openDrawer(true), openPanel: showPanel, choosePerson: go.person, chooseChannel: go.channel };
  drawTopbar(drawers);
  drawMain(go);
  drawThread(go);
  drawSidebar(drawers);
  drawTabs(drawers);
  drawPanel();
  syncModals(store.state.modals ?? []);
  store.elsewhere[store.as] = waiting;
  const place = store.channel === HOME ? "Home" : channelById(store.channel)?.name || "Closeloop";
  document.title = `${waiting ? `(${waiting}) ` : ""}${place} · Acme — stand-in workspace`;
  byId("app").dataset.ready = "true";
}

async function markRead() {
  const channel = channelById(store.channel);
  if (!channel?.unread || !channel.is_member || document.hidden) return;
  await post("read", { as: store.as, channel: channel.id }).catch(() => {}); // the badge stays: the next refresh tries again
  refresh();
}

function changed({ what, channel }) {
  const here = !channel || channel === store.channel;
  refresh({ messages: here && ["message", "channel", "users"].includes(what) });
  if (what === "message") lookElsewhere();
}

const waitingAll = (list) => list.reduce((sum, channel) => sum + waitingIn(channel), 0);

let lookedAt = -Infinity;
let looking = null;

/** What waits for the others, for the badges of the switcher: at most once in two seconds. */
function lookElsewhere() {
  if (looking || document.hidden) return;
  const delay = Math.max(0, ELSEWHERE_SECONDS * 1000 - (performance.now() - lookedAt));
  looking = setTimeout(async () => {
    lookedAt = performance.now();
    const others = people().filter((user) => user.id !== store.as && !user.deleted);
    const states = await Promise.allSettled(others.map((user) => get("state", { as: user.id })));
    looking = null;
    states.forEach(({ value }, index) => {
      if (value) store.elsewhere[others[index].id] = waitingAll(value.channels);
    });
    draw();
  }, delay);
}

function online(yes, why = "") {
  byId("app").dataset.online = String(yes);
  let bar = byId("offline");
  if (yes) {
    bar?.remove();
    if (store.channel) refresh({ messages: true });
  } else if (!bar) {
    const sentence = why || "The line to the workspace is down. Trying again…";
    bar = h("p", { id: "offline", class: "offline", role: "status", data: { testid: "offline" } }, sentence);
    byId("app").append(bar);
  }
}

// ---- the rest of the shell

function openDrawer(open) {
  byId("app").classList.toggle("drawer", open);
  if (open) byId("sidebar").querySelector("[aria-pressed=true]")?.focus();
}

function showPanel(name) {
  openDrawer(false);
  openPanel(name);
}

function tick() {
  tickClock();
  tickSidebar();
  for (const node of document.querySelectorAll("time[data-pattern]")) {
    const { unix, pattern, start } = node.dataset;
    const text = fillDate(pattern, Number(unix), zone(), start === "true");
    if (node.textContent !== text) node.textContent = text;
  }
  setTimeout(tick, rate() > 1 ? 200 : 1000);
}

addEventListener("hashchange", () => arrive().catch((error) => toast(error.message)));
addEventListener("visibilitychange", () => !document.hidden && store.state && refresh({ messages: true }));
addEventListener("keydown", (event) => {
  if (event.key === "Escape") openDrawer(false);
});
addEventListener("pointerdown", (event) => {
  const outside = !event.target.closest("#sidebar, [data-testid=open-drawer], [data-testid=phone-person], #tabs");
  if (byId("app").classList.contains("drawer") && outside) openDrawer(false);
});
byId("skip").addEventListener("click", (event) => {
  event.preventDefault();
  byId("main").focus();
});
onAnswered(() => refresh({ messages: true }));
onShortcut(() => refresh({ messages: true }));
onModalAnswered(() => refresh({ messages: true }));
onPanelChange(() => refresh({ messages: true }));
onClockMoved(() => refresh({ messages: true }));

/** A permalink (?channel=C…&ts=…) becomes an address of this page, and its message is pointed at. */
async function followPermalink() {
  const wanted = new URLSearchParams(location.search);
  const id = wanted.get("channel");
  if (!id) return;
  sitDown(await becomePerson(localStorage.getItem("as") ?? store.as));
  history.replaceState(null, "", `/sandbox${address({ channel: id, thread: wanted.get("thread_ts") })}`);
  await arrive();
  point(wanted.get("ts") ?? "");
}

followPermalink().then(() => arrive()).then(() => {
  tick();
  lookElsewhere();
}).catch((error) => online(false, error.message));
