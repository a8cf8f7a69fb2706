// Business time: the workspace's clock, which can be moved and made faster, and its dates in a person's zone.

const clock = { now: 0, rate: 1, at: 0 };
const formats = new Map();

export function setClock({ now: at, rate }) {
  clock.now = at;
  clock.rate = rate;
  clock.at = performance.now();
}

/** Business time now, in unix seconds. */
export function now() {
  return clock.now + ((performance.now() - clock.at) / 1000) * clock.rate;
}

export const rate = () => clock.rate;

function formatter(zone, options) {
  const key = `${zone}|${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: zone || "UTC", ...options }));
  return formats.get(key);
}

export function format(unix, zone, options) {
  return formatter(zone, options).format(new Date(unix * 1000));
}

function parts(unix, zone) {
  const options = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  const found = {};
  for (const { type, value } of formatter(zone, options).formatToParts(new Date(unix * 1000))) found[type] = value;
  return found;
}

export const timeOf = (unix, zone) => format(unix, zone, { hour: "2-digit", minute: "2-digit" });
export const longTime = (unix, zone) =>
  format(unix, zone, { weekday: "long", day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" });

export function dayKey(unix, zone) {
  const p = parts(unix, zone);
  return `${p.year}-${p.month}-${p.day}`;
}

const dayNumber = (unix, zone) => Math.round(Date.parse(`${dayKey(unix, zone)}T00:00:00Z`) / 86400000);

/** "today", "yesterday", "tomorrow", or null when the day is further away. */
function nearDay(unix, zone) {
  const distance = dayNumber(unix, zone) - dayNumber(now(), zone);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[distance] ?? null;
}

export function dayLabel(unix, zone) {
  const near = nearDay(unix, zone);
  return near ? capital(near) : format(unix, zone, { weekday: "long", day: "numeric", month: "long" });
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** "3 minutes ago" or "in 3 minutes", as the platform's {ago} token says it. */
export function ago(unix) {
  const distance = Math.round(now() - unix);
  const seconds = Math.abs(distance);
  if (seconds < 45) return distance >= 0 ? "just now" : "in a moment";
  const [count, unit] = seconds < 3570 ? [Math.round(seconds / 60), "minute"]
    : seconds < 84600 ? [Math.round(seconds / 3600), "hour"] : [Math.round(seconds / 86400), "day"];
  const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return distance >= 0 ? `${words} ago` : `in ${words}`;
}

const DATES = {
  date_num: (t, z) => dayKey(t, z),
  date_slash: (t, z) => format(t, z, { day: "2-digit", month: "2-digit", year: "numeric" }),
  date: (t, z) => format(t, z, { month: "long", day: "numeric", year: "numeric" }),
  date_short: (t, z) => format(t, z, { month: "short", day: "numeric", year: "numeric" }),
  date_long: (t, z) => format(t, z, { weekday: "long", month: "long", day: "numeric", year: "numeric" }),
  time: (t, z) => timeOf(t, z),
  time_secs: (t, z) => format(t, z, { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  ago: (t) => ago(t),
};
for (const name of ["date", "date_short", "date_long"]) {
  DATES[`${name}_pretty`] = (t, z) => nearDay(t, z) ?? DATES[name](t, z);
}
DATES.day_divider_pretty = (t, z) => dayLabel(t, z);

/** The platform's date format string, such as "{date_short_pretty} at {time}", in a person's zone. */
export function fillDate(pattern, unix, zone, atStart = false) {
  const text = pattern.replace(/\{(\w+)\}/g, (whole, token) => (DATES[token] ? DATES[token](unix, zone) : whole));
  return atStart ? capital(text) : text;
}

/** Seconds the zone's wall clock is ahead of UTC at that instant. */
function offset(unix, zone) {
  const p = parts(unix, zone);
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) / 1000 - Math.floor(unix);
}

/** Unix seconds -> the value of a datetime-local field in the person's zone. */
export function toLocal(unix, zone) {
  const p = parts(unix, zone);
  return `${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}`;
}

/** The value of a datetime-local field in the person's zone -> unix seconds, or null. */
export function fromLocal(text, zone) {
  const wall = Date.parse(`${text}Z`) / 1000;
  if (Number.isNaN(wall)) return null;
  const guess = wall - offset(wall, zone);
  return wall - offset(guess, zone); // the second look mends the hours around a daylight-saving change
}

export const zoneName = (zone) => (zone ?? "UTC").split("/").pop().replaceAll("_", " ");
