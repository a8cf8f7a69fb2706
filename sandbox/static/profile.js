// The panel of the person one is: what others read about them. Status, manager, user groups.
import { h, press } from "./dom.js";
import { post } from "./api.js";
import { withEmoji } from "./emoji.js";
import { avatar } from "./people.js";
import { displayName, groups, me, people, zone } from "./store.js";
import { fillDate, fromLocal, now, toLocal } from "./time.js";

const PRESETS = [
  [":palm_tree:", "Vacationing"], [":face_with_thermometer:", "Out sick"], [":spiral_calendar_pad:", "In a meeting"],
  [":house_with_garden:", "Working remotely"], [":bus:", "Commuting"], [":speech_balloon:", ""],
];
const ENDS = [["1 h", 3600], ["4 h", 4 * 3600], ["1 day", 86400], ["1 week", 7 * 86400]];

/** "🌴 Vacationing until tomorrow at 09:00", or "" without a status. */
export function statusText(user) {
  const said = withEmoji([user?.status_emoji, user?.status_text].filter(Boolean).join(" "));
  if (!said || !user.status_expiration) return said;
  return `${said} until ${fillDate("{date_short_pretty} at {time}", user.status_expiration, zone())}`;
}

/** A status as it stands beside a name: its emoji, the rest on hover and for screen readers. */
export function statusMark(user) {
  const said = statusText(user);
  if (!said) return null;
  return h("span", { class: "status-mark", role: "img", title: said, "aria-label": said, data: { testid: "status" } }, withEmoji(user.status_emoji || ":speech_balloon:"));
}

/** `change(event, work)` runs the work and draws everything anew. */
export function profilePanel(change) {
  const user = me();
  return [
    h("div", { class: "profile-head" }, avatar(user, "large"), h("p", {}, h("strong", {}, displayName(user)), h("span", {}, user.title || "No title"),
      h("span", { data: { testid: "profile-status" } }, statusText(user) || "No status"))),
    statusForm(user, change), managerField(user, change), groupSwitches(user, change),
  ];
}

function panelField(label, control) {
  return h("label", { class: "panel-field" }, h("span", {}, label), control);
}

function statusForm(user, change) {
  const field = (props) => h("input", { class: "field", autocomplete: "off", ...props });
  const text = field({ maxlength: 100, value: user.status_text, placeholder: "What is your status?", data: { testid: "status-text" } });
  const ends = field({ type: "datetime-local", value: user.status_expiration ? toLocal(user.status_expiration, zone()) : "", data: { testid: "status-until" } });
  const options = PRESETS.map(([code, name]) => h("option", { value: code }, withEmoji(`${code} ${name}`)));
  if (user.status_emoji && !PRESETS.some(([code]) => code === user.status_emoji)) options.push(h("option", { value: user.status_emoji }, withEmoji(user.status_emoji)));
  const emoji = h("select", { class: "field", value: "", data: { testid: "status-emoji" } }, options);
  emoji.value = user.status_emoji || ":palm_tree:";
  emoji.addEventListener("change", () => {
    const preset = PRESETS.find(([code]) => code === emoji.value)?.[1];
    if (preset && (!text.value || PRESETS.some(([, name]) => name === text.value))) text.value = preset;
  });
  const set = (status) => post(`users/${user.id}`, status);
  const save = () => set({ status_text: text.value.trim(), status_emoji: emoji.value, status_expiration: (ends.value && fromLocal(ends.value, zone())) || 0 });
  const later = ([label, seconds]) => press({ class: "segment", testid: `status-for-${seconds}` }, () => {
    ends.value = toLocal(now() + seconds, zone());
  }, label);
  const clear = press({ class: "button", testid: "status-clear" }, (event) => change(event, () => set({ status_text: "" })), "Clear");
  return h("form", { class: "status-form", data: { testid: "status-form" }, on: { submit: (event) => { event.preventDefault(); change(event, save); } } },
    h("h3", {}, "Set a status"), panelField("Kind", emoji), panelField("Text", text), panelField("Until (empty: until you clear it)", ends),
    h("div", { class: "segments", role: "group", "aria-label": "Until" }, ENDS.map(later)),
    h("div", { class: "form-foot" }, user.status_text || user.status_emoji ? clear : null,
      h("button", { type: "submit", class: "button primary", data: { testid: "status-save" } }, "Save")));
}

function managerField(user, change) {
  const others = people().filter((one) => one.id !== user.id);
  const node = h("select", { class: "field", data: { testid: "manager" } },
    h("option", { value: "" }, "Nobody"), others.map((one) => h("option", { value: one.id }, displayName(one))));
  node.value = user.manager ?? "";
  node.addEventListener("change", (event) => change(event, () => post(`users/${user.id}`, { manager: node.value || null })));
  return panelField("Manager", node);
}

function groupSwitches(user, change) {
  return h("fieldset", { class: "switches" }, h("legend", {}, "User groups"), groups().map((group) => {
    const inside = group.users.includes(user.id);
    const work = () => post(`usergroups/${group.id}`, inside ? { remove: [user.id] } : { add: [user.id] });
    return press({ class: "toggle", role: "switch", "aria-checked": String(inside), testid: `group-${group.handle}` },
      (event) => change(event, work), h("span", {}, `@${group.handle}`, h("small", {}, group.name)), h("span", { class: "knob", "aria-hidden": "true" }));
  }));
}
