"""The word tables of `cafe_cards`: kinds of places with their wares, places, prices, opening days and other facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of place: verbs for what it does with its wares, the verb of its guests, and when it is open."""

    name: str
    offers: tuple[str, ...]
    verbs: tuple[str, ...]
    get: str
    time: Literal["early", "day", "late"]
    guests: Literal["table", "shop"]


_SERVES = ("serves", "offers", "has")
_SELLS = ("sells", "stocks", "offers")

KINDS: tuple[Kind, ...] = (
    Kind(
        "café",
        (
            "filter coffee and plum cake",
            "cappuccino and almond croissants",
            "hot chocolate and cinnamon buns",
            "breakfast with eggs and fresh juice",
            "iced coffee and cheesecake",
            "pancakes with berries",
        ),
        _SERVES,
        "have",
        "early",
        "table",
    ),
    Kind(
        "tea house",
        (
            "green tea and rice cakes",
            "black tea with scones and jam",
            "mint tea and honey pastries",
            "herbal teas and carrot cake",
        ),
        _SERVES,
        "have",
        "day",
        "table",
    ),
    Kind(
        "soup bar",
        (
            "lentil soup and flat bread",
            "fish soup with garlic toast",
            "noodle soups with vegetables",
            "pumpkin soup and salads",
        ),
        _SERVES,
        "eat",
        "day",
        "table",
    ),
    Kind(
        "pizzeria",
        (
            "pizza from a wood oven",
            "thin pizzas with vegetables",
            "pizza by the slice",
            "pizza and homemade lemonade",
        ),
        _SERVES,
        "eat",
        "late",
        "table",
    ),
    Kind(
        "tavern",
        (
            "grilled fish and white wine",
            "lamb stew and dark beer",
            "dumplings with mushrooms",
            "roast chicken and cider",
        ),
        _SERVES,
        "have",
        "late",
        "table",
    ),
    Kind(
        "ice cream parlour",
        (
            "twenty kinds of ice cream",
            "fruit sorbets without sugar",
            "pistachio and fig ice cream",
            "milkshakes and waffles",
        ),
        _SERVES,
        "have",
        "day",
        "table",
    ),
    Kind(
        "bakery",
        (
            "rye bread and rolls",
            "sourdough loaves and poppy seed cake",
            "bagels with sesame",
            "apple pies and raisin buns",
            "bread without gluten",
        ),
        (*_SELLS, "bakes"),
        "buy",
        "early",
        "shop",
    ),
    Kind(
        "bookshop",
        (
            "crime novels and travel guides",
            "picture books and comics",
            "poetry in five languages",
            "old maps and used books",
        ),
        _SELLS,
        "buy",
        "day",
        "shop",
    ),
    Kind(
        "flower shop",
        (
            "roses and wedding bouquets",
            "potted herbs and cacti",
            "tulips and dried flowers",
            "orchids and palms",
        ),
        _SELLS,
        "buy",
        "day",
        "shop",
    ),
    Kind(
        "cheese shop",
        (
            "goat's cheese and olives",
            "mountain cheese and butter",
            "sheep's cheese and honey",
            "blue cheese and walnut bread",
        ),
        _SELLS,
        "buy",
        "day",
        "shop",
    ),
    Kind(
        "toy shop",
        (
            "wooden trains and building blocks",
            "board games and puzzles",
            "dolls and puppets",
            "kites and juggling balls",
        ),
        _SELLS,
        "buy",
        "day",
        "shop",
    ),
    Kind(
        "record shop",
        (
            "jazz and blues on vinyl",
            "used records and cassettes",
            "film music and old posters",
            "folk records and guitar strings",
        ),
        _SELLS,
        "buy",
        "day",
        "shop",
    ),
    Kind(
        "pottery",
        (
            "blue bowls and jugs",
            "handmade mugs",
            "plates with fish patterns",
            "clay pots for the garden",
        ),
        (*_SELLS, "makes"),
        "buy",
        "day",
        "shop",
    ),
    Kind(
        "second-hand shop",
        (
            "coats and hats from the sixties",
            "children's clothes and shoes",
            "lamps and small furniture",
            "bicycles and spare parts",
        ),
        _SELLS,
        "buy",
        "day",
        "shop",
    ),
)

NAME_FIRST = (
    *("Copper", "Silver", "Golden", "Crooked", "Blue", "Red", "Little", "Old", "Quiet", "Hungry"),
    *("Merry", "Wandering", "Striped", "Lucky", "Sleepy", "Brave", "Paper", "Velvet", "Winter", "Morning"),
)
NAME_LAST = (
    *("Kettle", "Lantern", "Fox", "Heron", "Anchor", "Pear", "Thimble", "Owl", "Barrel", "Compass"),
    *("Feather", "Walnut", "Window", "Corner", "Harvest", "Button", "Garden", "Staircase", "Swallow", "Bell"),
)
OWNERS = (
    *("Marta", "Yusuf", "Ingrid", "Pablo", "Noor", "Gianna", "Tomas", "Aiko", "Leila", "Bruno"),
    *("Sanna", "Kwame", "Odette", "Mirek", "Priya", "Ewa", "Hamid", "Rosalind", "Stelios", "Amara"),
)

AREAS: Mapping[str, str] = {
    "harbour": "by the harbour",
    "old town": "in the old town",
    "market square": "on the market square",
    "Elm Street": "on Elm Street",
    "river bank": "on the river bank",
    "university quarter": "in the university quarter",
    "station district": "in the station district",
    "Castle Hill": "on Castle Hill",
    "Weaver Lane": "in Weaver Lane",
    "northern suburb": "in the northern suburb",
    "beach promenade": "on the beach promenade",
    "Mill Bridge": "at Mill Bridge",
}

NEAR = (
    *("the town hall", "the cinema", "the post office", "the swimming pool", "the main station", "the hospital"),
    *("the botanical garden", "the city library", "the tram depot", "Saint Mary's church", "the opera", "the zoo"),
)


@dataclass(frozen=True, slots=True)
class Price:
    """Ways to say one level of prices: before the kind, or as a clause."""

    adjectives: tuple[str, ...]
    clauses: tuple[str, ...]


PRICES: Mapping[str, Price] = {
    "low": Price(("cheap", "inexpensive"), ("prices are low", "it does not cost much", "it is cheap")),
    "moderate": Price(("moderately priced", "mid-priced"), ("prices are moderate", "prices are neither low nor high")),
    "high": Price(("expensive",), ("prices are high", "it is expensive", "it is not cheap")),
}

DAYS: Mapping[str, str] = {
    "every day": "every day",
    "Monday to Friday": "from Monday to Friday",
    "Tuesday to Saturday": "from Tuesday to Saturday",
    "Wednesday to Sunday": "from Wednesday to Sunday",
    "Monday to Saturday": "on all days but Sunday",
    "Saturday and Sunday": "at weekends",
}

OPENS: Mapping[str, tuple[str, ...]] = {
    "early": ("6:00", "6:30", "7:00", "7:30", "8:00"),
    "day": ("9:00", "9:30", "10:00", "11:00"),
    "late": ("12:00", "16:00", "17:00", "18:00"),
}
CLOSES: Mapping[str, tuple[str, ...]] = {
    "early": ("14:00", "16:00", "17:00", "18:00"),
    "day": ("17:00", "18:00", "18:30", "19:00", "20:00"),
    "late": ("22:00", "23:00", "23:30", "midnight"),
}

EXTRAS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "table": {
        "dogs welcome": ("dogs are welcome", "you may bring your dog"),
        "tables in the garden": ("there are tables in the garden", "it has tables in its garden"),
        "cash only": ("you can pay only in cash", "it takes only cash"),
        "live music on Fridays": ("there is live music on Fridays", "musicians play there on Fridays"),
        "play corner for children": ("children have a corner to play in", "it has a corner where children can play"),
        "free internet": ("guests can use the internet free of charge", "the internet is free for guests"),
        "no booking": ("tables cannot be booked", "it does not take bookings"),
        "step-free entrance": ("there are no steps at the entrance", "it can be entered without steps"),
        "vegan dishes": ("there are vegan dishes too", "it also has vegan dishes"),
    },
    "shop": {
        "dogs welcome": ("dogs are welcome", "you may bring your dog"),
        "cash only": ("you can pay only in cash", "it takes only cash"),
        "home delivery": ("it delivers to your home", "orders are delivered to your door"),
        "free gift wrapping": ("gifts are wrapped free of charge", "it wraps gifts for nothing"),
        "step-free entrance": ("there are no steps at the entrance", "it can be entered without steps"),
        "orders by telephone": ("you can order by telephone", "it takes orders by telephone"),
        "family business": ("it is run by a family", "a family runs it"),
        "discount for students": ("students pay less", "it gives a discount to students"),
    },
}
