// The field below a channel or a thread: plain messages, and the app's slash command with hints.
import { h, icon, toast } from "./dom.js";
import { post } from "./api.js";
import { groups, store, users } from "./store.js";

const COMMANDS = [
  { text: "/loop mine", about: "Your open alerts, overdue first" },
  { text: "/loop status ", about: "One alert by the number on its card", usage: "<number>" },
  { text: "/loop open ", about: "All open alerts, or those of one channel", usage: "[#channel]" },
  { text: "/loop help", about: "What can be typed" },
];

const commands = () => store.state?.commands ?? ["/loop"];

/** What a chat client does before it sends: escapes the three signs, and turns @Ana and @here into mentions. */
function outgoing(text) {
  const escaped = text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const grouped = escaped.replace(/@([\w-]+)/g, (whole, handle) => {
    const group = groups().find((one) => one.handle === handle);
    return group ? `<!subteam^${group.id}>` : whole;
  });
  return grouped.replace(/@([\p{L}]+)(?: ([\p{L}]+))?/gu, (whole, first, last) => mention(whole, first, last));
}

function mention(whole, first, last = "") {
  if (["here", "channel", "everyone"].includes(first)) return `<!${first}>${last && ` ${last}`}`;
  const full = users().find((user) => user.real_name === `${first} ${last}`);
  if (full) return `<@${full.id}>`;
  const found = users().find((user) => [user.name, user.real_name?.split(" ")[0]].includes(first));
  return found ? `<@${found.id}>${last && ` ${last}`}` : whole;
}

/** -> node. `place` = {id, label, threadTs?}; `sent` is called after the server has taken it. */
export function composer({ id, label, threadTs }, sent) {
  const hints = h("div", { class: "hints", role: "listbox", "aria-label": "Commands", hidden: true, id: `hints-${threadTs ?? id}` });
  const field = h("textarea", {
    class: "composer-field", rows: 1, placeholder: label, "aria-label": label, "aria-controls": hints.id, maxlength: 40000,
    data: { testid: threadTs ? "thread-composer" : "composer" },
  });
  const button = h("button", {
    type: "submit", class: "send", "aria-label": "Send", title: "Send", data: { testid: threadTs ? "thread-send" : "composer-send" },
  }, icon("send"));
  const form = h("form", { class: "composer", on: { submit: onSubmit } }, hints, h("div", { class: "composer-box" }, field, button));
  const fit = () => {
    field.style.height = "auto";
    field.style.height = `${Math.min(field.scrollHeight, 180)}px`;
    if (!threadTs) showHints(hints, field, fill);
  };
  const fill = (text) => {
    field.value = text;
    field.focus();
    fit();
  };
  field.addEventListener("input", fit);
  field.addEventListener("keydown", (event) => onKey(event, { hints, fill, form }));
  field.addEventListener("blur", (event) => {
    if (!form.contains(event.relatedTarget)) hints.hidden = true;
  });

  async function onSubmit(event) {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      if (text.startsWith("/")) await command(text, { channel: id, threadTs });
      else await post("message", { as: store.as, channel: id, text: outgoing(text), thread_ts: threadTs });
      field.value = "";
      fit();
    } catch (error) {
      toast(error.message);
    }
    button.removeAttribute("aria-busy");
    await sent();
  }
  return form;
}

async function command(text, { channel, threadTs }) {
  const [, name, rest] = /^(\/\S*)\s*([\s\S]*)$/.exec(text);
  if (!commands().includes(name)) throw new Error(`${name} is not a valid command. Try ${commands()[0]} help.`);
  if (threadTs) throw new Error(`${name} is not supported in threads.`);
  const answer = await post("command", { as: store.as, channel, command: name, text: rest.trim() });
  if (answer.ok === false) throw new Error(answer.error ?? `${name} failed.`);
}

function showHints(hints, field, fill) {
  const typed = field.value.toLowerCase();
  const fitting = typed.startsWith("/") ? COMMANDS.filter((one) => one.text.startsWith(typed) || typed === "/") : [];
  hints.hidden = fitting.length === 0 || fitting[0].text === field.value;
  hints.replaceChildren(...fitting.map((one, index) => hintNode(one, index, fill)));
}

function hintNode({ text, usage, about }, index, fill) {
  return h("button", {
    type: "button", class: "hint", role: "option", "aria-selected": index === 0 ? "true" : "false", tabindex: "-1",
    data: { testid: "hint", text }, on: { mousedown: (event) => event.preventDefault(), click: () => fill(text) },
  }, h("span", { class: "hint-command" }, text.trim(), usage ? h("i", {}, ` ${usage}`) : null), h("span", { class: "hint-about" }, about));
}

function onKey(event, { hints, fill, form }) {
  const options = [...hints.children];
  const at = options.findIndex((node) => node.getAttribute("aria-selected") === "true");
  if (!hints.hidden && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    const next = (at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length;
    options.forEach((node, index) => node.setAttribute("aria-selected", String(index === next)));
  } else if (!hints.hidden && event.key === "Tab") {
    event.preventDefault();
    fill(options[at].dataset.text);
  } else if (!hints.hidden && event.key === "Escape") {
    event.stopPropagation();
    hints.hidden = true;
  } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
}
