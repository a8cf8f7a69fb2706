// The platform's small text syntax (mrkdwn) and plain_text, as DOM nodes. Never markup from strings.
import { h, link } from "./dom.js";
import { emoji, withEmoji } from "./emoji.js";
import { fillDate } from "./time.js";
import { channelById, displayName, groups, me, theBot, userById, zone } from "./store.js";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
export const decode = (text) => text.replace(/&(amp|lt|gt);/g, (entity) => ENTITIES[entity]);

export function userMention(id) {
  const user = userById(id);
  const mine = id === me().id;
  const name = user ? displayName(user) : id === theBot().id ? "Closeloop" : id;
  return h("span", { class: mine ? "mention me" : "mention", data: { user: id, testid: "mention" } }, `@${name}`);
}

export function groupMention(id, label = "") {
  const group = groups().find((one) => one.id === id);
  const mine = group?.users.includes(me().id);
  return h("span", { class: mine ? "mention me" : "mention", data: { group: id } }, group ? `@${group.handle}` : label || `@${id}`);
}

export function channelMention(id) {
  return h("span", { class: "mention", data: { channel: id } }, `#${channelById(id)?.name ?? id}`);
}

export const broadcast = (range) => h("span", { class: "mention me", data: { broadcast: range } }, `@${range}`);

/** A date that follows the clock: `unix` and `pattern` stay in data attributes so that {ago} can be told anew. */
export function dateNode(unix, pattern, { url, atStart = false } = {}) {
  const text = fillDate(pattern, unix, zone(), atStart);
  const node = h("time", { class: "date", datetime: new Date(unix * 1000).toISOString(), data: { unix, pattern, start: atStart || null } }, text);
  return url ? append(link(url, ""), node) : node;
}

function append(parent, node) {
  parent.replaceChildren(node);
  return parent;
}

/** What stands between < and >: a mention, a channel, a date, or a link. Null when it is none of them. */
function angle(body, atStart) {
  const [target, label] = split(body, "|");
  if (/^@[UW]\w+$/.test(target)) return userMention(target.slice(1));
  if (/^#C\w+$/.test(target)) return channelMention(target.slice(1));
  if (/^!(here|channel|everyone)$/.test(target)) return broadcast(target.slice(1));
  if (target.startsWith("!subteam^")) return groupMention(target.slice(9), decode(label));
  if (target.startsWith("!date^")) return dateToken(target, label, atStart);
  if (/^(https?:\/\/|mailto:)/i.test(target)) return link(decode(target), decode(label || target.replace(/^mailto:/i, "")));
  return null;
}

function split(text, mark) {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function dateToken(target, fallback, atStart) {
  const [, unix, pattern, url] = target.split("^");
  if (!/^\d+$/.test(unix ?? "") || !pattern) return document.createTextNode(decode(fallback));
  return dateNode(Number(unix), decode(pattern), { url: url && decode(url), atStart });
}

const END = "(?![\\p{L}\\p{N}])";
const styled = (mark) => new RegExp(`^${mark}(?=\\S)([^\\n]*?\\S)${mark}${END}`, "u");
const STYLES = [["b", styled("\\*")], ["i", styled("_")], ["s", styled("~")]];
const CODE = /^`([^`\n]+)`/;
const EMOJI = /^:([a-z0-9_+-]+):/;
const BARE_URL = /^https?:\/\/[^\s<>|]+[^\s<>|.,;:!?)'"\]]/i;
const BARE_AT = /^@(here|channel|everyone)\b/;

/** One run of text without line structure -> array of nodes. */
export function inline(text, { verbatim = false, start = true } = {}) {
  const nodes = [];
  let plain = "";
  const flush = () => {
    if (plain) nodes.push(document.createTextNode(decode(plain)));
    plain = "";
  };
  for (let at = 0; at < text.length;) {
    const found = token(text, at, { verbatim, atStart: start && at === 0 });
    if (found) {
      flush();
      nodes.push(found.node);
      at += found.length;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  flush();
  return nodes;
}

function token(text, at, options) {
  const rest = text.slice(at);
  const first = rest[0];
  if (first === "<") return angleToken(rest, options.atStart);
  if (first === "`") return matched(CODE.exec(rest), (m) => h("code", {}, decode(m[1])));
  if (first === ":") return matched(EMOJI.exec(rest), (m) => (emoji(m[1]) ? document.createTextNode(emoji(m[1])) : null));
  if ("*_~".includes(first) && !/[\p{L}\p{N}]/u.test(text[at - 1] ?? "")) return styledToken(rest, options);
  if (options.verbatim) return null;
  if (first === "h" || first === "H") return matched(BARE_URL.exec(rest), (m) => link(decode(m[0]), decode(m[0])));
  if (first === "@") return matched(BARE_AT.exec(rest), (m) => broadcast(m[1]));
  return null;
}

function matched(match, build) {
  const node = match && build(match);
  return node ? { node, length: match[0].length } : null;
}

function angleToken(rest, atStart) {
  const end = rest.indexOf(">");
  const node = end > 1 ? angle(rest.slice(1, end), atStart) : null;
  return node && { node, length: end + 1 };
}

function styledToken(rest, options) {
  for (const [tag, pattern] of STYLES) {
    const found = matched(pattern.exec(rest), (m) => h(tag, {}, inline(m[1], { ...options, start: false })));
    if (found) return found;
  }
  return null;
}

/** A whole mrkdwn text: fenced blocks and quotes first, then each run inline. */
export function mrkdwn(text, { verbatim = false } = {}) {
  const nodes = [];
  String(text).split("```").forEach((piece, index, all) => {
    const closed = index < all.length - 1;
    if (index % 2 === 1 && closed) nodes.push(h("pre", {}, decode(piece.replace(/^\n|\n$/g, ""))));
    else nodes.push(...lines(index % 2 === 1 ? `\`\`\`${piece}` : index ? piece.replace(/^\n/, "") : piece, { verbatim, start: index === 0 }));
  });
  return nodes;
}

function lines(text, options) {
  const nodes = [];
  let quote = null;
  text.split("\n").forEach((line, index) => {
    const quoted = /^(>|&gt;) ?/.exec(line);
    if (quoted) {
      if (!quote) nodes.push((quote = h("blockquote", {})));
      else quote.append("\n");
      quote.append(...inline(line.slice(quoted[0].length), { ...options, start: true }));
      return;
    }
    if (index > 0 && !quote) nodes.push(document.createTextNode("\n"));
    quote = null;
    nodes.push(...inline(line, { ...options, start: options.start && index === 0 }));
  });
  return nodes;
}

/** A text object {type, text} -> nodes. plain_text has emoji and nothing else. */
export function textNodes(object) {
  if (!object) return [];
  if (object.type === "mrkdwn") return mrkdwn(object.text, { verbatim: object.verbatim === true });
  return [document.createTextNode(plain(object))];
}

/** A text object as one string, for labels and for fields that cannot hold nodes. */
export function plain(object) {
  if (!object) return "";
  const text = decode(String(object.text ?? ""));
  return object.emoji === false ? text : withEmoji(text);
}
