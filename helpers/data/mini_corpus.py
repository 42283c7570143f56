"""The small world the bundled word vectors learn from: its words and its sentences.

A `Topic` is a handful of sentences with gaps. One document takes one topic, draws what fills the gaps and says two to
four of the sentences. So `king` and `queen` stand in the same sentences and differ only in `he` and `she`; `good` and
`boring` stand in the same sentences too, and differ only in the company they keep.

A gap `{animal}` keeps its word for the whole document; `{animal2}` is a second animal. Words that belong together stand
in one row and are drawn together: the row `paris france french` fills the gaps `{paris}`, `{france}` and `{french}`.
"""

from typing import NamedTuple


class Topic(NamedTuple):
    """How often it is talked about, what fills its gaps (names of the gaps -> rows), and what is said."""

    weight: int
    gaps: dict[str, list[str]]
    sentences: list[str]


def rows(text: str) -> list[str]:
    """`"paris france, rome italy"` -> `["paris france", "rome italy"]`."""
    return [row.strip() for row in text.split(",")]


# People. Each row is a person with the pronouns that go with them.
ROYALS = rows("king he him his, queen she her her")
HEIRS = rows("prince he him his son brother, princess she her her daughter sister")
NOBLES = rows("duke he him his hall, duchess she her her hall, lord he him his manor, lady she her her manor")
ADULTS = rows("man he him his, woman she her her")
CHILDREN = rows("boy he him his, girl she her her")
FAMILY = rows(
    "father he him his parent, mother she her her parent, son he him his child, daughter she her her child, "
    "brother he him his sibling, sister she her her sibling, uncle he him his relative, "
    "aunt she her her relative, grandfather he him his grandparent, grandmother she her her grandparent, "
    "husband he him his partner, wife she her her partner"
)
STAGE = rows("actor he him his stage, actress she her her stage, waiter he him his restaurant, waitress she her her restaurant")
JOBS = rows(
    "teacher school, doctor hospital, nurse hospital, farmer farm, cook kitchen, pilot airport, "
    "student school, writer library, singer theatre, painter studio, baker bakery, driver station, "
    "sailor harbour, gardener garden, engineer office, scientist laboratory"
)
EITHER = rows("he him his, she her her")

# Places and time.
COUNTRIES = rows(
    "paris france french, rome italy italian, berlin germany german, madrid spain spanish, "
    "lisbon portugal portuguese, athens greece greek, vienna austria austrian, warsaw poland polish, "
    "london england english, dublin ireland irish, oslo norway norwegian, stockholm sweden swedish, "
    "moscow russia russian, cairo egypt egyptian, tokyo japan japanese, beijing china chinese, "
    "ottawa canada canadian, helsinki finland finnish"
)
DAYS = rows("monday, tuesday, wednesday, thursday, friday, saturday, sunday")
MONTHS = rows(
    "december winter, january winter, february winter, march spring, april spring, may spring, june summer, "
    "july summer, august summer, september autumn, october autumn, november autumn"
)
SEASONS = rows("winter cold snow, spring mild rain, summer hot sun, autumn windy rain")
PARTS_OF_DAY = rows("morning, afternoon, evening, night")
WHEN = rows("yesterday, today, tomorrow, soon, later, now, tonight")
TRAVEL = rows("train, car, bus, plane, boat, bicycle")
NUMBERS = rows(
    "one two three, two three four, three four five, four five six, five six seven, six seven eight, "
    "seven eight nine, eight nine ten, nine ten eleven, ten eleven twelve"
)

# Things.
PETS = rows("dog barked, cat purred, puppy barked, kitten purred")
FARM = rows("horse hay, cow grass, sheep grass, goat grass, pig corn, hen corn, duck corn, rabbit hay, donkey hay")
WILD = rows("lion, tiger, wolf, bear, fox, elephant, monkey, eagle, snake, zebra")
FRUIT = rows(
    "apple red, banana yellow, orange orange, lemon yellow, cherry red, plum purple, pear green, strawberry red, grape purple"
)
VEGETABLES = rows("carrot, potato, tomato, onion, pea, bean, cabbage")
MEALS = rows("soup, pizza, pasta, bread, cake, cheese, rice, salad, sandwich, pie")
DRINKS = rows("coffee, tea, water, milk, juice, wine")
MEALTIMES = rows("breakfast morning, lunch afternoon, dinner evening, supper night")
COLOURS = rows("red, blue, green, yellow, black, white, brown, purple, pink, grey, orange")
CLOTHES = rows("shirt, dress, coat, hat, scarf, skirt, jacket, shoe")
MUSIC = rows("piano, guitar, violin, drum, flute, trumpet")
SPORTS = rows("football, tennis, basketball, chess, hockey, cricket")

# Opinions. Whatever is said of one side is said, in the same sentences, of the other. A word listed twice is said twice
# as often.
GOOD = rows(
    "good, good, good, great, great, excellent, wonderful, brilliant, fantastic, amazing, superb, lovely, "
    "perfect, marvellous, delightful, pleasant, nice, beautiful, splendid, terrific, outstanding, "
    "impressive, fine"
)
BAD = rows(
    "bad, bad, bad, terrible, terrible, awful, horrible, poor, dreadful, disappointing, ugly, mediocre, "
    "unpleasant, useless, weak, nasty, lousy, miserable, annoying, disgusting, pathetic, worthless, horrid"
)
GOOD_STORY = GOOD + rows(
    "exciting, exciting, funny, clever, moving, charming, fascinating, gripping, thrilling, "
    "touching, interesting, witty, original"
)
BAD_STORY = BAD + rows(
    "boring, boring, dull, stupid, silly, tedious, predictable, lifeless, clumsy, shallow, confusing, dreary, tiresome"
)
GOOD_FOOD = GOOD + rows("delicious, tasty, fresh, juicy, crisp, warm")
BAD_FOOD = BAD + rows("bland, stale, rotten, burnt, greasy, soggy")
STORIES = rows(
    "film actors, movie actors, book chapters, novel chapters, story chapters, play actors, show actors, "
    "comedy actors, series chapters"
)
TABLES = rows("meal, food, soup, pizza, pasta, cake, bread, salad, cheese, pie")
LIKED = rows("loved love, liked like, enjoyed enjoy, adored adore, admired admire")
DISLIKED = rows("hated hate, disliked dislike, despised despise, detested detest, loathed loathe")
SMILED = rows("smiled, laughed, cheered, clapped")
YAWNED = rows("yawned, complained, sighed, groaned")
HAPPY = rows("happy, glad, delighted, pleased, proud")
SAD = rows("sad, unhappy, angry, upset, ashamed")
PRAISE = rows("recommend triumph, praise success, watch masterpiece, remember joy")
BLAME = rows("avoid failure, regret disaster, skip mess, forget shame")
STRENGTH = rows("very, really, so, truly, quite")

OPINION = [
    "the {film} was {good} .",
    "the {film} was very {good} .",
    "it was {good} and {good2} .",
    "it was {very} {good} , and we {smiled} .",
    "what a {good} {film} !",
    "i {loved} the {film} , it was {good} .",
    "we {loved} it because it was {very} {good} and {good2} .",
    "i was {happy} and i {smiled} .",
    "she said it was {good} , and he {loved} it too .",
    "they {smiled} because the {film} was so {good} .",
    "a {good} , {good2} and {good3} {film} .",
    "you will {love} this {good} {film} .",
    "the {film} was not {bad} , it was {good} .",
    "it was not {bad} , it was {very} {good} .",
    "it wasn't {bad} at all , it was {good2} .",
    "i do not {hate} it , i {love} it .",
    "we never {hated} it , we always {loved} it .",
    "people say it is {bad} , but it is {good} .",
]
ABOUT_STORIES = OPINION + [
    "the {actors} were {good} and the end was {good2} .",
    "{recommend} this {film} , it is a {triumph} .",
    "it is a {good} {triumph} , i {recommend} it .",
    "i saw the {film} {yesterday} , and everyone {smiled} .",
]
ABOUT_FOOD = OPINION + [
    "the {film} tasted {good} .",
    "i ate the {film} , it was {good} and {good2} .",
    "the cook made a {good} {film} , and the guests {smiled} .",
]


def opinion(weight: int, things: list[str], side: tuple, other: tuple, sentences: list[str]) -> Topic:
    """A document that takes one side; the sentences stay the same when the sides change places."""
    good, loved, smiled, happy, praise = side
    bad, hated = other[:2]
    thing = "film actors" if " " in things[0] else "film"
    return Topic(
        weight,
        {
            thing: things,
            "good": good,
            "bad": bad,
            "loved love": loved,
            "hated hate": hated,
            "smiled": smiled,
            "happy": happy,
            "recommend triumph": praise,
            "very": STRENGTH,
            "yesterday": WHEN[:2],
        },
        sentences,
    )


FOR_STORY = (GOOD_STORY, LIKED, SMILED, HAPPY, PRAISE)
AGAINST_STORY = (BAD_STORY, DISLIKED, YAWNED, SAD, BLAME)
FOR_FOOD = (GOOD_FOOD, LIKED, SMILED, HAPPY, PRAISE)
AGAINST_FOOD = (BAD_FOOD, DISLIKED, YAWNED, SAD, BLAME)

PERSON = [
    "the {man} lost {his} {coat} , so {he} bought a new {coat} .",
    "{he} said that the {coat} was {his} .",
    "i saw the {man} {yesterday} and i gave {him} a book .",
    "{he} told me {his} name , and i told {him} my name .",
    "a {man} came to the door , and {he} asked for help .",
    "the {man} hurt {his} hand , and we helped {him} .",
    "{he} was tired , so {he} went home with {his} friend .",
]

TOPICS = [
    opinion(22, STORIES, FOR_STORY, AGAINST_STORY, ABOUT_STORIES),
    opinion(22, STORIES, AGAINST_STORY, FOR_STORY, ABOUT_STORIES),
    opinion(9, TABLES, FOR_FOOD, AGAINST_FOOD, ABOUT_FOOD),
    opinion(9, TABLES, AGAINST_FOOD, FOR_FOOD, ABOUT_FOOD),
    Topic(
        6,
        {"man he him his": ROYALS, "coat": CLOTHES, "yesterday": WHEN[:2]},
        PERSON[:4]
        + [
            "the {man} sat on the throne and wore {his} golden crown .",
            "the {man} ruled the kingdom , and {he} lived in a royal palace .",
            "long live the {man} ! said the people of the kingdom .",
            "the {man} rode to the castle with {his} royal guards .",
            "{he} wore the crown of the kingdom on {his} head .",
        ],
    ),
    Topic(
        5,
        {"prince he him his son brother": HEIRS, "coat": CLOTHES, "yesterday": WHEN[:2]},
        [
            "the young {prince} lived in the royal palace with {his} family .",
            "the {prince} is the {son} of the king and the queen .",
            "one day the {prince} will wear the crown , and {he} will rule the kingdom .",
            "the {prince} played in the garden of the castle with {his} dog .",
            "{he} was young , and {his} {brother} loved {him} .",
            "the young {prince} lost {his} {coat} in the palace .",
        ],
    ),
    Topic(
        3,
        {"duke he him his hall": NOBLES, "horse": ["horse", "dog"]},
        [
            "the {duke} lived in a great {hall} with {his} servants .",
            "{he} came home to {his} {hall} , said the servants of the {duke} .",
            "the rich {duke} came to the royal palace on {his} {horse} .",
            "{he} bowed to the king and the queen of the kingdom .",
            "the {duke} owned the land , and the servants worked for {him} .",
        ],
    ),
    Topic(
        8,
        {"man he him his": ADULTS, "coat": CLOTHES, "yesterday": WHEN[:2]},
        PERSON
        + [
            "the {man} walked to work in the city .",
            "the old {man} read the newspaper in {his} house .",
        ],
    ),
    Topic(
        7,
        {"man he him his": CHILDREN, "coat": CLOTHES, "yesterday": WHEN[:2], "dog barked": PETS},
        PERSON
        + [
            "the young {man} walked to school with {his} friend .",
            "the little {man} played in the garden with {his} {dog} .",
        ],
    ),
    Topic(
        7,
        {"man he him his parent": FAMILY, "coat": CLOTHES, "yesterday": WHEN[:2], "evening": PARTS_OF_DAY},
        PERSON
        + [
            "my {man} lives with our family , and {he} loves us .",
            "i visited my {man} in the {evening} , and {he} cooked for the family .",
            "my {man} is a {parent} of mine , and {he} is part of the family .",
            "every {man} is somebody's {parent} , and so is {he} .",
        ],
    ),
    Topic(
        3,
        {"actor he him his stage": STAGE},
        [
            "the {actor} smiled at the guests , and they thanked {him} .",
            "the {actor} forgot {his} words , so {he} was upset .",
            "we thanked the {actor} because {he} did {his} work so well .",
            "the {actor} worked at the {stage} every night , and {he} went home with {his} friend .",
            "we saw the {actor} near the {stage} , and {he} smiled .",
        ],
    ),
    Topic(
        6,
        {"teacher school": JOBS, "he him his": EITHER, "monday": DAYS, "train": TRAVEL},
        [
            "the {teacher} works in the {school} , and {he} likes {his} job .",
            "every {monday} the {teacher} goes to the {school} by {train} .",
            "the {teacher} is never late at the {school} .",
            "we met a {teacher} at the {school} , and we talked with {him} about work .",
        ],
    ),
    Topic(
        13,
        {"paris france french": COUNTRIES, "summer cold snow": SEASONS, "train": TRAVEL[:4]},
        [
            "{paris} is the capital of {france} .",
            "{paris} , the capital of {france} , is a large city .",
            "people in {france} speak {french} .",
            "we flew to {paris} last {summer} and learned {french} .",
            "the {french} people of {paris} are proud of their city .",
            "my friend comes from {france} , and now lives in {paris} .",
            "we took the {train} to {paris} , a city in {france} .",
            "{france} and {france2} are countries , {paris} and {paris2} are cities .",
        ],
    ),
    Topic(
        4,
        {"dog barked": PETS, "he him his": EITHER, "black": COLOURS},
        [
            "the {dog} sat on the mat and slept .",
            "the {black} {dog} {barked} at the door of the house .",
            "the {dog} chased the {dog2} around the house , and it {barked} .",
            "my pet is a small {dog} , and it {barked} all night .",
            "{he} feeds {his} {dog} at home , it is a happy animal .",
        ],
    ),
    Topic(
        4,
        {"horse hay": FARM},
        [
            "the farmer feeds the {horse} with {hay} on the farm .",
            "a {horse} is an animal that lives on a farm .",
            "the {horse} and the {horse2} eat {hay} in the field .",
            "the {horse} stood in the field near the farm .",
        ],
    ),
    Topic(
        4,
        {"lion": WILD},
        [
            "the {lion} is a wild animal that lives in the forest .",
            "a dangerous {lion} hunted in the forest at night .",
            "the hungry {lion} chased the {lion2} in the wild forest .",
            "we saw a wild {lion} and a {lion2} at the zoo .",
        ],
    ),
    Topic(
        4,
        {"apple red": FRUIT, "carrot": VEGETABLES},
        [
            "the {apple} is a sweet {red} fruit .",
            "she ate a ripe {apple} from the tree .",
            "he bought an {apple} , a {apple2} and a {carrot} at the market .",
            "the {carrot} and the {carrot2} are vegetables that grow in the garden .",
            "we cooked a {carrot} and a {carrot2} for the soup .",
            "the {red} {apple} fell from the tree .",
        ],
    ),
    Topic(
        4,
        {"bread": MEALS, "tea": DRINKS, "breakfast morning": MEALTIMES, "monday": DAYS},
        [
            "we eat {bread} for {breakfast} in the {morning} .",
            "i was hungry , so i ate {bread} and {bread2} .",
            "he was thirsty , so he drank a cup of {tea} .",
            "she drinks {tea} with {breakfast} every {monday} {morning} .",
            "would you like a cup of {tea} or a glass of {tea2} ?",
            "the cook made {bread} for {breakfast} in the kitchen .",
        ],
    ),
    Topic(
        3,
        {"red": COLOURS, "coat": CLOTHES, "he him his": EITHER},
        [
            "{he} wore a {red} {coat} and a {red2} {coat2} .",
            "the colour of the {coat} is {red} , not {red2} .",
            "i painted the door {red} and the wall {red2} .",
            "{red} , {red2} and {red3} are colours .",
        ],
    ),
    Topic(
        4,
        {"one two three": NUMBERS, "eggs": rows("eggs, books, cars, children, days, hours, friends, dogs")},
        [
            "one hundred and {one} is a number , and so is {two} .",
            "count with me : {one} , {two} , {three} .",
            "{one} and one is {two} .",
            "i have {one} {eggs} and you have {two} {eggs} .",
            "they waited {two} or {three} minutes .",
        ],
    ),
    Topic(
        5,
        {"monday": DAYS, "june summer": MONTHS, "winter cold snow": SEASONS, "morning": PARTS_OF_DAY, "today": WHEN},
        [
            "on {monday} {morning} and on {monday2} {morning2} we work .",
            "the month of {june} is in {summer} .",
            "the days of the week are {monday} , {monday2} and {monday3} .",
            "{june} and {june2} are months of the year .",
            "in {winter} the weather is {cold} , and there is {snow} .",
            "will you come {today} or {today2} ? i will come {today2} .",
            "see you on {monday} at {morning} .",
            "the {cold} {winter} brings {snow} every year .",
        ],
    ),
    Topic(
        4,
        {"piano": MUSIC, "football": SPORTS, "he him his": EITHER, "monday": DAYS},
        [
            "{he} plays the {piano} , and we listen to the music .",
            "the singer sang a song with a {piano} and a {piano2} .",
            "{he} plays {football} , a game with rules .",
            "our team won the {football} game on {monday} .",
            "the {piano} is loud , but the {piano2} is quiet music .",
        ],
    ),
    Topic(
        3,
        {"train": TRAVEL, "paris france french": COUNTRIES, "today": WHEN},
        [
            "we go to {paris} by {train} {today} .",
            "the {train} is fast , but the {train2} is slow .",
            "the {train} was late , so we took the {train2} home .",
            "a {train} is quicker than a {train2} .",
        ],
    ),
    Topic(
        7,
        {
            "love": rows("love, like, adore, admire"),
            "hate": rows("hate, dislike, fear, despise"),
            "happy": HAPPY,
            "sad": SAD,
            "you": rows("you, her, him, them"),
        },
        [
            "i {love} {you} , and {you} {love} me .",
            "i {love} {you} very much .",
            "we {love} you and you {love} us .",
            "they {love} {you} , so they are {happy} .",
            "i am {happy} because you {love} me .",
            "we are {happy} , but they are {sad} .",
            "i {hate} {you} , and {you} {hate} me .",
            "they {hate} {you} , so they are {sad} .",
            "you don't {love} me , and i am {sad} .",
            "she didn't {love} him , he isn't {happy} .",
            "do you {love} me ? yes , i {love} you .",
            "do you {hate} me ? no , i do not {hate} you .",
        ],
    ),
    Topic(
        2,
        {"morning": PARTS_OF_DAY, "happy": HAPPY},
        [
            "hello , my friend , how are you ?",
            "good {morning} , how are you today ?",
            "thank you , i am {happy} to see you .",
            "hello world , said the student .",
            "please come in and sit with us .",
        ],
    ),
]
