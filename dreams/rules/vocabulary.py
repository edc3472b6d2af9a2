"""The words that carry facts, in English and the commonest of German, Spanish and French: units, numbers, months,
modals, negations. For Japanese and Chinese see `ideographs`."""

# A unit as written -> (its name, the base unit, how many of the base it is).
UNITS: dict[str, tuple[str, str, float]] = {
    spelling: (name, base, factor)
    for name, base, factor, spellings in (
        ("millisecond", "second", 0.001, "ms msec millisecond milliseconds"),
        ("second", "second", 1, "s sec secs second seconds Sekunde Sekunden"),
        ("minute", "second", 60, "min mins minute minutes Minute Minuten 分"),
        ("hour", "second", 3_600, "h hr hrs hour hours Stunde Stunden 時間"),
        ("day", "second", 86_400, "d day days Tag Tage Tagen"),
        ("week", "second", 604_800, "w week weeks Woche Wochen"),
        ("month", "month", 1, "month months Monat Monate Monaten"),
        ("quarter", "month", 3, "quarter quarters"),
        ("year", "month", 12, "y yr yrs year years Jahr Jahre Jahren"),
        ("byte", "byte", 1, "B byte bytes"),
        ("kilobyte", "byte", 1e3, "kB KB kilobyte kilobytes"),
        ("megabyte", "byte", 1e6, "MB megabyte megabytes"),
        ("gigabyte", "byte", 1e9, "GB gigabyte gigabytes"),
        ("terabyte", "byte", 1e12, "TB terabyte terabytes"),
        ("kibibyte", "byte", 2**10, "KiB Ki"),
        ("mebibyte", "byte", 2**20, "MiB Mi"),
        ("gibibyte", "byte", 2**30, "GiB Gi"),
        ("bit/s", "bit/s", 1, "bit/s bps"),
        ("kilobit/s", "bit/s", 1e3, "kbit/s kbps"),
        ("megabit/s", "bit/s", 1e6, "Mbit/s Mbps"),
        ("gigabit/s", "bit/s", 1e9, "Gbit/s Gbps"),
        ("percent", "percent", 1, "% percent pct"),
        ("1/second", "1/second", 1, "req/s rps /s Hz"),
        ("1/minute", "1/minute", 1, "req/min rpm /min"),
        ("dollar", "dollar", 1, "$ USD dollar dollars"),
        ("cent", "dollar", 0.01, "cent cents"),
        ("euro", "euro", 1, "€ EUR euro euros"),
        ("pound", "pound", 1, "£ GBP"),
        ("yen", "yen", 1, "¥ JPY yen 円"),
        ("franc", "franc", 1, "CHF"),
        ("millimetre", "metre", 0.001, "mm millimetre millimetres"),
        ("centimetre", "metre", 0.01, "cm centimetre centimetres"),
        ("metre", "metre", 1, "m metre metres meter meters"),
        ("kilometre", "metre", 1e3, "km kilometre kilometres kilometer kilometers"),
        ("mile", "metre", 1609.344, "mile miles"),
        ("inch", "metre", 0.0254, "inch inches"),
        ("foot", "metre", 0.3048, "ft feet"),
        ("microgram", "gram", 1e-6, "µg μg mcg microgram micrograms"),
        ("milligram", "gram", 1e-3, "mg milligram milligrams"),
        ("gram", "gram", 1, "g gram grams"),
        ("kilogram", "gram", 1e3, "kg kilo kilos kilogram kilograms"),
        ("tonne", "gram", 1e6, "t tonne tonnes"),
        ("ounce", "gram", 28.3495, "oz ounce ounces"),
        ("millilitre", "litre", 1e-3, "ml millilitre millilitres milliliter milliliters"),
        ("centilitre", "litre", 1e-2, "cl"),
        ("litre", "litre", 1, "l litre litres liter liters"),
        ("hectare", "hectare", 1, "ha hectare hectares"),
        ("volt", "volt", 1, "V volt volts"),
        ("watt", "watt", 1, "W watt watts"),
        ("kilowatt", "watt", 1e3, "kW"),
        ("beat", "beat", 1, "bpm"),
        ("pixel", "pixel", 1, "px pixel pixels"),
        ("point", "point", 1, "pt"),
        ("celsius", "celsius", 1, "°C ℃"),
        ("fahrenheit", "fahrenheit", 1, "°F"),
        ("", "", 1e3, "k K"),
        ("", "", 1e6, "M million"),
        ("", "", 1e9, "bn billion"),
    )
    for spelling in spellings.split()
}

NUMBER_WORDS: dict[str, float] = {
    word: float(value)
    for value, word in enumerate(
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split(),
        2,
    )
} | {
    "zero": 0,
    "dozen": 12,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "hundred": 100,
    "thousand": 1_000,
}
# "Once", "seize", "sept" and "mil" are other words as well.
NUMBER_WORDS |= {
    word: float(value)
    for values, words in (
        (range(13, 20), "dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn"),
        (range(20, 101, 10), "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig hundert"),
        (range(20, 101, 10), "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien"),
        (range(13, 16), "trece catorce quince"),
        (range(20, 61, 10), "vingt trente quarante cinquante soixante"),
        (range(13, 16), "treize quatorze quinze"),
    )
    for value, word in zip(values, words.split(), strict=True)
}

MONTHS: dict[str, int] = {
    spelling: number
    for number, spellings in enumerate(
        (
            "january jan januar enero janvier",
            "february feb februar febrero février",
            "march mar märz marzo mars",
            "april apr abril avril",
            "may mai mayo",
            "june jun juni junio juin",
            "july jul juli julio juillet",
            "august aug agosto août",
            "september sept sep septiembre septembre",
            "october oct oktober okt octubre octobre",
            "november nov noviembre novembre",
            "december dec dezember dez diciembre décembre",
        ),
        1,
    )
    for spelling in spellings.split()
}

# Times by name, each to the form all its spellings share.
TIMES: dict[str, str] = {
    spelling: name
    for name, spellings in (
        ("mon", "monday mondays montag montags lunes lundi"),
        ("tue", "tuesday tuesdays dienstag dienstags martes mardi"),
        ("wed", "wednesday wednesdays mittwoch mittwochs miércoles mercredi"),
        ("thu", "thursday thursdays donnerstag donnerstags jueves jeudi"),
        ("fri", "friday fridays freitag freitags viernes vendredi"),
        ("sat", "saturday saturdays samstag samstags sábado samedi"),
        ("sun", "sunday sundays sonntag sonntags domingo dimanche"),
        ("weekday", "weekday weekdays"),
        ("weekend", "weekend weekends"),
        ("hourly", "hourly"),
        ("daily", "daily"),
        ("nightly", "nightly"),
        ("weekly", "weekly"),
        ("biweekly", "biweekly fortnightly"),
        ("monthly", "monthly"),
        ("quarterly", "quarterly"),
        ("yearly", "yearly annually"),
        ("today", "today"),
        ("tomorrow", "tomorrow"),
        ("yesterday", "yesterday"),
        ("morning", "morning mornings"),
        ("afternoon", "afternoon afternoons"),
        ("evening", "evening evenings"),
        ("noon", "noon midday"),
        ("midnight", "midnight"),
    )
    for spelling in spellings.split()
}

# How binding a statement is, and under which condition it holds.
MODALS: dict[str, str] = {
    spelling: name
    for name, spellings in (
        ("must", "must shall required mandatory always need needs needed requires require obligatory"),
        ("must", "muss müssen immer debe deben siempre obligatorio obligatoria doit doivent toujours obligatoire"),
        ("should", "should ought recommended recommend recommends suggested prefer prefers preferred want"),
        ("should", "wants likes favours favors ideally sollte sollten debería deberían devrait devraient"),
        ("may", "may can could might optional optionally allowed permitted possibly perhaps maybe"),
        ("may", "kann können darf dürfen puede pueden podría peut peuvent pourrait"),
        ("sometimes", "sometimes often usually rarely seldom mostly occasionally frequently typically"),
        ("only", "only solely exclusively nur solo sólo solamente uniquement seulement"),
        ("unless", "unless except"),
        ("if", "if until till when whenever while"),
        ("about", "about approximately roughly around nearly almost"),
        ("temporary", "temporarily temporary provisional tentative tentatively"),
        ("permanent", "permanently permanent"),
    )
    for spelling in spellings.split()
}
# "must not" and "cannot" forbid, as "never" does; after these words a negation leaves no other duty.
FORBIDDING = frozenset("must shall can could may might".split())

NEGATIONS = frozenset(
    "not no never none nobody nothing neither nor without cannot avoid avoids stop stops don't "
    "nicht kein keine keinen keiner keinem nie niemals ohne nunca jamás sin ningún ninguna pas jamais sans aucun "
    "aucune".split()
)

# Words that turn a statement round, each to the word it denies.
OPPOSITES: dict[str, str] = dict(
    pair.split(":")
    for pair in (
        "disable:enable disables:enable disabled:enable disabling:enable deny:allow denies:allow denied:allow "
        "forbid:allow forbids:allow forbidden:allow prohibit:allow prohibited:allow exclude:include "
        "excludes:include excluded:include excluding:include false:true off:on fail:succeed fails:succeed "
        "failed:succeed fewer:more less:more least:most minimum:maximum min:max below:above under:above "
        "after:before later:earlier decrease:increase decreases:increase decreased:increase lower:raise "
        "lowered:raise reject:accept rejects:accept rejected:accept unsafe:safe invalid:valid private:public "
        "inactive:active incompatible:compatible unsupported:supported impossible:possible "
        "outgoing:incoming outbound:inbound export:import exports:import last:first oldest:newest "
        "older:newer slower:faster remove:add removes:add removed:add closed:open stopped:started "
        "down:up buy:sell dislikes:likes wrong:right bad:good old:new internal:external"
    ).split()
)

# Words of one sort, of which a thing is one: where another of them stands, something else is said.
RIVALS: dict[str, int] = {
    word: sort
    for sort, words in enumerate(
        (
            "red blue green yellow black white grey gray brown orange purple pink violet silver gold golden cyan",
            "north south east west northern southern eastern western",
            "left right",
            "all some most few",
            "son daughter",
            "brother sister",
            "mother father",
            "husband wife",
            "uncle aunt",
            "soprano alto tenor baritone bass",
            "spring summer autumn winter",
            "planned shipped",
            "pending finished",
            "proposed accepted",
            "draft final",
            "primary secondary tertiary",
            "staging production testing",
            "front back",
            "indoor outdoor",
            "odd even",
            "adult child",
            "male female",
            "breakfast lunch dinner",
            "debit credit",
            "written oral orally verbal verbally",
            "wood metal plastic glass",
            "beginner intermediate advanced",
            "tabs spaces",
            "ascending descending",
            "horizontal vertical",
            "full empty",
            "buyer seller",
            "sender receiver recipient",
            "tcp udp http https grpc ftp sftp ssh",
        )
    )
    for word in words.split()
}

# What comes before the number of a version, if it is no word for anything else that is counted.
VERSIONED = frozenset(
    "version release python python3 node nodejs java jdk openjdk php ruby golang kotlin scala dotnet typescript "
    "postgres postgresql mysql mariadb sqlite mongodb redis valkey memcached elasticsearch opensearch kafka rabbitmq "
    "nginx httpd tomcat traefik haproxy django laravel flask fastapi vue angular symfony debian ubuntu alpine fedora "
    "centos rhel windows macos ios android ipados kubernetes k8s docker podman terraform ansible gradle maven npm "
    "pnpm pip gcc clang cmake sdk firmware chrome firefox".split()
)

# Words whose two sides mean different things: their order is part of the meaning.
RELATIONS = frozenset("over than instead rather before after from into versus vs to by".split())
# Words that a mere change of wording brings in or drops. “or”, “all”, “some”, “each” are none of them.
FILLERS = frozenset(
    "a an the this that these those there here it its itself is are was were be been being am do does did "
    "has have had having will would to of in on at by for with from into onto as and but so then than "
    "also too just very really please note which who whom whose what where how their they them he she his "
    "her we our us you your i my me user users over more such like instead rather now currently about "
    "longer yet still it's we're they're let's s t re ll ve d".split()
)

EXTENSIONS = tuple(
    "md txt toml yaml yml json jsonl ini cfg conf env lock csv tsv xml html css js mjs ts tsx jsx py rb go rs "
    "java kt swift c h cpp hpp cs php pl lua sh bash zsh fish ps1 sql db sqlite log tf hcl proto gradle "
    "ipynb pdf docx xlsx png jpg jpeg svg gif zip tar gz tgz whl pem key crt service".split()
)
