// One popup list for every menu on the page: selects, people, overflow. On a phone it is a sheet at the bottom.
import { byId, h, icon, press, replace } from "./dom.js";

let open = null; // {anchor, panel, close}

export function closeMenu() {
  open?.close();
}

/**
 * items(): [{key, label, description?, lead?: Node, selected?, danger?, group?}]; onPick(item) runs after the list closed.
 * role "listbox" for a choice of a value, "menu" for things to do. `many`: the list stays open, every pick turns one
 * item on or off, and onClose() runs when it is put away.
 */
export function openMenu(anchor, { label, items, role = "listbox", many = false, onPick, onClose = () => {} }) {
  if (open?.anchor === anchor) return closeMenu();
  closeMenu();
  const list = h("div", { class: "menu-list", role, "aria-label": label, "aria-multiselectable": many ? "true" : null });
  const all = () => (typeof items === "function" ? items() : items);
  const filter = all().length > 7 ? filterField(label) : null;
  const panel = h("div", { class: "menu", data: { testid: "menu" }, on: { keydown: onKey } },
    h("div", { class: "menu-title" }, label), filter, list,
    many ? press({ class: "button primary menu-done", testid: "menu-done" }, () => closeMenu(), "Done") : null);
  const shade = h("div", { class: "menu-shade", on: { click: () => closeMenu() } });
  const choose = (item) => {
    if (!many) closeMenu();
    onPick(item);
    if (many) fill();
    if (many) list.querySelector(`[data-value="${CSS.escape(item.key)}"]`)?.focus();
  };
  const fill = () => replace(list, optionNodes(all(), filter?.value ?? "", role, choose));
  filter?.addEventListener("input", fill);
  fill();
  byId("popups").append(shade, panel);
  place(anchor, panel);
  anchor.setAttribute("aria-expanded", "true");
  open = { anchor, panel, close: () => finish(anchor, [panel, shade], onClose) };
  focusFirst(filter, list);
  return undefined;
}

function focusFirst(filter, list) {
  if (filter && matchMedia("(hover: hover)").matches) filter.focus();
  else (list.querySelector("[aria-selected=true]") ?? list.querySelector(".menu-item"))?.focus();
}

function finish(anchor, nodes, onClose) {
  open = null;
  nodes.forEach((node) => node.remove());
  onClose();
  if (!anchor.isConnected) return;
  anchor.setAttribute("aria-expanded", "false");
  anchor.focus();
}

const filterField = (label) =>
  h("input", {
    class: "field menu-filter", type: "search", placeholder: "Search", "aria-label": `Search: ${label}`, autocomplete: "off",
    data: { testid: "menu-filter" },
  });

function optionNodes(items, wanted, role, choose) {
  const needle = wanted.trim().toLowerCase();
  const shown = items.filter((item) => `${item.label} ${item.description ?? ""}`.toLowerCase().includes(needle));
  if (!shown.length) return h("p", { class: "menu-empty" }, "Nothing matches");
  return shown.flatMap((item, index) => {
    const heading = item.group && item.group !== shown[index - 1]?.group;
    return [heading ? h("div", { class: "menu-group", role: "presentation" }, item.group) : null, optionNode(item, role, choose)];
  });
}

function optionNode(item, role, choose) {
  const selected = role === "listbox" ? { "aria-selected": item.selected ? "true" : "false" } : {};
  return h("button", {
    type: "button", class: item.danger ? "menu-item danger" : "menu-item", role: role === "listbox" ? "option" : "menuitem",
    ...selected, data: { testid: "option", value: item.key }, on: { click: () => choose(item) },
  }, item.lead, h("span", { class: "menu-text" }, h("span", {}, item.label), item.description ? h("small", {}, item.description) : null),
  item.selected ? icon("check", 16) : null);
}

function onKey(event) {
  const options = [...open.panel.querySelectorAll(".menu-item")];
  const at = options.indexOf(document.activeElement);
  const moves = { ArrowDown: at + 1, ArrowUp: at < 0 ? options.length - 1 : at - 1 };
  if (at >= 0) Object.assign(moves, { Home: 0, End: options.length - 1 });
  if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    closeMenu();
  } else if (event.key in moves && options.length) {
    event.preventDefault();
    options[(moves[event.key] + options.length) % options.length].focus();
  } else if (event.key === "Enter" && at < 0 && options.length) {
    event.preventDefault();
    options[0].click();
  }
}

function place(anchor, panel) {
  if (matchMedia("(max-width: 760px)").matches) {
    panel.classList.add("sheet");
    return;
  }
  const box = anchor.getBoundingClientRect();
  panel.style.minWidth = `${Math.max(220, Math.min(box.width, 420))}px`;
  const { offsetWidth: width, offsetHeight: height } = panel;
  const below = box.bottom + 6 + height <= innerHeight - 8;
  panel.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
  panel.style.top = `${below ? box.bottom + 6 : Math.max(8, box.top - height - 6)}px`;
}

/** A live message may scroll the list under an open menu: the menu goes with its button. */
function follow(event) {
  if (!open || open.panel.contains(event.target)) return;
  if (open.anchor.isConnected) place(open.anchor, open.panel);
  else closeMenu();
}

addEventListener("resize", follow);
document.addEventListener("scroll", follow, true);
