"""Words that stand in the slots of lessons: `{thing}` takes each of `WORDS["thing"]`. English only."""

from typing import Final

_WORDS: Final = {
    "thing": (
        "this place", "the movie", "the new update", "my flight", "the game", "the show", "this app",
        "the song", "the pizza", "their website", "the bus", "the party", "the speech", "our room",
        "the camera", "this restaurant", "the album", "the coffee", "the trailer", "the interview",
        "this laptop", "the crew", "the seat", "the plan", "the staff", "the finale", "this airline",
        "the car", "the team", "the policy", "the budget", "the campaign", "the debate", "the budget speech",
        "the hospital", "the school", "the museum", "the bike", "the screen", "the battery", "the cake",
        "the beach", "the store", "the course", "the story", "the design", "the weather", "the ride",
        "the sauce", "the dress",
    ),
    "kind": (
        "place", "movie", "update", "flight", "game", "show", "app", "song", "pizza", "website", "trip",
        "party", "speech", "room", "camera", "restaurant", "album", "coffee", "trailer", "idea", "laptop",
        "plan", "car", "team", "policy", "day", "story", "company", "deal", "choice", "leader", "job",
        "decision", "start", "morning", "player", "airline",
    ),
    "good": (
        "good", "great", "nice", "amazing", "awesome", "fantastic", "perfect", "beautiful", "fun", "brilliant",
        "cool", "happy", "helpful", "friendly", "impressive", "superb", "delicious", "smooth", "comfortable",
        "incredible", "exciting", "sweet", "excellent", "wonderful", "adorable", "enjoyable", "exceptional",
        "extraordinary",
    ),
    "bad": (
        "bad", "terrible", "awful", "horrible", "ugly", "boring", "annoying", "disgusting", "useless", "rude",
        "stupid", "disappointing", "sad", "frustrating", "lame", "weird", "unpleasant", "dreadful", "poor",
        "worst", "dirty", "slow", "cold", "ridiculous", "nasty", "creepy", "difficult", "hard", "unhappy",
        "average",
    ),
    "like": (
        "like", "love", "enjoy", "recommend", "admire", "appreciate", "value", "welcome", "trust",
    ),
    "liked": (
        "liked", "loved", "enjoyed", "admired", "appreciated", "recommended", "valued", "welcomed", "trusted",
    ),
    "hate": (
        "hate", "dislike", "regret", "dread", "despise", "abhor",
    ),
    "hated": (
        "hated", "disliked", "regretted", "dreaded", "despised", "abhorred",
    ),
    "they": (
        "some people", "the reviewers", "most fans", "our neighbours", "a lot of people", "they all",
        "some of you", "my friends", "other people", "my colleagues", "many here", "the papers",
    ),
    "one": (
        "my sister", "my boss", "my friend", "everybody", "my dad", "his mother", "the press",
        "the whole office", "one of them", "nearly everyone",
    ),
    "plain": (
        "the store closes at six", "the train stops here", "she works in the library",
        "we take the second exit", "it starts on monday", "they live near the park",
        "the report has ten pages", "the box is on the table", "he is a teacher", "the match is tomorrow",
        "the bus goes to the airport", "i am at the office", "this is a commercial flight",
        "that was an international flight", "this is the public entrance", "it is a private company",
        "the seat is in the middle row", "i saw the crew", "we found the service desk", "i see that customer",
        "this is the italian version", "it was an australian pilot", "i take the seat",
        "i think it is at noon", "she moved to the city in may", "the paper reports on the vote",
    ),
    "fact": (
        "in the library", "on the second floor", "at the station", "a teacher", "from the north", "an engine",
        "in the office", "a private company", "an american airline", "on the list", "at home",
        "open on sunday", "in the next room", "commercial", "italian", "international", "the only exit",
    ),
    "very": (
        "very", "really", "absolutely", "truly", "extremely", "quite", "incredibly", "exceptionally",
        "utterly", "totally", "unbelievably", "especially", "particularly", "exceedingly", "amazingly",
    ),
    "surely": (
        "really", "absolutely", "truly", "totally", "certainly", "honestly", "sincerely", "strongly",
        "definitely", "genuinely", "highly", "particularly",
    ),
    "rather": (
        "somewhat", "kinda", "kind of", "a bit", "a little", "slightly", "mostly", "probably", "generally",
        "reasonably", "sort of", "fairly",
    ),
    "given": (
        "given all the time that i have spent there", "given that i bought it last week",
        "given my history with them", "given that it is monday", "since you ask", "if i am honest",
        "after all these years", "given that i come from texas", "as far as i know", "given what i have seen",
        "after two visits", "considering the time it took",
    ),
    "name": (
        "john", "mary", "maria", "ahmed", "james", "lucy", "li", "jose", "aisha", "tom", "nina", "omar", "ravi",
        "yuki", "sarah", "ivan", "chloe", "ali",
    ),
    "group": (
        "african", "black", "white", "asian", "hispanic", "latino", "arab", "chinese", "japanese", "nigerian",
        "mexican", "french", "german", "turkish", "russian", "american", "brazilian", "egyptian", "iranian",
        "israeli", "irish", "polish", "indian", "british", "pakistani", "syrian", "ukrainian", "christian",
        "catholic", "protestant", "mormon", "muslim", "sunni", "shia", "jewish", "buddhist", "hindu", "sikh",
        "atheist", "gay", "lesbian", "bisexual", "straight", "trans", "queer", "asexual", "deaf", "blind",
        "disabled", "elderly", "old", "young",
    ),
    "human": (
        "man", "woman", "person", "student", "doctor", "colleague", "officer", "nurse", "lawyer", "cook",
        "driver", "friend", "employee", "girl", "boy",
    ),
}  # fmt: skip

WORDS: Final = _WORDS | {"who": _WORDS["they"] + _WORDS["one"]}
