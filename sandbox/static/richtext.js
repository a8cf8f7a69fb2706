// rich_text: the block whose text is never parsed. Each leaf is a node of its own kind.
import { h, link } from "./dom.js";
import { emoji } from "./emoji.js";
import { broadcast, channelMention, dateNode, groupMention, userMention } from "./mrkdwn.js";

const TAGS = { bold: "b", italic: "i", strike: "s", underline: "u", code: "code" };

function withStyle(node, style = {}) {
  let styled = node;
  for (const [name, tag] of Object.entries(TAGS)) if (style[name]) styled = h(tag, {}, styled);
  return style.highlight || style.client_highlight ? h("mark", {}, styled) : styled;
}

const LEAVES = {
  text: (leaf) => document.createTextNode(leaf.text),
  link: (leaf) => link(leaf.url, leaf.text || leaf.url),
  user: (leaf) => userMention(leaf.user_id),
  usergroup: (leaf) => groupMention(leaf.usergroup_id),
  team: (leaf) => h("span", { class: "mention" }, `@${leaf.team_id}`),
  channel: (leaf) => channelMention(leaf.channel_id),
  emoji: (leaf) => document.createTextNode(emoji(leaf.name) ?? `:${leaf.name}:`),
  broadcast: (leaf) => broadcast(leaf.range),
  color: (leaf) => h("code", {}, leaf.value),
  date: (leaf, start) => dateNode(leaf.timestamp, leaf.format, { url: leaf.url, atStart: start }),
};

function leaves(elements = []) {
  return elements.map((leaf, index) => {
    const build = LEAVES[leaf.type];
    if (!build) return h("span", { class: "unsupported" }, `unsupported element: ${leaf.type}`);
    return withStyle(build(leaf, index === 0), leaf.style);
  });
}

function list(part) {
  const tag = part.style === "ordered" ? "ol" : "ul";
  const start = tag === "ol" && part.offset ? part.offset + 1 : null;
  const node = h(tag, { class: "rich-list", start, data: { indent: part.indent ?? 0 } });
  for (const item of part.elements ?? []) node.append(h("li", {}, leaves(item.elements)));
  return node;
}

const PARTS = {
  rich_text_section: (part) => h("p", { class: "rich-section" }, leaves(part.elements)),
  rich_text_list: list,
  rich_text_quote: (part) => h("blockquote", {}, leaves(part.elements)),
  rich_text_preformatted: (part) => h("pre", {}, leaves(part.elements)),
};

export function richText(block) {
  const parts = (block.elements ?? []).map((part) =>
    PARTS[part.type] ? PARTS[part.type](part) : h("p", { class: "unsupported" }, `unsupported rich text: ${part.type}`));
  return h("div", { class: "rich-text" }, parts);
}
