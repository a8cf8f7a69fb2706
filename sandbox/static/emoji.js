// The emoji names people and bots use most. An unknown name stays as :name:, as on the platform.

const NAMES = `
+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|100 💯|alarm_clock ⏰|ambulance 🚑|arrow_down ⬇️|arrow_forward ▶️|arrow_left ⬅️|arrow_right ➡️
arrow_up ⬆️|arrow_upper_right ↗️|arrows_counterclockwise 🔄|back 🔙|bangbang ‼️|bank 🏦|bar_chart 📊|beers 🍻|bell 🔔|no_bell 🔕
black_circle ⚫|blue_circle 🔵|large_blue_circle 🔵|blush 😊|book 📖|bookmark 🔖|boom 💥|broken_heart 💔|brain 🧠|bug 🐛|bulb 💡|bust_in_silhouette 👤
busts_in_silhouette 👥|calendar 📆|date 📅|chart_with_downwards_trend 📉|chart_with_upwards_trend 📈|checkered_flag 🏁|ballot_box_with_check ☑️
clap 👏|clipboard 📋|clock1 🕐|coffee ☕|cold_sweat 😰|construction 🚧|cop 👮|credit_card 💳|crossed_fingers 🤞|cry 😢|dart 🎯|detective 🕵️
dollar 💵|moneybag 💰|euro 💶|pound 💷|door 🚪|email 📧|envelope ✉️|exclamation ❗|heavy_exclamation_mark ❗|eyes 👀|face_with_monocle 🧐
file_folder 📁|fire 🔥|first_place_medal 🥇|gear ⚙️|ghost 👻|green_circle 🟢|large_green_circle 🟢|grey_exclamation ❕|grey_question ❔|grin 😁|grinning 😀
hammer 🔨|hammer_and_wrench 🛠️|handshake 🤝|heart ❤️|heavy_check_mark ✔️|hourglass ⌛|hourglass_flowing_sand ⏳|inbox_tray 📥|outbox_tray 📤
information_source ℹ️|joy 😂|key 🔑|label 🏷️|laughing 😆|ledger 📒|link 🔗|lock 🔒|unlock 🔓|loudspeaker 📢|mag 🔍|mag_right 🔎|mailbox 📫|mega 📣|memo 📝|pencil 📝
mute 🔇|negative_squared_cross_mark ❎|neutral_face 😐|no_entry ⛔|no_entry_sign 🚫|ok 🆗|ok_hand 👌|open_hands 👐|orange_circle 🟠|large_orange_circle 🟠
package 📦|page_facing_up 📄|paperclip 📎|party_popper 🎉|tada 🎉|pray 🙏|purple_circle 🟣|large_purple_circle 🟣|pushpin 📌|question ❓|raised_hand ✋|hand ✋
raised_hands 🙌|raising_hand 🙋|receipt 🧾|recycle ♻️|red_circle 🔴|large_red_circle 🔴|repeat 🔁|robot_face 🤖|robot 🤖|rocket 🚀|rotating_light 🚨|scales ⚖️|scream 😱
see_no_evil 🙈|shield 🛡️|shrug 🤷|sleeping 😴|zzz 💤|slightly_smiling_face 🙂|smile 😄|smiley 😃|snail 🐌|sob 😭|sparkles ✨|speech_balloon 💬|star ⭐|stopwatch ⏱️|sunglasses 😎
sunny ☀️|surfer 🏄|sweat_smile 😅|telephone_receiver 📞|thinking_face 🤔|thought_balloon 💭|ticket 🎫|timer_clock ⏲️|traffic_light 🚥|triangular_flag_on_post 🚩|trophy 🏆
turtle 🐢|umbrella ☂️|vertical_traffic_light 🚦|warning ⚠️|wave 👋|white_check_mark ✅|white_circle ⚪|wink 😉|wrench 🔧|writing_hand ✍️|x ❌|yellow_circle 🟡|large_yellow_circle 🟡|zap ⚡|palm_tree 🌴|face_with_thermometer 🤒|spiral_calendar_pad 🗓️|house_with_garden 🏡|bus 🚌|airplane ✈️|hospital 🏥|baby 👶|headphones 🎧`;

const EMOJI = new Map(
  NAMES.trim().split(/[|\n]/).map((entry) => entry.split(" ")).map(([name, glyph]) => [name, glyph]),
);

export const emoji = (name) => EMOJI.get(name) ?? null;

export const withEmoji = (text) => text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI.get(name) ?? whole);
