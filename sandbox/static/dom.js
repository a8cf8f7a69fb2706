// Building the page out of DOM nodes. Nothing here, or anywhere on this page, turns a string into markup:
// what an AI system wrote reaches the document as text nodes and checked attributes only.

const SVG = "http://www.w3.org/2000/svg";

/** h("button", {class: "x", on: {click: f}, data: {testid: "y"}}, child, "text") -> element. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) setProp(node, name, value);
  append(node, children);
  return node;
}

/** A button that does something: `testid` is its test hook, the rest of `props` as in h(). */
export function press({ testid, data, ...props }, click, ...children) {
  return h("button", { type: "button", ...props, data: { testid, ...data }, on: { click } }, ...children);
}

function setProp(node, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
  else if (name === "data") for (const [key, text] of Object.entries(value)) setData(node, key, text);
  else if (name === "value") node.value = value;
  else if (name === "checked") node.checked = Boolean(value);
  else node.setAttribute(name, value === true ? "" : String(value));
}

function setData(node, key, value) {
  if (value !== null && value !== undefined) node.dataset[key] = String(value);
}

export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

export function replace(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

const drawn = new WeakMap();

/** Draws `build()` into the node when `facts` differ from the last time; the focus stays on the same test hook. */
export function redraw(node, facts, build) {
  const key = JSON.stringify(facts);
  if (drawn.get(node) === key) return false;
  drawn.set(node, key);
  const focus = node.contains(document.activeElement) ? document.activeElement.dataset.testid : null;
  replace(node, build());
  if (focus) node.querySelector(`[data-testid="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  return true;
}

export const byId = (id) => document.getElementById(id);

/** Only addresses a browser may open safely become links; anything else stays text. */
export function safeUrl(text) {
  try {
    const url = new URL(String(text));
    return ["http:", "https:", "mailto:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null; // not an absolute address: the caller shows it as text
  }
}

export function hostOf(text) {
  const href = safeUrl(text);
  return href && !href.startsWith("mailto:") ? new URL(href).host : "";
}

/** An external link with the host it leads to in its title, or plain text when the address is not safe. */
export function link(url, label) {
  const href = safeUrl(url);
  if (!href) return h("span", { class: "dead-link", title: "Not a web address" }, label);
  return h("a", { class: "link", href, target: "_blank", rel: "noopener noreferrer nofollow", title: href }, label);
}

const ICONS = {
  hash: "M9 4 7.4 20M16.6 4 15 20M4.4 9h16M3.6 15h16",
  lock: "M6.5 11h11a1 1 0 0 1 1 1v7a1 1 0 0 1-1 1h-11a1 1 0 0 1-1-1v-7a1 1 0 0 1 1-1ZM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  home: "M4 11.5 12 5l8 6.5M6.5 10v9h11v-9M10.5 19v-5h3v5",
  chat: "M5 5.5h14a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-8L7 20v-3.5H5a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1Z",
  reply: "M10 6 4.5 11.5 10 17M5 11.5h8.5a6 6 0 0 1 6 6V19",
  clock: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16ZM12 8v4.3l2.8 1.7",
  bolt: "M13 3.5 5.5 13.5H11l-1 7 7.5-10.5H12l1-6.5Z",
  bell: "M12 4a5.5 5.5 0 0 0-5.5 5.5c0 5-2 6-2 7h15c0-1-2-2-2-7A5.5 5.5 0 0 0 12 4ZM10 19.5a2.2 2.2 0 0 0 4 0",
  send: "M5 5.2 20 12 5 18.8 7.2 12 5 5.2ZM7.2 12H13",
  close: "m6.5 6.5 11 11m0-11-11 11",
  menu: "M4.5 7h15M4.5 12h15M4.5 17h15",
  down: "m7 10 5 5 5-5",
  back: "m14.5 6-6 6 6 6",
  check: "m5.5 12.5 4.2 4.2 8.8-9.2",
  copy: "M9 9h9.5v10.5H9zM15 9V4.5H5.5V15H9",
  dots: "M6 12h.01M12 12h.01M18 12h.01",
  eye: "M3.5 12S6.5 6.5 12 6.5 20.5 12 20.5 12 17.5 17.5 12 17.5 3.5 12 3.5 12ZM12 9.7a2.3 2.3 0 1 1 0 4.6 2.3 2.3 0 0 1 0-4.6Z",
  pause: "M9 6.5v11M15 6.5v11",
  image: "M5 5.5h14a1 1 0 0 1 1 1v11a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1v-11a1 1 0 0 1 1-1ZM4.5 16l4.5-4.5 4 4 2.5-2.5 4 4M15.5 9.3h.01",
  people: "M9 6a3 3 0 1 1 0 6 3 3 0 0 1 0-6ZM3.5 19c0-3 2.4-4.8 5.5-4.8s5.5 1.8 5.5 4.8M15.5 6.4a2.8 2.8 0 0 1 0 5.2M17 14.6c2.1.7 3.5 2.2 3.5 4.4",
  plus: "M12 5.5v13M5.5 12h13",
  archive: "M4.5 5.5h15v4h-15zM6 9.5v9h12v-9M10 13h4",
};

export function icon(name, size = 18) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": "true" })) {
    svg.setAttribute(key, value);
  }
  svg.classList.add("icon", `icon-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

export function announce(text) {
  const line = h("p", {}, text);
  byId("announcer").append(line);
  while (byId("announcer").childElementCount > 20) byId("announcer").firstChild.remove();
}

export function toast(text, kind = "error") {
  const node = h("div", { class: `toast ${kind}`, data: { testid: "toast", kind } },
    h("span", {}, text),
    h("button", { class: "icon-button", type: "button", "aria-label": "Dismiss", on: { click: () => node.remove() } }, icon("close", 16)));
  byId("toasts").append(node);
  while (byId("toasts").childElementCount > 4) byId("toasts").firstChild.remove();
  setTimeout(() => node.remove(), kind === "error" ? 9000 : 4000);
}
