"""Which facts of a sentence are others now is named by its kinds, in several languages and more than one at a time."""

import pytest

from dreams.rules.changes import compare

AROUND = "# Notes\n\n- The office has a blue door.\n\n{}\n\n- Rain was expected on the day of the fair.\n"


def kinds(old: str, new: str) -> list[str]:
    changes = compare({"/a": AROUND.format(old)}, {"/a": AROUND.format(new)})
    assert (changes.lost, changes.unsourced) == ((), ())
    return [kind for each in changes.altered for kind in each.kinds]


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("Der Tank fasst dreißig Liter Wasser.", "Der Tank fasst vierzig Liter Wasser.", "number"),
        ("El depósito tiene treinta litros de agua.", "El depósito tiene cuarenta litros de agua.", "number"),
        ("Le réservoir contient vingt litres d'eau.", "Le réservoir contient trente litres d'eau.", "number"),
        ("La reunión del equipo es el martes.", "La reunión del equipo es el jueves.", "date"),
        ("La factura vence el 5 de marzo.", "La factura vence el 5 de abril.", "date"),
        ("La facture est due le 5 mars.", "La facture est due le 5 avril.", "date"),
        ("Die Rechnung ist am 5. März fällig.", "Die Rechnung ist am 5. April fällig.", "date"),
        ("El curso empieza en enero.", "El curso empieza en junio.", "date"),
        ("Jeder Bericht muss geprüft werden.", "Jeder Bericht sollte geprüft werden.", "modal"),
        ("Los informes deben revisarse en pareja.", "Los informes pueden revisarse en pareja.", "modal"),
        ("Chaque rapport doit être relu.", "Chaque rapport peut être relu.", "modal"),
        ("Höchstens 5 Gäste pro Buchung.", "Mindestens 5 Gäste pro Buchung.", "modal"),
        ("Como máximo 5 personas por mesa.", "Como mínimo 5 personas por mesa.", "modal"),
        ("Au plus 5 personnes par table.", "Au moins 5 personnes par table.", "modal"),
        ("Max. 5 guests per booking.", "Min. 5 guests per booking.", "modal"),
        ("Nunca se borra la base de pruebas.", "Siempre se borra la base de pruebas.", "negation"),
        ("Le serveur ne garde pas de copies.", "Le serveur garde des copies.", "negation"),
        ("Der Server wird nie neu gestartet.", "Der Server wird immer neu gestartet.", "negation"),
    ],
)
def test_facts_of_other_languages_have_their_kind(old: str, new: str, kind: str) -> None:
    assert kinds(old, new) == kinds(new, old) == [kind]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("```\nFROM node:22.4-slim\n```", "```\nFROM node:20.4-slim\n```"),
        ("```\npip install django==5.2\n```", "```\npip install django==5.1\n```"),
        ("```\nimage: postgres:16\n```", "```\nimage: postgres:15\n```"),
        ("We run Postgres 16 on the main host.", "We run Postgres 15 on the main host."),
        ("nginx@1.27 serves the static files.", "nginx@1.25 serves the static files."),
        ("The plugin needs version 4 of the app.", "The plugin needs version 5 of the app."),
        ("iOS 17 and later are supported.", "iOS 16 and later are supported."),
    ],
)
def test_the_number_of_a_version_is_one_by_its_name_or_its_pin(old: str, new: str) -> None:
    assert kinds(old, new) == ["version"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Only admins delete projects.", "Admins delete projects."),
        ("Refunds are granted only within 30 days.", "Refunds are granted within 30 days."),
        ("Backups are always encrypted.", "Backups are sometimes encrypted."),
    ],
)
def test_a_condition_that_fell_is_a_modal(old: str, new: str) -> None:
    assert kinds(old, new) == ["modal"]


@pytest.mark.parametrize(
    ("old", "new", "both"),
    [
        (
            "Snapshots are taken every 6 hours and kept for 10 weeks.",
            "Snapshots are taken every 6 minutes and kept for 12 weeks.",
            ["number", "unit"],
        ),
        ("The cache keeps 500 MB for 3 days.", "The cache keeps 500 GB for 5 days.", ["number", "unit"]),
        ("It is checked every 3 days by Paul.", "It is checked every 3 weeks by Karl.", ["unit", "name"]),
        ("Release 3.2.1 ships on 4 May.", "Release 3.2.2 ships on 6 May.", ["date", "version"]),
        ("The pump must run for 20 minutes.", "The pump may run for 30 minutes.", ["number", "modal"]),
    ],
)
def test_two_facts_of_a_sentence_are_both_named(old: str, new: str, both: list[str]) -> None:
    assert kinds(old, new) == both


def test_a_unit_alone_makes_no_other_number() -> None:
    assert kinds("It is checked every 6 hours for 10 days.", "It is checked every 6 minutes for 10 days.") == ["unit"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The call is at half past seven.", "The call is at 8:30."),
        ("The train leaves at seven in the morning.", "The train leaves at seven in the evening."),
        ("Die Probe beginnt um halb acht.", "Die Probe beginnt um halb neun."),
        ("Die Probe beginnt um halb acht.", "Die Probe beginnt um 8:30 Uhr."),
        ("Der Laden öffnet um neun Uhr.", "Der Laden öffnet um zehn Uhr."),
        ("La tienda abre a las nueve.", "La tienda abre a las diez."),
        ("Le magasin ouvre à 9h30.", "Le magasin ouvre à 10h30."),
        ("The permit runs until 2027.", "The permit runs until 2028."),
    ],
)
def test_another_time_or_year_is_a_date(old: str, new: str) -> None:
    assert kinds(old, new) == kinds(new, old) == ["date"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("The call is at ten to nine.", "The call is at 8:50."),
        ("The train leaves at 7 in the morning.", "The train leaves at 7 am."),
        ("The call is at 19:30.", "The call is at half past seven in the evening."),
        ("Die Probe beginnt um Viertel nach acht.", "Die Probe beginnt um 20:15 Uhr."),
        ("She comes five to ten days later.", "She comes 5 to 10 days later."),
        ("Twenty-five people fit in.", "25 people fit in."),
        ("Es passen fünfundzwanzig Leute hinein.", "Es passen 25 Leute hinein."),
    ],
)
def test_a_time_or_number_told_otherwise_is_no_change(old: str, new: str) -> None:
    assert kinds(old, new) == kinds(new, old) == []


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("Print jobs are spooled on heron.", "Print jobs are spooled on turnstone.", "name"),
        ("The nightly export runs on `plover`.", "The nightly export runs on `dunlin`.", "name"),
        ("The queue `invoices` feeds the printer.", "The queue `receipts` feeds the printer.", "name"),
        ("The room is painted blue.", "The room is painted green.", "value"),
        ("We deliver on request.", "We deliver on paper.", "value"),
        ("The pool holds 2020 litres.", "The pool holds 2030 litres.", "number"),
    ],
)
def test_what_a_thing_is_called_is_a_name_and_any_other_word_a_value(old: str, new: str, kind: str) -> None:
    assert kinds(old, new) == [kind]


def test_a_person_replaced_in_a_sentence_built_differently_is_a_name() -> None:
    assert kinds("The rota is kept by Tomás.", "Nadia keeps the rota.") == ["name"]
    assert kinds("The garden is watered by Lena.", "Somebody waters the garden.") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Run by cron, do not start by hand while open.", "Cron runs it; while open nobody starts it by hand."),
        ("Send photos of the skin before a first visit.", "Before the first visit send photos of the skin."),
        ("First text 48 hours before, second 3 hours before.", "A text 2 days before, another one 3 hours before."),
        ("Cancelling is free up to one day before.", "Whoever cancels at least one day ahead pays nothing."),
        ("Not with connecting times under 50 min.", "Connecting times of less than 50 minutes are out."),
        ("The rail pass does not pay off.", "The rail pass is not worth it."),
    ],
)
def test_another_voice_order_or_bound_that_says_the_same_is_no_alarm(old: str, new: str) -> None:
    changes = compare({"/a": AROUND.format(old)}, {"/a": AROUND.format(new)})
    assert changes.altered == ()


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        ("All rooms may be booked but the vault.", "All rooms may be booked, the vault included.", "negation"),
        (
            "After two letters the account is frozen, never deleted.",
            "Whoever ignores two letters is frozen and is deleted later.",
            "negation",
        ),
        ("The dose is set by Anna alone.", "Anna and the nurses set the dose.", "modal"),
        ("The survey goes before the sale, never after.", "The sale comes first and the survey second.", "order"),
        ("A fix is planned for the spring release.", "A fix was shipped in the spring release.", "value"),
        ("She pays rent with the blue card, fuel with the black one.", "Rent and fuel are both paid black.", "value"),
    ],
)
def test_what_was_excepted_denied_alone_first_or_apart_and_is_not_now_is_an_alarm(
    old: str, new: str, kind: str
) -> None:
    assert kinds(old, new) == [kind]
