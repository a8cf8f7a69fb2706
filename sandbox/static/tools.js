// What can be done with a message: answer in its thread, and "More actions" with the app's message shortcuts.
import { h, icon, press, toast } from "./dom.js";
import { busyWhile } from "./actions.js";
import { post } from "./api.js";
import { openMenu } from "./menu.js";
import { firstName, store, theBot, displayName } from "./store.js";

let refresh = async () => {};
export const onShortcut = (callback) => {
  refresh = callback;
};

/** `openThread` null inside a thread: there is none to open. */
export function messageTools(message, { channel, name, openThread }) {
  const who = firstName({ id: "?", real_name: name });
  return h("div", { class: "message-tools" },
    openThread ? press({ class: "icon-button", title: "Reply in thread", "aria-label": `Reply in thread to ${who}`, testid: "open-thread" },
      () => openThread(message.ts), icon("reply")) : null,
    press({
      class: "icon-button", title: "More actions", "aria-label": `More actions for the message of ${who}`, "aria-haspopup": "menu",
      "aria-expanded": "false", testid: "more-actions",
    }, (event) => openActions(event.currentTarget, message, channel), icon("dots")));
}

function openActions(anchor, message, channel) {
  const shortcuts = (message.deleted ? [] : store.state?.shortcuts ?? []).map(({ name, callback_id }) => ({
    key: callback_id, label: name, description: displayName(theBot()), lead: icon("bolt"), run: () => runShortcut(anchor, message, channel, callback_id),
  }));
  const copy = { key: "copy-link", label: "Copy link", lead: icon("copy"), run: () => copyLink(message, channel) };
  openMenu(anchor, { label: "More actions", role: "menu", items: [...shortcuts, copy], onPick: (item) => item.run() });
}

function runShortcut(anchor, message, channel, callback_id) {
  return busyWhile(anchor, async () => {
    const answer = await post("shortcut", { as: store.as, channel: channel.id, ts: message.ts, callback_id });
    if (!answer.ok) toast(answer.error ?? "Closeloop did not accept this.");
    await refresh();
  });
}

/** The address chat.getPermalink gives for the same message. */
export function permalink(message, channel) {
  const reply = message.thread_ts && message.thread_ts !== message.ts;
  const thread = reply ? `?thread_ts=${message.thread_ts}&cid=${channel.id}` : "";
  return `${location.origin}/archives/${channel.id}/p${message.ts.replace(".", "")}${thread}`;
}

async function copyLink(message, channel) {
  try {
    await navigator.clipboard.writeText(permalink(message, channel));
    toast("Link copied.", "good");
  } catch {
    toast(`The browser does not allow copying here: ${permalink(message, channel)}`);
  }
}
