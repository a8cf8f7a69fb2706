"""What the loop needs from outside: the contracts that connectors and storage implement.

Lives here: protocols, the values they speak of, the exceptions they may raise.
Never here: anything that fulfils them.
"""

from bot.ports.chat import Answer as Answer
from bot.ports.chat import Chat as Chat
from bot.ports.chat import Completion as Completion
from bot.ports.chat import Costs as Costs
from bot.ports.chat import Desk as Desk
from bot.ports.chat import Gesture as Gesture
from bot.ports.chat import Later as Later
from bot.ports.chat import Mark as Mark
from bot.ports.chat import Pictures as Pictures
from bot.ports.chat import Receipt as Receipt
from bot.ports.chat import Refusal as Refusal
from bot.ports.chat import Target as Target
from bot.ports.chat import Teller as Teller
from bot.ports.chat import Throttle as Throttle
from bot.ports.chat import Unknown as Unknown
from bot.ports.chat import Ways as Ways
from bot.ports.chat import WorkItems as WorkItems
from bot.ports.outside import BadPayload as BadPayload
from bot.ports.outside import Clock as Clock
from bot.ports.outside import Format as Format
from bot.ports.outside import Queue as Queue
from bot.ports.rows import AlertFilter as AlertFilter
from bot.ports.rows import Claimed as Claimed
from bot.ports.rows import Delivery as Delivery
from bot.ports.rows import Folding as Folding
from bot.ports.rows import Gathered as Gathered
from bot.ports.rows import Incident as Incident
from bot.ports.rows import Interaction as Interaction
from bot.ports.rows import Page as Page
from bot.ports.rows import Settled as Settled
from bot.ports.rows import Source as Source
from bot.ports.rows import Waiting as Waiting
from bot.ports.store import Away as Away
from bot.ports.store import Conflict as Conflict
from bot.ports.store import Store as Store
from bot.ports.store import Tx as Tx
