// The stand-in of Teams: rooms, threads and Adaptive Cards, each as the chosen person sees it.
const $ = (id) => document.getElementById(id);
let me = new URLSearchParams(location.search).get("as") || "U0ANA";
let room = new URLSearchParams(location.search).get("room") || "", state = null, drawn = "";

const make = (tag, props = {}, ...inside) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...inside);
  return node;
};

const api = async (path, body) => {
  const answer = await fetch(`/sandbox/api/${path}`, body ? { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) } : {});
  return answer.json();
};

const say = (words) => { $("note").textContent = words; };

// What Teams reads in a TextBlock: bold, dates, mentions. All of it becomes text nodes, never HTML.
const READ = /(\{\{DATE\([^)]*\)\}\} \{\{TIME\([^)]*\)\}\}|<at>[^<]*<\/at>|\*\*[^*]+\*\*)/;
const parsed = (text) => text.split(READ).filter(Boolean).map((part) => {
  const date = part.match(/^\{\{DATE\(([^,)]*)/);
  if (date) return new Date(date[1]).toLocaleString([], { dateStyle: "short", timeStyle: "short" });
  if (part.startsWith("<at>")) return make("span", { className: "at" }, part.slice(4, -5));
  if (part.startsWith("**")) return make("strong", {}, part.slice(2, -2));
  return part;
});

const run = (one) => {
  const shown = one.selectAction?.url ? make("a", { href: one.selectAction.url, rel: "noreferrer", target: "_blank" }, one.text) : make("span", {}, one.text);
  if (one.weight === "Bolder") shown.classList.add("bold");
  if (one.size === "Large" || one.size === "Medium") shown.classList.add("large");
  if (one.isSubtle) shown.classList.add("small");
  if (one.color) shown.classList.add(one.color);
  return shown;
};

const options = (one) => (one["choices.data"] ? [{ title: "", value: "" }, ...state.people.map((p) => ({ title: p.name, value: p.object_id }))] : one.choices || []);

const input = (one) => {
  const kind = { "Input.Date": "date", "Input.Time": "time" }[one.type] || "text";
  let field;
  if (one.type === "Input.ChoiceSet") {
    field = make("select", { multiple: Boolean(one.isMultiSelect) }, ...options(one).map((c) => make("option", { value: c.value, selected: c.value === (one.value || "") }, c.title)));
  } else if (one.isMultiline) field = make("textarea", { value: one.value || "", rows: 3 });
  else field = make("input", { type: kind, value: one.value || "" });
  field.name = one.id;
  field.required = Boolean(one.isRequired);
  field.placeholder = one.placeholder || "";
  return make("label", { className: "field" }, one.label || "", field);
};

const button = (action, post) => {
  const shown = make("button", { type: "button", className: `${action.style || ""} ${action.mode || ""}` }, action.title);
  shown.onclick = async () => {
    const fields = [...shown.closest("article").querySelectorAll("[name]")];
    const taken = action.associatedInputs === "None" ? [] : fields;
    const missing = taken.find((field) => field.required && !field.value);
    if (missing) { missing.focus(); return say("Something is missing."); }
    const inputs = Object.fromEntries(taken.map((field) => [field.name, field.multiple ? [...field.selectedOptions].map((o) => o.value).join(",") : field.value]));
    const told = await api("teams/press", { as: me, conversation: post.conversation, id: post.id, verb: action.verb, data: action.data, inputs });
    say(typeof told.answer?.value === "string" ? told.answer.value : told.answer?.value?.message || (told.status === 200 ? "" : "Something went wrong."));
    await draw();
  };
  return shown;
};

const element = (one, post) => {
  if (one.type === "TextBlock") {
    const shown = make("div", {}, ...parsed(one.text));
    if (one.isSubtle) shown.className = "small";
    return shown;
  }
  if (one.type === "RichTextBlock") return make("div", {}, ...one.inlines.map(run));
  if (one.type === "Container") return make("div", { className: `box ${one.style || ""}` }, ...one.items.map((inner) => element(inner, post)));
  if (one.type === "ActionSet") return make("div", { className: "actions" }, ...one.actions.map((action) => button(action, post)));
  return input(one);
};

const when = (at) => new Date(at).toLocaleString([], { weekday: "short", hour: "2-digit", minute: "2-digit" });

const COLOURS = ["#8a5cc8", "#3a7d22", "#c4314b", "#22767c", "#8f6b12", "#5b4632"];
const face = (id, name) => {
  if (id === "bot") return make("img", { className: "face", src: "/sandbox/static/icon.svg", alt: "" });
  const initials = (name || "?").split(" ").map((word) => word[0]).join("").slice(0, 2);
  const shown = make("span", { className: "face" }, initials);
  shown.style.background = COLOURS[state.people.findIndex((p) => p.id === id) % COLOURS.length];
  shown.setAttribute("aria-hidden", "true");
  return shown;
};

const message = (post) => {
  const by = post.by === "bot" ? "Closeloop" : state.people.find((p) => p.id === post.by)?.name;
  const shown = make("article", { className: `${post.root === post.id ? "" : "reply"} ${post.own ? "own" : ""}` });
  shown.dataset.id = post.id;
  // A message's id is the business time at which it was written.
  const said = ` ${when(Number(post.id))}${post.edits ? " · edited" : ""}${post.own ? " · as only you see it" : ""}`;
  shown.append(face(post.by, by), make("div", { className: "by" }, make("strong", {}, by), said));
  if (post.card) shown.append(...post.card.body.map((one) => element(one, post)));
  else shown.append(post.text);
  return shown;
};

// What stands beside the chats: the person's tasks in Planner and To Do, and the mail that was sent to them.
const BESIDE = [{ id: "tasks", name: "Tasks" }, { id: "mail", name: "Mail" }];

const task = (one) => {
  const tick = make("input", { type: "checkbox", checked: one.done });
  tick.onchange = async () => { await api(`microsoft/tasks/${one.id}`, { as: me, done: tick.checked }); await draw(); };
  const due = one.due ? ` · due ${new Date(one.due).toLocaleDateString()}` : "";
  const shown = make("article", { className: one.done ? "done" : "" }, make("div", { className: "by" }, `${one.tool === "planner" ? "Planner" : "To Do"}${due}`));
  shown.dataset.id = one.id;
  shown.append(make("label", { className: "task" }, tick, make("strong", {}, one.title)), make("pre", {}, one.text));
  return shown;
};

const letter = (one) => {
  const by = make("div", { className: "by" }, `${one.from} · ${new Date(one.at).toLocaleString()}`);
  return make("article", {}, by, make("strong", {}, one.subject), make("pre", {}, one.text));
};

const beside = async () => {
  const work = await api(`microsoft/work?as=${me}`);
  const now = JSON.stringify([room, me, work]);
  if (now === drawn) return;
  drawn = now;
  const shown = room === "tasks" ? work.tasks.map(task) : [...work.mails].reverse().map(letter);
  $("posts").replaceChildren(...(shown.length ? shown : [make("p", { className: "small" }, "Nothing here.")]));
};

const rooms = () => [...state.rooms, ...BESIDE].map((one) => {
  const shown = make("button", { type: "button" }, one.id.startsWith("19:") ? `# ${one.name}` : one.name);
  shown.setAttribute("aria-current", String(one.id === room));
  shown.onclick = () => { room = one.id; drawn = ""; draw(); };
  return shown;
});

const look = async (posts) => {
  // A client asks for its person's view of the cards it shows, where they are listed.
  for (const post of posts) {
    if (!post.own && post.card?.refresh?.userIds?.includes(`29:${me}`)) await api("teams/look", { as: me, conversation: post.conversation, id: post.id });
  }
};

async function draw() {
  state = await api(`teams?as=${me}`);
  if (![...state.rooms, ...BESIDE].some((one) => one.id === room)) room = state.rooms[0].id;
  const apart = BESIDE.find((one) => one.id === room);
  const posts = state.posts.filter((post) => post.conversation === room);
  const now = JSON.stringify([room, me, posts]);
  if (now === drawn || $("posts").contains(document.activeElement) && document.activeElement.name) return;
  const before = drawn;
  if (!apart) drawn = now;
  const order = [...posts].sort((a, b) => Number(a.root) - Number(b.root) || Number(a.id) - Number(b.id));
  $("who").replaceChildren(...state.people.map((p) => make("option", { value: p.id, selected: p.id === me }, p.name)));
  $("rooms").replaceChildren(...rooms());
  $("other").href = `/sandbox?as=${me}`;
  $("title").textContent = (apart || state.rooms.find((one) => one.id === room)).name;
  $("write").hidden = Boolean(apart);
  if (apart) return beside();
  $("posts").replaceChildren(...order.map(message));
  if (!order.length) $("posts").replaceChildren(make("p", { className: "small" }, "Nothing here yet."));
  if (!state.on) say("No bot is connected to this Teams.");
  if (before !== now) await look(posts);
}

// Business time, as the workspace's clock has it: moved here, it moves for Slack too.
const move = async (advance) => {
  const clock = await api("clock", { advance });
  $("now").textContent = when(clock.now * 1000);
};
for (const button of document.querySelectorAll("[data-forward]")) {
  button.onclick = async () => { await move(Number(button.dataset.forward)); await draw(); };
}

$("who").onchange = () => { me = $("who").value; drawn = ""; draw(); };
$("write").onsubmit = async (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  $("text").value = "";
  if (text) await api("teams/type", { as: me, conversation: room, text });
  await draw();
};
await draw();
await move(0);
setInterval(draw, 1500);
setInterval(() => move(0), 15000);
