// The interactive elements of Block Kit. Each builder takes (element, place) and returns a node;
// place = {context, block_id, labelId?, dispatches}: in an input block a change is kept, elsewhere it is sent at once.
import { h, icon, safeUrl } from "./dom.js";
import { act, addField } from "./actions.js";
import { openMenu } from "./menu.js";
import { plain } from "./mrkdwn.js";
import { avatar } from "./people.js";
import { channels, displayName, people, userById, zone } from "./store.js";
import { fromLocal, toLocal } from "./time.js";

const hook = (place) => (place.dispatches ? "action" : "input");

const NAMES = {
  datepicker: "Date", timepicker: "Time", datetimepicker: "Date and time",
  overflow: "More actions", checkboxes: "Choices", radio_buttons: "Choices",
};
const labelOf = (element) =>
  element.accessibility_label || plain(element.placeholder) || plain(element.text) || NAMES[element.type] || null;

function attributes(element, place) {
  return {
    "aria-labelledby": place.labelId ?? null,
    "aria-label": place.labelId ? null : labelOf(element),
    data: { testid: hook(place), actionId: element.action_id, blockId: place.block_id, type: element.type },
  };
}

const base = (element, place) => ({ type: element.type, action_id: element.action_id, block_id: place.block_id });

/** A field: remembers how to read its value, and sends it at once where the platform does. */
function field(element, place, { read, node }) {
  const value = () => ({ type: element.type, ...read() });
  addField(place.context, { block_id: place.block_id, action_id: element.action_id }, value);
  return () => {
    if (place.dispatches) act(place.context, node, { action: { ...base(element, place), ...read() }, confirm: element.confirm });
  };
}

function button(element, place) {
  const style = { primary: " primary", danger: " danger" }[element.style] ?? "";
  const mark = element.url ? icon("reply", 14) : null;
  const node = h("button", { type: "button", class: `button${style}`, ...attributes(element, place) }, plain(element.text), mark);
  node.addEventListener("click", () => {
    const href = element.url && safeUrl(element.url);
    if (href) open(href, "_blank", "noopener,noreferrer");
    const action = { ...base(element, place), text: element.text, ...(element.value === undefined ? {} : { value: element.value }) };
    act(place.context, node, { action, confirm: element.confirm });
  });
  return node;
}

const optionItem = (option, extra = {}) => ({
  key: option.value, label: plain(option.text), description: plain(option.description), option, ...extra,
});

const opens = (what) => ({ "aria-haspopup": what, "aria-expanded": "false" });

function overflow(element, place) {
  const node = h("button", { type: "button", class: "button square", ...opens("menu"), ...attributes(element, place) }, icon("dots"));
  const onPick = ({ option }) => {
    const href = option.url && safeUrl(option.url);
    if (href) open(href, "_blank", "noopener,noreferrer");
    act(place.context, node, { action: { ...base(element, place), selected_option: option }, confirm: element.confirm });
  };
  const items = element.options.map((option) => optionItem(option));
  node.addEventListener("click", () => openMenu(node, { label: "More actions", items, role: "menu", onPick }));
  return node;
}

/** A button that opens a list and shows what was chosen; shared by selects of options, of people and of channels. */
function picker(element, place, { items, chosen, describe, read, many = false }) {
  const shown = h("span", { class: "picker-value" });
  const props = { type: "button", class: "button picker", ...opens("listbox"), ...attributes(element, place) };
  const node = h("button", props, shown, icon("down", 16));
  const label = plain(element.placeholder) || "Choose";
  let current = chosen;
  const show = () => {
    const none = current === null || (many && !current.length);
    shown.replaceChildren(...(none ? [label] : many ? current.map((one) => h("span", { class: "chip" }, describe(one))) : describe(current)));
    node.classList.toggle("empty", none);
    if (!place.labelId) node.setAttribute("aria-label", none ? label : `${label}: ${[...shown.childNodes].map((one) => one.textContent).join(", ")}`);
    node.dataset.value = none ? "" : [current].flat().map((one) => one.value ?? one).join(",");
  };
  const changed = field(element, place, { node, read: () => read(current) });
  const onPick = (item) => {
    current = many ? toggled(current, item.pick, element.max_selected_items) : item.pick;
    show();
    if (!many) changed();
  };
  node.restore = (value) => {
    const offered = (one) => items(current).some(({ pick }) => keyOf(pick) === keyOf(one));
    if (many) current = (value ?? []).filter(offered);
    else current = value === null || offered(value) ? value : chosen;
    show();
  };
  const open = () => {
    const before = JSON.stringify(current);
    const onClose = () => many && JSON.stringify(current) !== before && changed();
    openMenu(node, { label, items: () => items(current), many, onPick, onClose });
  };
  node.addEventListener("click", open);
  show();
  return node;
}

const keyOf = (one) => one?.value ?? one;
const chosenIn = (current, one) => [current].flat().some((other) => keyOf(other) === keyOf(one));

/** The list with `pick` taken in or out; at its limit nothing more is taken in. */
function toggled(current, pick, most = Infinity) {
  if (chosenIn(current, pick)) return current.filter((one) => keyOf(one) !== keyOf(pick));
  return current.length < most ? [...current, pick] : current;
}

const optionItems = (element) => (current) => {
  const sections = element.option_groups ?? [{ options: element.options ?? [] }];
  return sections.flatMap(({ label, options }) => options.map((option) =>
    optionItem(option, { pick: option, group: plain(label), selected: chosenIn(current, option) })));
};

const personItems = (current) => people().filter((user) => !user.deleted).map((user) => ({
  key: user.id, label: displayName(user), description: user.title, lead: avatar(user, "small"), pick: user.id, selected: chosenIn(current, user.id),
}));

const face = (id) => [avatar(userById(id), "tiny"), displayName(userById(id) ?? { id })];

function staticSelect(element, place) {
  return picker(element, place, {
    chosen: element.initial_option ?? null,
    items: optionItems(element),
    describe: (option) => [plain(option.text)],
    read: (option) => ({ selected_option: option }),
  });
}

function usersSelect(element, place) {
  return picker(element, place, {
    chosen: element.initial_user ?? null,
    items: personItems,
    describe: face,
    read: (id) => ({ selected_user: id }),
  });
}

const multiSelect = (element, place) => picker(element, place, {
  many: true, chosen: element.initial_options ?? [], items: optionItems(element),
  describe: (option) => [plain(option.text)], read: (options) => ({ selected_options: options }),
});

const multiUsersSelect = (element, place) => picker(element, place, {
  many: true, chosen: element.initial_users ?? [], items: personItems, describe: face, read: (ids) => ({ selected_users: ids }),
});

/** Of channels one can see; `key` is where the platform puts what was chosen. */
const channelSelect = (key) => (element, place) => picker(element, place, {
  chosen: element[key.replace("selected", "initial")] ?? null,
  items: (current) => channels().filter((one) => one.kind !== "im" && !one.is_archived).map((one) => ({
    key: one.id, label: one.name, lead: icon(one.kind === "private" ? "lock" : "hash"), pick: one.id, selected: one.id === current,
  })),
  describe: (id) => [`#${channels().find((one) => one.id === id)?.name ?? id}`],
  read: (id) => ({ [key]: id }),
});

function input(element, place, { type, initial, read, write = (value) => value ?? "" }) {
  const node = h("input", { class: "field", type, value: write(initial), ...attributes(element, place) });
  const changed = field(element, place, { node, read: () => read(node.value) });
  let sent = node.value;
  const commit = () => {
    if (node.value === sent) return;
    sent = node.value;
    changed();
  };
  node.addEventListener("blur", commit);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && place.dispatches) commit();
  });
  node.restore = (value) => {
    node.value = write(value);
  };
  return node;
}

const datePicker = (element, place) =>
  input(element, place, { type: "date", initial: element.initial_date, read: (text) => ({ selected_date: text || null }) });

const timePicker = (element, place) =>
  input(element, place, { type: "time", initial: element.initial_time, read: (text) => ({ selected_time: text || null }) });

function dateTimePicker(element, place) {
  return input(element, place, {
    type: "datetime-local", initial: element.initial_date_time,
    read: (text) => ({ selected_date_time: text ? fromLocal(text, zone()) : null }),
    write: (unix) => (unix ? toLocal(unix, zone()) : ""),
  });
}

function textInput(element, place) {
  const many = element.type === "plain_text_input" && element.multiline;
  const kinds = { email_text_input: "email", url_text_input: "url", number_input: "text" };
  const node = h(many ? "textarea" : "input", {
    class: "field", type: many ? null : kinds[element.type] ?? "text", rows: many ? 4 : null, value: element.initial_value ?? "",
    placeholder: plain(element.placeholder) || null, maxlength: element.max_length ?? 3000, autocomplete: "off",
    inputmode: element.type === "number_input" ? "decimal" : null, ...attributes(element, place),
  });
  const changed = field(element, place, { node, read: () => ({ value: node.value === "" ? null : node.value }) });
  const triggers = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !many && triggers.includes("on_enter_pressed")) changed();
  });
  if (triggers.includes("on_character_entered")) node.addEventListener("input", changed);
  node.restore = (value) => {
    node.value = value ?? "";
  };
  return node;
}

let serial = 0;

/** Checkboxes and radio buttons: one list of labelled boxes. */
function choices(element, place, { type, initial, read }) {
  const name = `choice-${(serial += 1)}`;
  const role = type === "radio" ? "radiogroup" : "group";
  const node = h("div", { class: "choices", role, tabindex: "-1", ...attributes(element, place) });
  const picked = () => [...node.querySelectorAll("input")].flatMap((box, index) => (box.checked ? [element.options[index]] : []));
  const changed = field(element, place, { node, read: () => read(picked()) });
  for (const option of element.options) {
    const checked = initial.some((chosen) => chosen.value === option.value);
    const box = h("input", { type, name, checked, data: { value: option.value }, on: { change: changed } });
    const about = option.description ? h("small", {}, plain(option.description)) : null;
    node.append(h("label", { class: "choice" }, box, h("span", { class: "choice-text" }, h("span", {}, plain(option.text)), about)));
  }
  node.restore = (chosen) => node.querySelectorAll("input").forEach((box) => {
    box.checked = [chosen].flat().some((option) => option?.value === box.dataset.value);
  });
  return node;
}

const checkboxes = (element, place) =>
  choices(element, place, { type: "checkbox", initial: element.initial_options ?? [], read: (all) => ({ selected_options: all }) });

function radioButtons(element, place) {
  const initial = element.initial_option ? [element.initial_option] : [];
  return choices(element, place, { type: "radio", initial, read: (all) => ({ selected_option: all[0] ?? null }) });
}

const ELEMENTS = {
  button, overflow, checkboxes,
  static_select: staticSelect, users_select: usersSelect, radio_buttons: radioButtons,
  multi_static_select: multiSelect, multi_users_select: multiUsersSelect,
  channels_select: channelSelect("selected_channel"), conversations_select: channelSelect("selected_conversation"),
  datepicker: datePicker, timepicker: timePicker, datetimepicker: dateTimePicker,
  plain_text_input: textInput, email_text_input: textInput, url_text_input: textInput, number_input: textInput,
};

export function elementNode(element, place) {
  const build = ELEMENTS[element.type];
  if (!build) return h("span", { class: "unsupported", data: { testid: "unsupported" } }, `unsupported element: ${element.type}`);
  return build(element, place);
}

/** The value inside a field's state, in the shape its `restore` takes. */
export const storedValue = (state) =>
  ["value", "selected_option", "selected_options", "selected_user", "selected_users", "selected_channel", "selected_conversation",
    "selected_date_time", "selected_date", "selected_time"]
    .map((key) => state?.[key]).find((value) => value !== undefined && value !== null) ?? null;
