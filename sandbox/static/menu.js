// One popup list for every menu on the page: selects, people, overflow. On a phone it is a sheet at the bottom.
import { byId, h, icon, replace } from "./dom.js";

let open = null; // {anchor, panel, close}

export function closeMenu() {
  open?.close();
}

/**
 * items: [{key, label, description?, lead?: Node, selected?, danger?}]; onPick(item) runs after the list closed.
 * role "listbox" for a choice of a value, "menu" for things to do.
 */
export function openMenu(anchor, { label, items, role = "listbox", onPick }) {
  if (open?.anchor === anchor) return closeMenu();
  closeMenu();
  const list = h("div", { class: "menu-list", role, "aria-label": label });
  const filter = items.length > 7 ? filterField(label) : null;
  const panel = h("div", { class: "menu", data: { testid: "menu" }, on: { keydown: onKey } },
    h("div", { class: "menu-title" }, label), filter, list);
  const shade = h("div", { class: "menu-shade", on: { click: () => closeMenu() } });
  const choose = (item) => {
    closeMenu();
    onPick(item);
  };
  const fill = () => replace(list, optionNodes(items, filter?.value ?? "", role, choose));
  filter?.addEventListener("input", fill);
  fill();
  byId("popups").append(shade, panel);
  place(anchor, panel);
  anchor.setAttribute("aria-expanded", "true");
  open = { anchor, panel, close: () => finish(anchor, [panel, shade]) };
  focusFirst(filter, list);
  return undefined;
}

function focusFirst(filter, list) {
  if (filter && matchMedia("(hover: hover)").matches) filter.focus();
  else (list.querySelector("[aria-selected=true]") ?? list.firstElementChild)?.focus();
}

function finish(anchor, nodes) {
  open = null;
  nodes.forEach((node) => node.remove());
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
  return shown.map((item) => optionNode(item, role, choose));
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
