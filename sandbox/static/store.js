// What the page knows: the last answer of the server, and which person and place are looked at.

export const store = {
  state: null,      // GET /sandbox/api/state
  as: "U0ANA",      // the acting person
  channel: null,    // channel id, or "home"
  thread: null,     // ts of the root of the open thread
  messages: [],     // of the open channel, oldest first
  replies: [],      // of the open thread, root first
  loaded: false,    // whether messages are those of the channel
  elsewhere: {},    // person id -> messages waiting for them, for the badges of the switcher
};

export const me = () => store.state?.me ?? { id: store.as, tz: "UTC" };
export const zone = () => me().tz ?? "UTC";
export const users = () => store.state?.users ?? [];
export const userById = (id) => users().find((user) => user.id === id) ?? null;
export const channels = () => store.state?.channels ?? [];
export const channelById = (id) => channels().find((channel) => channel.id === id) ?? null;
export const groups = () => store.state?.groups ?? [];
export const people = () => users().filter((user) => !user.is_bot && user.id !== "USLACKBOT");
export const theBot = () => users().find((user) => user.is_bot) ?? { id: "U0LOOP", real_name: "Closeloop" };
export const displayName = (user) => user?.real_name || user?.name || user?.id || "unknown";
export const firstName = (user) => displayName(user).split(" ")[0];

/** "U0ANA" -> "ana": the short name used in addresses and in test hooks. */
export const slugOf = (userId) => userId.replace(/^U0?/, "").toLowerCase();
export const channelSlug = (channel) => (channel.kind === "im" ? "closeloop" : channel.name);
export const channelTitle = (channel) => (channel.kind === "im" ? displayName(userById(channel.peer) ?? theBot()) : channel.name);
