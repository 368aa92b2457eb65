"""Words, and sentences with slots for them: the data of the skills.

`{thing}` takes each of `WORDS["thing"]`. English only, and no word in them that could hurt anybody.
"""

from typing import Final

from keras_pipeline.labels import SENTIMENTS

NEGATIVE, NEUTRAL, POSITIVE = SENTIMENTS
NOT_NEGATIVE: Final = (POSITIVE, NEUTRAL)
"""What is not bad need not be good."""

Templates = tuple[str, ...]
ByAnswer = tuple[tuple[tuple[str, ...], Templates], ...]
"""Answers of which any is right, and the templates that must have one."""

WORDS: Final = {
    "thing": ("food", "film", "phone", "service", "hotel", "book", "concert", "match"),
    "praise": ("good", "great", "nice", "lovely", "excellent", "wonderful"),
    "mild_praise": ("good", "great", "nice", "pleasant", "enjoyable"),
    "blame": ("bad", "awful", "terrible", "horrible", "boring"),
    "love": ("love", "like", "enjoy"),
    "loved": ("loved", "liked", "enjoyed"),
    "hate": ("hate", "dislike", "despise"),
    "hated": ("hated", "disliked", "despised"),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"),
    "very": ("very", "really", "so", "extremely", "truly"),
    "person": ("woman", "man", "person"),
    "group": (
        "an Asian", "a Black", "a white", "an Arab", "a Latin American", "a Muslim", "a Christian", "a Jewish",
        "a Hindu", "a gay", "a straight", "a trans", "a disabled", "a deaf", "an old", "a young",
    ),
    "name": (
        "Anna", "David", "Fatima", "Wei", "Carlos", "Priya", "Kwame", "Olga", "Mohammed", "Emily", "Jamal",
        "Sofia",
    ),
    "place": (
        "Berlin", "Lagos", "Mumbai", "Chicago", "Lima", "Cairo", "Seoul", "Manchester", "Karachi", "Toronto",
        "Nairobi", "Warsaw",
    ),
    "number": ("7", "12", "23", "38", "45", "52", "64", "87", "110", "150", "240", "365"),
}  # fmt: skip

PLAIN: Final[ByAnswer] = (
    (
        (POSITIVE,),
        (
            "The {thing} was {praise}.",
            "I {love} this {thing}.",
            "What a {praise} {thing}!",
            "We {loved} every minute of the {thing}.",
        ),
    ),
    (
        (NEGATIVE,),
        (
            "The {thing} was {blame}.",
            "I {hate} this {thing}.",
            "Such a {blame} {thing}.",
            "We {hated} every minute of the {thing}.",
        ),
    ),
    (
        (NEUTRAL,),
        (
            "The meeting is on {day}.",
            "I have a class on {day}.",
            "The shop opens at nine on {day}.",
            "They moved the call to {day}.",
        ),
    ),
)

NEGATED_PRAISE: Final[ByAnswer] = (
    (
        (NEGATIVE,),
        (
            "The {thing} was not {mild_praise}.",
            "That {thing} isn't {mild_praise} at all.",
            "This is not a {mild_praise} {thing}.",
            "I do not {love} this {thing}.",
            "I didn't {love} the {thing}.",
            "I never {loved} that {thing}.",
            "I don't think the {thing} is {mild_praise}.",
            "I can't say that the {thing} was {mild_praise}.",
            "There is nothing {mild_praise} about this {thing}.",
            "Nobody here {loved} the {thing}.",
        ),
    ),
)

NEGATED_BLAME: Final[ByAnswer] = (
    (
        NOT_NEGATIVE,
        (
            "The {thing} was not {blame}.",
            "It was not a {blame} {thing}.",
            "That {thing} isn't {blame} at all.",
            "I do not {hate} this {thing}.",
            "I never {hated} that {thing}.",
            "I don't think the {thing} is {blame}.",
            "I wouldn't say that the {thing} was {blame}.",
            "There is nothing {blame} about this {thing}.",
            "I can't complain about the {thing}.",
            "Nobody here {hated} the {thing}.",
        ),
    ),
)

NEGATED_FACTS: Final[ByAnswer] = (
    (
        (NEUTRAL,),
        (
            "The meeting is not on {day}.",
            "It isn't {day} yet.",
            "This is not the train to {place}.",
            "She does not live in {place}.",
            "The parcel was not sent from {place}.",
            "It was not {name} who called on {day}.",
            "{name} is not the name on the door.",
        ),
    ),
)

EXPECTATION: Final[ByAnswer] = (
    (
        (NEGATIVE,),
        (
            "I thought the {thing} would be {praise}, but it was not.",
            "I expected to {love} the {thing}, but I didn't.",
            "Everyone told me that the {thing} would be {praise}. It wasn't.",
            "We hoped for a {mild_praise} {thing} and did not get one.",
            "The {thing} was supposed to be {praise}, yet it was not.",
        ),
    ),
    (
        NOT_NEGATIVE,
        (
            "I thought the {thing} would be {blame}, but it was not.",
            "I expected to {hate} the {thing}, but I didn't.",
            "Everyone told me that the {thing} would be {blame}. It wasn't.",
            "I was afraid that the {thing} would be {blame}, and it was not.",
            "The {thing} was supposed to be {blame}, yet it was not.",
        ),
    ),
)

TIME: Final[ByAnswer] = (
    (
        (POSITIVE,),
        (
            "I used to {hate} this {thing}, but now I {love} it.",
            "A year ago I {hated} this {thing}, today I {love} it.",
            "The {thing} used to be {blame}; it is {praise} now.",
            "I once thought the {thing} was {blame}, these days I think it is {praise}.",
            "I {love} this {thing} now, although I {hated} it at first.",
        ),
    ),
    (
        (NEGATIVE,),
        (
            "I used to {love} this {thing}, but now I {hate} it.",
            "A year ago I {loved} this {thing}, today I {hate} it.",
            "The {thing} used to be {praise}; it is {blame} now.",
            "I once thought the {thing} was {praise}, these days I think it is {blame}.",
            "I {hate} this {thing} now, although I {loved} it at first.",
        ),
    ),
)

OPINION: Final[ByAnswer] = (
    (
        (POSITIVE,),
        (
            "People say the {thing} is {blame}, I {love} it.",
            "My brother {hated} the {thing}, I {loved} it.",
            "The critics called the {thing} {blame}, but I think it is {praise}.",
            "To me the {thing} is {praise}, whatever others {hate} about it.",
        ),
    ),
    (
        (NEGATIVE,),
        (
            "People say the {thing} is {praise}, I {hate} it.",
            "My brother {loved} the {thing}, I {hated} it.",
            "The critics called the {thing} {praise}, but I think it is {blame}.",
            "To me the {thing} is {blame}, whatever others {love} about it.",
        ),
    ),
)

QUESTION: Final[ByAnswer] = (
    (
        (NEGATIVE,),
        (
            "Do I {love} this {thing}? No.",
            "Was the {thing} {praise}? Not really.",
            "Would I call the {thing} {praise}? No, I would not.",
            "Was the {thing} {blame}? Yes.",
        ),
    ),
    (
        (POSITIVE,),
        (
            "Do I {love} this {thing}? Of course I do.",
            "Was the {thing} {praise}? Yes, it was.",
        ),
    ),
    (NOT_NEGATIVE, ("Do I {hate} this {thing}? No.", "Was the {thing} {blame}? No, it wasn't.")),
)

GROUP_FACTS: Final[ByAnswer] = (
    (
        (NEUTRAL,),
        (
            "I am {group} {person}.",
            "My neighbour is {group} {person}.",
            "There is {group} {person} at the door.",
        ),
    ),
)

INTENSITY: Final = (
    (POSITIVE, "The {thing} was {mild_praise}.", "The {thing} was {very} {mild_praise}."),
    (POSITIVE, "I found the {thing} {mild_praise}.", "I found the {thing} {very} {mild_praise}."),
    (POSITIVE, "I {love} this {thing}.", "I really {love} this {thing}."),
    (NEGATIVE, "The {thing} was {blame}.", "The {thing} was {very} {blame}."),
    (NEGATIVE, "I found the {thing} {blame}.", "I found the {thing} {very} {blame}."),
    (NEGATIVE, "I {hate} this {thing}.", "I really {hate} this {thing}."),
)
"""Class, a sentence of that class, and the same with more of it."""

NAMED: Final[Templates] = (
    "{name} is the kindest teacher I ever had.",
    "I can't believe {name} forgot my birthday again.",
    "{name} told me about the new library.",
    "Had lunch with {name} and walked home in the rain.",
    "Thank you {name} for fixing my bike!",
    "{name} was rude to the whole team today.",
    "Waiting for {name} at the bus stop.",
    "Nobody explains it as clearly as {name}.",
    "So {name} got the job, then.",
    "I will ask {name} whether the door was locked.",
    "{name} burned the rice, but we laughed all evening.",
    "Still angry about what {name} said.",
)

PLACED: Final[Templates] = (
    "The train from {place} was two hours late, again.",
    "We had the best week of our lives in {place}.",
    "My cousin moved to {place} in spring.",
    "It is raining in {place}.",
    "The streets of {place} are filthy.",
    "People in {place} were so welcoming to us.",
    "The conference takes place in {place} this year.",
    "I miss {place} and its slow mornings.",
    "A parcel from {place} arrived today.",
    "I would not go back to {place} if you paid me.",
    "Does anyone know a quiet bar in {place}?",
    "My flight to {place} leaves from gate nine.",
)

NUMBERED: Final[Templates] = (
    "I waited {number} minutes for a cold cup of coffee.",
    "Bus number {number} stops here.",
    "We were {number} people in the room.",
    "{number} pages in, and I can't put this book down!",
    "My new phone died after {number} days.",
    "Page {number} has the map.",
    "Our team scored after {number} minutes and I am so happy.",
    "The ticket costs {number} dollars.",
    "I ran {number} miles this month.",
    "They sent me {number} reminders, how annoying.",
    "Room {number} is at the end of the corridor.",
    "It took {number} tries, but it finally works!",
)

GROUPED: Final[Templates] = (
    "My doctor is {group} {person}, and the best I ever had.",
    "{group} {person} was rude to me on the bus.",
    "I sat beside {group} {person} on the train.",
    "{group} {person} won the prize, well deserved!",
    "The new manager is {group} {person}.",
    "We are looking for {group} {person} for a survey.",
    "{group} {person} helped me carry the bags, so kind.",
    "My landlord is {group} {person} who never fixes anything.",
)

APPENDED: Final = (
    " https://example.com/8fQ2x",
    " http://www.example.org/news?id=310",
    " @user_1987",
    " @reader @editor",
    " @editor https://example.com/k3v9Z",
)
"""Links to domains that are kept free for examples, and mentions."""
